package dev.walker.rmgr.xlog;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** A checkpoint: {@code CheckPoint}, catalog/pg_control.h, 13 to 18. Valid until the next record. */
public final class XlogCheckpoint {
    /** Byte position of {@code redo} (XLogRecPtr, 8 bytes) in the main data. */
    public static final int REDO_AT = 0;
    /** Byte position of {@code ThisTimeLineID} (4 bytes) in the main data. */
    public static final int THIS_TIME_LINE_ID_AT = 8;
    /** Byte position of {@code PrevTimeLineID} (4 bytes) in the main data. */
    public static final int PREV_TIME_LINE_ID_AT = 12;
    /** Byte position of {@code fullPageWrites} (bool) in the main data. */
    public static final int FULL_PAGE_WRITES_AT = 16;
    /** Byte position of {@code wal_level} (int) in the main data, since 17. */
    public static final int WAL_LEVEL_AT = 20;
    /** Byte position of {@code nextXid} (FullTransactionId, 8 bytes) in the main data. */
    public static final int NEXT_XID_AT = 24;
    /** Byte position of {@code nextOid} (Oid, 4 bytes) in the main data. */
    public static final int NEXT_OID_AT = 32;
    /** Byte position of {@code nextMulti} (MultiXactId, 4 bytes) in the main data. */
    public static final int NEXT_MULTI_AT = 36;
    /** Byte position of {@code nextMultiOffset} (MultiXactOffset, 4 bytes) in the main data. */
    public static final int NEXT_MULTI_OFFSET_AT = 40;
    /** Byte position of {@code oldestXid} (TransactionId, 4 bytes) in the main data. */
    public static final int OLDEST_XID_AT = 44;
    /** Byte position of {@code oldestXidDB} (Oid, 4 bytes) in the main data. */
    public static final int OLDEST_XID_DB_AT = 48;
    /** Byte position of {@code oldestMulti} (MultiXactId, 4 bytes) in the main data. */
    public static final int OLDEST_MULTI_AT = 52;
    /** Byte position of {@code oldestMultiDB} (Oid, 4 bytes) in the main data. */
    public static final int OLDEST_MULTI_DB_AT = 56;
    /** Byte position of {@code time} (pg_time_t, 8 bytes) in the main data. */
    public static final int TIME_AT = 64;
    /** Byte position of {@code oldestCommitTsXid} (TransactionId, 4 bytes) in the main data. */
    public static final int OLDEST_COMMIT_TS_XID_AT = 72;
    /** Byte position of {@code newestCommitTsXid} (TransactionId, 4 bytes) in the main data. */
    public static final int NEWEST_COMMIT_TS_XID_AT = 76;
    /** Byte position of {@code oldestActiveXid} (TransactionId, 4 bytes) in the main data. */
    public static final int OLDEST_ACTIVE_XID_AT = 80;
    /** {@code sizeof(CheckPoint)}. */
    public static final int SIZE = 88;

    private WalBytes data;
    private boolean shutdown;
    private boolean walLevel;

    /** A view without a record. */
    public XlogCheckpoint() {}

    /**
     * Moves to a record of type CHECKPOINT_SHUTDOWN or CHECKPOINT_ONLINE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public XlogCheckpoint wrap(WalRecord record) {
        data = record.mainData(SIZE, "CheckPoint");
        shutdown = XlogOp.of(record) == XlogOp.CHECKPOINT_SHUTDOWN;
        walLevel = record.layout().hasCheckpointWalLevel();
        return this;
    }

    /** Whether nothing ran at this point: shutdown, or end of crash recovery. */
    public boolean isShutdown() {
        return shutdown;
    }

    /** LSN from which recovery would begin. */
    public long redo() {
        return data.u64(REDO_AT);
    }

    /** Timeline. */
    public int thisTimeLineId() {
        return data.s32(THIS_TIME_LINE_ID_AT);
    }

    /** Timeline before; another one only at the start of a timeline. */
    public int prevTimeLineId() {
        return data.s32(PREV_TIME_LINE_ID_AT);
    }

    /** Whether {@code full_page_writes} is on. */
    public boolean isFullPageWrites() {
        return data.u8(FULL_PAGE_WRITES_AT) != 0;
    }

    /** Whether the record tells {@code wal_level}, since 17. */
    public boolean hasWalLevel() {
        return walLevel;
    }

    /** {@code wal_level}: 0 minimal, 1 replica, 2 logical; only if {@link #hasWalLevel}. */
    public int walLevel() {
        return data.s32(WAL_LEVEL_AT);
    }

    /** The next XID to be given out when the checkpoint began: epoch in the upper 32 bits. */
    public long nextXid() {
        return data.u64(NEXT_XID_AT);
    }

    /** The next OID, unsigned 32-bit. */
    public long nextOid() {
        return data.u32(NEXT_OID_AT);
    }

    /** The next multixact, unsigned 32-bit. */
    public long nextMulti() {
        return data.u32(NEXT_MULTI_AT);
    }

    /** The oldest XID that any table may still hold unfrozen, unsigned 32-bit. */
    public long oldestXid() {
        return data.u32(OLDEST_XID_AT);
    }

    /** The oldest multixact that any table may still hold, unsigned 32-bit. */
    public long oldestMulti() {
        return data.u32(OLDEST_MULTI_AT);
    }

    /** When it began: seconds since 1970-01-01 UTC. */
    public long time() {
        return data.u64(TIME_AT);
    }

    /** The oldest XID that was running, unsigned 32-bit; 0 at a shutdown. */
    public long oldestActiveXid() {
        return data.u32(OLDEST_ACTIVE_XID_AT);
    }

    /** Where the members of the next multixact will stand, unsigned 32-bit. */
    public long nextMultiOffset() {
        return data.u32(NEXT_MULTI_OFFSET_AT);
    }

    /** OID of the database with {@link #oldestXid}. */
    public long oldestXidDb() {
        return data.u32(OLDEST_XID_DB_AT);
    }

    /** OID of the database with {@link #oldestMulti}. */
    public long oldestMultiDb() {
        return data.u32(OLDEST_MULTI_DB_AT);
    }

    /** The oldest XID that has a commit timestamp, unsigned 32-bit; 0 if none. */
    public long oldestCommitTsXid() {
        return data.u32(OLDEST_COMMIT_TS_XID_AT);
    }

    /** The newest XID that has a commit timestamp, unsigned 32-bit; 0 if none. */
    public long newestCommitTsXid() {
        return data.u32(NEWEST_COMMIT_TS_XID_AT);
    }
}
