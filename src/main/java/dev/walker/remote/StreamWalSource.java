package dev.walker.remote;

import dev.walker.jdbc.Jdbc;
import dev.walker.jdbc.JdbcWalSource;
import dev.walker.jdbc.WalkLog;
import dev.walker.wal.Lsn;
import dev.walker.wal.TimelineHistory;
import dev.walker.wal.TimelineHistory.Stretch;
import dev.walker.wal.WalGapException;
import dev.walker.wal.WalSource;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The WAL of a running server, pushed by its walsender. What only SQL can tell (the history, the end of what a standby has
 * replayed) is asked over a connection beside the stream.
 *
 * <p>The stream begins with the first byte that is read, and begins anew where reading goes on elsewhere: at the end of a
 * timeline, or after a state was loaded anew. A walsender that was ended is replaced by another one, as long as the
 * connection for SQL holds.
 */
public final class StreamWalSource implements WalSource {
    private static final String UNDEFINED_FILE = "58P01";
    private static final String IN_USE = "55006";
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long MOST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int MOST_ATTEMPTS = 12;
    private static final long STEP_MILLIS = 20;
    /** A stream that has been silent for so long is doubted. */
    private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final long READ_PATIENCE_MILLIS = 60_000;
    private static final int RELEASE_ATTEMPTS = 40;

    private static final String SENDER_TIMEOUT =
            "SELECT setting::bigint FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'";
    private static final String SLOT =
            "SELECT s.wal_status FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = ? AND s.slot_type = 'physical'"
                    + " AND coalesce(s.wal_status, '') <> 'lost'";
    private static final String TERMINATE = "SELECT pg_catalog.pg_terminate_backend(s.active_pid)::text"
            + " FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = ? AND s.active_pid = ?::integer";
    private static final String MAY_BE_SYNCHRONOUS =
            "SELECT pg_catalog.current_setting('synchronous_standby_names') ~ '[*]|\\m"
                    + ReplicationLink.APPLICATION_NAME + "\\M'";
    private static final String ADVANCE =
            "SELECT end_lsn::text" + " FROM pg_catalog.pg_replication_slot_advance(?, ?::text::pg_lsn)";

    private final ServerAddress address;
    private final Connection connection;
    private final JdbcWalSource server;
    private final long senderTimeoutMillis;
    private final WalkLog log;

    private Optional<String> slot = Optional.empty();
    private boolean slotWasHeld;
    private long released = Lsn.INVALID;
    private WalStream stream;
    private int lastWalsenderPid;
    /** Where a stream that is over is to go on. */
    private long resumeAt = Lsn.INVALID;

    private int failures;
    private long nextAttemptNanos;
    private long readable;
    private long lastLookNanos = System.nanoTime();

    private StreamWalSource(
            ServerAddress address, Connection connection, JdbcWalSource server, long senderTimeoutMillis, WalkLog log) {
        this.address = address;
        this.connection = connection;
        this.server = server;
        this.senderTimeoutMillis = senderTimeoutMillis;
        this.log = log;
    }

    /**
     * The WAL of the server that a connection leads to.
     *
     * @param address where that connection came from
     * @param connection commits by itself; for SQL beside the stream
     * @param log is told of walsenders that were ended
     * @throws SQLException if the server refuses a connection for replication
     */
    public static StreamWalSource open(ServerAddress address, Connection connection, WalkLog log) throws SQLException {
        JdbcWalSource server = new JdbcWalSource(connection, timeline -> history(address, connection, timeline));
        // Tells at once whether there is a right to stream.
        try (ReplicationLink link = ReplicationLink.open(address, connection)) {
            if (link.systemIdentifier() != server.systemIdentifier()) {
                throw new WalSourceException(
                        "the connection for replication leads to the server with system identifier "
                                + Long.toUnsignedString(link.systemIdentifier()) + ", that for SQL to the one with "
                                + Long.toUnsignedString(server.systemIdentifier()));
            }
        }
        if (Jdbc.one(connection, MAY_BE_SYNCHRONOUS, row -> row.getBoolean(1))) {
            log.warning(
                    "synchronous_standby_names takes the walker for a synchronous standby, so that commits may wait until"
                            + " they are walked; it should name standbys, not " + ReplicationLink.APPLICATION_NAME
                            + " or *");
        }
        long timeout = Jdbc.one(connection, SENDER_TIMEOUT, row -> row.getLong(1));
        return new StreamWalSource(address, connection, server, timeout, log);
    }

    private static Optional<byte[]> history(ServerAddress address, Connection connection, int timeline)
            throws SQLException {
        if (timeline == 1) {
            return Optional.empty();
        }
        try (ReplicationLink link = ReplicationLink.open(address, connection)) {
            return link.history(timeline);
        }
    }

    @Override
    public String mode() {
        return "stream";
    }

    @Override
    public long systemIdentifier() {
        return server.systemIdentifier();
    }

    @Override
    public int timeline() {
        return server.timeline();
    }

    @Override
    public TimelineHistory history() {
        return server.history();
    }

    @Override
    public int segmentSize() {
        return server.segmentSize();
    }

    @Override
    public long firstReadable(long lsn) {
        return server.firstReadable(lsn);
    }

    @Override
    public long endOfWal() {
        return server.readableUpTo();
    }

    /** What has come, of a standby no more than it has replayed; the end that the server tells, before anything has come. */
    @Override
    public long readableUpTo() {
        lookAfterStream();
        if (stream == null) {
            readable = resumeAt == Lsn.INVALID || isTimeToTry() ? server.readableUpTo() : resumeAt;
            return readable;
        }
        long end = stream.received();
        boolean silent = System.nanoTime() - lastLookNanos > SILENCE_NANOS;
        if (Lsn.isBefore(readable, end)) {
            lastLookNanos = System.nanoTime();
        }
        if (server.isStandby() || silent) {
            // Also finds out whether the connection still holds.
            long told = server.readableUpTo();
            if (silent) {
                doubt(told, end);
            }
            if (server.isStandby() || Lsn.isBefore(told, end)) {
                end = earlier(end, told);
            }
        }
        readable = upToEndOfTimeline(end);
        return readable;
    }

    private static long earlier(long one, long other) {
        return Lsn.isBefore(other, one) ? other : one;
    }

    /** A walsender that says nothing while the server has more is of no use. */
    private void doubt(long told, long received) {
        lastLookNanos = System.nanoTime();
        boolean more = Lsn.isBefore(received, told);
        if (more && !Lsn.isBefore(stream.next(), received)) {
            restart("the walsender has sent nothing for a while, though the server has WAL up to LSN "
                    + Lsn.format(told));
        }
    }

    /** Bytes beyond the end of the timeline that is streamed are no part of the history. */
    private long upToEndOfTimeline(long end) {
        if (stream == null) {
            return readable;
        }
        Optional<Stretch> stretch = server.history().stretchOf(stream.timeline());
        if (stretch.isEmpty()) {
            throw new WalSourceException("timeline " + Integer.toUnsignedString(stream.timeline())
                    + ", which was streamed up to LSN " + Lsn.format(stream.next())
                    + ", is not in the history of timeline " + Integer.toUnsignedString(server.timeline())
                    + " of the server");
        }
        long last = stretch.get().end();
        if (Lsn.isBefore(stream.next(), last)) {
            return earlier(end, last);
        }
        // What follows is on the next timeline; reading it begins another stream.
        return server.readableUpTo();
    }

    private void lookAfterStream() {
        if (stream == null || !stream.isOver() || Lsn.isBefore(stream.next(), stream.received())) {
            return;
        }
        Optional<Throwable> failure = stream.failure();
        if (failure.isPresent()) {
            restart("the replication stream broke: " + describe(failure.get()));
        } else {
            restart("");
        }
    }

    private static String describe(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause == null ? failure.getMessage() : failure.getMessage() + " (" + cause.getMessage() + ")";
    }

    private void restart(String reason) {
        long at = stream.next();
        closeStream();
        resumeAt = at;
        if (!reason.isEmpty()) {
            // Is it the server that is gone? Then this throws.
            server.readableUpTo();
            log.warning(reason + "; it begins again at LSN " + Lsn.format(at));
            delayNextAttempt();
        }
    }

    private void delayNextAttempt() {
        long pause = Math.min(MOST_PAUSE_NANOS, FIRST_PAUSE_NANOS << Math.min(failures, 20));
        nextAttemptNanos = System.nanoTime() + pause;
        failures++;
    }

    private boolean isTimeToTry() {
        return failures == 0 || System.nanoTime() - nextAttemptNanos >= 0;
    }

    @Override
    public int read(long lsn, byte[] target, int targetAt, int length) {
        Stretch stretch = server.history().stretchAt(lsn);
        if (stream != null && (stream.next() != lsn || stream.timeline() != stretch.timeline())) {
            closeStream();
        }
        long left = stretch.end() - lsn;
        int most = Long.compareUnsigned(left, length) < 0 ? (int) left : length;
        long giveUp = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(READ_PATIENCE_MILLIS);
        while (true) {
            if (stream == null) {
                start(lsn, stretch.timeline());
            } else {
                int count = stream.read(target, targetAt, most);
                if (count > 0) {
                    failures = 0;
                    return count;
                }
                lookAfterStream();
            }
            if (System.nanoTime() - giveUp > 0) {
                throw new WalSourceException(
                        "the walsender has sent nothing from LSN " + Lsn.format(lsn) + " on for "
                                + READ_PATIENCE_MILLIS / 1000 + " s",
                        new SQLException("silent walsender", "08006"));
            }
            awaitQuietly(lsn);
        }
    }

    private void awaitQuietly(long lsn) {
        try {
            if (stream != null) {
                stream.await(lsn, STEP_MILLIS);
            } else {
                Thread.sleep(STEP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new WalSourceException("interrupted while waiting for WAL from LSN " + Lsn.format(lsn) + " on", e);
        }
    }

    /** Begins a stream, or leaves it for later if the server cannot give one now. */
    private void start(long lsn, int timeline) {
        if (!isTimeToTry()) {
            return;
        }
        try {
            Optional<String> held = heldSlot();
            ReplicationLink link = ReplicationLink.open(address, connection);
            try {
                stream = WalStream.open(link, new WalStream.Start(held, timeline, lsn, released, senderTimeoutMillis));
            } catch (SQLException e) {
                link.close();
                throw e;
            }
            slotWasHeld |= held.isPresent();
            lastWalsenderPid = stream.walsenderPid();
            lastLookNanos = System.nanoTime();
            resumeAt = Lsn.INVALID;
        } catch (SQLException e) {
            refused(lsn, e);
        }
    }

    private Optional<String> heldSlot() throws SQLException {
        if (slot.isEmpty()) {
            return slot;
        }
        boolean there = Jdbc.first(connection, SLOT, row -> String.valueOf(row.getString(1)), slot.get())
                .isPresent();
        slotWasHeld &= there;
        return there ? slot : Optional.empty();
    }

    private void refused(long lsn, SQLException e) {
        if (UNDEFINED_FILE.equals(e.getSQLState())) {
            throw new WalGapException(
                    "the server does not have WAL from LSN " + Lsn.format(lsn) + " on any more: " + e.getMessage(),
                    lsn);
        }
        if (failures >= MOST_ATTEMPTS) {
            throw new WalSourceException("cannot stream WAL from LSN " + Lsn.format(lsn) + " on: " + told(e), e);
        }
        // Is it the server that is gone? Then this throws.
        server.readableUpTo();
        try {
            if (IN_USE.equals(e.getSQLState()) && lastWalsenderPid != 0) {
                // The server has not noticed yet that the last one has nobody to send to.
                Jdbc.all(
                        connection,
                        TERMINATE,
                        row -> row.getString(1),
                        slot.orElse(""),
                        Integer.toString(lastWalsenderPid));
            }
        } catch (SQLException lost) {
            e.addSuppressed(lost);
            throw new WalSourceException("cannot stream WAL from LSN " + Lsn.format(lsn) + " on: " + e.getMessage(), e);
        }
        resumeAt = lsn;
        if (failures == MOST_ATTEMPTS / 2) {
            log.warning("cannot stream WAL from LSN " + Lsn.format(lsn) + " on, tries again: " + told(e));
        }
        delayNextAttempt();
    }

    private static String told(SQLException e) {
        return e.getMessage()
                + (IN_USE.equals(e.getSQLState())
                        ? " (a slot serves one at a time: if that is a standby, pg_receivewal or another walker, name another slot"
                                + " in walker.slot)"
                        : "");
    }

    /**
     * Waits until more has come than {@link #readableUpTo} has told, but not for longer than some time.
     *
     * @throws InterruptedException if the thread is to end
     */
    public void await(long millis) throws InterruptedException {
        long before = System.nanoTime();
        if (stream == null) {
            Thread.sleep(Math.min(millis, STEP_MILLIS));
            return;
        }
        if (server.isStandby() && Lsn.isBefore(readable, stream.received())) {
            // It has come, but is not replayed yet.
            Thread.sleep(Math.min(millis, 2 * STEP_MILLIS));
            return;
        }
        stream.await(readable, millis);
        // Much that comes in small pieces is walked in larger ones.
        long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
        if (waited < Math.min(STEP_MILLIS, millis)) {
            Thread.sleep(Math.min(STEP_MILLIS, millis) - waited);
        }
    }

    @Override
    public void attach(String name) {
        if (!slot.equals(Optional.of(name)) || !slotWasHeld) {
            // A stream that was begun without it does not move it.
            closeStream();
        }
        slot = Optional.of(name);
    }

    @Override
    public void detach() {
        closeStream();
        slot = Optional.empty();
        slotWasHeld = false;
    }

    @Override
    public boolean release(long lsn) {
        released = lsn;
        if (stream != null && stream.holdsSlot()) {
            stream.flushed(lsn);
            return true;
        }
        // One that was held a moment ago may still be busy; the next stream tells.
        return slotWasHeld;
    }

    private void closeStream() {
        if (stream != null) {
            stream.close();
            stream = null;
        }
        resumeAt = Lsn.INVALID;
    }

    /** Ends the stream; the slot learns of what was released last. */
    @Override
    public void close() {
        closeStream();
        if (slotWasHeld && released != Lsn.INVALID) {
            try {
                advanceSlot();
            } catch (SQLException e) {
                if (Loss.isOfServer(e)) {
                    return;
                }
                log.warning("replication slot \"" + slot.orElse("") + "\" was not told of LSN " + Lsn.format(released)
                        + ", the next walk does that: " + e.getMessage());
            }
        }
    }

    private void advanceSlot() throws SQLException {
        for (int attempt = 1; ; attempt++) {
            try {
                Jdbc.all(connection, ADVANCE, row -> row.getString(1), slot.orElse(""), Lsn.format(released));
                return;
            } catch (SQLException e) {
                if (!IN_USE.equals(e.getSQLState()) || attempt == RELEASE_ATTEMPTS) {
                    throw e;
                }
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(STEP_MILLIS));
        }
    }
}
