package dev.walker.testing;

import dev.walker.wal.Lsn;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.util.function.LongConsumer;

/**
 * How reading some bytes of WAL came out.
 *
 * @param end {@code NEED_MORE}, {@code END_OF_WAL} or {@code WalFormatException}
 * @param records how many records were given
 * @param found what {@link RecordUse} found in them
 * @param message why it ended; empty for {@code NEED_MORE}
 */
public record WalRun(String end, int records, long found, String message) {

    /**
     * Reads to the end, in whatever way there is one, and uses each record.
     *
     * @param chunk how many bytes are fed at a time
     * @throws AssertionError if the reader goes back, does not come to an end, or does not tell why it ended
     */
    public static WalRun of(WalReader reader, byte[] wal, long startLsn, int chunk, RecordUse use) {
        return of(reader, wal, startLsn, chunk, use, run -> {});
    }

    /** The same, and tells after each record what was found so far. */
    public static WalRun of(
            WalReader reader, byte[] wal, long startLsn, int chunk, RecordUse use, LongConsumer progress) {
        WalRecord record = new WalRecord();
        int records = 0;
        long found = 0;
        try {
            for (long steps = 0; steps < 2L * wal.length + 1000; steps++) {
                ReadStatus status = reader.next(record);
                if (status == ReadStatus.RECORD) {
                    records++;
                    found = 31 * found + use.use(record);
                    progress.accept(found);
                } else if (status == ReadStatus.NEED_MORE) {
                    long at = reader.wantedLsn() - startLsn;
                    if (at < 0) {
                        throw new AssertionError("went back to " + Lsn.format(reader.wantedLsn()));
                    }
                    if (at >= wal.length) {
                        return new WalRun("NEED_MORE", records, found, "");
                    }
                    reader.feed(wal, (int) at, (int) Math.min(chunk, wal.length - at));
                } else {
                    if (!reader.endReason().contains("(LSN ")) {
                        throw new AssertionError("does not tell why WAL ends: " + reader.endReason());
                    }
                    return new WalRun("END_OF_WAL", records, found, reader.endReason());
                }
            }
        } catch (WalFormatException e) {
            RecordUse.checkMessage(e);
            return new WalRun("WalFormatException", records, found, e.getMessage());
        }
        throw new AssertionError("does not come to an end");
    }
}
