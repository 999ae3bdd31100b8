package dev.walker.host;

import dev.walker.jdbc.Jdbc;
import dev.walker.remote.ServerAddress;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code init}: makes schema {@code walker} where results are to be kept. */
@Command(
        name = "init",
        description = "Makes schema walker in the target database, or brings an older one up to date; does nothing if"
                + " it is there.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class InitCommand implements Callable<Integer> {
    /** Keeps two of these from running at a time: the walkers' class of advisory locks, and an id that none of them has. */
    private static final String LOCK = "SELECT 1 FROM pg_catalog.pg_advisory_xact_lock(1463897195, -1)";

    /** A role or a database may have limits for people and applications, which a busy server reaches here. */
    private static final String NO_LIMITS = "SELECT pg_catalog.set_config(s.name, '0', true) FROM (VALUES"
            + " ('statement_timeout'), ('transaction_timeout'), ('idle_in_transaction_session_timeout')) s (name)"
            + " WHERE pg_catalog.current_setting(s.name, true) IS NOT NULL";

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"--target-url", "--source-url"},
            paramLabel = "URL",
            description =
                    "The database, such as jdbc:postgresql://HOST:PORT/DATABASE?user=USER; by default what PGHOST,"
                            + " PGDATABASE and so on say.")
    private String targetUrl;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The configuration file of run; its target_url, or else its source_url, is taken.")
    private Path config;

    @Option(
            names = "--dry-run",
            description = "Print the SQL instead of running it, for psql; where no database is named that for one which"
                    + " has no schema walker.")
    private boolean dryRun;

    InitCommand() {}

    @Override
    public Integer call() throws SQLException {
        if (targetUrl == null && dryRun && !ServerAddress.isInEnvironment(System.getenv())) {
            print(SchemaScript.make());
            return 0;
        }
        try (Connection connection = Database.connect("--target-url", targetUrl)) {
            connection.setAutoCommit(false);
            Jdbc.all(connection, NO_LIMITS, row -> row.getString(1));
            Database.number(connection, LOCK);
            SchemaScript script = SchemaScript.of(connection);
            if (dryRun) {
                connection.rollback();
                print(script);
                return 0;
            }
            try (Statement statement = connection.createStatement()) {
                statement.execute(script.sql());
            }
            connection.commit();
            spec.commandLine().getOut().println(script.done());
        }
        return 0;
    }

    private void print(SchemaScript script) {
        try (ByteOutput out = new ByteOutput(main.output())) {
            if (script.sql().isEmpty()) {
                out.put("-- Nothing to do: " + script.done() + ".\n");
            } else {
                out.put("-- When all of this has run, " + script.done() + ".\nBEGIN;\n")
                        .put(script.sql())
                        .put("\nCOMMIT;\n");
            }
        }
    }
}
