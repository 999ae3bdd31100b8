package dev.walker.jdbc;

import dev.walker.spi.Gap;
import dev.walker.wal.Lsn;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.WalGapException;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSegmentName;
import dev.walker.wal.WalSource;
import java.util.Optional;

/** Finds out whether a source still has the WAL that a walk wants next, and where it could go on if not. */
final class MissingWal {
    private static final int CHUNK = 1 << 18;

    private final WalSource source;
    private final String slotState;

    /**
     * For a source.
     *
     * @param slotState what is known of the replication slot that should have kept the WAL, for messages
     */
    MissingWal(WalSource source, String slotState) {
        this.source = source;
        this.slotState = slotState;
    }

    /** What is missing from a position on: up to the first record of the oldest WAL that leads to the end without a break. */
    Optional<Gap> after(Progress progress) {
        long first = source.firstReadable(progress.position());
        if (first == progress.position()) {
            return Optional.empty();
        }
        long next = firstRecord(first);
        return Optional.of(new Gap(
                progress.position(),
                next,
                progress.timeline(),
                source.history().timelineAt(next),
                "WAL was removed before it was walked; " + slotState));
    }

    /** Says that a gap stops the walk. */
    WalGapException refuse(Gap gap) {
        return new WalGapException(
                "WAL segment " + WalSegmentName.of(gap.fromTimeline(), gap.fromLsn(), source.segmentSize())
                        + " is not there any more; wanted LSN " + Lsn.format(gap.fromLsn())
                        + ", the oldest WAL that leads to the end without a break begins at LSN "
                        + Lsn.format(gap.toLsn()) + "; " + slotState,
                gap.fromLsn());
    }

    /** The first record that begins at or after an LSN; where it will begin, if it is not written yet. */
    private long firstRecord(long lsn) {
        long end = source.readableUpTo();
        WalReader reader = new WalReader(lsn, source.segmentSize(), source.systemIdentifier());
        reader.limit(end);
        WalRecord record = new WalRecord();
        byte[] chunk = new byte[CHUNK];
        while (reader.next(record) == ReadStatus.NEED_MORE) {
            long wanted = reader.wantedLsn();
            if (!Lsn.isBefore(wanted, end)) {
                return reader.position();
            }
            int length = (int) Math.min(end - wanted, CHUNK);
            reader.feed(chunk, 0, source.read(wanted, chunk, 0, length));
        }
        return record.lsn();
    }
}
