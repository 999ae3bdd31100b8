package dev.walker.host;

import dev.walker.files.SegmentScan;
import dev.walker.files.WalEnd;
import dev.walker.files.WalFiles;
import dev.walker.wal.WalRecord;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.time.ZoneId;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code stats}: what WAL consists of. */
@Command(
        name = "stats",
        description = "Shows what WAL consists of: number and size of records, and of full-page images.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class StatsCommand implements PlainArguments.Command {
    /** By what is counted. */
    enum By {
        rmgr,
        record,
        relation,
        transaction
    }

    /** Records that are read in order are merged after so many. */
    private static final int PART = 100_000;
    /** What grows with the records of a segment is not kept for longer ones. */
    private static final int LONG_SEGMENT = 64 << 20;

    @ParentCommand
    private Main main;

    @Mixin
    private WalInput input = new WalInput();

    @Mixin
    private RecordFilter filter = new RecordFilter();

    @Option(
            names = {"-z", "--stats"},
            arity = "0..1",
            fallbackValue = StatsValue.RMGR,
            preprocessor = StatsValue.Attached.class,
            paramLabel = "record",
            description = "As of pg_waldump: by resource manager, or with \"record\" by record type.")
    private String stats;

    @Option(
            names = "--by",
            paramLabel = "WHAT",
            description = "rmgr (resource manager, the default), record (record type), relation or transaction.")
    private By by;

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "Show the N largest only, 0 for all; default: 100 by transaction, all otherwise.")
    private String topText;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "How many segments are read at once; default: all cores.")
    private Integer threads;

    @Option(
            names = "--format",
            defaultValue = "text",
            paramLabel = "FORMAT",
            description = "text (as pg_waldump --stats), json (an object a line) or csv; default: ${DEFAULT-VALUE}.")
    private DumpCommand.Format format = DumpCommand.Format.text;

    /** LSN of the first record that was read. */
    private long firstLsn;

    StatsCommand() {}

    /** For plain arguments. */
    StatsCommand(Main main) {
        this.main = main;
    }

    @Override
    public boolean set(String name) {
        return false;
    }

    @Override
    public boolean set(String name, String value) {
        switch (name) {
            case "--stats":
                stats = value;
                return StatsValue.isValue(value);
            case "--by":
                for (By each : By.values()) {
                    if (each.name().equals(value)) {
                        by = each;
                        return true;
                    }
                }
                return false;
            case "--top":
                topText = value;
                return true;
            default:
                return input.set(name, value);
        }
    }

    @Override
    public Integer call() throws SQLException, InterruptedException {
        try (ByteOutput out = new ByteOutput(main.output());
                WalInput opened = input) {
            By what = what();
            int top = topText == null
                    ? what == By.transaction ? 100 : 0
                    : (int) RecordFilter.number("--top", topText, 0, Integer.MAX_VALUE);
            if (threads != null && threads < 1) {
                throw new UsageException("--threads is " + threads + "; wanted at least 1");
            }
            filter.prepare();
            opened.open();
            opened.resolve(filter);
            switch (what) {
                case relation:
                    return run(() -> new RelationStatistics(filter, opened.names(), top), out);
                case transaction:
                    return run(() -> new TransactionStatistics(filter, top, ZoneId.systemDefault()), out);
                default:
                    return run(() -> new RecordStatistics(what == By.record, filter, top), out);
            }
        }
    }

    private By what() {
        if (stats == null) {
            return by == null ? By.rmgr : by;
        }
        if (by != null) {
            throw new UsageException("found --stats and --by, wanted one of them");
        }
        if (StatsValue.isValue(stats)) {
            return By.valueOf(stats);
        }
        throw new UsageException("--stats is \"" + stats + "\"; wanted nothing, rmgr or record");
    }

    private <S extends Statistics<S>> int run(Supplier<S> parts, ByteOutput out)
            throws SQLException, InterruptedException {
        PrintWriter err = main.err();
        try (S all = parts.get()) {
            WalEnd end = input.isLive() ? readInOrder(parts, all, err) : readFiles(parts, all, err);
            all.report(format, true, firstLsn, out);
            out.flush();
            return input.report(end, err);
        }
    }

    private <S extends Statistics<S>> WalEnd readFiles(Supplier<S> parts, S all, PrintWriter err)
            throws SQLException, InterruptedException {
        try (WalFiles files = input.files();
                ProgressLine progress =
                        new ProgressLine(err, files.storedBytes(files.segmentNumbers(input.start(), input.end())))) {
            if (all.growsWithRecords() && files.segmentSize() > LONG_SEGMENT) {
                return readInOrder(parts, all, err);
            }
            int number = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
            SegmentScan scan = new SegmentScan(
                    files,
                    input.start(),
                    input.end(),
                    number,
                    input.skipsGaps() ? gap -> WalInput.warn(err, gap.reason() + "; skipped") : null,
                    progress::done);
            PartPool<S> pool = new PartPool<>(parts, all);
            WalEnd end = scan.run(pool, pool);
            firstLsn = scan.firstLsn();
            return end;
        }
    }

    /** Gives parts out, and takes them back when they are full. */
    private static final class PartPool<S extends Statistics<S>> implements Supplier<S>, Consumer<S> {
        private final Queue<S> free = new ConcurrentLinkedQueue<>();
        private final Supplier<S> fresh;
        private final S all;

        PartPool(Supplier<S> fresh, S all) {
            this.fresh = fresh;
            this.all = all;
        }

        @Override
        public S get() {
            S part = free.poll();
            return part == null ? fresh.get() : part;
        }

        @Override
        public void accept(S part) {
            all.merge(part);
            part.clear();
            free.add(part);
        }
    }

    private <S extends Statistics<S>> WalEnd readInOrder(Supplier<S> parts, S all, PrintWriter err)
            throws SQLException, InterruptedException {
        WalRecord record = new WalRecord();
        try (RecordStream records = input.stream(false, () -> {}, err)) {
            S part = parts.get();
            for (long count = 1; records.next(record); count++) {
                firstLsn = count == 1 ? record.lsn() : firstLsn;
                part.add(record);
                if (count % PART == 0) {
                    all.merge(part);
                    part.clear();
                }
            }
            all.merge(part);
            return records.end();
        }
    }
}
