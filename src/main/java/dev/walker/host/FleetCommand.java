package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** {@code fleet}: what {@code walker.fleet()} says, as JSON all of it. */
@Command(
        name = "fleet",
        description = "Shows the servers that are walked into a database, how far their walks are, and their garbage.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class FleetCommand implements Callable<Integer> {
    private static final String MOST =
            "SELECT source, version, state, mode, timeline, lag_bytes, relations, dead_tuples,"
                    + " pages_with_garbage, gaps, last_error FROM walker.fleet()";

    @ParentCommand
    private Main main;

    @Mixin
    private TargetOptions target;

    @Mixin
    private RowPrinter printer;

    FleetCommand() {}

    @Override
    public Integer call() throws SQLException {
        try (Connection connection = target.connect();
                ByteOutput out = new ByteOutput(main.output())) {
            printer.table(connection, out, printer.isJson() ? "SELECT * FROM walker.fleet()" : MOST);
        }
        return 0;
    }
}
