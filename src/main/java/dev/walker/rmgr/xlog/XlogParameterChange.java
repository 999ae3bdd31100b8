package dev.walker.rmgr.xlog;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Settings that a standby must know: {@code xl_parameter_change}, access/xlog_internal.h. Valid until the next record.
 *
 * <p>The positions are those since 12. {@code max_wal_senders} is missing up to 11, and what follows comes 4 bytes earlier.
 */
public final class XlogParameterChange {
    /** Byte position of {@code MaxConnections} (int) in the main data. */
    public static final int MAX_CONNECTIONS_AT = 0;
    /** Byte position of {@code max_worker_processes} (int) in the main data. */
    public static final int MAX_WORKER_PROCESSES_AT = 4;
    /** Byte position of {@code max_wal_senders} (int) in the main data. */
    public static final int MAX_WAL_SENDERS_AT = 8;
    /** Byte position of {@code max_prepared_xacts} (int) in the main data. */
    public static final int MAX_PREPARED_XACTS_AT = 12;
    /** Byte position of {@code max_locks_per_xact} (int) in the main data. */
    public static final int MAX_LOCKS_PER_XACT_AT = 16;
    /** Byte position of {@code wal_level} (int) in the main data. */
    public static final int WAL_LEVEL_AT = 20;
    /** Byte position of {@code wal_log_hints} (bool) in the main data. */
    public static final int WAL_LOG_HINTS_AT = 24;
    /** Byte position of {@code track_commit_timestamp} (bool) in the main data. */
    public static final int TRACK_COMMIT_TIMESTAMP_AT = 25;
    /** Bytes up to the last field, since 12. */
    public static final int SIZE = 26;

    private WalBytes data;
    /** By how many bytes the fields after {@code max_wal_senders} come earlier. */
    private int earlier;

    /** A view without a record. */
    public XlogParameterChange() {}

    /**
     * Moves to a record of type PARAMETER_CHANGE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public XlogParameterChange wrap(WalRecord record) {
        earlier = record.layout().hasParameterMaxWalSenders() ? 0 : Integer.BYTES;
        data = record.mainData(SIZE - earlier, "xl_parameter_change");
        return this;
    }

    /** {@code wal_level}: 0 minimal, 1 replica, 2 logical. */
    public int walLevel() {
        return data.s32(WAL_LEVEL_AT - earlier);
    }

    /** {@code wal_log_hints}. */
    public boolean isWalLogHints() {
        return data.u8(WAL_LOG_HINTS_AT - earlier) != 0;
    }

    /** {@code track_commit_timestamp}. */
    public boolean isTrackCommitTimestamp() {
        return data.u8(TRACK_COMMIT_TIMESTAMP_AT - earlier) != 0;
    }

    /** {@code max_connections}. */
    public int maxConnections() {
        return data.s32(MAX_CONNECTIONS_AT);
    }

    /** {@code max_worker_processes}. */
    public int maxWorkerProcesses() {
        return data.s32(MAX_WORKER_PROCESSES_AT);
    }

    /** Whether the record tells {@code max_wal_senders}, since 12. */
    public boolean hasMaxWalSenders() {
        return earlier == 0;
    }

    /** {@code max_wal_senders}; only if {@link #hasMaxWalSenders}. */
    public int maxWalSenders() {
        return data.s32(MAX_WAL_SENDERS_AT);
    }

    /** {@code max_prepared_transactions}. */
    public int maxPreparedXacts() {
        return data.s32(MAX_PREPARED_XACTS_AT - earlier);
    }

    /** {@code max_locks_per_transaction}. */
    public int maxLocksPerXact() {
        return data.s32(MAX_LOCKS_PER_XACT_AT - earlier);
    }
}
