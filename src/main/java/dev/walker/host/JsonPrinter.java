package dev.walker.host;

import dev.walker.describe.Descriptions;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** Records as JSON, one object a line, with the names of {@code pg_get_wal_records_info}. */
final class JsonPrinter implements RecordPrinter {
    private static final byte[] START_LSN = ByteOutput.ascii("{\"start_lsn\":\"");
    private static final byte[] END_LSN = ByteOutput.ascii("\",\"end_lsn\":\"");
    private static final byte[] PREV_LSN = ByteOutput.ascii("\",\"prev_lsn\":\"");
    private static final byte[] TIMELINE = ByteOutput.ascii("\",\"timeline\":");
    private static final byte[] XID = ByteOutput.ascii(",\"xid\":");
    private static final byte[] TOP_LEVEL_XID = ByteOutput.ascii(",\"top_level_xid\":");
    private static final byte[] ORIGIN = ByteOutput.ascii(",\"origin\":");
    private static final byte[] RESOURCE_MANAGER = ByteOutput.ascii(",\"resource_manager\":\"");
    private static final byte[] RECORD_TYPE = ByteOutput.ascii("\",\"record_type\":\"");
    private static final byte[] RECORD_LENGTH = ByteOutput.ascii("\",\"record_length\":");
    private static final byte[] MAIN_DATA_LENGTH = ByteOutput.ascii(",\"main_data_length\":");
    private static final byte[] FPI_LENGTH = ByteOutput.ascii(",\"fpi_length\":");
    private static final byte[] DESCRIPTION = ByteOutput.ascii(",\"description\":\"");
    private static final byte[] BLOCK_REF = ByteOutput.ascii("\",\"block_ref\":[");
    private static final byte[] ID = ByteOutput.ascii("{\"id\":");
    private static final byte[] RELATION = ByteOutput.ascii(",\"relation\":\"");
    private static final byte[] FORK = ByteOutput.ascii("\",\"fork\":\"");
    private static final byte[] BLOCK = ByteOutput.ascii("\",\"block\":");
    private static final byte[] DATA_LENGTH = ByteOutput.ascii(",\"data_length\":");
    private static final byte[] APPLIES = ByteOutput.ascii(",\"fpi_applies\":");
    private static final byte[] HOLE_OFFSET = ByteOutput.ascii(",\"hole_offset\":");
    private static final byte[] HOLE_LENGTH = ByteOutput.ascii(",\"hole_length\":");
    private static final byte[] COMPRESSION = ByteOutput.ascii(",\"compression\":\"");
    private static final byte[] TRUE = ByteOutput.ascii("true");
    private static final byte[] FALSE = ByteOutput.ascii("false");
    private static final byte[] END = ByteOutput.ascii("]}\n");

    private final RecordTexts texts;
    private final StringBuilder escaped = new StringBuilder();

    JsonPrinter(RelationNames names, Descriptions descriptions) {
        texts = new RecordTexts(
                names == RelationNames.NONE
                        ? names
                        : (spcOid, dbOid, relNumber) -> escape(
                                        names.nameOf(spcOid, dbOid, relNumber), new StringBuilder())
                                .toString(),
                descriptions);
    }

    @Override
    public void print(WalRecord record, ByteOutput out) {
        out.put(START_LSN)
                .putLsn(record.lsn(), 1)
                .put(END_LSN)
                .putLsn(record.endLsn(), 1)
                .put(PREV_LSN)
                .putLsn(record.prevLsn(), 1)
                .put(TIMELINE)
                .putDecimal(Integer.toUnsignedLong(record.timeline()))
                .put(XID)
                .putDecimal(record.xid());
        if (record.hasTopLevelXid()) {
            out.put(TOP_LEVEL_XID).putDecimal(record.topLevelXid());
        }
        if (record.hasOrigin()) {
            out.put(ORIGIN).putDecimal(record.origin());
        }
        out.put(RESOURCE_MANAGER)
                .put(texts.rmgrName(record))
                .put(RECORD_TYPE)
                .put(texts.typeName(record))
                .put(RECORD_LENGTH)
                .putDecimal(record.totalLength())
                .put(MAIN_DATA_LENGTH)
                .putDecimal(record.mainDataLength())
                .put(FPI_LENGTH)
                .putDecimal(record.fpiLength())
                .put(DESCRIPTION);
        escaped.setLength(0);
        out.put(escape(texts.description(record), escaped)).put(BLOCK_REF);
        boolean first = true;
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                if (!first) {
                    out.put(',');
                }
                first = false;
                printBlock(record.block(id), out);
            }
        }
        out.put(END);
    }

    private void printBlock(BlockRef block, ByteOutput out) {
        out.put(ID).putDecimal(block.blockId()).put(RELATION);
        texts.putRelation(block, out);
        out.put(FORK)
                .put(RecordTexts.forkName(block))
                .put(BLOCK)
                .putDecimal(block.blockNumber())
                .put(DATA_LENGTH)
                .putDecimal(block.data().length());
        if (block.hasImage()) {
            out.put(FPI_LENGTH)
                    .putDecimal(block.imageLength())
                    .put(APPLIES)
                    .put(block.imageApplies() ? TRUE : FALSE)
                    .put(HOLE_OFFSET)
                    .putDecimal(block.holeOffset())
                    .put(HOLE_LENGTH)
                    .putDecimal(block.holeLength())
                    .put(COMPRESSION)
                    .put(block.imageCompression().shortName())
                    .put('"');
        }
        out.put('}');
    }

    /** Appends text as it stands between the quotation marks of JSON. */
    static StringBuilder escape(CharSequence text, StringBuilder to) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                to.append('\\').append(c);
            } else if (c < ' ') {
                to.append("\\u00").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 0xF, 16));
            } else {
                to.append(c);
            }
        }
        return to;
    }
}
