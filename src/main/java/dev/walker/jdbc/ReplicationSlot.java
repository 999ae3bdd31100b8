package dev.walker.jdbc;

import dev.walker.wal.Lsn;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** The physical replication slot that keeps the WAL of a server until it is walked. */
final class ReplicationSlot {
    private final Connection connection;
    private final String name;
    private long restartLsn;

    private record Found(String type, String restartLsn, String walStatus) {}

    private ReplicationSlot(Connection connection, String name, long restartLsn) {
        this.connection = connection;
        this.name = name;
        this.restartLsn = restartLsn;
    }

    /**
     * The slot with this name, which is made if it does not exist.
     *
     * @throws WalSourceException if it cannot be made or used
     */
    static ReplicationSlot open(Connection connection, String name) throws SQLException {
        Optional<Found> found = find(connection, name);
        if (found.isEmpty()) {
            create(connection, name);
            found = find(connection, name);
        }
        Found slot = found.orElseThrow(() -> new WalSourceException("replication slot \"" + name + "\" vanished"));
        if (!"physical".equals(slot.type)) {
            throw new WalSourceException("replication slot \"" + name + "\" is a " + slot.type
                    + " one, wanted a physical one; name another in walker.slot");
        }
        if (slot.restartLsn == null) {
            throw new WalSourceException("replication slot \"" + name + "\" keeps no WAL (wal_status "
                    + slot.walStatus + "); it was invalidated or made without a reserve. Drop it with "
                    + "pg_drop_replication_slot('" + name + "') and start again");
        }
        return new ReplicationSlot(connection, name, Lsn.parse(slot.restartLsn));
    }

    private static Optional<Found> find(Connection connection, String name) throws SQLException {
        return Jdbc.first(
                connection,
                "SELECT slot_type, restart_lsn::text, wal_status FROM pg_catalog.pg_replication_slots"
                        + " WHERE slot_name = ?",
                row -> new Found(row.getString(1), row.getString(2), row.getString(3)),
                name);
    }

    private static void create(Connection connection, String name) throws SQLException {
        try {
            Jdbc.one(
                    connection,
                    "SELECT slot_name::text FROM pg_catalog.pg_create_physical_replication_slot(?, true)",
                    row -> row.getString(1),
                    name);
        } catch (SQLException e) {
            throw new WalSourceException(
                    "cannot make replication slot \"" + name + "\": " + e.getMessage()
                            + ". Without a slot the server may remove WAL before it is walked; set walker.slot to '' to accept that",
                    e);
        }
    }

    /** The oldest WAL that it keeps. */
    long restartLsn() {
        return restartLsn;
    }

    /** Its name. */
    String name() {
        return name;
    }

    /** Takes it away, so that it keeps no WAL any more. */
    void drop() throws SQLException {
        Jdbc.first(connection, "SELECT pg_catalog.pg_drop_replication_slot(?)::text", row -> row.getString(1), name);
    }

    /** Lets WAL before an LSN go, which must be committed as walked. */
    void advance(long lsn) throws SQLException {
        if (Lsn.isBefore(restartLsn, lsn)) {
            Jdbc.one(
                    connection,
                    "SELECT end_lsn::text FROM pg_catalog.pg_replication_slot_advance(?, ?::text::pg_lsn)",
                    row -> row.getString(1),
                    name,
                    Lsn.format(lsn));
            restartLsn = lsn;
        }
    }
}
