package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import picocli.CommandLine.Command;

/** {@code fleet}: what {@code walker.fleet()} says, as JSON all of it. */
@Command(
        name = "fleet",
        description = "Shows the servers that are walked into a database, how far their walks are, and their garbage.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class FleetCommand extends TargetCommand {
    private static final String MOST =
            "SELECT source, version, state, mode, timeline, lag_bytes, relations, dead_tuples,"
                    + " pages_with_garbage, gaps, last_error FROM walker.fleet()";

    FleetCommand() {}

    @Override
    void print(Connection connection, ByteOutput out) throws SQLException {
        printer().table(connection, out, printer().isJson() ? "SELECT * FROM walker.fleet()" : MOST);
    }
}
