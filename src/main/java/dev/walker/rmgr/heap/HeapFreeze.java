package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/**
 * What a FREEZE_PAGE logged, up to 16: {@code xl_heap_freeze_page}, access/heapam_xlog.h. Valid until the next record.
 */
public final class HeapFreeze {
    /** Byte position of the conflict horizon ({@code cutoff_xid} up to 15; TransactionId, 4 bytes) in the main data. */
    public static final int SNAPSHOT_CONFLICT_HORIZON_AT = 0;
    /** Byte position of {@code ntuples}, since 16 {@code nplans} (uint16) in the main data. */
    public static final int COUNT_AT = 4;
    /** Byte position of {@code isCatalogRel} (bool) in the main data, since 16. */
    public static final int IS_CATALOG_REL_AT = 6;
    /** {@code SizeOfHeapFreezePage} up to 15; one more since 16. */
    public static final int SIZE = 6;

    private final FreezePlans plans = new FreezePlans();
    private WalBytes data;
    private BlockRef block;

    /** A view without a record. */
    public HeapFreeze() {}

    /**
     * Moves to a record of type FREEZE_PAGE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short, lengths do not fit or an item number is impossible
     */
    public HeapFreeze wrap(WalRecord record) {
        data = record.mainData(record.layout().hasCatalogRelFlag() ? SIZE + 1 : SIZE, "xl_heap_freeze_page");
        block = HeapBlocks.require(record, 0, "xl_heap_freeze_page");
        int count = data.u16(COUNT_AT);
        WalBytes items = block.data();
        if (items.isEmpty() && (block.hasImage() || count == 0)) {
            plans.clear();
        } else if (record.layout().hasFreezePlans()) {
            plans.wrapPlans(record, items, 0, count);
            plans.wrapOffsets(record, count * FreezePlans.PLAN_SIZE);
        } else {
            plans.wrapTuples(record, items, count);
        }
        return this;
    }

    /** The page. */
    public BlockRef block() {
        return block;
    }

    /** {@code snapshotConflictHorizon}, {@code cutoff_xid} up to 15; unsigned 32-bit. */
    public long snapshotConflictHorizon() {
        return data.u32(SNAPSHOT_CONFLICT_HORIZON_AT);
    }

    /** The frozen tuples; none when the list was left out because of a full-page image. */
    public FreezePlans plans() {
        return plans;
    }
}
