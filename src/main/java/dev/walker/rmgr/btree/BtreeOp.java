package dev.walker.rmgr.btree;

import dev.walker.wal.WalRecord;

/** Record types of resource manager Btree: {@code XLOG_BTREE_*}, access/nbtxlog.h. */
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
    /** A code that has no meaning. */
    UNKNOWN;

    private static final BtreeOp[] ALL = values();

    /** The type of a record of resource manager Btree. */
    public static BtreeOp of(WalRecord record) {
        return ALL[record.rmgrInfo() >> 4];
    }
}
