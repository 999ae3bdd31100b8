package dev.walker.rmgr.multixact;

import dev.walker.wal.WalRecord;

/** Record types of resource manager MultiXact: {@code XLOG_MULTIXACT_*}, access/multixact.h. */
public enum MultixactOp {
    /** {@code XLOG_MULTIXACT_ZERO_OFF_PAGE}. */
    ZERO_OFF_PAGE,
    /** {@code XLOG_MULTIXACT_ZERO_MEM_PAGE}. */
    ZERO_MEM_PAGE,
    /** {@code XLOG_MULTIXACT_CREATE_ID}. */
    CREATE_ID,
    /** {@code XLOG_MULTIXACT_TRUNCATE_ID}. */
    TRUNCATE_ID,
    /** A code that has no meaning. */
    UNKNOWN;

    private static final MultixactOp[] ALL = values();

    /** The type of a record of resource manager MultiXact. */
    public static MultixactOp of(WalRecord record) {
        return ALL[Math.min(record.rmgrInfo() >> 4, UNKNOWN.ordinal())];
    }
}
