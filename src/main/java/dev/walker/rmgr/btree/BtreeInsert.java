package dev.walker.rmgr.btree;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** An index tuple was inserted: {@code xl_btree_insert}, access/nbtxlog.h. Valid until the next record. */
public final class BtreeInsert {
    /** Byte position of {@code offnum} (OffsetNumber, 2 bytes) in the main data. */
    public static final int OFFNUM_AT = 0;
    /** {@code SizeOfBtreeInsert}. */
    public static final int SIZE = 2;

    private WalBytes data;

    /** A view without a record. */
    public BtreeInsert() {}

    /**
     * Moves to a record of type INSERT_LEAF, INSERT_UPPER, INSERT_META or INSERT_POST.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public BtreeInsert wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_btree_insert");
        return this;
    }

    /** Item number of the new tuple, from 1. */
    public int offnum() {
        return data.u16(OFFNUM_AT);
    }
}
