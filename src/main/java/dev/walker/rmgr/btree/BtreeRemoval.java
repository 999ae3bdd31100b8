package dev.walker.rmgr.btree;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalRecord;

/**
 * Index tuples of a leaf page were removed: {@code xl_btree_vacuum} and {@code xl_btree_delete}, access/nbtxlog.h. Valid
 * until the next record.
 *
 * <p>Block data: item numbers of the deleted tuples (uint16 each), item numbers of the updated ones (uint16 each), then
 * for each of those {@code xl_btree_update}: {@code ndeletedtids} (uint16) and so many positions in its posting list
 * (uint16 each, from 0). {@link #nextUpdate} moves to the first and to each further updated tuple.
 *
 * <p>Up to 12 no tuples are updated. A VACUUM then has {@code lastBlockVacuumed} (BlockNumber) alone in its main data, and
 * the block data tells how many are deleted. A DELETE has {@code nitems} (int32) where {@code ndeleted} came to stand, in
 * 10 and 11 after the locator of the table instead of a horizon, and the item numbers follow in the main data.
 */
public final class BtreeRemoval {
    /** Byte position of {@code ndeleted} (uint16) in the main data of a VACUUM; 4 more in that of a DELETE. */
    public static final int NDELETED_AT = 0;
    /** Byte position of {@code nupdated} (uint16) in the main data of a VACUUM; 4 more in that of a DELETE. */
    public static final int NUPDATED_AT = 2;
    /** Byte position of the conflict horizon (TransactionId, 4 bytes) in the main data of a DELETE. */
    public static final int SNAPSHOT_CONFLICT_HORIZON_AT = 0;
    /** Byte position of {@code isCatalogRel} (bool) in the main data of a DELETE, since 16. */
    public static final int IS_CATALOG_REL_AT = 8;
    /** {@code SizeOfBtreeVacuum}. */
    public static final int VACUUM_SIZE = 4;
    /** {@code SizeOfBtreeDelete} up to 15; one more since 16. */
    public static final int DELETE_SIZE = 8;

    private static final int VACUUM_SIZE_BEFORE_13 = 4;
    private static final int NITEMS_AT_BEFORE_12 = 12;

    /** More item numbers than a page of any size has. */
    private static final int MAX_ITEMS = 0xFFFF;

    private final WalBytes mainItems = new WalBytes();
    private WalBytes items;
    private int deleted;
    private int updated;
    private long horizon;
    private boolean catalogRel;
    private boolean hasItems;
    private long lastBlock;

    private int update;
    private int updateAt;

    /** A view without a record. */
    public BtreeRemoval() {}

    /**
     * Moves to a record of type VACUUM or DELETE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or the block data does not hold what was announced
     */
    public BtreeRemoval wrap(WalRecord record) {
        horizon = 0;
        catalogRel = false;
        lastBlock = 0;
        if (!record.layout().hasBtreePostings()) {
            updated = 0;
            if (BtreeOp.of(record) == BtreeOp.VACUUM) {
                wrapVacuumBefore13(record);
            } else {
                wrapDeleteBefore13(record);
            }
            rewind();
            return this;
        }
        if (BtreeOp.of(record) == BtreeOp.VACUUM) {
            WalBytes data = record.mainData(VACUUM_SIZE, "xl_btree_vacuum");
            deleted = data.u16(NDELETED_AT);
            updated = data.u16(NUPDATED_AT);
        } else {
            wrapDelete(record);
        }
        hasItems = record.hasBlock(0) && record.block(0).hasData();
        if (hasItems) {
            items = record.block(0).data();
            checkItems(record);
        }
        rewind();
        return this;
    }

    private void wrapVacuumBefore13(WalRecord record) {
        lastBlock = record.mainData(VACUUM_SIZE_BEFORE_13, "xl_btree_vacuum").u32(0);
        hasItems = record.hasBlock(0) && record.block(0).hasData();
        deleted = 0;
        if (hasItems) {
            items = record.block(0).data();
            if ((items.length() & 1) != 0) {
                throw record.malformed("block data of xl_btree_vacuum has " + items.length()
                        + " bytes, wanted an even number: 2 for each deleted index tuple");
            }
            deleted = items.length() / 2;
        }
    }

    private void wrapDeleteBefore13(WalRecord record) {
        boolean tellsHorizon = record.layout().hasIndexConflictHorizons();
        int nitemsAt = tellsHorizon ? 4 : NITEMS_AT_BEFORE_12;
        WalBytes data = record.mainData(nitemsAt + 4, "xl_btree_delete");
        horizon = tellsHorizon ? data.u32(SNAPSHOT_CONFLICT_HORIZON_AT) : 0;
        int nitems = data.s32(nitemsAt);
        int itemsAt = nitemsAt + 4;
        if (nitems < 0 || 2L * nitems != data.length() - itemsAt) {
            throw record.malformed("xl_btree_delete.nitems is " + nitems + " before " + (data.length() - itemsAt)
                    + " bytes, wanted 2 for each");
        }
        deleted = nitems;
        hasItems = true;
        items = mainItems.wrap(data, itemsAt, 2 * nitems);
    }

    private void wrapDelete(WalRecord record) {
        WalBytes data =
                record.mainData(record.layout().hasCatalogRelFlag() ? DELETE_SIZE + 1 : DELETE_SIZE, "xl_btree_delete");
        horizon = data.u32(SNAPSHOT_CONFLICT_HORIZON_AT);
        if (record.layout().hasBtreeDeleteUpdates()) {
            deleted = data.u16(4 + NDELETED_AT);
            updated = data.u16(4 + NUPDATED_AT);
        } else {
            // In 13 ndeleted is an uint32, and no tuples are updated.
            long ndeleted = data.u32(4);
            if (ndeleted > MAX_ITEMS) {
                throw record.malformed("xl_btree_delete.ndeleted is " + ndeleted + ", wanted at most " + MAX_ITEMS);
            }
            deleted = (int) ndeleted;
            updated = 0;
        }
        catalogRel = record.layout().hasCatalogRelFlag() && data.u8(IS_CATALOG_REL_AT) != 0;
    }

    private void checkItems(WalRecord record) {
        int at = 2 * deleted + 2 * updated;
        for (int i = 0; i < updated; i++) {
            if (at > items.length() - 2) {
                throw malformed(record, at + 2);
            }
            at += 2 + 2 * items.u16(at);
        }
        if (at != items.length()) {
            throw malformed(record, at);
        }
    }

    private WalFormatException malformed(WalRecord record, int wanted) {
        return record.malformed("block data with " + deleted + " deleted and " + updated + " updated index tuples has "
                + items.length() + " bytes, wanted " + wanted);
    }

    /** Up to which block a VACUUM had locked all pages, unsigned 32-bit; told up to 12. */
    public long lastBlockVacuumed() {
        return lastBlock;
    }

    /** How many tuples were deleted; up to 12, unknown of a VACUUM without {@link #hasItems}, it is 0. */
    public int deletedCount() {
        return deleted;
    }

    /** How many tuples with a posting list lost some of their TIDs. */
    public int updatedCount() {
        return updated;
    }

    /** {@code snapshotConflictHorizon} ({@code latestRemovedXid} up to 15) of a DELETE, unsigned 32-bit; 0 if none. */
    public long snapshotConflictHorizon() {
        return horizon;
    }

    /** Whether the table is a catalog; told by a DELETE since 16. */
    public boolean isCatalogRel() {
        return catalogRel;
    }

    /** Whether the item numbers are in the block data; they are not when there is a full-page image. */
    public boolean hasItems() {
        return hasItems;
    }

    /** Item number of a deleted tuple, from 1; {@code index} counts from 0; only if {@link #hasItems}. */
    public int deleted(int index) {
        return items.u16(2 * index);
    }

    /** Goes before the first updated tuple. */
    public void rewind() {
        update = -1;
        updateAt = 2 * (deleted + updated);
    }

    /** Moves to the next updated tuple; false if there is none, or if {@link #hasItems} says no. */
    public boolean nextUpdate() {
        if (!hasItems || update + 1 >= updated) {
            return false;
        }
        if (update >= 0) {
            updateAt += 2 + 2 * items.u16(updateAt);
        }
        update++;
        return true;
    }

    /** Item number of the updated tuple, from 1. */
    public int updatedOffnum() {
        return items.u16(2 * (deleted + update));
    }

    /** How many TIDs the updated tuple lost. */
    public int deletedTids() {
        return items.u16(updateAt);
    }

    /** Position of a TID in the posting list of the updated tuple, from 0; {@code index} counts from 0. */
    public int deletedTid(int index) {
        return items.u16(updateAt + 2 + 2 * index);
    }
}
