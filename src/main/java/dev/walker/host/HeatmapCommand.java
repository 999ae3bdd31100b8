package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code heatmap}: what {@code walker.heatmap()} says of a table. */
@Command(
        name = "heatmap",
        description = "Shows where the dead tuples of a table are, cut into ranges of blocks.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class HeatmapCommand implements Callable<Integer> {
    @ParentCommand
    private Main main;

    @Mixin
    private TargetOptions target;

    @Mixin
    private RowPrinter printer;

    @Parameters(paramLabel = "TABLE", description = "Its name, perhaps with its schema, as in SQL.")
    private String table;

    @Option(
            names = "--ranges",
            paramLabel = "N",
            defaultValue = "64",
            description = "Cut it into so many ranges (default: ${DEFAULT-VALUE}).")
    private int ranges;

    @Option(names = "--pages", description = "Show each page that has dead tuples or is fully known instead.")
    private boolean pages;

    HeatmapCommand() {}

    @Override
    public Integer call() throws SQLException {
        if (ranges < 1) {
            throw new UsageException("--ranges is " + ranges + "; wanted 1 or more");
        }
        try (Connection connection = target.connect();
                ByteOutput out = new ByteOutput(main.output())) {
            if (pages) {
                printer.table(connection, out, "SELECT * FROM walker.heatmap_pages(?::regclass)", table);
            } else {
                printer.table(connection, out, "SELECT * FROM walker.heatmap(?::regclass, ?)", table, ranges);
            }
        }
        return 0;
    }
}
