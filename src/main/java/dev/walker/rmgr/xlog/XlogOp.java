package dev.walker.rmgr.xlog;

import dev.walker.wal.WalRecord;

/** Record types of resource manager XLOG: catalog/pg_control.h. */
public enum XlogOp {
    /** {@code XLOG_CHECKPOINT_SHUTDOWN}. */
    CHECKPOINT_SHUTDOWN,
    /** {@code XLOG_CHECKPOINT_ONLINE}. */
    CHECKPOINT_ONLINE,
    /** {@code XLOG_NOOP}. */
    NOOP,
    /** {@code XLOG_NEXTOID}. */
    NEXTOID,
    /** {@code XLOG_SWITCH}. */
    SWITCH,
    /** {@code XLOG_BACKUP_END}. */
    BACKUP_END,
    /** {@code XLOG_PARAMETER_CHANGE}. */
    PARAMETER_CHANGE,
    /** {@code XLOG_RESTORE_POINT}. */
    RESTORE_POINT,
    /** {@code XLOG_FPW_CHANGE}. */
    FPW_CHANGE,
    /** {@code XLOG_END_OF_RECOVERY}. */
    END_OF_RECOVERY,
    /** {@code XLOG_FPI_FOR_HINT}. */
    FPI_FOR_HINT,
    /** {@code XLOG_FPI}. */
    FPI,
    /** {@code XLOG_FPI_MULTI} in 10 and 11, {@code XLOG_ASSIGN_LSN} since 19. */
    FPI_MULTI_OR_ASSIGN_LSN,
    /** {@code XLOG_OVERWRITE_CONTRECORD}. */
    OVERWRITE_CONTRECORD,
    /** {@code XLOG_CHECKPOINT_REDO}, since 17. */
    CHECKPOINT_REDO,
    /** {@code XLOG_LOGICAL_DECODING_STATUS_CHANGE}, since 19. */
    LOGICAL_DECODING_STATUS_CHANGE;

    private static final XlogOp[] ALL = values();

    /** The type of a record of resource manager XLOG. */
    public static XlogOp of(WalRecord record) {
        return ALL[record.rmgrInfo() >> 4];
    }
}
