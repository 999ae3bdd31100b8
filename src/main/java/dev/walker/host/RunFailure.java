package dev.walker.host;

import dev.walker.remote.Loss;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalGapException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** What ends a walk before its time: what the user is told of it, and what {@code walker.status()} shows. */
final class RunFailure {
    private RunFailure() {}

    /** What the user is to be told; the exception itself if it says enough. */
    static Exception explain(Exception thrown, RunConnections connections, RunSettings settings) {
        if (thrown instanceof WalGapException) {
            return new CommandException(
                    thrown.getMessage()
                            + ". \"run --accept-gap\" goes on from there and records the gap in walker.gaps",
                    thrown);
        }
        Optional<String> lost = connections.lost();
        if (lost.isEmpty() && Loss.mayHeal(thrown)) {
            return new LostConnectionException(thrown.getMessage(), thrown);
        }
        if (lost.isEmpty()) {
            String located = settings.locate(String.valueOf(thrown.getMessage()));
            return located.equals(thrown.getMessage()) ? thrown : new CommandException(located, thrown);
        }
        return new LostConnectionException(
                "the connection to the " + lost.get() + " was lost: " + thrown.getMessage(), thrown);
    }

    /** Makes {@code walker.status()} tell what has happened, over a new connection if need be. */
    static void note(Exception failure, RunConnections connections, int sourceId, Log log) {
        try {
            if (Database.isLost(connections.target())) {
                try (Connection again = connections.anotherTarget()) {
                    noteIn(again, sourceId, failure);
                }
            } else {
                connections.target().rollback();
                noteIn(connections.target(), sourceId, failure);
            }
        } catch (SQLException e) {
            failure.addSuppressed(e);
            if (!Loss.isOfServer(e)) {
                log.error("cannot note the failure in walker.progress: " + e.getMessage());
            }
        }
    }

    private static void noteIn(Connection target, int sourceId, Exception failure) throws SQLException {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        Database.number(
                target,
                "SELECT 1 FROM walker._failed(?, ?, ?::text::pg_lsn)",
                sourceId,
                failure.getMessage(),
                cause instanceof WalFormatException damage
                        ? Lsn.format(damage.lsn())
                        : cause instanceof WalGapException gap ? Lsn.format(gap.missingLsn()) : null);
        target.commit();
    }
}
