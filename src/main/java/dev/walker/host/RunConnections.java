package dev.walker.host;

import dev.walker.remote.ServerAddress;
import dev.walker.remote.SourceConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** The connections of a walk: to the server whose WAL is walked, and to the database that has schema {@code walker}. */
final class RunConnections implements AutoCloseable {
    private final ServerAddress sourceAddress;
    private final ServerAddress targetAddress;
    private final SourceConnection source;
    private final Connection target;

    private RunConnections(
            ServerAddress sourceAddress, ServerAddress targetAddress, SourceConnection source, Connection target)
            throws SQLException {
        this.sourceAddress = sourceAddress;
        this.targetAddress = targetAddress;
        this.source = source;
        this.target = target;
        Database.requireSchema(target);
        target.setAutoCommit(false);
    }

    /** Connects to both. */
    static RunConnections open(RunPlan plan) throws SQLException {
        ServerAddress sourceAddress = Database.address("--source-url", plan.sourceUrl());
        ServerAddress targetAddress = Database.address("--target-url", plan.targetUrl());
        SourceConnection source = SourceConnection.connect(sourceAddress);
        Connection target = null;
        try {
            target = targetAddress.connect();
            return new RunConnections(sourceAddress, targetAddress, source, target);
        } catch (SQLException | RuntimeException e) {
            close(target, e);
            close(source, e);
            throw e;
        }
    }

    private static void close(AutoCloseable connection, Exception failure) {
        if (connection != null) {
            try {
                connection.close();
            } catch (Exception e) {
                failure.addSuppressed(e);
            }
        }
    }

    /** To the server whose WAL is walked. */
    SourceConnection source() {
        return source;
    }

    /** How that server is reached. */
    ServerAddress sourceAddress() {
        return sourceAddress;
    }

    /** How the server of {@link #target} is reached. */
    ServerAddress targetAddress() {
        return targetAddress;
    }

    /** To the database that has schema {@code walker}; does not commit by itself. */
    Connection target() {
        return target;
    }

    /** A second connection like {@link #target}, when that one is lost. */
    Connection anotherTarget() throws SQLException {
        Connection again = targetAddress.connect();
        again.setAutoCommit(false);
        return again;
    }

    /** Which of the two cannot be used any more: {@code source} or {@code target}. */
    Optional<String> lost() {
        return Database.isLost(source.connection())
                ? Optional.of("source")
                : Database.isLost(target) ? Optional.of("target") : Optional.empty();
    }

    @Override
    public void close() throws SQLException {
        try (source) {
            target.close();
        }
    }
}
