package dev.walker.rmgr.xlog;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * A checkpoint: {@code CheckPoint}, catalog/pg_control.h. Valid until the next record.
 *
 * <p>The positions are those of 12 to 18. Up to 11 {@code nextXid} is {@code nextXidEpoch} (uint32) at 20 and {@code
 * nextXid} (TransactionId) at 24, what follows comes 4 bytes earlier, and from {@code time} on 8. Since 19 {@code
 * logicalDecodingEnabled} (bool) at 24 moves what follows by 8, and {@code nextMultiOffset} (8 bytes then, at 48) all from
 * {@code oldestXid} to {@code oldestMultiDB} by 4 more.
 */
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
    /** {@code sizeof(CheckPoint)} from 12 to 18. */
    public static final int SIZE = 88;

    private static final int LOGICAL_DECODING_ENABLED_AT_IN_19 = 24;
    private static final int NEXT_XID_EPOCH_AT_BEFORE_12 = 20;

    private WalBytes data;
    private boolean shutdown;
    private boolean walLevel;
    private boolean fullXid;
    private boolean wideMultiOffsets;
    // By how many bytes a field is elsewhere than in 12 to 18.
    private int nextShift;
    private int oldestShift;
    private int timeShift;

    /** A view without a record. */
    public XlogCheckpoint() {}

    /**
     * Moves to a record of type CHECKPOINT_SHUTDOWN or CHECKPOINT_ONLINE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public XlogCheckpoint wrap(WalRecord record) {
        fullXid = record.layout().hasCheckpointFullXid();
        wideMultiOffsets = record.layout().hasWideMultiOffsets();
        nextShift = wideMultiOffsets ? 8 : fullXid ? 0 : -4;
        oldestShift = wideMultiOffsets ? 12 : fullXid ? 0 : -4;
        timeShift = wideMultiOffsets ? 8 : fullXid ? 0 : -8;
        data = record.mainData(SIZE + timeShift, "CheckPoint");
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

    /** Whether the record tells if logical decoding is on, since 19. */
    public boolean hasLogicalDecoding() {
        return wideMultiOffsets;
    }

    /** {@code logicalDecodingEnabled}; only if {@link #hasLogicalDecoding}. */
    public boolean isLogicalDecodingEnabled() {
        return data.u8(LOGICAL_DECODING_ENABLED_AT_IN_19) != 0;
    }

    /** The next XID to be given out when the checkpoint began: epoch in the upper 32 bits. */
    public long nextXid() {
        return fullXid
                ? data.u64(NEXT_XID_AT + nextShift)
                : data.u32(NEXT_XID_EPOCH_AT_BEFORE_12) << 32 | data.u32(NEXT_XID_AT);
    }

    /** The next OID, unsigned 32-bit. */
    public long nextOid() {
        return data.u32(NEXT_OID_AT + nextShift);
    }

    /** The next multixact, unsigned 32-bit. */
    public long nextMulti() {
        return data.u32(NEXT_MULTI_AT + nextShift);
    }

    /** The oldest XID that any table may still hold unfrozen, unsigned 32-bit. */
    public long oldestXid() {
        return data.u32(OLDEST_XID_AT + oldestShift);
    }

    /** The oldest multixact that any table may still hold, unsigned 32-bit. */
    public long oldestMulti() {
        return data.u32(OLDEST_MULTI_AT + oldestShift);
    }

    /** When it began: seconds since 1970-01-01 UTC. */
    public long time() {
        return data.u64(TIME_AT + timeShift);
    }

    /** The oldest XID that was running, unsigned 32-bit; 0 at a shutdown. */
    public long oldestActiveXid() {
        return data.u32(OLDEST_ACTIVE_XID_AT + timeShift);
    }

    /** Where the members of the next multixact will stand, unsigned; 32 bits up to 18, 64 since. */
    public long nextMultiOffset() {
        return wideMultiOffsets
                ? data.u64(NEXT_MULTI_OFFSET_AT + nextShift)
                : data.u32(NEXT_MULTI_OFFSET_AT + nextShift);
    }

    /** OID of the database with {@link #oldestXid}. */
    public long oldestXidDb() {
        return data.u32(OLDEST_XID_DB_AT + oldestShift);
    }

    /** OID of the database with {@link #oldestMulti}. */
    public long oldestMultiDb() {
        return data.u32(OLDEST_MULTI_DB_AT + oldestShift);
    }

    /** The oldest XID that has a commit timestamp, unsigned 32-bit; 0 if none. */
    public long oldestCommitTsXid() {
        return data.u32(OLDEST_COMMIT_TS_XID_AT + timeShift);
    }

    /** The newest XID that has a commit timestamp, unsigned 32-bit; 0 if none. */
    public long newestCommitTsXid() {
        return data.u32(NEWEST_COMMIT_TS_XID_AT + timeShift);
    }
}
