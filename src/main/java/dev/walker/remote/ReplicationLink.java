package dev.walker.remote;

import dev.walker.wal.Lsn;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyDual;
import org.postgresql.core.v3.replication.V3PGReplicationStream;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;
import org.postgresql.replication.ReplicationType;

/** A connection in replication mode: one walsender. */
final class ReplicationLink implements AutoCloseable {
    /** In {@code pg_stat_replication}; not that of the sessions, so that {@code synchronous_standby_names} can tell. */
    static final String APPLICATION_NAME = "walker_stream";

    private static final String UNDEFINED_FILE = "58P01";

    private final Connection connection;
    private PGReplicationStream stream;

    private ReplicationLink(Connection connection) {
        this.connection = connection;
    }

    /** Connects to the server that a connection leads to. */
    static ReplicationLink open(ServerAddress address, Connection found) throws SQLException {
        return new ReplicationLink(address.connectForReplication(found, APPLICATION_NAME));
    }

    /** {@code systemid} of {@code IDENTIFY_SYSTEM}, unsigned. */
    long systemIdentifier() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("IDENTIFY_SYSTEM")) {
            row.next();
            return Long.parseUnsignedLong(row.getString("systemid"));
        }
    }

    /** {@code TIMELINE_HISTORY}; empty if the server does not have it, as for timeline 1. */
    Optional<byte[]> history(int timeline) throws SQLException {
        if (timeline == 1) {
            return Optional.empty();
        }
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("TIMELINE_HISTORY " + Integer.toUnsignedString(timeline))) {
            row.next();
            return Optional.of(row.getString(2).getBytes(StandardCharsets.UTF_8));
        } catch (SQLException e) {
            if (UNDEFINED_FILE.equals(e.getSQLState())) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * {@code START_REPLICATION}. pgjdbc's own builder cannot name a timeline, without which a server gives only its
     * present one.
     *
     * @param slot to be held meanwhile, if any
     * @param statusMillis time between two status updates at least; one goes out with what comes in, and when the server
     *     asks for it
     */
    PGReplicationStream start(Optional<String> slot, int timeline, long lsn, int statusMillis) throws SQLException {
        CopyDual copy = connection
                .unwrap(PGConnection.class)
                .getCopyAPI()
                .copyDual("START_REPLICATION "
                        + slot.map(name -> "SLOT " + name + " ").orElse("") + "PHYSICAL " + Lsn.format(lsn)
                        + " TIMELINE " + Integer.toUnsignedString(timeline));
        stream = new V3PGReplicationStream(
                copy, LogSequenceNumber.valueOf(lsn), statusMillis, false, ReplicationType.PHYSICAL);
        return stream;
    }

    /** The process of the walsender. */
    int pid() throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    /** Ends the connection at once, whatever another thread does with it; that thread gets an error. */
    @Override
    public void close() throws SQLException {
        connection.abort(Runnable::run);
    }
}
