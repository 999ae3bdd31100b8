package dev.walker.host;

import dev.walker.describe.Descriptions;
import dev.walker.describe.TimestampForm;
import dev.walker.rmgr.Rmgr;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalRecord;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.ZoneId;
import java.util.function.BooleanSupplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code dump}: shows the records of WAL, of files or of a server. */
@Command(
        name = "dump",
        description = "Shows the records of WAL. The options are those of pg_waldump.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class DumpCommand implements PlainArguments.Command {
    /** What can be written. */
    enum Format {
        text,
        json,
        csv
    }

    @ParentCommand
    private Main main;

    @Mixin
    private WalInput input = new WalInput();

    @Mixin
    private RecordFilter filter = new RecordFilter();

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            description = "End after so many records.")
    private String limitText;

    @Option(
            names = {"-f", "--follow"},
            description = "At the end of WAL wait for more.")
    private boolean follow;

    @Option(
            names = {"-q", "--quiet"},
            description = "Write nothing but errors.")
    private boolean quiet;

    @Option(
            names = {"-b", "--bkp-details"},
            description = "Show all there is to know of block references, each in a line (text).")
    private boolean inDetail;

    @Option(
            names = {"-z", "--stats"},
            arity = "0..1",
            fallbackValue = StatsValue.RMGR,
            preprocessor = StatsValue.Attached.class,
            paramLabel = "record",
            description = "Show sums by resource manager, or by record type, instead of records.")
    private String stats;

    @Option(
            names = "--save-fullpage",
            paramLabel = "DIR",
            description =
                    "Write the page of each full-page image of the records to a file in this directory, which is made"
                            + " or has to be empty.")
    private Path pageDirectory;

    @Option(
            names = "--format",
            defaultValue = "text",
            paramLabel = "FORMAT",
            description =
                    "text (as pg_waldump), json (an object a line) or csv (the columns of pg_get_wal_records_info);"
                            + " default: ${DEFAULT-VALUE}.")
    private Format format = Format.text;

    /** LSN of the first record that was read. */
    private long firstLsn;

    DumpCommand() {}

    /** For plain arguments. */
    DumpCommand(Main main) {
        this.main = main;
    }

    @Override
    public boolean set(String name) {
        boolean isQuiet = name.equals("--quiet") || name.equals("-q");
        if (isQuiet && !quiet) {
            quiet = true;
            return true;
        }
        return false;
    }

    @Override
    public boolean set(String name, String value) {
        boolean isLimit = name.equals("--limit") || name.equals("-n");
        if (isLimit && limitText == null) {
            limitText = value;
            return true;
        }
        return !isLimit && input.set(name, value);
    }

    @Override
    public Integer call() throws SQLException, InterruptedException {
        PrintWriter err = main.err();
        try (ByteOutput out = new ByteOutput(main.output())) {
            if (filter.wantsList()) {
                for (int id = 0; id < Rmgr.CORE_COUNT; id++) {
                    out.put(Rmgr.name(id)).put('\n');
                }
                return 0;
            }
            filter.prepare();
            long limit =
                    limitText == null ? Long.MAX_VALUE : RecordFilter.number("--limit", limitText, 1, Long.MAX_VALUE);
            RecordStatistics statistics = stats == null ? null : new RecordStatistics(byRecord(), filter, 0);
            try (WalInput opened = input) {
                opened.open();
                opened.resolve(filter);
                return follow && statistics != null
                        ? sumUntilSignal(limit, statistics, out, err)
                        : dump(limit, statistics, () -> false, out, err);
            }
        }
    }

    private boolean byRecord() {
        if (StatsValue.isValue(stats)) {
            return stats.equals(StatsValue.RECORD);
        }
        throw new UsageException("--stats is \"" + stats + "\"; wanted nothing, rmgr or record");
    }

    /** The WAL goes on for ever, so a signal asks for the sums. */
    private int sumUntilSignal(long limit, RecordStatistics statistics, ByteOutput out, PrintWriter err)
            throws SQLException, InterruptedException {
        try (RunEnd end = RunEnd.onSignal(new Log(err, Log.Threshold.info, LogFormat.text))) {
            int status = dump(limit, statistics, end::isAsked, out, err);
            end.status(status);
            return status;
        }
    }

    /** Leaves the wait for more WAL. */
    private static final class EndException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        EndException() {
            super("a signal has asked for the end");
        }
    }

    private int dump(long limit, RecordStatistics statistics, BooleanSupplier isAsked, ByteOutput out, PrintWriter err)
            throws SQLException, InterruptedException {
        Runnable beforeWaiting = () -> {
            out.flush();
            if (isAsked.getAsBoolean()) {
                throw new EndException();
            }
        };
        try (RecordStream records = input.stream(follow, beforeWaiting, err)) {
            boolean ended = false;
            try {
                ended = show(records, limit, statistics, isAsked, out, err);
            } catch (EndException e) {
                // The sums of what there was follow.
            }
            if (statistics != null && !quiet) {
                statistics.report(format, false, firstLsn, out);
            }
            out.flush();
            return ended ? input.report(records.end(), err) : 0;
        }
    }

    /** Whether the WAL has ended. */
    private boolean show(
            RecordStream records,
            long limit,
            RecordStatistics statistics,
            BooleanSupplier isAsked,
            ByteOutput out,
            PrintWriter err)
            throws SQLException, InterruptedException {
        RecordPrinter printer = printer();
        PageFiles pages = pageDirectory == null ? null : new PageFiles(pageDirectory);
        WalRecord record = new WalRecord();
        long shown = 0;
        if (!quiet && statistics == null) {
            printer.begin(out);
        }
        while (shown < limit && !isAsked.getAsBoolean()) {
            if (!records.next(record)) {
                return true;
            }
            if (firstLsn == Lsn.INVALID) {
                firstLsn = record.lsn();
                noteSkipped(err);
            }
            if (!filter.accepts(record)) {
                continue;
            }
            shown++;
            if (statistics != null) {
                statistics.add(record);
            } else if (!quiet) {
                printer.print(record, out);
            }
            if (pages != null) {
                pages.save(record);
            }
        }
        return false;
    }

    private void noteSkipped(PrintWriter err) {
        if (input.isStartGiven() && firstLsn != input.start()) {
            WalInput.warn(
                    err,
                    "first record is after " + Lsn.format(input.start()) + ", at " + Lsn.format(firstLsn)
                            + ", skipping over " + (firstLsn - input.start()) + " bytes");
        }
    }

    private RecordPrinter printer() {
        ZoneId zone = ZoneId.systemDefault();
        switch (format) {
            case csv:
                return new CsvPrinter(input.names(), new Descriptions(zone));
            case json:
                return new JsonPrinter(input.names(), new Descriptions(zone));
            default:
                RelationNames names = input.names();
                RelationNames printable = names == RelationNames.NONE
                        ? names
                        : (spcOid, dbOid, relNumber) -> Printable.of(names.nameOf(spcOid, dbOid, relNumber));
                return new TextPrinter(
                        new RecordTexts(printable, new Descriptions(zone, TimestampForm.WALDUMP)), inDetail);
        }
    }
}
