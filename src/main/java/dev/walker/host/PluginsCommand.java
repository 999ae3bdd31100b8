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
    /** Of the server with a name, or of that of the database if that is null. */
    static final String PLUGINS = "SELECT p.* FROM (SELECT ?::text AS name) s CROSS JOIN LATERAL"
            + " walker._plugins(CASE WHEN s.name IS NULL THEN walker._source_id() ELSE walker._named_source(s.name) END) p";

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
            printer.table(connection, out, PLUGINS, target.source(connection).orElse(null));
        }
        return 0;
    }
}
