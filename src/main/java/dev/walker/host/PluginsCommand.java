package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import picocli.CommandLine.Command;

/** {@code plugins}: what {@code walker.plugins()} says. */
@Command(
        name = "plugins",
        description =
                "Shows the plugins of the walk in the order of their calls, with what they were given and what has"
                        + " stopped them.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class PluginsCommand extends TargetCommand {
    /** Of the server with a name, or of that of the database if that is null. */
    static final String PLUGINS = "SELECT p.* FROM (SELECT ?::text AS name) s CROSS JOIN LATERAL"
            + " walker._plugins(CASE WHEN s.name IS NULL THEN walker._source_id() ELSE walker._named_source(s.name) END) p";

    PluginsCommand() {}

    @Override
    void print(Connection connection, ByteOutput out) throws SQLException {
        printer().table(connection, out, PLUGINS, target().source(connection).orElse(null));
    }
}
