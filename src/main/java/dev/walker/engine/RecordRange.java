package dev.walker.engine;

import dev.walker.wal.Lsn;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSource;
import java.util.Optional;

/** The records between two LSNs, one after the other. */
public final class RecordRange {
    private static final int CHUNK = 1 << 18;

    private final WalSource source;
    private final WalReader reader;
    private final long end;
    private final byte[] chunk = new byte[CHUNK];

    /**
     * The records that begin at or after one LSN and end at or before another.
     *
     * @param start any LSN that is not beyond the end of the WAL
     * @param end not before {@code start}; the end of the WAL if empty, or if it is beyond that
     * @throws IllegalArgumentException if these LSNs are no range
     */
    public RecordRange(WalSource source, long start, Optional<Long> end) {
        long readable = source.readableUpTo();
        if (start == Lsn.INVALID) {
            throw new IllegalArgumentException("the start LSN is 0/0, wanted one that holds WAL");
        }
        if (Lsn.isBefore(readable, start)) {
            throw new IllegalArgumentException("the start LSN " + Lsn.format(start)
                    + " is beyond the end of the flushed WAL, which is " + Lsn.format(readable));
        }
        if (end.isPresent() && Lsn.isBefore(end.get(), start)) {
            throw new IllegalArgumentException(
                    "the end LSN " + Lsn.format(end.get()) + " is before the start LSN " + Lsn.format(start));
        }
        this.source = source;
        this.end = end.isPresent() && Lsn.isBefore(end.get(), readable) ? end.get() : readable;
        this.reader = new WalReader(start, source.segmentSize(), source.systemIdentifier());
        this.reader.limit(this.end);
    }

    /**
     * Moves to the next record.
     *
     * @return false at the end of the range
     * @throws dev.walker.wal.WalFormatException if the WAL is damaged
     * @throws dev.walker.wal.WalSourceException if it is not there any more
     */
    public boolean next(WalRecord record) {
        while (true) {
            ReadStatus status = reader.next(record);
            if (status == ReadStatus.RECORD) {
                return !Lsn.isBefore(end, record.endLsn());
            }
            long wanted = reader.wantedLsn();
            if (status == ReadStatus.END_OF_WAL || !Lsn.isBefore(wanted, end)) {
                return false;
            }
            int length = (int) Math.min(end - wanted, CHUNK);
            reader.feed(chunk, 0, source.read(wanted, chunk, 0, length));
        }
    }
}
