package dev.walker.rmgr.xlog;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Recovery ended, a new timeline begins: {@code xl_end_of_recovery}, access/xlog_internal.h. Valid until the next record.
 */
public final class XlogEndOfRecovery {
    /** Byte position of {@code end_time} (TimestampTz, 8 bytes) in the main data. */
    public static final int END_TIME_AT = 0;
    /** Byte position of {@code ThisTimeLineID} (4 bytes) in the main data. */
    public static final int THIS_TIME_LINE_ID_AT = 8;
    /** Byte position of {@code PrevTimeLineID} (4 bytes) in the main data. */
    public static final int PREV_TIME_LINE_ID_AT = 12;
    /** Byte position of {@code wal_level} (int) in the main data, since 17. */
    public static final int WAL_LEVEL_AT = 16;
    /** {@code sizeof(xl_end_of_recovery)} up to 16. */
    public static final int SIZE = 16;

    private WalBytes data;
    private boolean walLevel;

    /** A view without a record. */
    public XlogEndOfRecovery() {}

    /**
     * Moves to a record of type END_OF_RECOVERY.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public XlogEndOfRecovery wrap(WalRecord record) {
        walLevel = record.layout().hasCheckpointWalLevel();
        data = record.mainData(walLevel ? WAL_LEVEL_AT + 4 : SIZE, "xl_end_of_recovery");
        return this;
    }

    /** When it ended: microseconds since 2000-01-01 UTC. */
    public long endTime() {
        return data.u64(END_TIME_AT);
    }

    /** The new timeline. */
    public int thisTimeLineId() {
        return data.s32(THIS_TIME_LINE_ID_AT);
    }

    /** The timeline before. */
    public int prevTimeLineId() {
        return data.s32(PREV_TIME_LINE_ID_AT);
    }

    /** Whether the record tells {@code wal_level}, since 17. */
    public boolean hasWalLevel() {
        return walLevel;
    }

    /** {@code wal_level}: 0 minimal, 1 replica, 2 logical; only if {@link #hasWalLevel}. */
    public int walLevel() {
        return data.s32(WAL_LEVEL_AT);
    }
}
