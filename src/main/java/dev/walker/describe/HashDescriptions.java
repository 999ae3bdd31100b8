package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Describes records of Hash: access/rmgrdesc/hashdesc.c. The structs, of access/hash_xlog.h:
 *
 * <table>
 * <caption>Byte positions in the main data</caption>
 * <tr><td>xl_hash_init_meta_page</td><td>num_tuples float8 at 0, procid u32 at 8, ffactor u16 at 12</td></tr>
 * <tr><td>xl_hash_init_bitmap_page</td><td>bmsize u16 at 0</td></tr>
 * <tr><td>xl_hash_insert</td><td>offnum u16 at 0</td></tr>
 * <tr><td>xl_hash_add_ovfl_page</td><td>bmsize u16 at 0, bmpage_found bool at 2</td></tr>
 * <tr><td>xl_hash_split_allocate_page</td><td>new_bucket u32 at 0, old_bucket_flag u16 at 4, new_bucket_flag
 * u16 at 6, flags u8 at 8</td></tr>
 * <tr><td>xl_hash_split_complete</td><td>old_bucket_flag u16 at 0, new_bucket_flag u16 at 2</td></tr>
 * <tr><td>xl_hash_move_page_contents</td><td>ntups u16 at 0, is_prim_bucket_same_wrt bool at 2</td></tr>
 * <tr><td>xl_hash_squeeze_page</td><td>prevblkno u32 at 0, nextblkno u32 at 4, ntups u16 at 8, is_prim_bucket_same_wrt
 * bool at 10, is_prev_bucket_same_wrt bool at 11</td></tr>
 * <tr><td>xl_hash_delete</td><td>clear_dead_marking bool at 0, is_primary_bucket_page bool at 1</td></tr>
 * <tr><td>xl_hash_update_meta_page</td><td>ntuples float8 at 0</td></tr>
 * <tr><td>xl_hash_vacuum_one_page</td><td>horizon u32 at 0; up to 15 ntuples i32 at 4, since 16 ntuples u16 at 4,
 * isCatalogRel bool at 6; in 10 and 11 the locator of the table at 0, ntuples i32 at 12</td></tr>
 * </table>
 */
final class HashDescriptions {
    private static final int XLOG_HASH_INIT_META_PAGE = 0x00;
    private static final int XLOG_HASH_INIT_BITMAP_PAGE = 0x10;
    private static final int XLOG_HASH_INSERT = 0x20;
    private static final int XLOG_HASH_ADD_OVFL_PAGE = 0x30;
    private static final int XLOG_HASH_SPLIT_ALLOCATE_PAGE = 0x40;
    private static final int XLOG_HASH_SPLIT_COMPLETE = 0x60;
    private static final int XLOG_HASH_MOVE_PAGE_CONTENTS = 0x70;
    private static final int XLOG_HASH_SQUEEZE_PAGE = 0x80;
    private static final int XLOG_HASH_DELETE = 0x90;
    private static final int XLOG_HASH_UPDATE_META_PAGE = 0xB0;
    private static final int XLOG_HASH_VACUUM_ONE_PAGE = 0xC0;

    private static final int XLH_SPLIT_META_UPDATE_MASKS = 0x01;
    private static final int XLH_SPLIT_META_UPDATE_SPLITPOINT = 0x02;

    private HashDescriptions() {}

    static void describe(WalRecord record, StringBuilder out) {
        boolean all = Wording.of(record).tellsMoreOfIndexes;
        switch (record.rmgrInfo()) {
            case XLOG_HASH_INIT_META_PAGE -> {
                WalBytes data = record.mainData(14, "xl_hash_init_meta_page");
                out.append("num_tuples ");
                Text.general(out, Double.longBitsToDouble(data.u64(0)));
                if (all) {
                    out.append(", procid ").append(data.u32(8));
                }
                out.append(", fillfactor ").append(data.u16(12));
            }
            case XLOG_HASH_INIT_BITMAP_PAGE ->
                out.append("bmsize ")
                        .append(record.mainData(2, "xl_hash_init_bitmap_page").u16(0));
            case XLOG_HASH_INSERT ->
                out.append("off ").append(record.mainData(2, "xl_hash_insert").u16(0));
            case XLOG_HASH_ADD_OVFL_PAGE -> {
                WalBytes data = record.mainData(3, "xl_hash_add_ovfl_page");
                out.append("bmsize ").append(data.u16(0));
                out.append(", bmpage_found ").append(Text.flag(data.u8(2) != 0));
            }
            case XLOG_HASH_SPLIT_ALLOCATE_PAGE -> {
                WalBytes data = record.mainData(9, "xl_hash_split_allocate_page");
                int flags = data.u8(8);
                out.append("new_bucket ").append(data.u32(0));
                if (all) {
                    out.append(", old_bucket_flag ").append(data.u16(4));
                    out.append(", new_bucket_flag ").append(data.u16(6));
                }
                out.append(", meta_page_masks_updated ").append(Text.flag((flags & XLH_SPLIT_META_UPDATE_MASKS) != 0));
                out.append(", issplitpoint_changed ")
                        .append(Text.flag((flags & XLH_SPLIT_META_UPDATE_SPLITPOINT) != 0));
            }
            case XLOG_HASH_SPLIT_COMPLETE -> {
                WalBytes data = record.mainData(4, "xl_hash_split_complete");
                out.append("old_bucket_flag ").append(data.u16(0));
                out.append(", new_bucket_flag ").append(data.u16(2));
            }
            case XLOG_HASH_MOVE_PAGE_CONTENTS -> {
                WalBytes data = record.mainData(3, "xl_hash_move_page_contents");
                out.append("ntups ").append(data.u16(0));
                out.append(", is_primary ").append(Text.flag(data.u8(2) != 0));
            }
            case XLOG_HASH_SQUEEZE_PAGE -> {
                WalBytes data = record.mainData(all ? 12 : 11, "xl_hash_squeeze_page");
                out.append("prevblkno ").append(data.u32(0));
                out.append(", nextblkno ").append(data.u32(4));
                out.append(", ntups ").append(data.u16(8));
                out.append(", is_primary ").append(Text.flag(data.u8(10) != 0));
                if (all) {
                    out.append(", is_previous ").append(Text.flag(data.u8(11) != 0));
                }
            }
            case XLOG_HASH_DELETE -> {
                WalBytes data = record.mainData(2, "xl_hash_delete");
                out.append("clear_dead_marking ").append(Text.flag(data.u8(0) != 0));
                out.append(", is_primary ").append(Text.flag(data.u8(1) != 0));
            }
            case XLOG_HASH_UPDATE_META_PAGE -> {
                WalBytes data = record.mainData(8, "xl_hash_update_meta_page");
                out.append("ntuples ");
                Text.general(out, Double.longBitsToDouble(data.u64(0)));
            }
            case XLOG_HASH_VACUUM_ONE_PAGE -> describeVacuumOnePage(record, out);
            default -> {
                // Nothing is said of it.
            }
        }
    }

    private static void describeVacuumOnePage(WalRecord record, StringBuilder out) {
        Wording wording = Wording.of(record);
        if (!record.layout().hasIndexConflictHorizons()) {
            out.append("ntuples ")
                    .append(record.mainData(16, "xl_hash_vacuum_one_page").s32(12));
            return;
        }
        WalBytes data = record.mainData(8, "xl_hash_vacuum_one_page");
        out.append("ntuples ").append(record.layout().hasCatalogRelFlag() ? data.u16(4) : data.s32(4));
        if (wording.namesConflictHorizon) {
            out.append(", snapshotConflictHorizon ");
        } else {
            out.append(wording.namesLatestRemovedXid ? ", latestRemovedXid " : ", latest removed xid ");
        }
        out.append(data.u32(0));
        if (wording.tellsCatalogRel) {
            out.append(", isCatalogRel ").append(Text.flag(data.u8(6) != 0));
        }
    }
}
