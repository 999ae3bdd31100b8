package dev.walker.rmgr.committs;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Old pages of commit timestamps were cut off: {@code xl_commit_ts_truncate}, access/commit_ts.h. Valid until the next
 * record.
 */
public final class CommitTsTruncate {
    /** Byte position of {@code pageno} (int64; int up to 16) in the main data. */
    public static final int PAGENO_AT = 0;
    /** Byte position of {@code oldestXid} (TransactionId, 4 bytes) in the main data; 4 less up to 16. */
    public static final int OLDEST_XID_AT = 8;
    /** {@code SizeOfCommitTsTruncate}; 4 less up to 16. */
    public static final int SIZE = 12;

    private WalBytes data;
    private int shorter;

    /** A view without a record. */
    public CommitTsTruncate() {}

    /**
     * Moves to a record of type TRUNCATE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public CommitTsTruncate wrap(WalRecord record) {
        shorter = Long.BYTES - record.layout().slruPageNumberSize();
        data = record.mainData(SIZE - shorter, "xl_commit_ts_truncate");
        return this;
    }

    /** The first page that stays. */
    public long pageno() {
        return shorter == 0 ? data.u64(PAGENO_AT) : data.s32(PAGENO_AT);
    }

    /** The oldest XID that stays, unsigned 32-bit. */
    public long oldestXid() {
        return data.u32(OLDEST_XID_AT - shorter);
    }
}
