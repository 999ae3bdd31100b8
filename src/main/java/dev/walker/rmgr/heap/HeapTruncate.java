package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * What a TRUNCATE logged: {@code xl_heap_truncate}, access/heapam_xlog.h. For logical decoding; the pages are changed by
 * other records. Valid until the next record.
 */
public final class HeapTruncate {
    /** Byte position of {@code dbId} (Oid, 4 bytes) in the main data. */
    public static final int DB_ID_AT = 0;
    /** Byte position of {@code nrelids} (uint32) in the main data. */
    public static final int NRELIDS_AT = 4;
    /** Byte position of {@code flags} (uint8, {@code XLH_TRUNCATE_*}) in the main data. */
    public static final int FLAGS_AT = 8;
    /** Byte position of {@code relids} (Oid, 4 bytes each) in the main data. */
    public static final int RELIDS_AT = 12;

    /** {@code XLH_TRUNCATE_CASCADE}. */
    public static final int CASCADE = 0x01;
    /** {@code XLH_TRUNCATE_RESTART_SEQS}. */
    public static final int RESTART_SEQS = 0x02;

    private WalBytes data;
    private int count;

    /** A view without a record. */
    public HeapTruncate() {}

    /**
     * Moves to a record of type TRUNCATE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public HeapTruncate wrap(WalRecord record) {
        data = record.mainData(RELIDS_AT, "xl_heap_truncate");
        long nrelids = data.u32(NRELIDS_AT);
        if (nrelids > (data.length() - RELIDS_AT) / Integer.BYTES) {
            throw record.malformed(
                    "xl_heap_truncate.nrelids is " + nrelids + " in " + data.length() + " bytes of main data");
        }
        count = (int) nrelids;
        return this;
    }

    /** OID of the database. */
    public long dbId() {
        return data.u32(DB_ID_AT);
    }

    /** {@code XLH_TRUNCATE_*}. */
    public int flags() {
        return data.u8(FLAGS_AT);
    }

    /** How many relations. */
    public int count() {
        return count;
    }

    /** OID, not relfilenode, of a relation; {@code index} counts from 0. */
    public long relid(int index) {
        return data.u32(RELIDS_AT + Integer.BYTES * index);
    }
}
