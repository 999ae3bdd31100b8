package dev.walker.rmgr.xact;

import dev.walker.wal.WalRecord;

/** Record types of resource manager Transaction: {@code XLOG_XACT_*}, access/xact.h. */
public enum XactOp {
    /** {@code XLOG_XACT_COMMIT}. */
    COMMIT,
    /** {@code XLOG_XACT_PREPARE}. */
    PREPARE,
    /** {@code XLOG_XACT_ABORT}, also of a subtransaction. */
    ABORT,
    /** {@code XLOG_XACT_COMMIT_PREPARED}. */
    COMMIT_PREPARED,
    /** {@code XLOG_XACT_ABORT_PREPARED}. */
    ABORT_PREPARED,
    /** {@code XLOG_XACT_ASSIGNMENT}. */
    ASSIGNMENT,
    /** {@code XLOG_XACT_INVALIDATIONS}, since 14. */
    INVALIDATIONS,
    /** A code that has no meaning. */
    UNKNOWN;

    private static final int OPMASK = 0x70;
    private static final XactOp[] ALL = values();

    /** The type of a record of resource manager Transaction. */
    public static XactOp of(WalRecord record) {
        return ALL[(record.info() & OPMASK) >> 4];
    }
}
