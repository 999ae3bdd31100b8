package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** What a VISIBLE logged: {@code xl_heap_visible}, access/heapam_xlog.h. Valid until the next record. */
public final class HeapVisible {
    /** Byte position of the conflict horizon (TransactionId, 4 bytes) in the main data. */
    public static final int SNAPSHOT_CONFLICT_HORIZON_AT = 0;
    /** Byte position of {@code flags} (uint8, {@code VISIBILITYMAP_*}) in the main data. */
    public static final int FLAGS_AT = 4;
    /** {@code SizeOfHeapVisible}. */
    public static final int SIZE = 5;

    /** {@code VISIBILITYMAP_ALL_VISIBLE}. */
    public static final int ALL_VISIBLE = 0x01;
    /** {@code VISIBILITYMAP_ALL_FROZEN}. */
    public static final int ALL_FROZEN = 0x02;

    private WalBytes data;
    private BlockRef block;

    /** A view without a record. */
    public HeapVisible() {}

    /**
     * Moves to a record of type VISIBLE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public HeapVisible wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_heap_visible");
        block = HeapBlocks.require(record, 1, "xl_heap_visible");
        return this;
    }

    /** The heap page, not that of the visibility map. */
    public BlockRef block() {
        return block;
    }

    /** {@code snapshotConflictHorizon}, {@code cutoff_xid} up to 15; unsigned 32-bit. */
    public long snapshotConflictHorizon() {
        return data.u32(SNAPSHOT_CONFLICT_HORIZON_AT);
    }

    /** {@code VISIBILITYMAP_*}. */
    public int flags() {
        return data.u8(FLAGS_AT);
    }
}
