package dev.walker.spi;

import dev.walker.wal.RelFileLocator;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Questions about the server whose WAL is walked, that WAL alone cannot answer. */
public interface SourceServer {
    /** What the server knows of a transaction. */
    enum XidStatus {
        /** Still running, or prepared. */
        IN_PROGRESS,
        /** Committed. */
        COMMITTED,
        /** Rolled back, or lost in a crash. */
        ABORTED,
        /** Nobody knows: the server was not asked, or has forgotten. */
        UNKNOWN
    }

    /**
     * The present outcome of a transaction or subtransaction, {@code pg_xact_status(xid8)}; it may be ahead of the WAL
     * that was read.
     *
     * @param fullXid epoch in the upper 32 bits, XID in the lower
     */
    XidStatus xidStatus(long fullXid);

    /**
     * The member of a multixact that updates or deletes, as {@code pg_get_multixact_members} tells: its XID, 0 if all
     * members only lock, -1 if nobody knows.
     *
     * @param multiXid unsigned 32-bit
     */
    long multixactUpdater(long multiXid);

    /**
     * About the next XID that the server will give out, with its epoch in the upper 32 bits: it tells the epoch of XIDs
     * before a checkpoint record does. 0 if nobody knows.
     */
    default long nextFullXid() {
        return 0;
    }

    /**
     * A point of the WAL of a server.
     *
     * @param lsn where it is
     * @param oldestXid all transactions before it, with its epoch in the upper 32 bits, have ended in the WAL before
     * @param isStandby whether the server is a standby: one that was restarted has still to replay some of what it had
     *     replayed before
     */
    record Point(long lsn, long oldestXid, boolean isStandby) {}

    /** Where the server is at present; empty if nobody knows. */
    default Optional<Point> point() {
        return Optional.empty();
    }

    /**
     * Whether {@code wal_level} is {@code minimal}, or nobody knows: then relations may be filled without WAL. The WAL tells
     * later changes of it.
     */
    default boolean mayLackWal() {
        return true;
    }

    /**
     * {@link #xidStatus} of several transactions at once, in their order.
     *
     * @param fullXids epoch in the upper 32 bits, XID in the lower
     */
    default XidStatus[] xidStatuses(long[] fullXids) {
        XidStatus[] statuses = new XidStatus[fullXids.length];
        for (int i = 0; i < fullXids.length; i++) {
            statuses[i] = xidStatus(fullXids[i]);
        }
        return statuses;
    }

    /**
     * Where the files of all permanent heaps are, TOAST tables too, of the database that the connection leads to; those of
     * WALker itself left out.
     */
    default List<RelFileLocator> heaps() {
        return List.of();
    }

    /**
     * Reads blocks of the main fork as the server has them at present, that is out of its buffers.
     *
     * @param locator where the files of the relation are
     * @param blocks block numbers, ascending; none to learn the size only
     * @param lsn how much WAL must be in the pages; a standby may have to replay it first
     * @return the pages, or why there are none
     */
    default HeapRead readHeap(RelFileLocator locator, long[] blocks, long lsn) {
        return HeapRead.failed("there is no server to read pages from");
    }

    /**
     * The relations that have these files now, by their OIDs in {@code pg_class}; for each file 0 if none has it, or its
     * creation is not committed yet, -1 where that cannot be told, as of other databases.
     */
    default long[] relationOids(List<RelFileLocator> files) {
        long[] oids = new long[files.size()];
        Arrays.fill(oids, -1);
        return oids;
    }

    /**
     * Those of these OIDs that {@code pg_class} does not have any more; none where that cannot be told.
     *
     * @param dbOid their database
     */
    default Set<Long> goneRelations(long dbOid, Set<Long> oids) {
        return Set.of();
    }

    /** A server that cannot be asked: the offline host. */
    static SourceServer none() {
        return new SourceServer() {
            @Override
            public XidStatus xidStatus(long fullXid) {
                return XidStatus.UNKNOWN;
            }

            @Override
            public long multixactUpdater(long multiXid) {
                return -1;
            }
        };
    }
}
