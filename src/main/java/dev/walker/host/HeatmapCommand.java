package dev.walker.host;

import dev.walker.files.WalFiles;
import dev.walker.jdbc.RelationCatalog;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code heatmap}: what {@code walker.heatmap()} says of a table. */
@Command(
        name = "heatmap",
        description =
                "Shows where the dead tuples of a table are, cut into ranges of blocks. With --path it makes a map of"
                        + " the WAL in files, and without TABLE shows which tables have garbage.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class HeatmapCommand extends TargetCommand {
    private static final Pattern FILES = Pattern.compile("\\d{1,10}/\\d{1,10}/\\d{1,10}");

    @Mixin
    private OfflineOptions offline;

    @Parameters(
            paramLabel = "TABLE",
            arity = "0..1",
            description =
                    "Its name, perhaps with its schema, as in SQL; with --path and without a URL its files, such as"
                            + " 1663/5/16384.")
    private String table;

    @Option(
            names = "--ranges",
            paramLabel = "N",
            defaultValue = "64",
            description = "Cut it into so many ranges (default: ${DEFAULT-VALUE}).")
    private int ranges;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            description = "With --path: show so many tables; all by default.")
    private int limit = Integer.MAX_VALUE;

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
        if (limit < 0) {
            throw new UsageException("--limit is " + limit + "; wanted 0 or more");
        }
        if (offline.isOffline()) {
            return fromFiles();
        }
        offline.checkNone();
        if (table == null) {
            throw new UsageException("no table is named; wanted TABLE, or --path PATH");
        }
        return super.call();
    }

    @Override
    void print(Connection connection, ByteOutput out) throws SQLException {
        String source = target().source(connection, database != null).orElse(null);
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
        printer().table(connection, out, sql + ")", arguments.toArray());
    }

    private int fromFiles() throws SQLException {
        long end = offline.end();
        OfflineMap map = new OfflineMap();
        try (WalFiles files = offline.files();
                Connection names = target().connectIfGiven();
                ByteOutput out = new ByteOutput(main().output())) {
            RelationCatalog catalog = names == null ? null : new RelationCatalog(names);
            RelFileLocator locator = table == null ? null : locator(catalog);
            map.read(files, offline.start(files), end, offline.skipsGaps(), main().err());
            OfflineHeatmap heatmap = new OfflineHeatmap(map.map(), printer(), out);
            if (locator == null) {
                heatmap.relations(catalog == null ? RelationNames.NONE : WalInput.names(catalog), limit);
            } else if (pages) {
                heatmap.pages(locator);
            } else {
                heatmap.ranges(locator, ranges);
            }
            out.flush();
            if (map.map().openTransactions() > 0) {
                WalInput.warn(
                        main().err(),
                        map.map().openTransactions() + " transactions are open at "
                                + Lsn.format(map.end().lsn()) + ", so what they have changed does not count yet");
            }
            return offline.report(map.end(), main().err());
        }
    }

    private RelFileLocator locator(RelationCatalog catalog) throws SQLException {
        if (FILES.matcher(table).matches()) {
            String[] parts = table.split("/");
            return new RelFileLocator(Long.parseLong(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2]));
        }
        if (catalog == null) {
            throw new UsageException("TABLE is \"" + table + "\"; without --source-url wanted"
                    + " TABLESPACE/DATABASE/RELFILENODE, such as 1663/5/16384");
        }
        return catalog.locatorOf(table).orElseThrow(() -> new CommandException("\"" + table + "\" has no files"));
    }
}
