package dev.walker.rmgr.xlog;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** A record that had been begun was given up: {@code xl_overwrite_contrecord}, access/xlog_internal.h. Valid until the next record. */
public final class XlogOverwriteContrecord {
    /** Byte position of {@code overwritten_lsn} (XLogRecPtr, 8 bytes) in the main data. */
    public static final int OVERWRITTEN_LSN_AT = 0;
    /** Byte position of {@code overwrite_time} (TimestampTz, 8 bytes) in the main data. */
    public static final int OVERWRITE_TIME_AT = 8;
    /** {@code sizeof(xl_overwrite_contrecord)}. */
    public static final int SIZE = 16;

    private WalBytes data;

    /** A view without a record. */
    public XlogOverwriteContrecord() {}

    /**
     * Moves to a record of type OVERWRITE_CONTRECORD.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public XlogOverwriteContrecord wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_overwrite_contrecord");
        return this;
    }

    /** Where that record had begun. */
    public long overwrittenLsn() {
        return data.u64(OVERWRITTEN_LSN_AT);
    }

    /** When: microseconds since 2000-01-01 UTC. */
    public long overwriteTime() {
        return data.u64(OVERWRITE_TIME_AT);
    }
}
