package dev.walker.rmgr.replorigin;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** A replication origin was dropped: {@code xl_replorigin_drop}, replication/origin.h. Valid until the next record. */
public final class ReplOriginDrop {
    /** Byte position of {@code node_id} (RepOriginId, 2 bytes) in the main data. */
    public static final int NODE_ID_AT = 0;
    /** {@code sizeof(xl_replorigin_drop)}. */
    public static final int SIZE = 2;

    private WalBytes data;

    /** A view without a record. */
    public ReplOriginDrop() {}

    /**
     * Moves to a record of type DROP.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public ReplOriginDrop wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_replorigin_drop");
        return this;
    }

    /** The origin. */
    public int nodeId() {
        return data.u16(NODE_ID_AT);
    }
}
