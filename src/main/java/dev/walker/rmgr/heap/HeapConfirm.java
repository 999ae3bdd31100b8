package dev.walker.rmgr.heap;

import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** What a CONFIRM logged: {@code xl_heap_confirm}, access/heapam_xlog.h. Valid until the next record. */
public final class HeapConfirm {
    /** Byte position of {@code offnum} (OffsetNumber, 2 bytes) in the main data. */
    public static final int OFFNUM_AT = 0;
    /** {@code SizeOfHeapConfirm}. */
    public static final int SIZE = 2;

    private BlockRef block;
    private int offnum;

    /** A view without a record. */
    public HeapConfirm() {}

    /**
     * Moves to a record of type CONFIRM.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its item number is impossible
     */
    public HeapConfirm wrap(WalRecord record) {
        offnum = HeapBlocks.offnum(
                record, record.mainData(SIZE, "xl_heap_confirm").u16(OFFNUM_AT), "xl_heap_confirm.offnum");
        block = HeapBlocks.require(record, 0, "xl_heap_confirm");
        return this;
    }

    /** The page of the tuple. */
    public BlockRef block() {
        return block;
    }

    /** Item number of the tuple, from 1. */
    public int offnum() {
        return offnum;
    }
}
