package dev.walker.wal;

/**
 * The block references of a record as text, in the detailed form of pg_get_wal_records_info and pg_waldump
 * ({@code XLogRecGetBlockRefInfo}, access/rmgrdesc/xlogdesc.c): one after the other, parted by a space.
 *
 * <pre>{@code
 * blkref #0: rel 1663/5/16384 fork main blk 0 (FPW); hole: offset: 32, length: 8128
 * }</pre>
 */
public final class BlockRefText {
    private static final int PAGE_SIZE = 8192;

    private BlockRefText() {}

    /** The text for all block references of a record; empty if it has none. */
    public static String format(WalRecord record) {
        if (record.maxBlockId() < 0) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                append(text, record.block(id));
            }
        }
        return text.toString();
    }

    private static void append(StringBuilder text, BlockRef block) {
        // The server looks at the id: where block 0 is missing the text begins with a space.
        text.append(block.blockId() > 0 ? " " : "")
                .append("blkref #")
                .append(block.blockId())
                .append(": rel ")
                .append(block.spcOid())
                .append('/')
                .append(block.dbOid())
                .append('/')
                .append(block.relNumber())
                .append(" fork ")
                .append(block.fork().shortName())
                .append(" blk ")
                .append(block.blockNumber());
        if (!block.hasImage()) {
            return;
        }
        text.append(block.imageApplies() ? " (FPW)" : " (FPW for WAL verification)")
                .append("; hole: offset: ")
                .append(block.holeOffset())
                .append(", length: ")
                .append(block.holeLength());
        if (block.imageCompression() != ImageCompression.NONE) {
            text.append(", compression saved: ")
                    .append(PAGE_SIZE - block.holeLength() - block.imageLength())
                    .append(", method: ")
                    .append(block.imageCompression().shortName());
        }
    }
}
