package dev.walker.rmgr.smgr;

import dev.walker.wal.WalRecord;

/** Record types of resource manager Storage: {@code XLOG_SMGR_*}, catalog/storage_xlog.h. */
public enum SmgrOp {
    /** {@code XLOG_SMGR_CREATE}. */
    CREATE,
    /** {@code XLOG_SMGR_TRUNCATE}. */
    TRUNCATE,
    /** A code that has no meaning. */
    UNKNOWN;

    /** The type of a record of resource manager Storage. */
    public static SmgrOp of(WalRecord record) {
        switch (record.rmgrInfo()) {
            case 0x10:
                return CREATE;
            case 0x20:
                return TRUNCATE;
            default:
                return UNKNOWN;
        }
    }
}
