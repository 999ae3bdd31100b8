package dev.walker.rmgr.replorigin;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** How far a replication origin was applied: {@code xl_replorigin_set}, replication/origin.h. Valid until the next record. */
public final class ReplOriginSet {
    /** Byte position of {@code remote_lsn} (XLogRecPtr, 8 bytes) in the main data. */
    public static final int REMOTE_LSN_AT = 0;
    /** Byte position of {@code node_id} (RepOriginId, 2 bytes) in the main data. */
    public static final int NODE_ID_AT = 8;
    /** Byte position of {@code force} (bool) in the main data. */
    public static final int FORCE_AT = 10;
    /** Bytes up to the last field. */
    public static final int SIZE = 11;

    private WalBytes data;

    /** A view without a record. */
    public ReplOriginSet() {}

    /**
     * Moves to a record of type SET.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public ReplOriginSet wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_replorigin_set");
        return this;
    }

    /** LSN at the origin. */
    public long remoteLsn() {
        return data.u64(REMOTE_LSN_AT);
    }

    /** The origin. */
    public int nodeId() {
        return data.u16(NODE_ID_AT);
    }

    /** Whether it may go back. */
    public boolean isForce() {
        return data.u8(FORCE_AT) != 0;
    }
}
