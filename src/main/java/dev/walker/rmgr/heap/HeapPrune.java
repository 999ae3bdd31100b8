package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/**
 * What pruning logged: {@code xl_heap_clean} (13), {@code xl_heap_prune} (14 on), access/heapam_xlog.h; all of CLEAN,
 * PRUNE, PRUNE_ON_ACCESS, PRUNE_VACUUM_SCAN and PRUNE_VACUUM_CLEANUP. Valid until the next record.
 *
 * <p>The lists may have been left out because of a full-page image; then there are no items here, and the image shows
 * what became of them.
 */
public final class HeapPrune {
    /** Who prunes: {@code PruneReason}, access/heapam.h. */
    public enum Reason {
        /** {@code PRUNE_ON_ACCESS}: whoever came upon the page. */
        ON_ACCESS,
        /** {@code PRUNE_VACUUM_SCAN}: the first pass of vacuum. */
        VACUUM_SCAN,
        /** {@code PRUNE_VACUUM_CLEANUP}: its second pass. */
        VACUUM_CLEANUP,
        /** Records tell it since 17 only; here it is one of the first two. */
        NOT_LOGGED
    }

    /** Byte position of the conflict horizon (TransactionId, 4 bytes) in the main data, up to 16. */
    public static final int SNAPSHOT_CONFLICT_HORIZON_AT = 0;
    /** Byte position of {@code nredirected} (uint16) in the main data, up to 16. */
    public static final int NREDIRECTED_AT = 4;
    /** Byte position of {@code ndead} (uint16) in the main data, up to 16. */
    public static final int NDEAD_AT = 6;
    /** {@code SizeOfHeapPrune} up to 15; one more in 16, for {@code isCatalogRel}. */
    public static final int SIZE_BEFORE_17 = 8;

    /**
     * Byte position of {@code flags} (uint8, {@code XLHP_*}) in the main data, in 17 and 18; the byte before is undefined.
     * Since 19 the flags are the two bytes from 0 on.
     */
    public static final int FLAGS_AT = 1;
    /** Byte position of the conflict horizon (TransactionId, 4 bytes) in the main data, since 17, if the flag is set. */
    public static final int HORIZON_AT = 2;
    /** {@code SizeOfHeapPrune} since 17, without the horizon. */
    public static final int SIZE = 2;

    /** {@code XLHP_IS_CATALOG_REL}. */
    public static final int IS_CATALOG_REL = 0x02;
    /** {@code XLHP_CLEANUP_LOCK}. */
    public static final int CLEANUP_LOCK = 0x04;
    /** {@code XLHP_HAS_CONFLICT_HORIZON}. */
    public static final int HAS_CONFLICT_HORIZON = 0x08;
    /** {@code XLHP_HAS_FREEZE_PLANS}. */
    public static final int HAS_FREEZE_PLANS = 0x10;
    /** {@code XLHP_HAS_REDIRECTIONS}. */
    public static final int HAS_REDIRECTIONS = 0x20;
    /** {@code XLHP_HAS_DEAD_ITEMS}. */
    public static final int HAS_DEAD_ITEMS = 0x40;
    /** {@code XLHP_HAS_NOW_UNUSED_ITEMS}. */
    public static final int HAS_NOW_UNUSED_ITEMS = 0x80;

    /** {@code XLHP_VM_ALL_VISIBLE}, since 19: the page is now all-visible. */
    public static final int VM_ALL_VISIBLE = 0x100;
    /** {@code XLHP_VM_ALL_FROZEN}, since 19: the page is now all-frozen. */
    public static final int VM_ALL_FROZEN = 0x200;

    private static final int OPMASK = 0x70;
    private static final int XLOG_HEAP2_PRUNE_VACUUM_SCAN = 0x20;
    private static final int XLOG_HEAP2_PRUNE_VACUUM_CLEANUP = 0x30;

    private final FreezePlans plans = new FreezePlans();
    private WalRecord record;
    private BlockRef block;
    private WalBytes items;
    private long horizon;
    private int flags;
    private boolean hasItems;

    private int redirectedAt;
    private int redirected;
    private int deadAt;
    private int dead;
    private int unusedAt;
    private int unused;

    /** A view without a record. */
    public HeapPrune() {}

    /**
     * Moves to a prune record.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short, lengths do not fit or an item number is impossible
     */
    public HeapPrune wrap(WalRecord record) {
        this.record = record;
        redirected = 0;
        dead = 0;
        unused = 0;
        plans.clear();
        block = HeapBlocks.require(record, 0, "xl_heap_prune");
        items = block.data();
        hasItems = !items.isEmpty();
        if (record.layout().hasCombinedPruneRecord()) {
            wrapCombined();
        } else {
            wrapLists();
        }
        checkOffnums();
        return this;
    }

    private void wrapLists() {
        WalBytes data = record.mainData(
                record.layout().hasCatalogRelFlag() ? SIZE_BEFORE_17 + 1 : SIZE_BEFORE_17, "xl_heap_prune");
        flags = 0;
        horizon = data.u32(SNAPSHOT_CONFLICT_HORIZON_AT);
        if (!hasItems) {
            return;
        }
        redirected = data.u16(NREDIRECTED_AT);
        dead = data.u16(NDEAD_AT);
        redirectedAt = 0;
        deadAt = 4 * redirected;
        unusedAt = deadAt + 2 * dead;
        if ((items.length() & 1) != 0 || unusedAt > items.length()) {
            throw record.malformed("xl_heap_prune has nredirected " + redirected + " and ndead " + dead + " in "
                    + items.length() + " bytes of block data");
        }
        unused = (items.length() - unusedAt) / 2;
    }

    /** {@code XLHP_*} since 17; 0 before. */
    public int flags() {
        return flags;
    }

    /** Who prunes. */
    public Reason reason() {
        if (!record.layout().hasCombinedPruneRecord()) {
            return Reason.NOT_LOGGED;
        }
        switch (record.info() & OPMASK) {
            case XLOG_HEAP2_PRUNE_VACUUM_SCAN:
                return Reason.VACUUM_SCAN;
            case XLOG_HEAP2_PRUNE_VACUUM_CLEANUP:
                return Reason.VACUUM_CLEANUP;
            default:
                return Reason.ON_ACCESS;
        }
    }

    private void wrapCombined() {
        WalBytes data = record.mainData(SIZE, "xl_heap_prune");
        flags = record.layout().pruneFlagsSize() == Short.BYTES ? data.u16(0) : data.u8(FLAGS_AT);
        horizon = 0;
        if ((flags & HAS_CONFLICT_HORIZON) != 0) {
            horizon = record.mainData(HORIZON_AT + 4, "xl_heap_prune with a conflict horizon")
                    .u32(HORIZON_AT);
        }
        if (!hasItems) {
            return;
        }
        int at = 0;
        if ((flags & HAS_FREEZE_PLANS) != 0) {
            int count = count(0, "xlhp_freeze_plans.nplans");
            // Two bytes of padding follow nplans.
            at = 4;
            if (items.length() < at) {
                throw record.malformed("xlhp_freeze_plans needs 4 bytes, block data has " + items.length());
            }
            plans.wrapPlans(record, items, at, count);
            at += count * FreezePlans.PLAN_SIZE;
        }
        if ((flags & HAS_REDIRECTIONS) != 0) {
            redirected = count(at, "xlhp_prune_items.ntargets of redirections");
            redirectedAt = at + 2;
            at = redirectedAt + 4 * redirected;
        }
        if ((flags & HAS_DEAD_ITEMS) != 0) {
            dead = count(at, "xlhp_prune_items.ntargets of dead items");
            deadAt = at + 2;
            at = deadAt + 2 * dead;
        }
        if ((flags & HAS_NOW_UNUSED_ITEMS) != 0) {
            unused = count(at, "xlhp_prune_items.ntargets of unused items");
            unusedAt = at + 2;
            at = unusedAt + 2 * unused;
        }
        if (at > items.length()) {
            throw record.malformed("xl_heap_prune has " + redirected + " redirected, " + dead + " dead and " + unused
                    + " unused items in " + items.length() + " bytes of block data");
        }
        if ((flags & HAS_FREEZE_PLANS) != 0) {
            plans.wrapOffsets(record, at);
        } else if (at != items.length()) {
            throw record.malformed("xl_heap_prune ends at byte " + at + " of " + items.length() + " of its block data");
        }
    }

    private int count(int at, String field) {
        if (at > items.length() - 2) {
            throw record.malformed(
                    field + " at byte " + at + " is beyond the " + items.length() + " bytes of block data");
        }
        return items.u16(at);
    }

    private void checkOffnums() {
        for (int i = 0; i < redirected; i++) {
            HeapBlocks.offnum(record, redirectedFrom(i), "redirected offset of xl_heap_prune");
            HeapBlocks.offnum(record, redirectedTo(i), "redirection target of xl_heap_prune");
        }
        for (int i = 0; i < dead; i++) {
            HeapBlocks.offnum(record, dead(i), "dead offset of xl_heap_prune");
        }
        for (int i = 0; i < unused; i++) {
            HeapBlocks.offnum(record, unused(i), "unused offset of xl_heap_prune");
        }
    }

    /** The page. */
    public BlockRef block() {
        return block;
    }

    /** {@code snapshotConflictHorizon}, {@code latestRemovedXid} up to 15; unsigned 32-bit, 0 if there is none. */
    public long snapshotConflictHorizon() {
        return horizon;
    }

    /** How many items are redirected. */
    public int redirectedCount() {
        return redirected;
    }

    /** Item number, from 1, that is a redirection now; {@code index} counts from 0. */
    public int redirectedFrom(int index) {
        return items.u16(redirectedAt + 4 * index);
    }

    /** Item number, from 1, that a redirection leads to; {@code index} counts from 0. */
    public int redirectedTo(int index) {
        return items.u16(redirectedAt + 4 * index + 2);
    }

    /** How many items are dead line pointers now. */
    public int deadCount() {
        return dead;
    }

    /** Item number, from 1, that is a dead line pointer ({@code LP_DEAD}) now; {@code index} counts from 0. */
    public int dead(int index) {
        return items.u16(deadAt + 2 * index);
    }

    /** How many items are unused now. */
    public int unusedCount() {
        return unused;
    }

    /** Item number, from 1, that is unused now; {@code index} counts from 0. */
    public int unused(int index) {
        return items.u16(unusedAt + 2 * index);
    }

    /**
     * Sets a bit for each item that has no storage now: redirected, dead and unused ones.
     *
     * @param offnums by item number, with room for {@link HeapPage#MAX_OFFNUM}
     */
    public void addGone(long[] offnums) {
        addGone(offnums, redirectedAt, redirected, 4);
        addGone(offnums, deadAt, dead, 2);
        addGone(offnums, unusedAt, unused, 2);
    }

    private void addGone(long[] offnums, int at, int count, int step) {
        for (int i = 0; i < count; i++) {
            int offnum = items.u16(at + i * step);
            offnums[offnum >>> 6] |= 1L << offnum;
        }
    }

    /** The tuples that are frozen, since 17. */
    public FreezePlans plans() {
        return plans;
    }
}
