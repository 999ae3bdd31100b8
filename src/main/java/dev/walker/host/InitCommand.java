package dev.walker.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code init}: makes schema {@code walker} where results are to be kept. */
@Command(
        name = "init",
        description = "Makes schema walker in the target database; does nothing if it is there.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class InitCommand implements Callable<Integer> {
    private static final String SCRIPT = "walker--1.0.sql";
    /** What follows needs PL/Java. */
    private static final String END_OF_PLAIN_SQL = "-- Part 2:";

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"--target-url", "--source-url"},
            required = true,
            paramLabel = "URL",
            description = "The database, such as jdbc:postgresql://HOST:PORT/DATABASE?user=USER.")
    private String targetUrl;

    @Option(names = "--dry-run", description = "Print the SQL instead of running it.")
    private boolean dryRun;

    InitCommand() {}

    @Override
    public Integer call() throws SQLException {
        String sql = plainSql();
        if (dryRun) {
            spec.commandLine().getOut().println(sql);
            return 0;
        }
        try (Connection connection = Database.connect("--target-url", targetUrl)) {
            if (Database.hasSchema(connection)) {
                spec.commandLine().getOut().println("schema walker is already there");
                return 0;
            }
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
            connection.commit();
        }
        spec.commandLine().getOut().println("schema walker is made");
        return 0;
    }

    /** The part of the extension's script that any PostgreSQL can run. */
    static String plainSql() {
        String script;
        try (InputStream stream = InitCommand.class.getResourceAsStream(SCRIPT)) {
            if (stream == null) {
                throw new CommandException("the jar has no " + SCRIPT + "; it was not built by Maven");
            }
            script = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CommandException("cannot read " + SCRIPT + " of the jar: " + e.getMessage());
        }
        int end = script.indexOf(END_OF_PLAIN_SQL);
        if (end < 0) {
            throw new CommandException(SCRIPT + " of the jar has no line \"" + END_OF_PLAIN_SQL + "\"");
        }
        return script.substring(script.indexOf('\n') + 1, end);
    }
}
