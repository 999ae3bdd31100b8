package dev.walker.host;

import dev.walker.rmgr.Rmgr;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;
import java.util.Locale;

/** Records as lines of pg_waldump ({@code XLogDumpDisplayRecord}). */
final class TextPrinter implements RecordPrinter {
    private static final byte[] TX = ByteOutput.ascii(", tx: ");
    private static final byte[] LSN = ByteOutput.ascii(", lsn: ");
    private static final byte[] PREV = ByteOutput.ascii(", prev ");
    private static final byte[] DESC = ByteOutput.ascii(", desc: ");
    private static final byte[] COMMA = ByteOutput.ascii(", ");
    private static final byte[] FPW = ByteOutput.ascii(" FPW");
    private static final byte[] FPW_VERIFY = ByteOutput.ascii(" FPW for WAL verification");

    private final RecordTexts texts;
    private final boolean inDetail;
    private final byte[][] begins = new byte[Rmgr.MAX_ID + 1][];

    /**
     * A printer.
     *
     * @param inDetail whether each block reference has a line of its own, as with {@code --bkp-details}
     */
    TextPrinter(RecordTexts texts, boolean inDetail) {
        this.texts = texts;
        this.inDetail = inDetail;
        for (int id = 0; id <= Rmgr.MAX_ID; id++) {
            begins[id] = ByteOutput.ascii(String.format(Locale.ROOT, "rmgr: %-11s len (rec/tot): ", Rmgr.name(id)));
        }
    }

    @Override
    public void print(WalRecord record, ByteOutput out) {
        out.put(begins[record.rmgrId()])
                .putDecimal(record.totalLength() - record.fpiLength(), 6)
                .put('/')
                .putDecimal(record.totalLength(), 6)
                .put(TX)
                .putDecimal(record.xid(), 10)
                .put(LSN)
                .putLsn(record.lsn(), 8)
                .put(PREV)
                .putLsn(record.prevLsn(), 8)
                .put(DESC)
                .put(texts.typeName(record))
                .put(' ')
                .put(texts.description(record));
        if (inDetail) {
            out.put('\n');
        }
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (!record.hasBlock(id)) {
                continue;
            }
            BlockRef block = record.block(id);
            if (inDetail) {
                out.put('\t');
                texts.putBlockInDetail(block, out);
                out.put('\n');
            } else {
                out.put(COMMA);
                texts.putBlock(block, false, out);
                if (block.hasImage()) {
                    out.put(block.imageApplies() ? FPW : FPW_VERIFY);
                }
            }
        }
        if (!inDetail) {
            out.put('\n');
        }
    }
}
