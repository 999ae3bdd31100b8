package dev.walker.rmgr.multixact;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** Old multixacts were cut off: {@code xl_multixact_truncate}, access/multixact.h, 13 to 18. Valid until the next record. */
public final class MultixactTruncate {
    /** Byte position of {@code oldestMultiDB} (Oid, 4 bytes) in the main data. */
    public static final int OLDEST_MULTI_DB_AT = 0;
    /** Byte position of {@code startTruncOff} (MultiXactId, 4 bytes) in the main data. */
    public static final int START_TRUNC_OFF_AT = 4;
    /** Byte position of {@code endTruncOff} (MultiXactId, 4 bytes) in the main data. */
    public static final int END_TRUNC_OFF_AT = 8;
    /** Byte position of {@code startTruncMemb} (MultiXactOffset, 4 bytes) in the main data. */
    public static final int START_TRUNC_MEMB_AT = 12;
    /** Byte position of {@code endTruncMemb} (MultiXactOffset, 4 bytes) in the main data. */
    public static final int END_TRUNC_MEMB_AT = 16;
    /** {@code SizeOfMultiXactTruncate}. */
    public static final int SIZE = 20;

    private WalBytes data;

    /** A view without a record. */
    public MultixactTruncate() {}

    /**
     * Moves to a record of type TRUNCATE_ID.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public MultixactTruncate wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_multixact_truncate");
        return this;
    }

    /** OID of the database with the oldest multixact. */
    public long oldestMultiDb() {
        return data.u32(OLDEST_MULTI_DB_AT);
    }

    /** The first multixact that goes, unsigned 32-bit. */
    public long startTruncOff() {
        return data.u32(START_TRUNC_OFF_AT);
    }

    /** The first multixact that stays, unsigned 32-bit. */
    public long endTruncOff() {
        return data.u32(END_TRUNC_OFF_AT);
    }

    /** The first place in the list of members that goes, unsigned 32-bit. */
    public long startTruncMemb() {
        return data.u32(START_TRUNC_MEMB_AT);
    }

    /** The first place in the list of members that stays, unsigned 32-bit. */
    public long endTruncMemb() {
        return data.u32(END_TRUNC_MEMB_AT);
    }
}
