package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
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

    @Option(
            names = "--database",
            paramLabel = "NAME",
            description = "The database of the server that has the table; by default that of the URL.")
    private String database;

    HeatmapCommand() {}

    @Override
    public Integer call() throws SQLException {
        if (ranges < 1) {
            throw new UsageException("--ranges is " + ranges + "; wanted 1 or more");
        }
        try (Connection connection = target.connect();
                ByteOutput out = new ByteOutput(main.output())) {
            String source = target.source(connection, database != null).orElse(null);
            List<Object> arguments = new ArrayList<>();
            String sql = pages ? "SELECT * FROM walker.heatmap_pages(" : "SELECT * FROM walker.heatmap(";
            if (source == null) {
                sql += "?::regclass";
            } else {
                sql += "?, ?, ?";
                arguments.add(source);
                arguments.add(database == null ? connection.getCatalog() : database);
            }
            arguments.add(table);
            if (!pages) {
                sql += ", ?";
                arguments.add(ranges);
            }
            printer.table(connection, out, sql + ")", arguments.toArray());
        }
        return 0;
    }
}
