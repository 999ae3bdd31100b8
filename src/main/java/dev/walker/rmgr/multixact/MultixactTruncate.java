package dev.walker.rmgr.multixact;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Old multixacts were cut off: {@code xl_multixact_truncate}, access/multixact.h. Valid until the next record.
 *
 * <p>The positions are those up to 18. Since 19 the record tells only what stays: the oldest multixact, at 4, and where its
 * members begin, 8 bytes at 8.
 */
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
    /** {@code SizeOfMultiXactTruncate} up to 18. */
    public static final int SIZE = 20;

    private static final int OLDEST_MULTI_AT_IN_19 = 4;
    private static final int OLDEST_OFFSET_AT_IN_19 = 8;
    private static final int SIZE_IN_19 = 16;

    private WalBytes data;
    private boolean onlyOldest;

    /** A view without a record. */
    public MultixactTruncate() {}

    /**
     * Moves to a record of type TRUNCATE_ID.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public MultixactTruncate wrap(WalRecord record) {
        onlyOldest = record.layout().hasWideMultiOffsets();
        data = record.mainData(onlyOldest ? SIZE_IN_19 : SIZE, "xl_multixact_truncate");
        return this;
    }

    /** OID of the database with the oldest multixact. */
    public long oldestMultiDb() {
        return data.u32(OLDEST_MULTI_DB_AT);
    }

    /** Whether what goes is told too: up to 18. */
    public boolean hasStart() {
        return !onlyOldest;
    }

    /** The first multixact that goes, unsigned 32-bit; only if {@link #hasStart}. */
    public long startTruncOff() {
        return data.u32(START_TRUNC_OFF_AT);
    }

    /** The first multixact that stays, unsigned 32-bit. */
    public long endTruncOff() {
        return data.u32(onlyOldest ? OLDEST_MULTI_AT_IN_19 : END_TRUNC_OFF_AT);
    }

    /** The first place in the list of members that goes, unsigned 32-bit; only if {@link #hasStart}. */
    public long startTruncMemb() {
        return data.u32(START_TRUNC_MEMB_AT);
    }

    /** The first place in the list of members that stays, unsigned; 32 bits up to 18, 64 since. */
    public long endTruncMemb() {
        return onlyOldest ? data.u64(OLDEST_OFFSET_AT_IN_19) : data.u32(END_TRUNC_MEMB_AT);
    }
}
