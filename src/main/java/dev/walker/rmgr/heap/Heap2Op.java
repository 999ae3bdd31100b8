package dev.walker.rmgr.heap;

import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import dev.walker.wal.WalRecord;

/** Record types of resource manager Heap2: {@code XLOG_HEAP2_*}, access/heapam_xlog.h. The codes depend on the major. */
public enum Heap2Op {
    /** {@code XLOG_HEAP2_REWRITE}: for logical decoding only. */
    REWRITE,
    /** {@code XLOG_HEAP2_PRUNE}, {@code XLOG_HEAP2_CLEAN} in 13, {@code XLOG_HEAP2_PRUNE_*} since 17. */
    PRUNE,
    /** {@code XLOG_HEAP2_VACUUM}, 14 to 16. */
    VACUUM,
    /** {@code XLOG_HEAP2_FREEZE_PAGE}, up to 16. */
    FREEZE_PAGE,
    /** {@code XLOG_HEAP2_CLEANUP_INFO}, 13 only. */
    CLEANUP_INFO,
    /** {@code XLOG_HEAP2_VISIBLE}. */
    VISIBLE,
    /** {@code XLOG_HEAP2_MULTI_INSERT}. */
    MULTI_INSERT,
    /** {@code XLOG_HEAP2_LOCK_UPDATED}. */
    LOCK_UPDATED,
    /** {@code XLOG_HEAP2_NEW_CID}: for logical decoding only. */
    NEW_CID;

    private static final int OPMASK = 0x70;
    private static final Heap2Op[][] BY_VERSION = new Heap2Op[PgVersion.values().length][];

    static {
        for (PgVersion version : PgVersion.values()) {
            WalLayout layout = WalLayout.of(version);
            Heap2Op[] ops = {REWRITE, PRUNE, FREEZE_PAGE, CLEANUP_INFO, VISIBLE, MULTI_INSERT, LOCK_UPDATED, NEW_CID};
            if (layout.hasHeapVacuumRecord()) {
                ops[2] = VACUUM;
                ops[3] = FREEZE_PAGE;
            } else if (layout.hasCombinedPruneRecord()) {
                ops[2] = PRUNE;
                ops[3] = PRUNE;
            }
            BY_VERSION[version.ordinal()] = ops;
        }
    }

    /** The type of a record of resource manager Heap2; each of the eight codes has one in all majors. */
    public static Heap2Op of(WalRecord record) {
        return BY_VERSION[record.layout().version().ordinal()][(record.info() & OPMASK) >> 4];
    }
}
