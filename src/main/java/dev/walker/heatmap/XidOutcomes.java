package dev.walker.heatmap;

import dev.walker.spi.SourceServer;
import dev.walker.spi.SourceServer.XidStatus;
import dev.walker.wal.Lsn;
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.function.LongPredicate;
import org.roaringbitmap.RoaringBitmap;

/**
 * How transactions and subtransactions ended, as far as a page image may ask for it.
 *
 * <p>One that began during the walk has committed unless it is open or was rolled back. For those that began before, the
 * outcomes that were walked are kept, and the server is asked for the others. XIDs are 32 bits wide and compared by the
 * modulo rule; the epoch is needed for the server and the tables only.
 */
final class XidOutcomes {
    /** {@code FirstNormalTransactionId}: those before it have committed. */
    static final long FIRST_NORMAL = 3;

    /** Transactions that the server is asked for at once. */
    private static final int MOST_ASKED = 10_000;

    private final SourceServer server;
    private final LongPredicate isOpen;

    final XidSet aborted = new XidSet();
    /** Of those that began before the walk. */
    final XidSet committed = new XidSet();

    /**
     * Those that committed as the server or a page of it has told, whose end the walk has perhaps not come to. The server may
     * lose it: in a crash what was not flushed, in a failover what the standby had not received.
     */
    final XidSet aheadCommitted = new XidSet();
    /** The same of those that rolled back, which a prepared transaction can do that is there again. */
    final XidSet aheadAborted = new XidSet();

    /** All before it have ended in the WAL that was walked, if {@link #oldestRunningIsKnown}. */
    private long oldestRunning;

    private boolean oldestRunningIsKnown;

    /** Where the server was when the session began, until the walk has come there. */
    private Optional<SourceServer.Point> point = Optional.empty();

    /** Those that the server does not know either. */
    private final RoaringBitmap unknown = new RoaringBitmap();

    /** The first XID that began during the walk, if {@link #boundaryIsKnown}. */
    private long boundary;

    private boolean boundaryIsKnown;
    /** No table can hold an XID from before the walk any more. */
    private boolean allWalked;

    /** A recent XID with its epoch, if {@link #epochIsKnown}. */
    private long recent = FIRST_NORMAL;

    private boolean epochIsKnown;

    XidOutcomes(SourceServer server, LongPredicate isOpen) {
        this.server = server;
        this.isOpen = isOpen;
    }

    /** The walk begins before this XID is given out: it and all later ones begin during the walk. */
    void beginsBefore(long nextFullXid) {
        if (!boundaryIsKnown) {
            boundary = nextFullXid & 0xFFFF_FFFFL;
            boundaryIsKnown = true;
        }
        epoch(nextFullXid);
    }

    /** An XID with its epoch that was given out lately, or is next. */
    void epoch(long fullXid) {
        if (!epochIsKnown || fullXid - recent > 0) {
            recent = fullXid;
            epochIsKnown = true;
        }
    }

    /** What transactions did until now was not walked as a whole: the server is asked for those that are not known. */
    void beginAgain() {
        unknown.clear();
        boundaryIsKnown = false;
        allWalked = false;
        boundary = 0;
    }

    /** Forgets everything: what comes is a walk that begins. */
    void forget() {
        beginAgain();
        aborted.clear();
        committed.clear();
        aheadCommitted.clear();
        aheadAborted.clear();
        oldestRunningIsKnown = false;
        epochIsKnown = false;
        recent = FIRST_NORMAL;
    }

    boolean boundaryIsKnown() {
        return boundaryIsKnown;
    }

    /** The XID with its epoch; with epoch 0 as long as nobody knows it. */
    long full(long xid) {
        return epochIsKnown ? recent + ((int) xid - (int) recent) : xid;
    }

    /** An XID that was met. */
    void met(long xid) {
        if (epochIsKnown) {
            int ahead = (int) xid - (int) recent;
            if (ahead > 0) {
                recent += ahead;
            }
        }
    }

    /** Whether a transaction may have begun before the walk. */
    boolean isOld(long xid) {
        return !boundaryIsKnown || !allWalked && (int) xid - (int) boundary < 0;
    }

    /** A walk begins, or goes on. */
    void beginSession() {
        point = server.point();
    }

    /** All before an LSN is walked. */
    void reached(long lsn) {
        if (point.isPresent() && !Lsn.isBefore(lsn, point.get().lsn())) {
            long oldest = point.get().oldestXid() & 0xFFFF_FFFFL;
            if (!oldestRunningIsKnown || (int) oldestRunning - (int) oldest < 0) {
                oldestRunning(oldest);
            }
            point = Optional.empty();
        }
    }

    /** No transaction before this one runs any more. */
    void oldestRunning(long xid) {
        oldestRunning = xid;
        oldestRunningIsKnown = true;
        aheadCommitted.removeBefore(xid);
        aheadAborted.removeBefore(xid);
    }

    /** The server, or a page of it, tells that a transaction has ended. */
    void ahead(long xid, boolean commit) {
        if (xid >= FIRST_NORMAL && !(oldestRunningIsKnown && (int) xid - (int) oldestRunning < 0)) {
            (commit ? aheadCommitted : aheadAborted).add(xid);
        }
    }

    private void walkedTo(long xid) {
        if (!aheadCommitted.isEmpty() || !aheadAborted.isEmpty()) {
            aheadCommitted.remove(xid);
            aheadAborted.remove(xid);
        }
    }

    /**
     * Asks the server once more for what it has told of transactions whose end the walk has perhaps not come to.
     *
     * @return whether it still says the same
     */
    boolean confirm() {
        if (!epochIsKnown) {
            return aheadCommitted.isEmpty() && aheadAborted.isEmpty();
        }
        return confirm(aheadCommitted, XidStatus.COMMITTED) & confirm(aheadAborted, XidStatus.ABORTED);
    }

    private boolean confirm(XidSet told, XidStatus before) {
        boolean isStandby = point.isPresent() && point.get().isStandby();
        long[] xids = told.toArray();
        boolean same = true;
        for (int from = 0; from < xids.length; from += MOST_ASKED) {
            long[] some = Arrays.copyOfRange(xids, from, Math.min(from + MOST_ASKED, xids.length));
            XidStatus[] statuses =
                    server.xidStatuses(Arrays.stream(some).map(this::full).toArray());
            for (int i = 0; i < statuses.length; i++) {
                // One that is forgotten was frozen, or vacuumed away, as it was told; and a standby comes to what it
                // was at.
                boolean isSame = statuses[i] == before
                        || statuses[i] == XidStatus.UNKNOWN
                        || statuses[i] == XidStatus.IN_PROGRESS && isStandby;
                if (!isSame) {
                    same = false;
                    walkedTo(some[i]);
                    committed.remove(some[i]);
                    aborted.remove(some[i]);
                    keep(some[i], statuses[i]);
                }
            }
        }
        return same;
    }

    /** A transaction committed. */
    void commit(long xid) {
        walkedTo(xid);
        if (isOld(xid)) {
            committed.add(xid);
        }
    }

    /** A transaction rolled back; {@code left} tells whether it had changed pages. */
    void abort(long xid, boolean left) {
        walkedTo(xid);
        if (left || isOld(xid)) {
            aborted.add(xid);
        }
    }

    /** Each XID before this one is frozen everywhere. */
    void oldest(long oldestXid) {
        aborted.removeBefore(oldestXid);
        committed.removeBefore(oldestXid);
        aheadCommitted.removeBefore(oldestXid);
        aheadAborted.removeBefore(oldestXid);
        unknown.clear();
        if (boundaryIsKnown && !allWalked && (int) oldestXid - (int) boundary >= 0) {
            allWalked = true;
            committed.clear();
        }
    }

    /**
     * The state of a transaction as of the WAL that was walked.
     *
     * @param mayAskServer whether the server may be asked, whose answer may be ahead of the WAL
     */
    XidStatus status(long xid, boolean mayAskServer) {
        if (xid < FIRST_NORMAL) {
            return xid == 0 ? XidStatus.ABORTED : XidStatus.COMMITTED;
        }
        if (isOpen.test(xid)) {
            return XidStatus.IN_PROGRESS;
        }
        if (aborted.contains(xid)) {
            return XidStatus.ABORTED;
        }
        if (!isOld(xid) || committed.contains(xid)) {
            return XidStatus.COMMITTED;
        }
        return mayAskServer ? ask(xid) : XidStatus.UNKNOWN;
    }

    /** Asks the server, and keeps an outcome. */
    XidStatus ask(long xid) {
        if (!epochIsKnown || unknown.contains((int) xid)) {
            return XidStatus.UNKNOWN;
        }
        XidStatus status = server.xidStatus(full(xid));
        keep(xid, status);
        return status;
    }

    /** Whether {@link #status} would ask the server. */
    boolean isToBeAsked(long xid) {
        return xid >= FIRST_NORMAL
                && isOld(xid)
                && epochIsKnown
                && !unknown.contains((int) xid)
                && !committed.contains(xid)
                && !aborted.contains(xid)
                && !isOpen.test(xid);
    }

    /** Asks the server for many transactions at once. */
    void askAll(Collection<Long> xids) {
        long[] list = xids.stream().mapToLong(Long::longValue).toArray();
        if (list.length == 0) {
            return;
        }
        XidStatus[] statuses =
                server.xidStatuses(Arrays.stream(list).map(this::full).toArray());
        for (int i = 0; i < list.length; i++) {
            keep(list[i], statuses[i]);
        }
    }

    private void keep(long xid, XidStatus status) {
        switch (status) {
            case COMMITTED:
                committed.add(xid);
                ahead(xid, true);
                break;
            case ABORTED:
                aborted.add(xid);
                ahead(xid, false);
                break;
            case UNKNOWN:
                unknown.add((int) xid);
                break;
            default:
                break;
        }
    }

    // What is stored in one row

    static final int STATE_SIZE = 17;

    void save(java.nio.ByteBuffer target) {
        target.putLong(boundary);
        target.putLong(recent);
        target.put((byte) ((boundaryIsKnown ? 1 : 0) | (allWalked ? 2 : 0) | (epochIsKnown ? 4 : 0)));
    }

    void load(java.nio.ByteBuffer source) {
        boundary = source.getLong();
        recent = source.getLong();
        int flags = source.get();
        boundaryIsKnown = (flags & 1) != 0;
        allWalked = (flags & 2) != 0;
        epochIsKnown = (flags & 4) != 0;
    }
}
