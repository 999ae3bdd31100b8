package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import picocli.CommandLine.Command;

/** {@code status}: what {@code walker.status()} and {@code walker.plugins()} say. */
@Command(
        name = "status",
        description = "Shows how far the walk is, and the plugins.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class StatusCommand extends TargetCommand {
    /** As {@link PluginsCommand#PLUGINS}. */
    private static final String STATUS = "SELECT t.* FROM (SELECT ?::text AS name) s CROSS JOIN LATERAL"
            + " walker._status(CASE WHEN s.name IS NULL THEN walker._source_id() ELSE walker._named_source(s.name) END) t";

    StatusCommand() {}

    @Override
    void print(Connection connection, ByteOutput out) throws SQLException {
        String source = target().source(connection).orElse(null);
        if (printer().isJson()) {
            printer()
                    .list(
                            connection,
                            out,
                            "SELECT s.*, (SELECT coalesce(pg_catalog.to_json(pg_catalog.array_agg(p ORDER BY p.ordinal)), '[]') FROM ("
                                    + PluginsCommand.PLUGINS + ") p) AS plugins FROM (" + STATUS + ") s",
                            source,
                            source);
        } else {
            printer().list(connection, out, STATUS, source);
            out.put("\n");
            printer().table(connection, out, PluginsCommand.PLUGINS, source);
        }
    }
}
