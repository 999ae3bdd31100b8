package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.ImageCompression;

/**
 * A heap page as stored: {@code PageHeaderData}, line pointers and {@code HeapTupleHeaderData}; storage/bufpage.h,
 * storage/itemid.h, access/htup_details.h. Blocks of 8192 bytes.
 *
 * <table>
 * <caption>Byte positions</caption>
 * <tr><td>pd_lsn</td><td>0</td><td>8</td><td>upper half first</td></tr>
 * <tr><td>pd_flags</td><td>10</td><td>2</td></tr>
 * <tr><td>pd_lower, pd_upper, pd_special</td><td>12, 14, 16</td><td>2 each</td></tr>
 * <tr><td>line pointers</td><td>24</td><td>4 each</td><td>lp_off 15 bits, lp_flags 2, lp_len 15</td></tr>
 * <tr><td>t_xmin, t_xmax</td><td>0, 4 of the tuple</td><td>4 each</td></tr>
 * <tr><td>t_ctid</td><td>12 of the tuple</td><td>6</td><td>upper half of the block, lower half, item number</td></tr>
 * <tr><td>t_infomask2, t_infomask</td><td>18, 20 of the tuple</td><td>2 each</td></tr>
 * </table>
 */
public final class HeapPage {
    /** {@code BLCKSZ}. */
    public static final int SIZE = 8192;
    /** The highest item number: {@code MaxHeapTuplesPerPage}. */
    public static final int MAX_OFFNUM = 291;

    /** {@code LP_UNUSED}. */
    public static final int LP_UNUSED = 0;
    /** {@code LP_NORMAL}. */
    public static final int LP_NORMAL = 1;
    /** {@code LP_REDIRECT}. */
    public static final int LP_REDIRECT = 2;
    /** {@code LP_DEAD}. */
    public static final int LP_DEAD = 3;

    private static final int HEADER_SIZE = 24;
    private static final int LOWER_AT = 12;
    private static final int UPPER_AT = 14;
    private static final int SPECIAL_AT = 16;
    private static final int TUPLE_HEADER_SIZE = 23;
    private static final int XMAX_AT = 4;
    private static final int CTID_AT = 12;
    /** {@code MovedPartitionsOffsetNumber}: the tuple went to another partition, which is a delete here. */
    private static final int MOVED_PARTITIONS_OFFNUM = 0xFFFD;

    private static final int INFOMASK2_AT = 18;
    private static final int INFOMASK_AT = 20;

    private final WalBytes page = new WalBytes();
    private int count;
    private boolean heap;
    private String problem = "";

    /** A view without a page. */
    public HeapPage() {}

    /** Moves to a page; {@link #isHeap} tells whether it can be one of a heap. */
    public HeapPage wrap(byte[] bytes) {
        page.wrap(bytes, 0, SIZE);
        count = 0;
        problem = check();
        heap = problem.isEmpty();
        return this;
    }

    /**
     * Whether an image that is not compressed shows at first sight that the page is not one of a heap: it has special
     * space, as those of indexes and sequences have. Cheaper than to restore it.
     */
    public static boolean isOther(BlockRef block) {
        return block.imageCompression() == ImageCompression.NONE
                && block.image().length() >= HEADER_SIZE
                && (block.holeLength() == 0 || block.holeOffset() >= HEADER_SIZE)
                && block.image().u16(UPPER_AT) != 0
                && block.image().u16(SPECIAL_AT) != SIZE;
    }

    private String check() {
        if (isNew()) {
            return "";
        }
        int lower = page.u16(LOWER_AT);
        int upper = page.u16(UPPER_AT);
        int special = page.u16(SPECIAL_AT);
        if (special != SIZE) {
            return "pd_special is " + special + ", wanted " + SIZE;
        }
        if (lower < HEADER_SIZE || lower > upper || upper > SIZE || (lower & 3) != 0) {
            return "pd_lower is " + lower + " and pd_upper is " + upper;
        }
        int items = (lower - HEADER_SIZE) / 4;
        if (items > MAX_OFFNUM) {
            return items + " line pointers, wanted at most " + MAX_OFFNUM;
        }
        for (int offnum = 1; offnum <= items; offnum++) {
            long pointer = pointer(offnum);
            int at = (int) (pointer & 0x7FFF);
            int length = (int) (pointer >> 17);
            if ((pointer >> 15 & 3) == LP_NORMAL && (at < upper || length < TUPLE_HEADER_SIZE || at + length > SIZE)) {
                return "item " + offnum + " has lp_off " + at + " and lp_len " + length;
            }
        }
        count = items;
        return "";
    }

    /**
     * Whether the page can be one of a heap: new, or without special space and with line pointers that lead to whole
     * tuples.
     */
    public boolean isHeap() {
        return heap;
    }

    /** Why {@link #isHeap} says no: field, found, wanted; empty if it says yes. */
    public String problem() {
        return problem;
    }

    /** Whether the page was never used: {@code PageIsNew}. */
    public boolean isNew() {
        return page.u16(UPPER_AT) == 0;
    }

    /** {@code pd_lsn}. */
    public long lsn() {
        return page.u32(0) << 32 | page.u32(4);
    }

    /** How many line pointers there are; item numbers go from 1 to this. 0 if it is no heap page. */
    public int count() {
        return count;
    }

    private long pointer(int offnum) {
        return page.u32(HEADER_SIZE + 4 * (offnum - 1));
    }

    /** {@code lp_flags} of an item: {@code LP_UNUSED} to {@code LP_DEAD}. */
    public int lpFlags(int offnum) {
        return (int) (pointer(offnum) >> 15 & 3);
    }

    private int tupleAt(int offnum) {
        return (int) (pointer(offnum) & 0x7FFF);
    }

    /** {@code t_xmin} of a normal item, unsigned 32-bit. */
    public long xmin(int offnum) {
        return page.u32(tupleAt(offnum));
    }

    /** {@code t_xmax} of a normal item, unsigned 32-bit. */
    public long xmax(int offnum) {
        return page.u32(tupleAt(offnum) + XMAX_AT);
    }

    /** {@code t_infomask} of a normal item. */
    public int infomask(int offnum) {
        return page.u16(tupleAt(offnum) + INFOMASK_AT);
    }

    /** {@code t_infomask2} of a normal item. */
    public int infomask2(int offnum) {
        return page.u16(tupleAt(offnum) + INFOMASK2_AT);
    }

    /**
     * Whether {@code t_ctid} of a normal item leads to a newer version, so that its xmax updates it or did so.
     *
     * @param block the number of this page
     */
    public boolean hasNewerVersion(long block, int offnum) {
        int at = tupleAt(offnum) + CTID_AT;
        int next = page.u16(at + 4);
        return next != MOVED_PARTITIONS_OFFNUM
                && (next != offnum || ((long) page.u16(at) << 16 | page.u16(at + 2)) != block);
    }
}
