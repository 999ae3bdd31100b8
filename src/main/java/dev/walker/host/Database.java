package dev.walker.host;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** Connections to databases by URL. */
final class Database {
    private static final int VALIDATION_SECONDS = 5;

    private Database() {}

    /**
     * Connects.
     *
     * @param option name of the option that gave the URL, for messages
     * @param url {@code jdbc:postgresql:...}, the prefix {@code jdbc:} may be left out
     */
    static Connection connect(String option, String url) throws SQLException {
        String jdbcUrl = url.startsWith("jdbc:") ? url : "jdbc:" + url;
        if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
            throw new CommandException(
                    option + " is \"" + url + "\"; wanted jdbc:postgresql://HOST:PORT/DATABASE?user=USER");
        }
        Properties properties = new Properties();
        properties.setProperty("ApplicationName", "walker");
        properties.setProperty("tcpKeepAlive", "true");
        return DriverManager.getConnection(jdbcUrl, properties);
    }

    /** Whether a connection cannot be used any more. */
    static boolean isLost(Connection connection) {
        try {
            return !connection.isValid(VALIDATION_SECONDS);
        } catch (SQLException e) {
            throw new IllegalStateException("isValid() takes any positive number of seconds", e);
        }
    }

    /** Fails unless schema {@code walker} is there. */
    static void requireSchema(Connection connection) throws SQLException {
        if (!hasSchema(connection)) {
            throw new CommandException("database \"" + connection.getCatalog()
                    + "\" has no schema walker; \"walker init\" with the same URL makes it");
        }
    }

    static boolean hasSchema(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var result = statement.executeQuery("SELECT pg_catalog.to_regclass('walker.progress') IS NOT NULL")) {
            result.next();
            return result.getBoolean(1);
        }
    }
}
