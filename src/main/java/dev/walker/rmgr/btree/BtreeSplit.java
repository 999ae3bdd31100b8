package dev.walker.rmgr.btree;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** A page was split: {@code xl_btree_split}, access/nbtxlog.h. Valid until the next record. */
public final class BtreeSplit {
    /** Byte position of {@code level} (uint32) in the main data. */
    public static final int LEVEL_AT = 0;
    /** Byte position of {@code firstrightoff} (OffsetNumber, 2 bytes) in the main data. */
    public static final int FIRSTRIGHTOFF_AT = 4;
    /** Byte position of {@code newitemoff} (OffsetNumber, 2 bytes) in the main data. */
    public static final int NEWITEMOFF_AT = 6;
    /** Byte position of {@code postingoff} (uint16) in the main data, since 13. */
    public static final int POSTINGOFF_AT = 8;
    /** {@code SizeOfBtreeSplit} since 13; 2 less up to 12. */
    public static final int SIZE = 10;

    private WalBytes data;
    private boolean postings;

    /** A view without a record. */
    public BtreeSplit() {}

    /**
     * Moves to a record of type SPLIT_L or SPLIT_R; up to 11 there are more of them.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public BtreeSplit wrap(WalRecord record) {
        postings = record.layout().hasBtreePostings();
        data = record.mainData(postings ? SIZE : POSTINGOFF_AT, "xl_btree_split");
        return this;
    }

    /** Level of the page in the tree, 0 for leaves; unsigned 32-bit. */
    public long level() {
        return data.u32(LEVEL_AT);
    }

    /** The first item of the page before that goes to the right, from 1. */
    public int firstrightoff() {
        return data.u16(FIRSTRIGHTOFF_AT);
    }

    /** Item number of the new tuple, from 1. */
    public int newitemoff() {
        return data.u16(NEWITEMOFF_AT);
    }

    /** Where in a posting list the new tuple comes; 0 if in none, and up to 12. */
    public int postingoff() {
        return postings ? data.u16(POSTINGOFF_AT) : 0;
    }
}
