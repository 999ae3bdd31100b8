package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** {@code plugins}: what {@code walker.plugins()} says. */
@Command(
        name = "plugins",
        description =
                "Shows the plugins of the walk in the order of their calls, with what they were given and what has"
                        + " stopped them.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class PluginsCommand implements Callable<Integer> {
    static final String PLUGINS = "SELECT * FROM walker.plugins()";

    @ParentCommand
    private Main main;

    @Mixin
    private TargetOptions target;

    @Mixin
    private RowPrinter printer;

    PluginsCommand() {}

    @Override
    public Integer call() throws SQLException {
        try (Connection connection = target.connect();
                ByteOutput out = new ByteOutput(main.output())) {
            printer.table(connection, out, PLUGINS);
        }
        return 0;
    }
}
