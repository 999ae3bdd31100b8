package dev.walker.host;

import dev.walker.remote.ServerAddress;
import dev.walker.remote.SourceConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * The connections of a walk: to the server whose WAL is walked, which is closed at its end, and to the database that has
 * schema {@code walker}, which stays.
 */
final class RunConnections implements AutoCloseable {
    private final ServerAddress sourceAddress;
    private final SourceConnection source;
    private final TargetSession session;
    private final Connection target;

    private RunConnections(ServerAddress sourceAddress, SourceConnection source, TargetSession session)
            throws SQLException {
        this.sourceAddress = sourceAddress;
        this.source = source;
        this.session = session;
        this.target = session.open();
    }

    /** Connects to both, as far as that has still to be done. */
    static RunConnections open(RunPlan plan, TargetSession session) throws SQLException {
        ServerAddress sourceAddress = Database.address("--source-url", plan.sourceUrl());
        SourceConnection source = SourceConnection.connect(sourceAddress);
        try {
            return new RunConnections(sourceAddress, source, session);
        } catch (SQLException | RuntimeException e) {
            try (source) {
                throw e;
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
        return session.address();
    }

    /** To the database that has schema {@code walker}; does not commit by itself. */
    Connection target() {
        return target;
    }

    /** The session of {@link #target}. */
    TargetSession session() {
        return session;
    }

    /** Which of the two cannot be used any more: {@code source} or {@code target}. */
    Optional<String> lost() {
        return Database.isLost(source.connection())
                ? Optional.of("source")
                : Database.isLost(target) ? Optional.of("target") : Optional.empty();
    }

    @Override
    public void close() throws SQLException {
        source.close();
    }
}
