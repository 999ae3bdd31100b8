package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** Command ids of a catalog row, for logical decoding: {@code xl_heap_new_cid}, access/heapam_xlog.h. Valid until the next record. */
public final class HeapNewCid {
    /** Byte position of {@code top_xid} (TransactionId, 4 bytes) in the main data. */
    public static final int TOP_XID_AT = 0;
    /** Byte position of {@code cmin} (CommandId, 4 bytes) in the main data. */
    public static final int CMIN_AT = 4;
    /** Byte position of {@code cmax} (CommandId, 4 bytes) in the main data. */
    public static final int CMAX_AT = 8;
    /** Byte position of {@code combocid} (CommandId, 4 bytes) in the main data. */
    public static final int COMBOCID_AT = 12;
    /** Byte position of {@code target_locator} (spcOid, dbOid, relNumber, 4 bytes each) in the main data. */
    public static final int TARGET_LOCATOR_AT = 16;
    /** Byte position of {@code target_tid} (ItemPointerData, 6 bytes) in the main data. */
    public static final int TARGET_TID_AT = 28;
    /** {@code SizeOfHeapNewCid}. */
    public static final int SIZE = 34;

    private WalBytes data;

    /** A view without a record. */
    public HeapNewCid() {}

    /**
     * Moves to a record of type NEW_CID.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public HeapNewCid wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_heap_new_cid");
        return this;
    }

    /** XID of the top-level transaction, unsigned 32-bit. */
    public long topXid() {
        return data.u32(TOP_XID_AT);
    }

    /** Command that inserted the row, unsigned 32-bit; 0xFFFFFFFF if not known. */
    public long cmin() {
        return data.u32(CMIN_AT);
    }

    /** Command that deleted the row, unsigned 32-bit; 0xFFFFFFFF if none. */
    public long cmax() {
        return data.u32(CMAX_AT);
    }

    /** Combo command id, unsigned 32-bit; 0xFFFFFFFF if none. */
    public long combocid() {
        return data.u32(COMBOCID_AT);
    }

    /** Tablespace. */
    public long spcOid() {
        return data.u32(TARGET_LOCATOR_AT);
    }

    /** Block of the row, unsigned 32-bit. */
    public long blockNumber() {
        return (long) data.u16(TARGET_TID_AT) << 16 | data.u16(TARGET_TID_AT + 2);
    }

    /** Database, 0 for a shared catalog. */
    public long dbOid() {
        return data.u32(TARGET_LOCATOR_AT + 4);
    }

    /** Relfilenode. */
    public long relNumber() {
        return data.u32(TARGET_LOCATOR_AT + 8);
    }

    /** Item number of the row, from 1. */
    public int offnum() {
        return data.u16(TARGET_TID_AT + 4);
    }
}
