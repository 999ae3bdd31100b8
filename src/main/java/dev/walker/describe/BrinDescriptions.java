package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Describes records of BRIN: access/rmgrdesc/brindesc.c. The structs, of access/brin_xlog.h, are the same in 10 to 19:
 *
 * <table>
 * <caption>Byte positions in the main data</caption>
 * <tr><td>xl_brin_createidx</td><td>pagesPerRange u32 at 0, version u16 at 4</td></tr>
 * <tr><td>xl_brin_insert</td><td>heapBlk u32 at 0, pagesPerRange u32 at 4, offnum u16 at 8</td></tr>
 * <tr><td>xl_brin_update</td><td>oldOffnum u16 at 0, xl_brin_insert at 4</td></tr>
 * <tr><td>xl_brin_samepage_update</td><td>offnum u16 at 0</td></tr>
 * <tr><td>xl_brin_revmap_extend</td><td>targetBlk u32 at 0</td></tr>
 * <tr><td>xl_brin_desummarize</td><td>pagesPerRange u32 at 0, heapBlk u32 at 4, regOffset u16 at 8</td></tr>
 * </table>
 */
final class BrinDescriptions {
    private static final int XLOG_BRIN_OPMASK = 0x70;
    private static final int XLOG_BRIN_CREATE_INDEX = 0x00;
    private static final int XLOG_BRIN_INSERT = 0x10;
    private static final int XLOG_BRIN_UPDATE = 0x20;
    private static final int XLOG_BRIN_SAMEPAGE_UPDATE = 0x30;
    private static final int XLOG_BRIN_REVMAP_EXTEND = 0x40;
    private static final int XLOG_BRIN_DESUMMARIZE = 0x50;

    private BrinDescriptions() {}

    static void describe(WalRecord record, StringBuilder out) {
        switch (record.rmgrInfo() & XLOG_BRIN_OPMASK) {
            case XLOG_BRIN_CREATE_INDEX -> {
                WalBytes data = record.mainData(6, "xl_brin_createidx");
                out.append('v').append(data.u16(4)).append(" pagesPerRange ").append(data.u32(0));
            }
            case XLOG_BRIN_INSERT -> {
                WalBytes data = record.mainData(10, "xl_brin_insert");
                out.append("heapBlk ").append(data.u32(0));
                out.append(" pagesPerRange ").append(data.u32(4));
                out.append(" offnum ").append(data.u16(8));
            }
            case XLOG_BRIN_UPDATE -> {
                WalBytes data = record.mainData(14, "xl_brin_update");
                out.append("heapBlk ").append(data.u32(4));
                out.append(" pagesPerRange ").append(data.u32(8));
                out.append(" old offnum ").append(data.u16(0));
                out.append(", new offnum ").append(data.u16(12));
            }
            case XLOG_BRIN_SAMEPAGE_UPDATE ->
                out.append("offnum ")
                        .append(record.mainData(2, "xl_brin_samepage_update").u16(0));
            case XLOG_BRIN_REVMAP_EXTEND ->
                out.append("targetBlk ")
                        .append(record.mainData(4, "xl_brin_revmap_extend").u32(0));
            case XLOG_BRIN_DESUMMARIZE -> {
                WalBytes data = record.mainData(10, "xl_brin_desummarize");
                out.append("pagesPerRange ").append(data.u32(0));
                out.append(", heapBlk ").append(data.u32(4));
                out.append(", page offset ").append(data.u16(8));
            }
            default -> {
                // Nothing is said of it.
            }
        }
    }
}
