package dev.walker.host;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Where schema {@code walker} is: options of the commands that ask it. */
final class TargetOptions {
    @Option(
            names = {"--target-url", "--source-url"},
            paramLabel = "URL",
            description = "The database that has schema walker, such as jdbc:postgresql://HOST:PORT/DATABASE?user=USER;"
                    + " by default what PGHOST, PGDATABASE and so on say.")
    private String url;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The configuration file of run; its target_url, or else its source_url, is taken, and"
                    + " its source_name.")
    private Path config;

    @Mixin
    private SourceOption source;

    TargetOptions() {}

    /** The name of the server that is asked about; empty if that is the one of the database, or none is walked. */
    Optional<String> source(Connection connection) throws SQLException {
        return source(connection, false);
    }

    /**
     * The name of the server that is asked about.
     *
     * @param byName the name of that of the database, too, is wanted
     * @return empty if that is not so, or none is walked
     * @throws SQLException if it has to be named
     */
    Optional<String> source(Connection connection, boolean byName) throws SQLException {
        return source.name(connection, byName);
    }

    /** Connects to the database of the URL, with the schema or without; null if there is no URL. */
    Connection connectIfGiven() throws SQLException {
        return url == null ? null : Database.connect("--source-url", url);
    }

    /** Connects to a database that has the schema. */
    Connection connect() throws SQLException {
        Connection connection = Database.connect("--target-url", url);
        try {
            Database.requireSchema(connection);
            return connection;
        } catch (SQLException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
    }
}
