package dev.walker.heatmap;

import dev.walker.rmgr.Rmgr;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.Lsn;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Locale;

/** Reads a directory of WAL segments of timeline 1 and gives the records to a plugin: the smallest possible engine. */
final class WalkLoop {
    /** Told after each record. */
    interface AfterRecord {
        /** Gives the plugin to go on with. */
        HeatmapPlugin after(WalRecord record, HeatmapPlugin plugin);
    }

    private final Path walDir;
    private final int segmentSize;
    private final WalReader reader;
    private final WalRecord record = new WalRecord();
    private final byte[] chunk = new byte[1 << 17];
    private RandomAccessFile file;
    private long fileSegment = -1;
    long records;

    WalkLoop(Path walDir, int segmentSize, long startLsn) {
        this.walDir = walDir;
        this.segmentSize = segmentSize;
        this.reader = new WalReader(startLsn, segmentSize, 0);
    }

    HeatmapPlugin walk(long until, HeatmapPlugin plugin) throws IOException {
        return walk(until, plugin, (record, same) -> same);
    }

    /** Walks up to an LSN, before which WAL is complete. */
    HeatmapPlugin walk(long until, HeatmapPlugin plugin, AfterRecord after) throws IOException {
        HeatmapPlugin current = plugin;
        reader.limit(until);
        while (true) {
            ReadStatus status = reader.next(record);
            if (status == ReadStatus.RECORD) {
                records++;
                dispatch(record, current);
                current = after.after(record, current);
            } else if (status == ReadStatus.END_OF_WAL) {
                throw new AssertionError(reader.endReason());
            } else {
                long lsn = reader.wantedLsn();
                if (!Lsn.isBefore(lsn, until)) {
                    return current;
                }
                reader.feed(chunk, 0, read(lsn, until));
            }
        }
    }

    private int read(long lsn, long until) throws IOException {
        long segment = Lsn.segmentNumber(lsn, segmentSize);
        if (segment != fileSegment) {
            close();
            long perId = (1L << 32) / segmentSize;
            String name = String.format(Locale.ROOT, "%08X%08X%08X", 1, segment / perId, segment % perId);
            file = new RandomAccessFile(walDir.resolve(name).toFile(), "r");
            fileSegment = segment;
        }
        int at = Lsn.segmentOffset(lsn, segmentSize);
        int length = (int) Math.min(Math.min(chunk.length, segmentSize - at), until - lsn);
        file.seek(at);
        file.readFully(chunk, 0, length);
        return length;
    }

    void close() throws IOException {
        if (file != null) {
            file.close();
            file = null;
        }
    }

    static void dispatch(WalRecord record, WalPlugin plugin) {
        switch (Rmgr.of(record.rmgrId())) {
            case HEAP -> plugin.onHeap(record);
            case HEAP2 -> plugin.onHeap2(record);
            case XLOG -> plugin.onXlog(record);
            case XACT -> plugin.onXact(record);
            case SMGR -> plugin.onSmgr(record);
            case STANDBY -> plugin.onStandby(record);
            default -> {}
        }
        plugin.onRecord(record);
    }
}
