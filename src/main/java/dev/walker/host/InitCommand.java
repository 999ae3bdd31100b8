package dev.walker.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
    private static final String SCRIPT = "walker--" + Database.VERSION + ".sql";
    private static final String UPDATE = "walker--1.0--1.1.sql";
    /** What follows makes functions. */
    private static final String FUNCTIONS = "-- Functions from here on";

    private static final String END_OF_TABLES = "-- Functions:";
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
            connection.setAutoCommit(false);
            String done = Database.hasSchema(connection) ? update(connection, sql) : make(connection, sql);
            connection.commit();
            spec.commandLine().getOut().println(done);
        }
        return 0;
    }

    private static String make(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
        return "schema walker is made";
    }

    /** Brings a schema of an older version up to date; what is in its tables stays. */
    private static String update(Connection connection, String sql) throws SQLException {
        List<String> versions =
                texts(connection, "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'walker'");
        if (!versions.isEmpty()) {
            return "schema walker is there, made by extension walker " + versions.get(0)
                    + (versions.get(0).equals(Database.VERSION)
                            ? ""
                            : "; ALTER EXTENSION walker UPDATE brings it up to date");
        }
        Optional<String> version = Database.schemaVersion(connection);
        if (version.equals(Optional.of(Database.VERSION))) {
            return "schema walker is already there";
        }
        if (version.isPresent()) {
            throw new CommandException("schema walker is of version " + version.get() + ", this program is for "
                    + Database.VERSION + "; run the walker.jar of that version");
        }
        List<String> routines = texts(
                connection,
                "SELECT oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc"
                        + " WHERE pronamespace = 'walker'::pg_catalog.regnamespace");
        try (Statement statement = connection.createStatement()) {
            statement.execute(between(text(UPDATE), "\n", END_OF_TABLES, UPDATE));
            for (String routine : routines) {
                statement.execute("DROP ROUTINE " + routine);
            }
            statement.execute(sql.substring(sql.indexOf(FUNCTIONS)));
        }
        return "schema walker is brought from version 1.0 to " + Database.VERSION;
    }

    private static List<String> texts(Connection connection, String sql) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
        }
        return texts;
    }

    /** The part of the extension's script that any PostgreSQL can run. */
    static String plainSql() {
        String sql = between(text(SCRIPT), "\n", END_OF_PLAIN_SQL, SCRIPT);
        between(sql, FUNCTIONS, "", SCRIPT);
        return sql;
    }

    private static String text(String name) {
        try (InputStream stream = InitCommand.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new CommandException("the jar has no " + name + "; it was not built by Maven");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CommandException("cannot read " + name + " of the jar: " + e.getMessage());
        }
    }

    private static String between(String text, String begin, String end, String name) {
        int from = text.indexOf(begin);
        int to = from < 0 ? -1 : text.indexOf(end, from);
        if (to < 0) {
            throw new CommandException(name + " of the jar has no line \"" + (from < 0 ? begin : end) + "\"");
        }
        return text.substring(from, to);
    }
}
