package dev.walker.host;

import dev.walker.describe.Descriptions;
import dev.walker.wal.WalRecord;

/** Records as the rows of {@code pg_get_wal_records_info}, in the CSV of COPY: NULL is empty, empty text is quoted. */
final class CsvPrinter implements RecordPrinter {
    private static final byte[] HEADER = ByteOutput.ascii("start_lsn,end_lsn,prev_lsn,xid,resource_manager,record_type,"
            + "record_length,main_data_length,fpi_length,description,block_ref\n");
    private static final byte[] EMPTY = ByteOutput.ascii("\"\"");
    private static final int FIRST_MAJOR_WITH_NULL = 16;

    private final RecordTexts texts;
    private final boolean withNames;
    private final StringBuilder escaped = new StringBuilder();

    CsvPrinter(RelationNames names, Descriptions descriptions) {
        this.withNames = names != RelationNames.NONE;
        this.texts = new RecordTexts(
                withNames
                        ? (spcOid, dbOid, relNumber) ->
                                names.nameOf(spcOid, dbOid, relNumber).replace("\"", "\"\"")
                        : names,
                descriptions);
    }

    @Override
    public void begin(ByteOutput out) {
        out.put(HEADER);
    }

    @Override
    public void print(WalRecord record, ByteOutput out) {
        out.putLsn(record.lsn(), 1)
                .put(',')
                .putLsn(record.endLsn(), 1)
                .put(',')
                .putLsn(record.prevLsn(), 1)
                .put(',')
                .putDecimal(record.xid())
                .put(',')
                .put(texts.rmgrName(record))
                .put(',')
                .put(texts.typeName(record))
                .put(',')
                .putDecimal(record.totalLength())
                .put(',')
                .putDecimal(record.mainDataLength())
                .put(',')
                .putDecimal(record.fpiLength())
                .put(',');
        StringBuilder description = texts.description(record);
        if (description.length() > 0) {
            putQuoted(description, out);
        } else if (record.layout().version().major() < FIRST_MAJOR_WITH_NULL) {
            out.put(EMPTY);
        }
        out.put(',');
        if (record.maxBlockId() >= 0) {
            putBlocks(record, out);
        } else if (record.layout().version().major() < FIRST_MAJOR_WITH_NULL) {
            out.put(EMPTY);
        }
        out.put('\n');
    }

    private void putBlocks(WalRecord record, ByteOutput out) {
        // The long form has commas only where there is an image.
        boolean quoted = record.fpiLength() > 0 || withNames;
        if (quoted) {
            out.put('"');
        }
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                if (id > 0) {
                    out.put(' ');
                }
                texts.putBlockInDetail(record.block(id), out);
            }
        }
        if (quoted) {
            out.put('"');
        }
    }

    /** Puts text between quotation marks if it has to be. */
    private void putQuoted(StringBuilder text, ByteOutput out) {
        boolean special = false;
        boolean quotes = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            special |= c == ',' || c == '\n' || c == '\r';
            quotes |= c == '"';
        }
        if (!special && !quotes) {
            out.put(text);
            return;
        }
        out.put('"');
        if (quotes) {
            escaped.setLength(0);
            for (int i = 0; i < text.length(); i++) {
                if (text.charAt(i) == '"') {
                    escaped.append('"');
                }
                escaped.append(text.charAt(i));
            }
            out.put(escaped);
        } else {
            out.put(text);
        }
        out.put('"');
    }
}
