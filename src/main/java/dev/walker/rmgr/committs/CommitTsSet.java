package dev.walker.rmgr.committs;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * A commit timestamp was set for transactions of another server, in 13 only: {@code xl_commit_ts_set},
 * access/commit_ts.h. Valid until the next record.
 */
public final class CommitTsSet {
    /** Byte position of {@code timestamp} (TimestampTz, 8 bytes) in the main data. */
    public static final int TIMESTAMP_AT = 0;
    /** Byte position of {@code nodeid} (RepOriginId, 2 bytes) in the main data. */
    public static final int NODEID_AT = 8;
    /** Byte position of {@code mainxid} (TransactionId, 4 bytes) in the main data. */
    public static final int MAINXID_AT = 12;
    /** {@code SizeOfCommitTsSet}: where the XIDs of subtransactions (4 bytes each) begin. */
    public static final int SIZE = 16;

    private WalBytes data;

    /** A view without a record. */
    public CommitTsSet() {}

    /**
     * Moves to a record of type SETTS.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public CommitTsSet wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_commit_ts_set");
        return this;
    }

    /** Microseconds since 2000-01-01 UTC. */
    public long timestamp() {
        return data.u64(TIMESTAMP_AT);
    }

    /** The replication origin. */
    public int nodeid() {
        return data.u16(NODEID_AT);
    }

    /** XID of the top-level transaction, unsigned 32-bit. */
    public long mainxid() {
        return data.u32(MAINXID_AT);
    }

    /** How many subtransactions. */
    public int subxactCount() {
        return (data.length() - SIZE) / 4;
    }

    /** XID of a subtransaction, unsigned 32-bit; {@code index} counts from 0. */
    public long subxact(int index) {
        return data.u32(SIZE + 4 * index);
    }
}
