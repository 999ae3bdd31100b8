package dev.walker.rmgr.btree;

import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import dev.walker.wal.WalRecord;
import java.util.Arrays;

/** Record types of resource manager Btree: {@code XLOG_BTREE_*}, access/nbtxlog.h. Some codes depend on the major. */
public enum BtreeOp {
    /** {@code XLOG_BTREE_INSERT_LEAF}. */
    INSERT_LEAF,
    /** {@code XLOG_BTREE_INSERT_UPPER}. */
    INSERT_UPPER,
    /** {@code XLOG_BTREE_INSERT_META}: like INSERT_UPPER, and the metapage changes. */
    INSERT_META,
    /** {@code XLOG_BTREE_SPLIT_L}: the new tuple goes to the left page. */
    SPLIT_L,
    /** {@code XLOG_BTREE_SPLIT_R}: the new tuple goes to the right page. */
    SPLIT_R,
    /** {@code XLOG_BTREE_INSERT_POST}: into the middle of a posting list. */
    INSERT_POST,
    /** {@code XLOG_BTREE_DEDUP}. */
    DEDUP,
    /** {@code XLOG_BTREE_DELETE}: not by VACUUM. */
    DELETE,
    /** {@code XLOG_BTREE_UNLINK_PAGE}. */
    UNLINK_PAGE,
    /** {@code XLOG_BTREE_UNLINK_PAGE_META}: the same, and the metapage changes. */
    UNLINK_PAGE_META,
    /** {@code XLOG_BTREE_NEWROOT}. */
    NEWROOT,
    /** {@code XLOG_BTREE_MARK_PAGE_HALFDEAD}. */
    MARK_PAGE_HALFDEAD,
    /** {@code XLOG_BTREE_VACUUM}. */
    VACUUM,
    /** {@code XLOG_BTREE_REUSE_PAGE}: no page changes; standbys are told of it. */
    REUSE_PAGE,
    /** {@code XLOG_BTREE_META_CLEANUP}. */
    META_CLEANUP,
    /** {@code XLOG_BTREE_SPLIT_L_ROOT}: SPLIT_L of the root page; 10 only. */
    SPLIT_L_ROOT,
    /** {@code XLOG_BTREE_SPLIT_R_ROOT}: SPLIT_R of the root page; 10 only. */
    SPLIT_R_ROOT,
    /** {@code XLOG_BTREE_SPLIT_L_HIGHKEY}: SPLIT_L that tells the high key of the left page; 11 only. */
    SPLIT_L_HIGHKEY,
    /** {@code XLOG_BTREE_SPLIT_R_HIGHKEY}: SPLIT_R that tells the high key of the left page; 11 only. */
    SPLIT_R_HIGHKEY,
    /** A code that has no meaning. */
    UNKNOWN;

    private static final BtreeOp[][] BY_VERSION = new BtreeOp[PgVersion.values().length][];

    static {
        for (PgVersion version : PgVersion.values()) {
            WalLayout layout = WalLayout.of(version);
            BtreeOp[] ops = Arrays.copyOf(values(), 16);
            ops[15] = UNKNOWN;
            if (!layout.hasBtreeCleanupInfo()) {
                ops[5] = SPLIT_L_ROOT;
                ops[6] = SPLIT_R_ROOT;
                ops[14] = UNKNOWN;
            } else if (!layout.hasBtreeMetadataVersion()) {
                ops[5] = SPLIT_L_HIGHKEY;
                ops[6] = SPLIT_R_HIGHKEY;
            } else if (!layout.hasBtreePostings()) {
                ops[5] = UNKNOWN;
                ops[6] = UNKNOWN;
            }
            BY_VERSION[version.ordinal()] = ops;
        }
    }

    /** The type of a record of resource manager Btree. */
    public static BtreeOp of(WalRecord record) {
        return BY_VERSION[record.layout().version().ordinal()][record.rmgrInfo() >> 4];
    }
}
