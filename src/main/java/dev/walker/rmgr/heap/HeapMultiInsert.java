package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** What a MULTI_INSERT logged: {@code xl_heap_multi_insert}, access/heapam_xlog.h. Valid until the next record. */
public final class HeapMultiInsert {
    /** Byte position of {@code flags} (uint8, {@code XLH_INSERT_*}) in the main data; the byte after it is padding. */
    public static final int FLAGS_AT = 0;
    /** Byte position of {@code ntuples} (uint16) in the main data. */
    public static final int NTUPLES_AT = 2;
    /** Byte position of {@code offsets} (OffsetNumber each) in the main data; absent when the page is made anew. */
    public static final int OFFSETS_AT = 4;
    /** {@code SizeOfHeapMultiInsert}. */
    public static final int SIZE = 4;

    private static final int TUPLE_HEADER = 7;

    private WalBytes data;
    private BlockRef block;
    private boolean initPage;
    private int count;
    private int tupleAt;

    /** A view without a record. */
    public HeapMultiInsert() {}

    /**
     * Moves to a record of type MULTI_INSERT.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or an item number is impossible
     */
    public HeapMultiInsert wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_heap_multi_insert");
        block = HeapBlocks.require(record, 0, "xl_heap_multi_insert");
        initPage = HeapOp.isInitPage(record);
        count = data.u16(NTUPLES_AT);
        if (count > HeapPage.MAX_OFFNUM) {
            throw record.malformed(
                    "xl_heap_multi_insert.ntuples is " + count + ", wanted at most " + HeapPage.MAX_OFFNUM);
        }
        if (!initPage) {
            record.mainData(OFFSETS_AT + 2 * count, "xl_heap_multi_insert with its offsets");
            for (int i = 0; i < count; i++) {
                HeapBlocks.offnum(record, data.u16(OFFSETS_AT + 2 * i), "xl_heap_multi_insert.offsets");
            }
        }
        if (!block.data().isEmpty()) {
            checkTuples(record);
        }
        rewind();
        return this;
    }

    private void checkTuples(WalRecord record) {
        WalBytes tuples = block.data();
        int at = 0;
        for (int i = 0; i < count; i++) {
            at += at & 1;
            if (tuples.length() - at < TUPLE_HEADER || tuples.length() - at - TUPLE_HEADER < tuples.u16(at)) {
                throw record.malformed("xl_multi_insert_tuple " + (i + 1) + " of " + count + " at byte " + at
                        + " goes beyond the " + tuples.length() + " bytes of block data");
            }
            at += TUPLE_HEADER + tuples.u16(at);
        }
    }

    /** The page that got the tuples. */
    public BlockRef block() {
        return block;
    }

    /** How many tuples. */
    public int count() {
        return count;
    }

    /** {@code XLH_INSERT_*}. */
    public int flags() {
        return data.u8(FLAGS_AT);
    }

    /** Item number of a tuple, from 1; {@code index} counts from 0. */
    public int offnum(int index) {
        return initPage ? index + 1 : data.u16(OFFSETS_AT + 2 * index);
    }

    /** Whether all tuples of the page are frozen, so that they stay alive whatever the transaction does. */
    public boolean isAllFrozenSet() {
        return (flags() & HeapInsert.ALL_FROZEN_SET) != 0;
    }

    /** Whether the tuples were logged; often not when there is a full-page image. */
    public boolean hasTuples() {
        return !block.data().isEmpty();
    }

    /** Goes before the first tuple, for {@link #nextInfomask}. */
    public void rewind() {
        tupleAt = 0;
    }

    /** {@code t_infomask} of the next tuple; at most {@link #count} times, and only if {@link #hasTuples}. */
    public int nextInfomask() {
        tupleAt += tupleAt & 1;
        int infomask = block.data().u16(tupleAt + 4);
        tupleAt += TUPLE_HEADER + block.data().u16(tupleAt);
        return infomask;
    }
}
