package dev.walker.rmgr.btree;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** The first half of the removal of an empty page: {@code xl_btree_mark_page_halfdead}, access/nbtxlog.h. Valid until the next record. */
public final class BtreeMarkPageHalfdead {
    /** Byte position of {@code poffset} (OffsetNumber, 2 bytes) in the main data. */
    public static final int POFFSET_AT = 0;
    /** Byte position of {@code leafblk} (BlockNumber, 4 bytes) in the main data. */
    public static final int LEAFBLK_AT = 4;
    /** Byte position of {@code leftblk} (BlockNumber, 4 bytes) in the main data. */
    public static final int LEFTBLK_AT = 8;
    /** Byte position of {@code rightblk} (BlockNumber, 4 bytes) in the main data. */
    public static final int RIGHTBLK_AT = 12;
    /** Byte position of {@code topparent} (BlockNumber, 4 bytes) in the main data. */
    public static final int TOPPARENT_AT = 16;
    /** {@code SizeOfBtreeMarkPageHalfDead}. */
    public static final int SIZE = 20;

    private WalBytes data;

    /** A view without a record. */
    public BtreeMarkPageHalfdead() {}

    /**
     * Moves to a record of type MARK_PAGE_HALFDEAD.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public BtreeMarkPageHalfdead wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_btree_mark_page_halfdead");
        return this;
    }

    /** Item number, from 1, of the downlink in the parent page. */
    public int poffset() {
        return data.u16(POFFSET_AT);
    }

    /** The leaf page, unsigned 32-bit. */
    public long leafblk() {
        return data.u32(LEAFBLK_AT);
    }

    /** Its left neighbour, 0 if it has none; unsigned 32-bit. */
    public long leftblk() {
        return data.u32(LEFTBLK_AT);
    }

    /** Its right neighbour, unsigned 32-bit. */
    public long rightblk() {
        return data.u32(RIGHTBLK_AT);
    }

    /** The topmost page that is removed with it, unsigned 32-bit; 0xFFFFFFFF if none. */
    public long topparent() {
        return data.u32(TOPPARENT_AT);
    }
}
