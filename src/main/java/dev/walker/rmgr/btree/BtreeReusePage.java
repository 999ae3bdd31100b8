package dev.walker.rmgr.btree;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** A removed page is used again: {@code xl_btree_reuse_page}, access/nbtxlog.h. Valid until the next record. */
public final class BtreeReusePage {
    /** Byte position of the locator (spcOid, dbOid, relNumber, 4 bytes each) in the main data. */
    public static final int LOCATOR_AT = 0;
    /** Byte position of {@code block} (BlockNumber, 4 bytes) in the main data. */
    public static final int BLOCK_AT = 12;
    /** Byte position of the conflict horizon (FullTransactionId, 8 bytes; TransactionId in 13) in the main data. */
    public static final int SNAPSHOT_CONFLICT_HORIZON_AT = 16;
    /** Byte position of {@code isCatalogRel} (bool) in the main data, since 16. */
    public static final int IS_CATALOG_REL_AT = 24;
    /** {@code SizeOfBtreeReusePage} in 14 and 15; one more since 16. */
    public static final int SIZE = 24;

    private static final int SIZE_IN_13 = 20;

    private WalBytes data;
    private boolean fullXid;
    private boolean catalogRelFlag;

    /** A view without a record. */
    public BtreeReusePage() {}

    /**
     * Moves to a record of type REUSE_PAGE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public BtreeReusePage wrap(WalRecord record) {
        fullXid = record.layout().hasBtreeFullXids();
        catalogRelFlag = record.layout().hasCatalogRelFlag();
        data = record.mainData(catalogRelFlag ? SIZE + 1 : fullXid ? SIZE : SIZE_IN_13, "xl_btree_reuse_page");
        return this;
    }

    /** Tablespace. */
    public long spcOid() {
        return data.u32(LOCATOR_AT);
    }

    /** Database, 0 for a shared catalog. */
    public long dbOid() {
        return data.u32(LOCATOR_AT + 4);
    }

    /** Relfilenode. */
    public long relNumber() {
        return data.u32(LOCATOR_AT + 8);
    }

    /** The block, unsigned 32-bit. */
    public long block() {
        return data.u32(BLOCK_AT);
    }

    /** {@code snapshotConflictHorizon}: epoch in the upper 32 bits, which is missing in 13. */
    public long snapshotConflictHorizon() {
        return fullXid ? data.u64(SNAPSHOT_CONFLICT_HORIZON_AT) : data.u32(SNAPSHOT_CONFLICT_HORIZON_AT);
    }

    /** Whether the table is a catalog; told since 16. */
    public boolean isCatalogRel() {
        return catalogRelFlag && data.u8(IS_CATALOG_REL_AT) != 0;
    }
}
