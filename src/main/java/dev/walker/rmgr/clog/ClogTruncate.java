package dev.walker.rmgr.clog;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** Old pages of the commit log were cut off: {@code xl_clog_truncate}, access/clog.h. Valid until the next record. */
public final class ClogTruncate {
    /** Byte position of {@code pageno} (int64; int up to 16) in the main data. */
    public static final int PAGENO_AT = 0;
    /** Byte position of {@code oldestXact} (TransactionId, 4 bytes) in the main data; 4 less up to 16. */
    public static final int OLDEST_XACT_AT = 8;
    /** Byte position of {@code oldestXactDb} (Oid, 4 bytes) in the main data; 4 less up to 16. */
    public static final int OLDEST_XACT_DB_AT = 12;
    /** {@code sizeof(xl_clog_truncate)}; 4 less up to 16. */
    public static final int SIZE = 16;

    private WalBytes data;
    private int shorter;

    /** A view without a record. */
    public ClogTruncate() {}

    /**
     * Moves to a record of type TRUNCATE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public ClogTruncate wrap(WalRecord record) {
        shorter = Long.BYTES - record.layout().slruPageNumberSize();
        data = record.mainData(SIZE - shorter, "xl_clog_truncate");
        return this;
    }

    /** The first page that stays. */
    public long pageno() {
        return shorter == 0 ? data.u64(PAGENO_AT) : data.s32(PAGENO_AT);
    }

    /** The oldest XID that stays, unsigned 32-bit. */
    public long oldestXact() {
        return data.u32(OLDEST_XACT_AT - shorter);
    }

    /** OID of the database that has it. */
    public long oldestXactDb() {
        return data.u32(OLDEST_XACT_DB_AT - shorter);
    }
}
