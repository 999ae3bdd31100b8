package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** What a VACUUM logged, 14 to 16: {@code xl_heap_vacuum}, access/heapam_xlog.h. Valid until the next record. */
public final class HeapVacuum {
    /** Byte position of {@code nunused} (uint16) in the main data. */
    public static final int NUNUSED_AT = 0;
    /** {@code SizeOfHeapVacuum}. */
    public static final int SIZE = 2;

    private BlockRef block;
    private WalBytes offsets;
    private int count;

    /** A view without a record. */
    public HeapVacuum() {}

    /**
     * Moves to a record of type VACUUM.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or an item number is impossible
     */
    public HeapVacuum wrap(WalRecord record) {
        int nunused = record.mainData(SIZE, "xl_heap_vacuum").u16(NUNUSED_AT);
        block = HeapBlocks.require(record, 0, "xl_heap_vacuum");
        offsets = block.data();
        count = offsets.length() / 2;
        if (offsets.isEmpty() && !block.hasImage() && nunused != 0 || !offsets.isEmpty() && count != nunused) {
            throw record.malformed("xl_heap_vacuum.nunused is " + nunused + ", block data has " + count + " items");
        }
        for (int i = 0; i < count; i++) {
            HeapBlocks.offnum(record, offsets.u16(2 * i), "unused offset of xl_heap_vacuum");
        }
        return this;
    }

    /** The page. */
    public BlockRef block() {
        return block;
    }

    /** How many items became unused; 0 when the list was left out because of a full-page image. */
    public int count() {
        return count;
    }

    /** Item number of an item that became unused, from 1; {@code index} counts from 0. */
    public int unused(int index) {
        return offsets.u16(2 * index);
    }
}
