package dev.walker.host;

import dev.walker.host.report.Report;
import dev.walker.host.report.ReportOptions;
import dev.walker.host.report.WalSummary;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code report}: one HTML file with all that is known of the garbage of a database. */
@Command(
        name = "report",
        description = "Writes a report on the garbage of a database: one HTML file that needs nothing else.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class ReportCommand implements Callable<Integer> {
    private static final Path STANDARD_OUTPUT = Path.of("-");
    private static final int MOST_RANGES = 1024;

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"--url", "--target-url"},
            paramLabel = "URL",
            description = "The database that has schema walker, such as jdbc:postgresql://HOST:PORT/DATABASE?user=USER;"
                    + " by default what PGHOST, PGDATABASE and so on say.")
    private String url;

    @Mixin
    private SourceOption source;

    @Option(
            names = "--database",
            paramLabel = "NAME",
            description = "With --source: only this database of the server; by default all of them.")
    private String database;

    @Option(
            names = "--source-url",
            paramLabel = "URL",
            description =
                    "The server that is walked, for what its WAL consists of; default: that of --url, unless it is"
                            + " about another.")
    private String sourceUrl;

    @Option(
            names = {"-o", "--out"},
            defaultValue = "walker-report.html",
            paramLabel = "FILE",
            description = "The file to write, - for standard output; default: ${DEFAULT-VALUE}.")
    private Path out;

    @Option(
            names = "--top",
            defaultValue = "20",
            paramLabel = "N",
            description = "Show the N worst tables; default: ${DEFAULT-VALUE}.")
    private int top;

    @Option(
            names = "--ranges",
            defaultValue = "64",
            paramLabel = "N",
            description = "Cut each table into N ranges of blocks at most; default: ${DEFAULT-VALUE}.")
    private int ranges;

    @Option(
            names = "--since",
            defaultValue = "",
            paramLabel = "INTERVAL",
            description = "Show the history of this last time, such as \"2 days\"; default: all there is.")
    private String since;

    @Option(
            names = "--wal-segments",
            defaultValue = "4",
            paramLabel = "N",
            description = "Read the N newest WAL segments for what WAL consists of, 0 for none; default:"
                    + " ${DEFAULT-VALUE}. That wants the rights of pg_read_server_files.")
    private int walSegments;

    ReportCommand() {}

    @Override
    public Integer call() throws SQLException, IOException, InterruptedException {
        atLeast("--top", top, 0);
        atLeast("--ranges", ranges, 1);
        atLeast("--wal-segments", walSegments, 0);
        if (ranges > MOST_RANGES) {
            throw new UsageException("--ranges is " + ranges + "; wanted at most " + MOST_RANGES);
        }
        try (Connection connection = Database.connect("--url", url)) {
            Database.requireSchema(connection);
            checkSince(connection);
            Optional<String> name = source.name(connection, database != null);
            Report report =
                    new Report(connection, new ReportOptions(top, ranges, since, name, Optional.ofNullable(database)));
            WalSummary wal = readWal(name.isPresent());
            if (out.equals(STANDARD_OUTPUT)) {
                writeOutput(report, wal);
            } else {
                writeFile(report, wal);
            }
        }
        return 0;
    }

    private static void atLeast(String option, int value, int least) {
        if (value < least) {
            throw new UsageException(option + " is " + value + "; wanted at least " + least);
        }
    }

    private void checkSince(Connection connection) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT pg_catalog.now() - nullif(?, '')::interval")) {
            statement.setString(1, since);
            statement.executeQuery().close();
        } catch (SQLException e) {
            if (e.getSQLState() != null && e.getSQLState().startsWith("22")) {
                throw new UsageException("--since is \"" + since + "\"; wanted an interval, such as \"2 days\"");
            }
            throw e;
        }
    }

    private WalSummary readWal(boolean isByName) throws SQLException, InterruptedException {
        if (walSegments == 0) {
            return WalSummary.failed("--wal-segments is 0");
        }
        if (isByName && sourceUrl == null) {
            return WalSummary.failed("--source-url does not tell where the server is");
        }
        boolean elsewhere = sourceUrl != null;
        try (Connection source = Database.connect(elsewhere ? "--source-url" : "--url", elsewhere ? sourceUrl : url)) {
            source.setReadOnly(true);
            return ReportWal.read(source, walSegments);
        }
    }

    private void writeOutput(Report report, WalSummary wal) throws SQLException {
        try {
            write(report, wal, main.output());
        } catch (IOException e) {
            throw ByteOutput.failure(e);
        }
    }

    private void writeFile(Report report, WalSummary wal) throws SQLException, IOException {
        WholeFile.write("--out", out, stream -> write(report, wal, stream));
        spec.commandLine()
                .getOut()
                .println("wrote " + out + (Files.isRegularFile(out) ? ", " + Files.size(out) + " bytes" : ""));
        spec.commandLine().getOut().flush();
    }

    private static void write(Report report, WalSummary wal, OutputStream stream) throws SQLException, IOException {
        Writer writer = new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8));
        report.write(wal, writer);
        writer.flush();
    }
}
