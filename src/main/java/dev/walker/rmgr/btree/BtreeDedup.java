package dev.walker.rmgr.btree;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** Equal tuples were merged into posting lists: {@code xl_btree_dedup}, access/nbtxlog.h. Valid until the next record. */
public final class BtreeDedup {
    /** Byte position of {@code nintervals} (uint16) in the main data. */
    public static final int NINTERVALS_AT = 0;
    /** {@code SizeOfBtreeDedup}. */
    public static final int SIZE = 2;

    private WalBytes data;

    /** A view without a record. */
    public BtreeDedup() {}

    /**
     * Moves to a record of type DEDUP.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public BtreeDedup wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_btree_dedup");
        return this;
    }

    /** How many posting lists there came to be. */
    public int nintervals() {
        return data.u16(NINTERVALS_AT);
    }
}
