package dev.walker.rmgr.btree;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * The second half of the removal of an empty page: {@code xl_btree_unlink_page}, access/nbtxlog.h. Valid until the next
 * record.
 */
public final class BtreeUnlinkPage {
    /** Byte position of {@code leftsib} (BlockNumber, 4 bytes) in the main data. */
    public static final int LEFTSIB_AT = 0;
    /** Byte position of {@code rightsib} (BlockNumber, 4 bytes) in the main data. */
    public static final int RIGHTSIB_AT = 4;
    /** Byte position of {@code level} (uint32) in the main data, since 14. */
    public static final int LEVEL_AT = 8;
    /** Byte position of {@code safexid} (FullTransactionId, 8 bytes) in the main data, since 14. */
    public static final int SAFEXID_AT = 16;
    /** Byte position of {@code leafleftsib}, {@code leafrightsib}, {@code leaftopparent} (4 bytes each), since 14. */
    public static final int LEAF_AT = 24;
    /** {@code SizeOfBtreeUnlinkPage} since 14. */
    public static final int SIZE = 36;

    private static final int LEAF_AT_IN_13 = 8;
    private static final int BTPO_XACT_AT_IN_13 = 20;
    private static final int SIZE_IN_13 = 24;

    private WalBytes data;
    private boolean fullXid;
    private int leafAt;

    /** A view without a record. */
    public BtreeUnlinkPage() {}

    /**
     * Moves to a record of type UNLINK_PAGE or UNLINK_PAGE_META.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public BtreeUnlinkPage wrap(WalRecord record) {
        fullXid = record.layout().hasBtreeFullXids();
        data = record.mainData(fullXid ? SIZE : SIZE_IN_13, "xl_btree_unlink_page");
        leafAt = fullXid ? LEAF_AT : LEAF_AT_IN_13;
        return this;
    }

    /** The left neighbour, 0 if there is none; unsigned 32-bit. */
    public long leftsib() {
        return data.u32(LEFTSIB_AT);
    }

    /** The right neighbour, unsigned 32-bit. */
    public long rightsib() {
        return data.u32(RIGHTSIB_AT);
    }

    /** Level of the page in the tree, unsigned 32-bit; 0 for leaves, and in 13. */
    public long level() {
        return fullXid ? data.u32(LEVEL_AT) : 0;
    }

    /** The XID after which the page may be used again, with its epoch; {@code btpo_xact} without epoch in 13. */
    public long safexid() {
        return fullXid ? data.u64(SAFEXID_AT) : data.u32(BTPO_XACT_AT_IN_13);
    }

    /** The left neighbour of the leaf page, unsigned 32-bit. */
    public long leafleftsib() {
        return data.u32(leafAt);
    }

    /** The right neighbour of the leaf page, unsigned 32-bit. */
    public long leafrightsib() {
        return data.u32(leafAt + 4);
    }

    /** The next page to be removed above the leaf page, unsigned 32-bit; 0xFFFFFFFF if none. */
    public long leaftopparent() {
        return data.u32(leafAt + 8);
    }
}
