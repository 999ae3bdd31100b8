package dev.walker.rmgr.dbase;

import dev.walker.wal.WalRecord;

/** Record types of resource manager Database: {@code XLOG_DBASE_*}. The codes depend on the major. */
public enum DbaseOp {
    /** {@code XLOG_DBASE_CREATE_FILE_COPY}, {@code XLOG_DBASE_CREATE} up to 14: pages are not in WAL. */
    CREATE_FILE_COPY,
    /** {@code XLOG_DBASE_CREATE_WAL_LOG}, since 15: pages follow in WAL. */
    CREATE_WAL_LOG,
    /** {@code XLOG_DBASE_DROP}. */
    DROP,
    /** A code that has no meaning. */
    UNKNOWN;

    /** The type of a record of resource manager Database. */
    public static DbaseOp of(WalRecord record) {
        boolean walLog = record.layout().hasDatabaseCreateWalLog();
        switch (record.rmgrInfo()) {
            case 0x00:
                return CREATE_FILE_COPY;
            case 0x10:
                return walLog ? CREATE_WAL_LOG : DROP;
            case 0x20:
                return walLog ? DROP : UNKNOWN;
            default:
                return UNKNOWN;
        }
    }
}
