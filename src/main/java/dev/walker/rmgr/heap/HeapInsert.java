package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** What an INSERT logged: {@code xl_heap_insert}, access/heapam_xlog.h. Valid until the next record. */
public final class HeapInsert {
    /** Byte position of {@code offnum} (OffsetNumber, 2 bytes) in the main data. */
    public static final int OFFNUM_AT = 0;
    /** Byte position of {@code flags} (uint8, {@code XLH_INSERT_*}) in the main data. */
    public static final int FLAGS_AT = 2;
    /** {@code SizeOfHeapInsert}. */
    public static final int SIZE = 3;

    /** {@code XLH_INSERT_ALL_VISIBLE_CLEARED}. */
    public static final int ALL_VISIBLE_CLEARED = 0x01;
    /** {@code XLH_INSERT_LAST_IN_MULTI}. */
    public static final int LAST_IN_MULTI = 0x02;
    /** {@code XLH_INSERT_IS_SPECULATIVE}. */
    public static final int IS_SPECULATIVE = 0x04;
    /** {@code XLH_INSERT_CONTAINS_NEW_TUPLE}. */
    public static final int CONTAINS_NEW_TUPLE = 0x08;
    /** {@code XLH_INSERT_ON_TOAST_RELATION}, since 14. */
    public static final int ON_TOAST_RELATION = 0x10;
    /** {@code XLH_INSERT_ALL_FROZEN_SET}, since 14. */
    public static final int ALL_FROZEN_SET = 0x20;

    /** {@code SizeOfHeapHeader}: bytes of {@code xl_heap_header} in front of the tuple. */
    static final int HEADER_SIZE = 5;
    /** {@code SizeofHeapTupleHeader}: bytes of a tuple that are not logged with it. */
    static final int TUPLE_HEADER_SIZE = 23;

    private static final int INFOMASK_AT = 2;

    private WalBytes data;
    private BlockRef block;
    private int offnum;

    /** A view without a record. */
    public HeapInsert() {}

    /**
     * Moves to a record of type INSERT.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its item number is impossible
     */
    public HeapInsert wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_heap_insert");
        block = HeapBlocks.require(record, 0, "xl_heap_insert");
        offnum = HeapBlocks.offnum(record, data.u16(OFFNUM_AT), "xl_heap_insert.offnum");
        if (!block.data().isEmpty() && block.data().length() < HEADER_SIZE) {
            throw record.malformed("xl_heap_header needs " + HEADER_SIZE + " bytes of block data, found "
                    + block.data().length());
        }
        return this;
    }

    /** The page that got the tuple. */
    public BlockRef block() {
        return block;
    }

    /** Item number of the tuple, from 1. */
    public int offnum() {
        return offnum;
    }

    /** {@code XLH_INSERT_*}. */
    public int flags() {
        return data.u8(FLAGS_AT);
    }

    /** Whether it is a speculative insertion (INSERT ... ON CONFLICT), to be confirmed or taken back. */
    public boolean isSpeculative() {
        return (flags() & IS_SPECULATIVE) != 0;
    }

    /** Whether the tuple was logged; often not when there is a full-page image. */
    public boolean hasTuple() {
        return !block.data().isEmpty();
    }

    /** {@code t_infomask} as logged; only if {@link #hasTuple}. */
    public int infomask() {
        return block.data().u16(INFOMASK_AT);
    }

    /** {@code t_infomask2} as logged; only if {@link #hasTuple}. */
    public int infomask2() {
        return block.data().u16(0);
    }

    /** Bytes of the tuple on the page, {@code lp_len}; only if {@link #hasTuple}. */
    public int tupleLength() {
        return TUPLE_HEADER_SIZE + block.data().length() - HEADER_SIZE;
    }
}
