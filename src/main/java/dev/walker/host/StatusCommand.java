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
            if (printer.isJson()) {
                printer.list(
                        connection,
                        out,
                        "SELECT s.*, (SELECT coalesce(pg_catalog.json_agg(p ORDER BY p.ordinal), '[]')"
                                + " FROM walker.plugins() p) AS plugins FROM walker.status() s");
            } else {
                printer.list(connection, out, "SELECT * FROM walker.status()");
                out.put("\n");
                printer.table(connection, out, PluginsCommand.PLUGINS);
            }
        }
        return 0;
    }
}
