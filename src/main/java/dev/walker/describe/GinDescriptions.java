package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/**
 * Describes records of Gin: access/rmgrdesc/gindesc.c. The structs, of access/ginxlog.h and access/ginblock.h, are the
 * same in 10 to 19:
 *
 * <table>
 * <caption>Byte positions in the main data</caption>
 * <tr><td>ginxlogInsert</td><td>flags u16 at 0; unless it is a leaf, the left and right child at 2 and 6, each a block
 * number of two u16, upper half first</td></tr>
 * <tr><td>ginxlogSplit</td><td>locator at 0, rrlink u32 at 12, leftChildBlkno u32 at 16, rightChildBlkno u32 at 20, flags
 * u16 at 24</td></tr>
 * <tr><td>ginxlogUpdateMeta</td><td>locator at 0, GinMetaPageData at 16, prevTail u32 at 72, newRightlink u32 at 76,
 * ntuples i32 at 80</td></tr>
 * <tr><td>ginxlogInsertListPage</td><td>rightlink u32 at 0, ntuples i32 at 4</td></tr>
 * <tr><td>ginxlogDeleteListPages</td><td>GinMetaPageData at 0, ndeleted i32 at 56</td></tr>
 * </table>
 *
 * <table>
 * <caption>Byte positions in the data of block 0</caption>
 * <tr><td>ginxlogInsertEntry</td><td>offset u16 at 0, isDelete bool at 2</td></tr>
 * <tr><td>ginxlogInsertDataInternal</td><td>offset u16 at 0, PostingItem at 2: child block, block of the key (both upper
 * half first), item of the key u16</td></tr>
 * <tr><td>ginxlogRecompressDataLeaf</td><td>nactions u16 at 0, actions at 2: segno u8, type u8; with INSERT and REPLACE a
 * GinPostingList (TID of 6 bytes, nbytes u16, bytes, padded to 2); with ADDITEMS a count u16 and so many TIDs</td></tr>
 * </table>
 */
final class GinDescriptions {
    private static final int XLOG_GIN_INSERT = 0x20;
    private static final int XLOG_GIN_SPLIT = 0x30;
    private static final int XLOG_GIN_UPDATE_META_PAGE = 0x60;
    private static final int XLOG_GIN_INSERT_LISTPAGE = 0x70;
    private static final int XLOG_GIN_DELETE_LISTPAGE = 0x80;
    private static final int XLOG_GIN_VACUUM_DATA_LEAF_PAGE = 0x90;

    private static final int GIN_INSERT_ISDATA = 0x01;
    private static final int GIN_INSERT_ISLEAF = 0x02;
    private static final int GIN_SPLIT_ROOT = 0x04;

    private static final int GIN_SEGMENT_DELETE = 1;
    private static final int GIN_SEGMENT_INSERT = 2;
    private static final int GIN_SEGMENT_REPLACE = 3;
    private static final int GIN_SEGMENT_ADDITEMS = 4;

    private static final int TID_SIZE = 6;

    private GinDescriptions() {}

    static void describe(WalRecord record, StringBuilder out) {
        switch (record.rmgrInfo()) {
            case XLOG_GIN_INSERT -> describeInsert(record, out);
            case XLOG_GIN_SPLIT -> {
                int flags = record.mainData(26, "ginxlogSplit").u16(24);
                out.append("isrootsplit: ").append(Text.flag((flags & GIN_SPLIT_ROOT) != 0));
                out.append(" isdata: ").append(Text.flag((flags & GIN_INSERT_ISDATA) != 0));
                out.append(" isleaf: ").append(Text.flag((flags & GIN_INSERT_ISLEAF) != 0));
            }
            case XLOG_GIN_VACUUM_DATA_LEAF_PAGE -> {
                if (!appendImage(record, out)) {
                    appendRecompressLeaf(record, out);
                }
            }
            case XLOG_GIN_UPDATE_META_PAGE -> {
                if (Wording.of(record).tellsMoreOfIndexes) {
                    out.append("ntuples: ")
                            .append(record.mainData(84, "ginxlogUpdateMeta").s32(80));
                }
            }
            case XLOG_GIN_INSERT_LISTPAGE -> {
                if (Wording.of(record).tellsMoreOfIndexes) {
                    out.append("ntuples: ")
                            .append(record.mainData(8, "ginxlogInsertListPage").s32(4));
                }
            }
            case XLOG_GIN_DELETE_LISTPAGE ->
                out.append("ndeleted: ")
                        .append(record.mainData(60, "ginxlogDeleteListPages").s32(56));
            default -> {
                // Nothing is said of it.
            }
        }
    }

    private static void describeInsert(WalRecord record, StringBuilder out) {
        WalBytes data = record.mainData(2, "ginxlogInsert");
        boolean isData = (data.u16(0) & GIN_INSERT_ISDATA) != 0;
        boolean isLeaf = (data.u16(0) & GIN_INSERT_ISLEAF) != 0;
        out.append("isdata: ").append(Text.flag(isData));
        out.append(" isleaf: ").append(Text.flag(isLeaf));
        if (!isLeaf) {
            record.mainData(10, "ginxlogInsert with its children");
            out.append(" children: ").append(block(data, 2)).append('/').append(block(data, 6));
        }
        if (appendImage(record, out)) {
            return;
        }
        if (!isData) {
            out.append(" isdelete: ")
                    .append(Text.flag(blockData(record, 3, "ginxlogInsertEntry").u8(2) != 0));
        } else if (isLeaf) {
            appendRecompressLeaf(record, out);
        } else {
            WalBytes item = blockData(record, 12, "ginxlogInsertDataInternal");
            out.append(" pitem: ").append(block(item, 2));
            out.append('-').append(block(item, 6)).append('/').append(item.u16(10));
        }
    }

    /** Tells that there is an image of block 0, if there is. */
    private static boolean appendImage(WalRecord record, StringBuilder out) {
        if (!record.hasBlock(0) || !record.block(0).hasImage()) {
            return false;
        }
        out.append(record.block(0).imageApplies() ? " (full page image)" : " (full page image, for WAL verification)");
        return true;
    }

    private static WalBytes blockData(WalRecord record, int atLeast, String struct) {
        BlockRef block = record.hasBlock(0) ? record.block(0) : null;
        int found = block == null ? 0 : block.data().length();
        if (found < atLeast) {
            throw record.malformed(
                    struct + " needs " + atLeast + " bytes of data of block reference 0, found " + found);
        }
        return block.data();
    }

    private static void appendRecompressLeaf(WalRecord record, StringBuilder out) {
        WalBytes data = blockData(record, 2, "ginxlogRecompressDataLeaf");
        int actions = data.u16(0);
        out.append(' ').append(actions).append(" segments:");
        int at = 2;
        for (int i = 0; i < actions; i++) {
            need(record, data, at, 2);
            int segment = data.u8(at);
            int action = data.u8(at + 1);
            at += 2;
            out.append(' ').append(segment);
            switch (action) {
                case GIN_SEGMENT_DELETE -> out.append(" (delete)");
                case GIN_SEGMENT_INSERT, GIN_SEGMENT_REPLACE -> {
                    need(record, data, at, TID_SIZE + 2);
                    int bytes = data.u16(at + TID_SIZE);
                    at += TID_SIZE + 2;
                    need(record, data, at, bytes);
                    at += bytes + 1 & ~1;
                    out.append(action == GIN_SEGMENT_INSERT ? " (insert)" : " (replace)");
                }
                case GIN_SEGMENT_ADDITEMS -> {
                    need(record, data, at, 2);
                    int items = data.u16(at);
                    at += 2;
                    need(record, data, at, items * TID_SIZE);
                    at += items * TID_SIZE;
                    out.append(" (add ").append(items).append(" items)");
                }
                default -> {
                    out.append(" unknown action ").append(action).append(" ???");
                    return;
                }
            }
        }
    }

    private static void need(WalRecord record, WalBytes data, int at, int bytes) {
        if (bytes > data.length() - at) {
            throw record.malformed("an action of ginxlogRecompressDataLeaf needs " + bytes + " bytes at byte " + at
                    + ", block data has " + data.length());
        }
    }

    /** A {@code BlockIdData}: two uint16, the upper half first. */
    private static long block(WalBytes data, int at) {
        return (long) data.u16(at) << 16 | data.u16(at + 2);
    }
}
