package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Describes records of Gist: access/rmgrdesc/gistdesc.c. The structs, of access/gistxlog.h:
 *
 * <table>
 * <caption>Byte positions in the main data</caption>
 * <tr><td>gistxlogDelete</td><td>horizon u32 at 0, ntodelete u16 at 4, isCatalogRel bool at 6 (since 16)</td></tr>
 * <tr><td>gistxlogPageReuse</td><td>locator at 0, block u32 at 12, horizon u64 at 16, isCatalogRel bool at 24 (since
 * 16)</td></tr>
 * <tr><td>gistxlogPageSplit</td><td>origrlink u32 at 0, orignsn u64 at 8, origleaf bool at 16, npage u16 at 18</td></tr>
 * <tr><td>gistxlogPageDelete</td><td>deleteXid u64 at 0, downlinkOffset u16 at 8</td></tr>
 * </table>
 */
final class GistDescriptions {
    private static final int XLOG_GIST_DELETE = 0x10;
    private static final int XLOG_GIST_PAGE_REUSE = 0x20;
    private static final int XLOG_GIST_PAGE_SPLIT = 0x30;
    private static final int XLOG_GIST_PAGE_DELETE = 0x60;

    private GistDescriptions() {}

    static void describe(WalRecord record, StringBuilder out) {
        switch (record.rmgrInfo()) {
            case XLOG_GIST_DELETE -> describeDelete(record, out);
            case XLOG_GIST_PAGE_REUSE -> describePageReuse(record, out);
            case XLOG_GIST_PAGE_SPLIT ->
                out.append("page_split: splits to ")
                        .append(record.mainData(20, "gistxlogPageSplit").u16(18))
                        .append(" pages");
            case XLOG_GIST_PAGE_DELETE -> {
                WalBytes data = record.mainData(10, "gistxlogPageDelete");
                out.append("deleteXid ");
                Text.fullXid(out, data.u64(0));
                out.append("; downlink ").append(data.u16(8));
            }
            default -> {
                // Nothing is said of it.
            }
        }
    }

    private static void describeDelete(WalRecord record, StringBuilder out) {
        Wording wording = Wording.of(record);
        WalBytes data = record.mainData(record.layout().hasCatalogRelFlag() ? 7 : 6, "gistxlogDelete");
        out.append(wording.namesConflictHorizon ? "delete: snapshotConflictHorizon " : "delete: latestRemovedXid ")
                .append(data.u32(0));
        out.append(", nitems: ").append(data.u16(4));
        if (wording.tellsCatalogRel) {
            out.append(", isCatalogRel ").append(Text.flag(data.u8(6) != 0));
        }
    }

    private static void describePageReuse(WalRecord record, StringBuilder out) {
        Wording wording = Wording.of(record);
        WalBytes data = record.mainData(record.layout().hasCatalogRelFlag() ? 25 : 24, "gistxlogPageReuse");
        out.append("rel ");
        Text.locator(out, data.u32(0), data.u32(4), data.u32(8));
        out.append("; blk ").append(data.u32(12));
        out.append(wording.namesConflictHorizon ? "; snapshotConflictHorizon " : "; latestRemovedXid ");
        Text.fullXid(out, data.u64(16));
        if (wording.tellsCatalogRel) {
            out.append(", isCatalogRel ").append(Text.flag(data.u8(24) != 0));
        }
    }
}
