package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** What a DELETE logged: {@code xl_heap_delete}, access/heapam_xlog.h. Valid until the next record. */
public final class HeapDelete {
    /** Byte position of {@code xmax} (TransactionId, 4 bytes) in the main data. */
    public static final int XMAX_AT = 0;
    /** Byte position of {@code offnum} (OffsetNumber, 2 bytes) in the main data. */
    public static final int OFFNUM_AT = 4;
    /** Byte position of {@code infobits_set} (uint8, {@code XLHL_*}) in the main data. */
    public static final int INFOBITS_SET_AT = 6;
    /** Byte position of {@code flags} (uint8, {@code XLH_DELETE_*}) in the main data. */
    public static final int FLAGS_AT = 7;
    /** {@code SizeOfHeapDelete}. */
    public static final int SIZE = 8;

    /** {@code XLH_DELETE_ALL_VISIBLE_CLEARED}. */
    public static final int ALL_VISIBLE_CLEARED = 0x01;
    /** {@code XLH_DELETE_CONTAINS_OLD_TUPLE}. */
    public static final int CONTAINS_OLD_TUPLE = 0x02;
    /** {@code XLH_DELETE_CONTAINS_OLD_KEY}. */
    public static final int CONTAINS_OLD_KEY = 0x04;
    /** {@code XLH_DELETE_IS_SUPER}. */
    public static final int IS_SUPER = 0x08;
    /** {@code XLH_DELETE_IS_PARTITION_MOVE}. */
    public static final int IS_PARTITION_MOVE = 0x10;

    private WalBytes data;
    private BlockRef block;
    private int offnum;

    /** A view without a record. */
    public HeapDelete() {}

    /**
     * Moves to a record of type DELETE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its item number is impossible
     */
    public HeapDelete wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_heap_delete");
        block = HeapBlocks.require(record, 0, "xl_heap_delete");
        offnum = HeapBlocks.offnum(record, data.u16(OFFNUM_AT), "xl_heap_delete.offnum");
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

    /** New {@code t_xmax}: an XID, or a MultiXactId by {@link #infobitsSet}; unsigned 32-bit. */
    public long xmax() {
        return data.u32(XMAX_AT);
    }

    /** {@code XLHL_*}. */
    public int infobitsSet() {
        return data.u8(INFOBITS_SET_AT);
    }

    /** {@code XLH_DELETE_*}. */
    public int flags() {
        return data.u8(FLAGS_AT);
    }

    /** Whether a speculative insertion is taken back: the tuple is dead at once, whatever the transaction does. */
    public boolean isSuper() {
        return (flags() & IS_SUPER) != 0;
    }

    /** Whether the row moved to another partition. */
    public boolean isPartitionMove() {
        return (flags() & IS_PARTITION_MOVE) != 0;
    }
}
