package dev.walker.host;

import dev.walker.jdbc.SchemaVersion;
import dev.walker.remote.ServerAddress;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** Connections to databases by URL. */
final class Database {
    /** The version of schema {@code walker} that this program works with. */
    static final String VERSION = SchemaVersion.CURRENT;

    private static final int VALIDATION_SECONDS = 5;

    private Database() {}

    /**
     * Connects.
     *
     * @param option name of the option that gave the URL, for messages
     * @param url {@code jdbc:postgresql:...}, the prefix {@code jdbc:} may be left out; null if the environment says it all
     */
    static Connection connect(String option, String url) throws SQLException {
        return address(option, url).connect();
    }

    /**
     * How a server is reached.
     *
     * @param url null if the environment says it all
     * @throws UsageException if it does not
     */
    static ServerAddress address(String option, String url) {
        if (url == null && !ServerAddress.isInEnvironment(System.getenv())) {
            throw new UsageException("no server is named; wanted " + option + " URL, such as"
                    + " jdbc:postgresql://HOST:PORT/DATABASE?user=USER, or an environment that has PGHOST, PGPORT,"
                    + " PGDATABASE or PGSERVICE");
        }
        try {
            return ServerAddress.of(option, url, System.getenv());
        } catch (IllegalArgumentException e) {
            throw new CommandException(e.getMessage());
        }
    }

    /** Whether a connection cannot be used any more. */
    static boolean isLost(Connection connection) {
        try {
            return !connection.isValid(VALIDATION_SECONDS);
        } catch (SQLException e) {
            throw new IllegalStateException("isValid() takes any positive number of seconds", e);
        }
    }

    /** Fails unless schema {@code walker} is there, and of this version. */
    static void requireSchema(Connection connection) throws SQLException {
        if (!hasSchema(connection)) {
            throw new CommandException("database \"" + connection.getCatalog()
                    + "\" has no schema walker; \"walker init\" with the same URL makes it");
        }
        Optional<String> version = schemaVersion(connection);
        if (!version.equals(Optional.of(VERSION))) {
            throw new CommandException("schema walker in database \"" + connection.getCatalog() + "\" is of version "
                    + version.orElse("1.0") + ", wanted " + VERSION + "; \"walker init\" with the same URL updates an "
                    + "older one, ALTER EXTENSION walker UPDATE that of the extension");
        }
    }

    /** What {@code walker._version()} says; empty where there is no such function, as in version 1.0. */
    static Optional<String> schemaVersion(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            try (var result =
                    statement.executeQuery("SELECT pg_catalog.to_regprocedure('walker._version()') IS NOT NULL")) {
                result.next();
                if (!result.getBoolean(1)) {
                    return Optional.empty();
                }
            }
            try (var result = statement.executeQuery("SELECT walker._version()")) {
                result.next();
                return Optional.of(result.getString(1));
            }
        }
    }

    static boolean hasSchema(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var result = statement.executeQuery("SELECT pg_catalog.to_regclass('walker.progress') IS NOT NULL")) {
            result.next();
            return result.getBoolean(1);
        }
    }

    /** The number in the first column of the first row of a query. */
    static long number(Connection connection, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet result = statement.executeQuery()) {
                result.next();
                return result.getLong(1);
            }
        }
    }
}
