package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** {@code status}: what {@code walker.status()} and {@code walker.plugins()} say. */
@Command(
        name = "status",
        description = "Shows how far the walk is, and the plugins.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class StatusCommand implements Callable<Integer> {
    /** As {@link PluginsCommand#PLUGINS}. */
    private static final String STATUS = "SELECT t.* FROM (SELECT ?::text AS name) s CROSS JOIN LATERAL"
            + " walker._status(CASE WHEN s.name IS NULL THEN walker._source_id() ELSE walker._named_source(s.name) END) t";

    @ParentCommand
    private Main main;

    @Mixin
    private TargetOptions target;

    @Mixin
    private RowPrinter printer;

    StatusCommand() {}

    @Override
    public Integer call() throws SQLException {
        try (Connection connection = target.connect();
                ByteOutput out = new ByteOutput(main.output())) {
            String source = target.source(connection).orElse(null);
            if (printer.isJson()) {
                printer.list(
                        connection,
                        out,
                        "SELECT s.*, (SELECT coalesce(pg_catalog.json_agg(p ORDER BY p.ordinal), '[]') FROM ("
                                + PluginsCommand.PLUGINS + ") p) AS plugins FROM (" + STATUS + ") s",
                        source,
                        source);
            } else {
                printer.list(connection, out, STATUS, source);
                out.put("\n");
                printer.table(connection, out, PluginsCommand.PLUGINS, source);
            }
        }
        return 0;
    }
}
