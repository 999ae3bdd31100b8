package dev.walker.rmgr.btree;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** The tree has a new root: {@code xl_btree_newroot}, access/nbtxlog.h. Valid until the next record. */
public final class BtreeNewroot {
    /** Byte position of {@code rootblk} (BlockNumber, 4 bytes) in the main data. */
    public static final int ROOTBLK_AT = 0;
    /** Byte position of {@code level} (uint32) in the main data. */
    public static final int LEVEL_AT = 4;
    /** {@code SizeOfBtreeNewroot}. */
    public static final int SIZE = 8;

    private WalBytes data;

    /** A view without a record. */
    public BtreeNewroot() {}

    /**
     * Moves to a record of type NEWROOT.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public BtreeNewroot wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_btree_newroot");
        return this;
    }

    /** The block, unsigned 32-bit. */
    public long rootblk() {
        return data.u32(ROOTBLK_AT);
    }

    /** Its level in the tree, unsigned 32-bit. */
    public long level() {
        return data.u32(LEVEL_AT);
    }
}
