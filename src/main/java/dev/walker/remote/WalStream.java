package dev.walker.remote;

import dev.walker.wal.Lsn;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/**
 * WAL as a walsender pushes it, received by a thread of its own into a buffer. While the buffer is full nothing is read,
 * so that the server waits, but it still gets its status updates and does not take the receiver for dead. Where that lasts
 * long the stream ends; the slot keeps the WAL meanwhile.
 */
final class WalStream implements AutoCloseable {
    private static final int BUFFER_BYTES = 16 << 20;
    /** No timeout of the socket wakes the reader for one (that ends a copy for pgjdbc), what comes in does. */
    private static final int MOST_STATUS_MILLIS = 1000;
    /** pgjdbc keeps what comes in while a status is sent, so that is done seldom while there is no room. */
    private static final int MOST_BLOCKED_STATUS_MILLIS = 15_000;

    private static final long MOST_BLOCKED_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final long JOIN_MILLIS = 5000;

    private final ReplicationLink link;
    private final PGReplicationStream stream;
    private final int timeline;
    private final boolean holdsSlot;
    private final int walsenderPid;
    private final long blockedStatusMillis;
    private final Thread thread;
    private final byte[] buffer = new byte[BUFFER_BYTES];

    // Guarded by this: bytes from "next" on, up to "received".
    private long next;
    private long received;
    private boolean closed;
    private boolean ended;
    private Throwable failure;

    private WalStream(ReplicationLink link, PGReplicationStream stream, Start start) throws SQLException {
        this.link = link;
        this.stream = stream;
        this.timeline = start.timeline;
        this.holdsSlot = start.slot.isPresent();
        this.walsenderPid = link.pid();
        this.blockedStatusMillis = blockedStatusMillis(start.senderTimeoutMillis);
        this.next = start.lsn;
        this.received = start.lsn;
        this.thread = new Thread(this::receive, "walker-stream");
        this.thread.setDaemon(true);
    }

    /**
     * Where and how a stream begins.
     *
     * @param slot the replication slot that it holds, if any
     * @param timeline the one on which the bytes are
     * @param lsn its first byte
     * @param flushedLsn what is committed already
     * @param senderTimeoutMillis {@code wal_sender_timeout}; 0 for none
     */
    record Start(Optional<String> slot, int timeline, long lsn, long flushedLsn, long senderTimeoutMillis) {}

    /** Begins to stream. The link is the stream's from now on. */
    static WalStream open(ReplicationLink link, Start start) throws SQLException {
        long timeout = start.senderTimeoutMillis;
        int statusMillis = (int) (timeout == 0 ? MOST_STATUS_MILLIS : Math.min(MOST_STATUS_MILLIS, 1 + timeout / 3));
        PGReplicationStream stream = link.start(start.slot, start.timeline, start.lsn, statusMillis);
        WalStream opened = new WalStream(link, stream, start);
        if (start.flushedLsn != Lsn.INVALID) {
            opened.flushed(start.flushedLsn);
        }
        opened.thread.start();
        return opened;
    }

    private static long blockedStatusMillis(long senderTimeoutMillis) {
        return senderTimeoutMillis == 0
                ? MOST_BLOCKED_STATUS_MILLIS
                : Math.min(MOST_BLOCKED_STATUS_MILLIS, 1 + senderTimeoutMillis / 3);
    }

    /** The timeline of the bytes. */
    int timeline() {
        return timeline;
    }

    /** Whether the status updates move a slot. */
    boolean holdsSlot() {
        return holdsSlot;
    }

    /** The process at the other end. */
    int walsenderPid() {
        return walsenderPid;
    }

    /** All before an LSN is committed: goes out with the next status update. */
    void flushed(long lsn) {
        LogSequenceNumber number = LogSequenceNumber.valueOf(lsn);
        stream.setFlushedLSN(number);
        stream.setAppliedLSN(number);
    }

    /** The LSN of the byte that {@link #read} gives next. */
    synchronized long next() {
        return next;
    }

    /** The LSN after the last byte that has come. */
    synchronized long received() {
        return received;
    }

    /** Whether nothing more will come: it failed, was closed, was blocked for too long, or the server has ended it. */
    synchronized boolean isOver() {
        return ended;
    }

    /** What has ended it, if it did not end in order. */
    synchronized Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /** Waits until something beyond an LSN has come or the stream is over, but not for longer than some time. */
    synchronized void await(long lsn, long millis) throws InterruptedException {
        long giveUp = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (!ended && !Lsn.isBefore(lsn, received)) {
            long left = TimeUnit.NANOSECONDS.toMillis(giveUp - System.nanoTime());
            if (left <= 0) {
                return;
            }
            wait(left);
        }
    }

    /** Takes bytes out of the buffer; how many, 0 if there are none. */
    synchronized int read(byte[] target, int targetAt, int length) {
        int at = (int) Long.remainderUnsigned(next, BUFFER_BYTES);
        int count = (int) Math.min(Math.min(length, received - next), BUFFER_BYTES - at);
        System.arraycopy(buffer, at, target, targetAt, count);
        next += count;
        notifyAll();
        return count;
    }

    private void receive() {
        try {
            while (true) {
                ByteBuffer message = stream.read();
                if (message == null) {
                    end(null);
                    return;
                }
                long begin = stream.getLastReceiveLSN().asLong() - message.remaining();
                if (!append(begin, message)) {
                    end(null);
                    return;
                }
            }
        } catch (SQLException | InterruptedException | RuntimeException | OutOfMemoryError e) {
            end(e);
        }
    }

    private synchronized void end(Throwable thrown) {
        failure = closed ? null : thrown;
        ended = true;
        notifyAll();
    }

    /** Puts bytes into the buffer; false if there was no room for too long. */
    private synchronized boolean append(long begin, ByteBuffer bytes) throws SQLException, InterruptedException {
        if (begin != received) {
            throw new SQLException(
                    "the replication stream goes on at LSN " + Lsn.format(begin) + ", wanted " + Lsn.format(received),
                    "08P01");
        }
        long since = System.nanoTime();
        while (bytes.hasRemaining()) {
            int room = (int) (BUFFER_BYTES - (received - next));
            if (room == 0) {
                wait(blockedStatusMillis);
                if (closed || System.nanoTime() - since > MOST_BLOCKED_NANOS) {
                    return false;
                }
                if (received - next == BUFFER_BYTES) {
                    stream.forceUpdateStatus();
                }
            } else {
                int at = (int) Long.remainderUnsigned(received, BUFFER_BYTES);
                int count = Math.min(Math.min(bytes.remaining(), room), BUFFER_BYTES - at);
                bytes.get(buffer, at, count);
                received += count;
                notifyAll();
            }
        }
        return true;
    }

    /** Ends it at once; what is in the buffer can still be read. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            link.close();
            thread.join(JOIN_MILLIS);
        } catch (SQLException e) {
            end(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
