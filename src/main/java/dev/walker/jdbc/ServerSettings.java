package dev.walker.jdbc;

import dev.walker.spi.StateException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.function.Function;

/** Settings as the server of a connection has them: {@code postgresql.conf}, ALTER SYSTEM, ALTER DATABASE and so on. */
public final class ServerSettings implements Function<String, Optional<String>> {
    private final Connection connection;

    /** The settings of the session of a connection. */
    public ServerSettings(Connection connection) {
        this.connection = connection;
    }

    @Override
    public Optional<String> apply(String name) {
        try {
            return Jdbc.first(connection, "SELECT pg_catalog.current_setting(?, true)", row -> row.getString(1), name);
        } catch (SQLException e) {
            throw new StateException("cannot ask the server for setting " + name + ": " + e.getMessage(), e);
        }
    }
}
