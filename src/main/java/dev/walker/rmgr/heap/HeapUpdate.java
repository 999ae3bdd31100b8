package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** What an UPDATE or HOT_UPDATE logged: {@code xl_heap_update}, access/heapam_xlog.h. Valid until the next record. */
public final class HeapUpdate {
    /** Byte position of {@code old_xmax} (TransactionId, 4 bytes) in the main data. */
    public static final int OLD_XMAX_AT = 0;
    /** Byte position of {@code old_offnum} (OffsetNumber, 2 bytes) in the main data. */
    public static final int OLD_OFFNUM_AT = 4;
    /** Byte position of {@code old_infobits_set} (uint8, {@code XLHL_*}) in the main data. */
    public static final int OLD_INFOBITS_SET_AT = 6;
    /** Byte position of {@code flags} (uint8, {@code XLH_UPDATE_*}) in the main data. */
    public static final int FLAGS_AT = 7;
    /** Byte position of {@code new_xmax} (TransactionId, 4 bytes) in the main data. */
    public static final int NEW_XMAX_AT = 8;
    /** Byte position of {@code new_offnum} (OffsetNumber, 2 bytes) in the main data. */
    public static final int NEW_OFFNUM_AT = 12;
    /** {@code SizeOfHeapUpdate}. */
    public static final int SIZE = 14;

    /** {@code XLH_UPDATE_OLD_ALL_VISIBLE_CLEARED}. */
    public static final int OLD_ALL_VISIBLE_CLEARED = 0x01;
    /** {@code XLH_UPDATE_NEW_ALL_VISIBLE_CLEARED}. */
    public static final int NEW_ALL_VISIBLE_CLEARED = 0x02;
    /** {@code XLH_UPDATE_CONTAINS_OLD_TUPLE}. */
    public static final int CONTAINS_OLD_TUPLE = 0x04;
    /** {@code XLH_UPDATE_CONTAINS_OLD_KEY}. */
    public static final int CONTAINS_OLD_KEY = 0x08;
    /** {@code XLH_UPDATE_CONTAINS_NEW_TUPLE}. */
    public static final int CONTAINS_NEW_TUPLE = 0x10;
    /** {@code XLH_UPDATE_PREFIX_FROM_OLD}. */
    public static final int PREFIX_FROM_OLD = 0x20;
    /** {@code XLH_UPDATE_SUFFIX_FROM_OLD}. */
    public static final int SUFFIX_FROM_OLD = 0x40;

    private WalBytes data;
    private BlockRef oldBlock;
    private BlockRef newBlock;
    private int oldOffnum;
    private int newOffnum;
    private boolean hot;

    /** A view without a record. */
    public HeapUpdate() {}

    /**
     * Moves to a record of type UPDATE or HOT_UPDATE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or an item number is impossible
     */
    public HeapUpdate wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_heap_update");
        newBlock = HeapBlocks.require(record, 0, "xl_heap_update");
        hot = HeapOp.of(record) == HeapOp.HOT_UPDATE;
        oldBlock = newBlock;
        if (HeapBlocks.has(record, 1)) {
            oldBlock = record.block(1);
            if (hot) {
                throw record.malformed("xl_heap_update of a HOT update has its old tuple on another page, block "
                        + oldBlock.blockNumber() + "; wanted block " + newBlock.blockNumber());
            }
        }
        oldOffnum = HeapBlocks.offnum(record, data.u16(OLD_OFFNUM_AT), "xl_heap_update.old_offnum");
        newOffnum = HeapBlocks.offnum(record, data.u16(NEW_OFFNUM_AT), "xl_heap_update.new_offnum");
        return this;
    }

    /** Whether the new tuple is heap-only: on the same page, without index entries of its own. */
    public boolean isHot() {
        return hot;
    }

    /** Whether the old tuple is on another page than the new one. */
    public boolean isCrossPage() {
        return oldBlock != newBlock;
    }

    /** The page of the old tuple. */
    public BlockRef oldBlock() {
        return oldBlock;
    }

    /** The page of the new tuple. */
    public BlockRef newBlock() {
        return newBlock;
    }

    /** Item number of the old tuple, from 1. */
    public int oldOffnum() {
        return oldOffnum;
    }

    /** Item number of the new tuple, from 1. */
    public int newOffnum() {
        return newOffnum;
    }

    /** New {@code t_xmax} of the old tuple: an XID, or a MultiXactId by {@link #oldInfobitsSet}; unsigned 32-bit. */
    public long oldXmax() {
        return data.u32(OLD_XMAX_AT);
    }

    /** {@code XLHL_*} for the old tuple. */
    public int oldInfobitsSet() {
        return data.u8(OLD_INFOBITS_SET_AT);
    }

    /** {@code t_xmax} of the new tuple: lockers taken over from the old one; unsigned 32-bit. */
    public long newXmax() {
        return data.u32(NEW_XMAX_AT);
    }

    /** {@code XLH_UPDATE_*}. */
    public int flags() {
        return data.u8(FLAGS_AT);
    }
}
