package dev.walker.jdbc;

import dev.walker.wal.Lsn;
import dev.walker.wal.WalSource;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The physical replication slot that keeps the WAL of a server until it is walked. One that was invalidated
 * ({@code max_slot_wal_keep_size}, {@code idle_replication_slot_timeout}) keeps nothing and never will again, so it is
 * dropped and made anew; whether WAL is missing is another question.
 */
final class ReplicationSlot {
    private static final String ACTIVE = "55006";
    private static final String NO_RIGHT = "42501";
    private static final int DROP_ATTEMPTS = 50;
    private static final long DROP_PAUSE_MILLIS = 100;

    private final Connection connection;
    private final String name;
    private final WalSource holder;
    private final WalkLog log;
    private long restartLsn;
    private boolean wasActive;
    private boolean isNew;

    private record Found(String type, String restartLsn, String walStatus, boolean active, String invalidationReason) {
        /** {@code wal_status} does not tell of a slot that a session holds, be it this one, in which a query of it failed. */
        boolean isLost() {
            return invalidationReason != null || "lost".equals(walStatus);
        }

        /** The setting that had it invalidated. */
        String limit() {
            return "idle_timeout".equals(invalidationReason)
                    ? "idle_replication_slot_timeout"
                    : "max_slot_wal_keep_size";
        }
    }

    private ReplicationSlot(Connection connection, String name, WalSource holder, WalkLog log) {
        this.connection = connection;
        this.name = name;
        this.holder = holder;
        this.log = log;
    }

    /**
     * The slot with this name, which is made if it does not exist and made anew if it is lost.
     *
     * @param holder may hold the slot while it streams
     * @param log is told of a slot that was lost
     * @throws WalSourceException if it cannot be made or used
     */
    static ReplicationSlot open(Connection connection, String name, WalSource holder, WalkLog log) throws SQLException {
        ReplicationSlot slot = new ReplicationSlot(connection, name, holder, log);
        slot.open();
        return slot;
    }

    private void open() throws SQLException {
        Optional<Found> found = find();
        if (found.isPresent() && found.get().isLost() && "physical".equals(found.get().type)) {
            log.warning("replication slot \"" + name + "\" was invalidated by the server (see "
                    + found.get().limit() + ") and is made anew");
            drop();
            found = Optional.empty();
        }
        if (found.isEmpty()) {
            create();
            isNew = true;
            found = find();
        }
        Found slot = found.orElseThrow(() -> new WalSourceException("replication slot \"" + name + "\" vanished"));
        if (!"physical".equals(slot.type)) {
            throw new WalSourceException("replication slot \"" + name + "\" is a " + slot.type
                    + " one, wanted a physical one; name another in walker.slot");
        }
        if (slot.restartLsn == null) {
            throw new WalSourceException("replication slot \"" + name + "\" keeps no WAL (wal_status "
                    + slot.walStatus + "); it was made without a reserve. Drop it with "
                    + "pg_drop_replication_slot('" + name + "') and start again");
        }
        restartLsn = Lsn.parse(slot.restartLsn);
        wasActive = slot.active;
        holder.attach(name);
    }

    /** What is known of a slot, for messages. Changes nothing. */
    static String describe(Connection connection, String name) throws SQLException {
        Optional<Found> found = find(connection, name);
        String slot = "replication slot \"" + name + "\" ";
        if (found.isEmpty()) {
            return slot + "does not exist";
        }
        if (found.get().isLost()) {
            return slot + "was invalidated (wal_status lost, see " + found.get().limit() + ")";
        }
        return slot
                + (found.get().restartLsn == null
                        ? "keeps no WAL"
                        : "keeps WAL from LSN " + found.get().restartLsn + " on");
    }

    /** The oldest LSN that a slot keeps; empty if there is none, or it keeps nothing. */
    static Optional<String> kept(Connection connection, String name) throws SQLException {
        return find(connection, name).filter(found -> !found.isLost()).map(Found::restartLsn);
    }

    private Optional<Found> find() throws SQLException {
        return find(connection, name);
    }

    private static Optional<Found> find(Connection connection, String name) throws SQLException {
        return Jdbc.first(
                connection,
                "SELECT s.slot_type, s.restart_lsn::text, s.wal_status, s.active,"
                        // New in 17.
                        + " pg_catalog.to_jsonb(s) ->> 'invalidation_reason'"
                        + " FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = ?",
                row -> new Found(
                        row.getString(1), row.getString(2), row.getString(3), row.getBoolean(4), row.getString(5)),
                name);
    }

    private void create() throws SQLException {
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

    /** Takes it away, so that it keeps no WAL any more. */
    void drop() throws SQLException {
        try {
            dropWhenFree();
        } catch (SQLException e) {
            throw new WalSourceException("cannot drop replication slot \"" + name + "\": " + e.getMessage(), e);
        }
    }

    private void dropWhenFree() throws SQLException {
        holder.detach();
        for (int attempt = 1; ; attempt++) {
            try {
                dropNow();
                return;
            } catch (SQLException e) {
                // The server takes a moment to see that a stream has ended.
                if (!connection.getAutoCommit() || !ACTIVE.equals(e.getSQLState()) || attempt == DROP_ATTEMPTS) {
                    throw e;
                }
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(DROP_PAUSE_MILLIS));
        }
    }

    /** Whether it did not exist, or was lost, when it was opened. */
    boolean isNew() {
        return isNew;
    }

    /**
     * Takes it away for a walk that does not begin after all: it would keep WAL for ever, and nobody would know of it.
     *
     * @param failure why the walk does not begin; is given what goes wrong here
     */
    void takeBack(Throwable failure) {
        try {
            Savepoints.attempt(
                    connection,
                    () -> {
                        dropWhenFree();
                        return true;
                    },
                    refused -> {
                        failure.addSuppressed(refused);
                        log.warning("replication slot \"" + name + "\", which was made for a walk that does not begin,"
                                + " cannot be dropped and keeps WAL: " + refused.getMessage()
                                + ". Drop it with pg_drop_replication_slot('" + name + "')");
                        return false;
                    });
        } catch (SQLException | RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    private void dropNow() throws SQLException {
        Jdbc.one(
                connection,
                "SELECT pg_catalog.pg_drop_replication_slot(?)::text",
                row -> String.valueOf(row.getString(1)),
                name);
    }

    /** The oldest WAL that it keeps. */
    long restartLsn() {
        return restartLsn;
    }

    /**
     * Whether it was found behind an LSN, as the end of a walk in the middle of things leaves it. One that somebody else
     * still used then, such as the stream of a connection that was lost, is left to the next save.
     */
    boolean wasLeftBehind(long lsn) {
        return !wasActive && Lsn.isBefore(restartLsn, lsn);
    }

    /** Its name. */
    String name() {
        return name;
    }

    /** Lets WAL before an LSN go, which must be committed as walked. */
    void advance(long lsn) throws SQLException {
        if (!Lsn.isBefore(restartLsn, lsn)) {
            return;
        }
        if (holder.release(lsn)) {
            restartLsn = lsn;
            return;
        }
        Savepoints.attempt(connection, () -> move(lsn), refused -> {
            Optional<Found> found = find();
            if (NO_RIGHT.equals(refused.getSQLState())) {
                throw new WalSourceException(
                        "cannot move replication slot \"" + name + "\", which would keep WAL for ever: "
                                + refused.getMessage()
                                + ". ALTER ROLE ... REPLICATION lets the walker do so; or drop the slot"
                                + " with pg_drop_replication_slot('" + name
                                + "') and set walker.slot to '' to walk without one",
                        refused);
            }
            if (found.isPresent() && ACTIVE.equals(refused.getSQLState())) {
                throw new WalSourceException(
                        "cannot move replication slot \"" + name + "\": " + refused.getMessage()
                                + ". A slot serves one at a time: if that is a standby, pg_receivewal or another walker,"
                                + " name another slot in walker.slot",
                        refused);
            }
            if (found.isPresent() && !found.get().isLost()) {
                throw refused;
            }
            if (found.isEmpty()) {
                log.warning("replication slot \"" + name
                        + "\" was dropped and is made anew; set walker.slot to '' to walk without one");
            }
            // The walk goes on as long as it finds its WAL, and keeps from here on what it will need.
            open();
            return Lsn.isBefore(restartLsn, lsn) ? move(lsn) : restartLsn;
        });
    }

    private long move(long lsn) throws SQLException {
        Jdbc.one(
                connection,
                "SELECT end_lsn::text FROM pg_catalog.pg_replication_slot_advance(?, ?::text::pg_lsn)",
                row -> row.getString(1),
                name,
                Lsn.format(lsn));
        restartLsn = lsn;
        return lsn;
    }
}
