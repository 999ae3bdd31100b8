package dev.walker.rmgr.xact;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * The end of a transaction, subtransaction or prepared transaction: {@code xl_xact_commit} and {@code xl_xact_abort} with
 * what follows them, access/xact.h. Valid until the next record.
 */
public final class XactEnd {
    /** Byte position of {@code xact_time} (TimestampTz, 8 bytes) in the main data. */
    public static final int XACT_TIME_AT = 0;
    /** {@code XLOG_XACT_HAS_INFO}: bit of {@code xl_info}. */
    public static final int HAS_INFO = 0x80;

    /** {@code XACT_XINFO_HAS_DBINFO}. */
    public static final int HAS_DBINFO = 0x001;
    /** {@code XACT_XINFO_HAS_SUBXACTS}. */
    public static final int HAS_SUBXACTS = 0x002;
    /** {@code XACT_XINFO_HAS_RELFILELOCATORS}. */
    public static final int HAS_RELFILELOCATORS = 0x004;
    /** {@code XACT_XINFO_HAS_INVALS}. */
    public static final int HAS_INVALS = 0x008;
    /** {@code XACT_XINFO_HAS_TWOPHASE}. */
    public static final int HAS_TWOPHASE = 0x010;
    /** {@code XACT_XINFO_HAS_ORIGIN}. */
    public static final int HAS_ORIGIN = 0x020;
    /** {@code XACT_XINFO_HAS_AE_LOCKS}. */
    public static final int HAS_AE_LOCKS = 0x040;
    /** {@code XACT_XINFO_HAS_GID}. */
    public static final int HAS_GID = 0x080;
    /** {@code XACT_XINFO_HAS_DROPPED_STATS}, since 15. */
    public static final int HAS_DROPPED_STATS = 0x100;

    /** {@code XACT_COMPLETION_APPLY_FEEDBACK}: the commit waits until standbys have applied it. */
    public static final int APPLY_FEEDBACK = 1 << 29;
    /** {@code XACT_COMPLETION_UPDATE_RELCACHE_FILE}. */
    public static final int UPDATE_RELCACHE_FILE = 1 << 30;
    /** {@code XACT_COMPLETION_FORCE_SYNC_COMMIT}. */
    public static final int FORCE_SYNC_COMMIT = 1 << 31;

    private static final int LOCATOR_SIZE = 12;
    private static final int INVAL_SIZE = 16;

    private WalRecord record;
    private WalBytes data;
    private int at;

    private boolean commit;
    private boolean prepared;
    private long xid;
    private long xinfo;
    private long dbOid;
    private long tsOid;
    private int statsAt;
    private int stats;
    private int invalsAt;
    private long originTimestamp;
    private int subxactsAt;
    private int subxacts;
    private int relationsAt;
    private int relations;
    private int invals;
    private long originLsn;

    /** A view without a record. */
    public XactEnd() {}

    /**
     * Moves to a record of type COMMIT, ABORT, COMMIT_PREPARED or ABORT_PREPARED.
     *
     * @throws dev.walker.wal.WalFormatException if its parts do not fill the main data exactly
     */
    public XactEnd wrap(WalRecord record) {
        this.record = record;
        XactOp op = XactOp.of(record);
        commit = op == XactOp.COMMIT || op == XactOp.COMMIT_PREPARED;
        prepared = op == XactOp.COMMIT_PREPARED || op == XactOp.ABORT_PREPARED;
        if (!commit && !prepared && op != XactOp.ABORT) {
            throw new IllegalArgumentException("not the end of a transaction: " + record);
        }
        data = record.mainData(8, "xl_xact_commit/abort");
        at = 8;
        xid = record.xid();
        xinfo = 0;
        dbOid = 0;
        tsOid = 0;
        stats = 0;
        originTimestamp = 0;
        subxacts = 0;
        relations = 0;
        invals = 0;
        originLsn = 0;
        if ((record.info() & HAS_INFO) != 0) {
            need(4, "xl_xact_xinfo");
            xinfo = data.u32(at);
            at += 4;
            wrapParts();
        }
        if (at != data.length()) {
            throw record.malformed("the parts that xinfo 0x" + Long.toHexString(xinfo) + " announces end at byte " + at
                    + ", main data has " + data.length());
        }
        if (prepared && (xinfo & HAS_TWOPHASE) == 0) {
            throw record.malformed("xinfo 0x" + Long.toHexString(xinfo) + " announces no two-phase XID");
        }
        return this;
    }

    private void wrapParts() {
        if ((xinfo & HAS_DBINFO) != 0) {
            need(8, "xl_xact_dbinfo");
            dbOid = data.u32(at);
            tsOid = data.u32(at + 4);
            at += 8;
        }
        if ((xinfo & HAS_SUBXACTS) != 0) {
            subxacts = list("xl_xact_subxacts.nsubxacts", 4);
            subxactsAt = at - 4 * subxacts;
        }
        if ((xinfo & HAS_RELFILELOCATORS) != 0) {
            relations = list("xl_xact_relfilelocators.nrels", LOCATOR_SIZE);
            relationsAt = at - LOCATOR_SIZE * relations;
        }
        if ((xinfo & HAS_DROPPED_STATS) != 0 && record.layout().hasDroppedStats()) {
            int size = record.layout().droppedStatsItemSize();
            stats = list("xl_xact_stats_items.nitems", size);
            statsAt = at - size * stats;
        }
        if ((xinfo & HAS_INVALS) != 0 && commit) {
            invals = list("xl_xact_invals.nmsgs", INVAL_SIZE);
            invalsAt = at - INVAL_SIZE * invals;
        }
        if ((xinfo & HAS_TWOPHASE) != 0) {
            need(4, "xl_xact_twophase");
            xid = data.u32(at);
            at += 4;
            if ((xinfo & HAS_GID) != 0) {
                skipGid();
            }
        }
        if ((xinfo & HAS_ORIGIN) != 0) {
            need(16, "xl_xact_origin");
            originLsn = data.u64(at);
            originTimestamp = data.u64(at + 8);
            at += 16;
        }
    }

    private void skipGid() {
        while (at < data.length() && data.u8(at) != 0) {
            at++;
        }
        need(1, "end of the two-phase name");
        at++;
    }

    private void need(int bytes, String what) {
        if (bytes > data.length() - at) {
            throw record.malformed(
                    what + " needs " + bytes + " bytes at byte " + at + ", main data has " + data.length());
        }
    }

    private int list(String field, int itemSize) {
        need(4, field);
        int count = data.s32(at);
        at += 4;
        if (count < 0 || count > (data.length() - at) / itemSize) {
            throw record.malformed(field + " is " + count + " at byte " + (at - 4) + ", main data has " + data.length()
                    + " bytes and an item takes " + itemSize);
        }
        at += count * itemSize;
        return count;
    }

    /** Whether the transaction committed; otherwise it was rolled back. */
    public boolean isCommit() {
        return commit;
    }

    /** Whether the transaction had been prepared (two-phase commit). */
    public boolean isPrepared() {
        return prepared;
    }

    /**
     * The transaction that ended, unsigned 32-bit: {@code xl_xid}, or the XID of the prepared transaction, which is in
     * the payload. 0 for a commit without an XID.
     */
    public long xid() {
        return xid;
    }

    /** When it ended: microseconds since 2000-01-01 UTC, which is 946,684,800 seconds after 1970-01-01. */
    public long xactTime() {
        return data.u64(XACT_TIME_AT);
    }

    /** {@code xinfo}; 0 if there is none. */
    public long xinfo() {
        return xinfo;
    }

    /**
     * OID of the database; 0 if it is not told. It is told where catalogs were changed, and with {@code wal_level = logical}
     * always: to know where a transaction was, look at the blocks of its records.
     */
    public long dbOid() {
        return dbOid;
    }

    /** How many subtransactions ended in the same way. */
    public int subxactCount() {
        return subxacts;
    }

    /** XID of a subtransaction, unsigned 32-bit; {@code index} counts from 0. */
    public long subxact(int index) {
        return data.u32(subxactsAt + 4 * index);
    }

    /** How many relations lost their files, all forks. */
    public int droppedRelationCount() {
        return relations;
    }

    /** Tablespace of a dropped relation; {@code index} counts from 0. */
    public long droppedSpcOid(int index) {
        return data.u32(relationsAt + LOCATOR_SIZE * index);
    }

    /** Database of a dropped relation; {@code index} counts from 0. */
    public long droppedDbOid(int index) {
        return data.u32(relationsAt + LOCATOR_SIZE * index + 4);
    }

    /** Relfilenode of a dropped relation; {@code index} counts from 0. */
    public long droppedRelNumber(int index) {
        return data.u32(relationsAt + LOCATOR_SIZE * index + 8);
    }

    /** How many invalidation messages there are. */
    public int invalidationCount() {
        return invals;
    }

    /** LSN of the commit at its origin; 0 if there is none. */
    public long originLsn() {
        return originLsn;
    }

    /** When it was committed at its origin: microseconds since 2000-01-01 UTC; 0 if there is none. */
    public long originTimestamp() {
        return originTimestamp;
    }

    /** OID of the tablespace of the database; 0 if it is not told. */
    public long tsOid() {
        return tsOid;
    }

    /** Where in the main data the invalidation messages stand (SharedInvalidationMessage, 16 bytes each). */
    public int invalidationsAt() {
        return invalsAt;
    }

    /** How many entries of the statistics are dropped; 0 up to 14. */
    public int droppedStatsCount() {
        return stats;
    }

    /** Where in the main data an entry of the dropped statistics stands, see {@link DroppedStats}; counts from 0. */
    public int droppedStatsAt(int index) {
        return statsAt + record.layout().droppedStatsItemSize() * index;
    }
}
