package dev.walker.rmgr.standby;

import dev.walker.wal.WalRecord;

/** Record types of resource manager Standby: storage/standbydefs.h. */
public enum StandbyOp {
    /** {@code XLOG_STANDBY_LOCK}. */
    LOCK,
    /** {@code XLOG_RUNNING_XACTS}. */
    RUNNING_XACTS,
    /** {@code XLOG_INVALIDATIONS}. */
    INVALIDATIONS,
    /** A code that has no meaning. */
    UNKNOWN;

    private static final StandbyOp[] ALL = values();

    /** The type of a record of resource manager Standby. */
    public static StandbyOp of(WalRecord record) {
        return ALL[Math.min(record.rmgrInfo() >> 4, UNKNOWN.ordinal())];
    }
}
