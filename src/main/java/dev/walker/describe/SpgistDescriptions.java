package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Describes records of SPGist: access/rmgrdesc/spgdesc.c. The structs, of access/spgxlog.h:
 *
 * <table>
 * <caption>Byte positions in the main data</caption>
 * <tr><td>spgxlogAddLeaf</td><td>newPage bool at 0, storesNulls bool at 1, offnumLeaf u16 at 2, offnumHeadLeaf u16 at 4,
 * offnumParent u16 at 6, nodeI u16 at 8</td></tr>
 * <tr><td>spgxlogMoveLeafs</td><td>nMoves u16 at 0, newPage bool at 2, replaceDead bool at 3, storesNulls bool at 4,
 * offnumParent u16 at 6, nodeI u16 at 8</td></tr>
 * <tr><td>spgxlogAddNode</td><td>offnum u16 at 0, offnumNew u16 at 2, newPage bool at 4, parentBlk i8 at 5, offnumParent
 * u16 at 6, nodeI u16 at 8</td></tr>
 * <tr><td>spgxlogSplitTuple</td><td>offnumPrefix u16 at 0, offnumPostfix u16 at 2, newPage bool at 4, postfixBlkSame bool
 * at 5</td></tr>
 * <tr><td>spgxlogPickSplit</td><td>isRootSplit bool at 0, nDelete u16 at 2, nInsert u16 at 4, offnumInner u16 at 8,
 * storesNulls bool at 11, innerIsParent bool at 12, offnumParent u16 at 14, nodeI u16 at 16</td></tr>
 * <tr><td>spgxlogVacuumLeaf</td><td>nDead u16 at 0, nPlaceholder u16 at 2, nMove u16 at 4, nChain u16 at 6</td></tr>
 * <tr><td>spgxlogVacuumRoot</td><td>nDelete u16 at 0</td></tr>
 * <tr><td>spgxlogVacuumRedirect</td><td>nToPlaceholder u16 at 0, firstPlaceholder u16 at 2, horizon u32 at 4,
 * isCatalogRel bool at 8 (since 16)</td></tr>
 * </table>
 */
final class SpgistDescriptions {
    private static final int XLOG_SPGIST_ADD_LEAF = 0x10;
    private static final int XLOG_SPGIST_MOVE_LEAFS = 0x20;
    private static final int XLOG_SPGIST_ADD_NODE = 0x30;
    private static final int XLOG_SPGIST_SPLIT_TUPLE = 0x40;
    private static final int XLOG_SPGIST_PICKSPLIT = 0x50;
    private static final int XLOG_SPGIST_VACUUM_LEAF = 0x60;
    private static final int XLOG_SPGIST_VACUUM_ROOT = 0x70;
    private static final int XLOG_SPGIST_VACUUM_REDIRECT = 0x80;

    private SpgistDescriptions() {}

    static void describe(WalRecord record, StringBuilder out) {
        Wording wording = Wording.of(record);
        if (!wording.tellsSpgistFields) {
            describeAsIn13(record, out);
            return;
        }
        switch (record.rmgrInfo()) {
            case XLOG_SPGIST_ADD_LEAF -> {
                WalBytes data = record.mainData(10, "spgxlogAddLeaf");
                out.append("off: ").append(data.u16(2));
                out.append(", headoff: ").append(data.u16(4));
                out.append(", parentoff: ").append(data.u16(6));
                out.append(", nodeI: ").append(data.u16(8));
                when(out, data.u8(0), " (newpage)");
                when(out, data.u8(1), " (nulls)");
            }
            case XLOG_SPGIST_MOVE_LEAFS -> {
                WalBytes data = record.mainData(10, "spgxlogMoveLeafs");
                out.append("nmoves: ").append(data.u16(0));
                out.append(", parentoff: ").append(data.u16(6));
                out.append(", nodeI: ").append(data.u16(8));
                when(out, data.u8(2), " (newpage)");
                when(out, data.u8(3), " (replacedead)");
                when(out, data.u8(4), " (nulls)");
            }
            case XLOG_SPGIST_ADD_NODE -> {
                WalBytes data = record.mainData(10, "spgxlogAddNode");
                out.append("off: ").append(data.u16(0));
                out.append(", newoff: ").append(data.u16(2));
                out.append(", parentBlk: ").append(data.s8(5));
                out.append(", parentoff: ").append(data.u16(6));
                out.append(", nodeI: ").append(data.u16(8));
                when(out, data.u8(4), " (newpage)");
            }
            case XLOG_SPGIST_SPLIT_TUPLE -> {
                WalBytes data = record.mainData(6, "spgxlogSplitTuple");
                out.append("prefixoff: ").append(data.u16(0));
                out.append(", postfixoff: ").append(data.u16(2));
                when(out, data.u8(4), " (newpage)");
                when(out, data.u8(5), " (same)");
            }
            case XLOG_SPGIST_PICKSPLIT -> {
                WalBytes data = record.mainData(18, "spgxlogPickSplit");
                out.append("ndelete: ").append(data.u16(2));
                out.append(", ninsert: ").append(data.u16(4));
                out.append(", inneroff: ").append(data.u16(8));
                out.append(", parentoff: ").append(data.u16(14));
                out.append(", nodeI: ").append(data.u16(16));
                when(out, data.u8(12), " (innerIsParent)");
                when(out, data.u8(11), " (nulls)");
                when(out, data.u8(0), " (isRootSplit)");
            }
            case XLOG_SPGIST_VACUUM_LEAF -> {
                WalBytes data = record.mainData(8, "spgxlogVacuumLeaf");
                out.append("ndead: ").append(data.u16(0));
                out.append(", nplaceholder: ").append(data.u16(2));
                out.append(", nmove: ").append(data.u16(4));
                out.append(", nchain: ").append(data.u16(6));
            }
            case XLOG_SPGIST_VACUUM_ROOT ->
                out.append("ndelete: ")
                        .append(record.mainData(2, "spgxlogVacuumRoot").u16(0));
            case XLOG_SPGIST_VACUUM_REDIRECT -> {
                WalBytes data = redirect(record);
                out.append("ntoplaceholder: ").append(data.u16(0));
                out.append(", firstplaceholder: ").append(data.u16(2));
                out.append(wording.namesConflictHorizon ? ", snapshotConflictHorizon: " : ", newestredirectxid: ")
                        .append(data.u32(4));
                if (wording.tellsCatalogRel) {
                    out.append(", isCatalogRel: ").append(Text.flag(data.u8(8) != 0));
                }
            }
            default -> {
                // Nothing is said of it.
            }
        }
    }

    private static void describeAsIn13(WalRecord record, StringBuilder out) {
        switch (record.rmgrInfo()) {
            case XLOG_SPGIST_ADD_LEAF -> {
                WalBytes data = record.mainData(10, "spgxlogAddLeaf");
                out.append("add leaf to page; off ").append(data.u16(2));
                out.append("; headoff ").append(data.u16(4));
                out.append("; parentoff ").append(data.u16(6));
                when(out, data.u8(0), " (newpage)");
                when(out, data.u8(1), " (nulls)");
            }
            case XLOG_SPGIST_MOVE_LEAFS ->
                out.append(record.mainData(10, "spgxlogMoveLeafs").u16(0)).append(" leafs");
            case XLOG_SPGIST_ADD_NODE ->
                out.append("off ").append(record.mainData(10, "spgxlogAddNode").u16(0));
            case XLOG_SPGIST_SPLIT_TUPLE -> {
                WalBytes data = record.mainData(6, "spgxlogSplitTuple");
                out.append("prefix off: ").append(data.u16(0));
                out.append(", postfix off: ").append(data.u16(2));
                out.append(" (same ").append(data.u8(5));
                out.append(", new ").append(data.u8(4)).append(')');
            }
            case XLOG_SPGIST_PICKSPLIT -> {
                WalBytes data = record.mainData(18, "spgxlogPickSplit");
                out.append("ndel ").append(data.u16(2));
                out.append("; nins ").append(data.u16(4));
                when(out, data.u8(12), " (innerIsParent)");
                when(out, data.u8(0), " (isRootSplit)");
            }
            case XLOG_SPGIST_VACUUM_REDIRECT ->
                out.append("newest XID ").append(redirect(record).u32(4));
            default -> {
                // Nothing is said of it.
            }
        }
    }

    private static WalBytes redirect(WalRecord record) {
        return record.mainData(record.layout().hasCatalogRelFlag() ? 9 : 8, "spgxlogVacuumRedirect");
    }

    private static void when(StringBuilder out, int flag, String text) {
        if (flag != 0) {
            out.append(text);
        }
    }
}
