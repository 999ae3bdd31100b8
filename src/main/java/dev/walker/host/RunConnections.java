package dev.walker.host;

import dev.walker.jdbc.JdbcWalSource;
import dev.walker.wal.WalSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** The connections of a walk: to the server whose WAL is walked, and to the database that has schema {@code walker}. */
final class RunConnections implements AutoCloseable {
    private final RunPlan plan;
    private final Connection source;
    private final Connection target;
    private final WalSource wal;

    private RunConnections(RunPlan plan, Connection source, Connection target) throws SQLException {
        this.plan = plan;
        this.source = source;
        this.target = target;
        Database.requireSchema(target);
        target.setAutoCommit(false);
        this.wal = new JdbcWalSource(source);
    }

    /** Connects to both. */
    static RunConnections open(RunPlan plan) throws SQLException {
        Connection source = Database.connect("--source-url", plan.sourceUrl());
        Connection target = null;
        try {
            target = Database.connect("--target-url", plan.targetUrl());
            return new RunConnections(plan, source, target);
        } catch (SQLException | RuntimeException e) {
            close(target, e);
            close(source, e);
            throw e;
        }
    }

    private static void close(Connection connection, Exception failure) {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                failure.addSuppressed(e);
            }
        }
    }

    /** To the server whose WAL is walked. */
    Connection source() {
        return source;
    }

    /** To the database that has schema {@code walker}; does not commit by itself. */
    Connection target() {
        return target;
    }

    /** A second connection like {@link #target}, when that one is lost. */
    Connection anotherTarget() throws SQLException {
        Connection again = Database.connect("--target-url", plan.targetUrl());
        again.setAutoCommit(false);
        return again;
    }

    /** The WAL of the source. */
    WalSource wal() {
        return wal;
    }

    /** Which of the two cannot be used any more: {@code source} or {@code target}. */
    Optional<String> lost() {
        return Database.isLost(source)
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
