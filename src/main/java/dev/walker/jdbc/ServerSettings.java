package dev.walker.jdbc;

import dev.walker.spi.StateException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.function.Function;

/** Settings as the server of a connection has them: {@code postgresql.conf}, ALTER SYSTEM, ALTER DATABASE and so on. */
public final class ServerSettings implements Function<String, Optional<String>> {
    private static final String OF_SESSION = "SELECT pg_catalog.current_setting(?, true)";
    private static final String OF_WALKER = "SELECT walker._setting(?, ?)";

    private final Connection connection;
    private final Optional<Integer> sourceId;

    /** The settings of the session of a connection. */
    public ServerSettings(Connection connection) {
        this(connection, Optional.empty());
    }

    /** The settings as {@code walker.run()} or {@code walker.reload()} has read them last. */
    public static ServerSettings ofWalker(Connection connection, int sourceId) {
        return new ServerSettings(connection, Optional.of(sourceId));
    }

    private ServerSettings(Connection connection, Optional<Integer> sourceId) {
        this.connection = connection;
        this.sourceId = sourceId;
    }

    @Override
    public Optional<String> apply(String name) {
        try {
            return sourceId.isPresent()
                    ? Jdbc.first(connection, OF_WALKER, row -> row.getString(1), sourceId.get(), name)
                    : Jdbc.first(connection, OF_SESSION, row -> row.getString(1), name);
        } catch (SQLException e) {
            throw new StateException("cannot ask the server for setting " + name + ": " + e.getMessage(), e);
        }
    }
}
