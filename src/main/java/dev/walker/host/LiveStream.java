package dev.walker.host;

import dev.walker.files.WalEnd;
import dev.walker.wal.Lsn;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSource;

/** The records of a server that runs. */
final class LiveStream implements RecordStream {
    private static final int CHUNK = 1 << 20;
    private static final long POLL_MILLIS = 200;

    private final WalSource source;
    private final long stop;
    private final boolean follow;
    private final Runnable beforeWaiting;
    private final WalReader reader;
    private final byte[] chunk = new byte[CHUNK];
    private long readable;
    private WalEnd end;

    /**
     * A stream.
     *
     * @param stop records that end after it are not given; 0 for none
     * @param follow whether to wait for more at the end of WAL
     * @param beforeWaiting called each time before that
     */
    LiveStream(WalSource source, long start, long stop, boolean follow, Runnable beforeWaiting) {
        this.source = source;
        this.stop = stop;
        this.follow = follow;
        this.beforeWaiting = beforeWaiting;
        this.reader = new WalReader(start, source.segmentSize(), source.systemIdentifier());
        reader.keepAtMost(WalReader.LEAST_KEPT);
        this.readable = source.readableUpTo();
        reader.limit(readable);
    }

    @Override
    public boolean next(WalRecord record) throws InterruptedException {
        while (end == null) {
            if (reader.next(record) == ReadStatus.RECORD) {
                return true;
            }
            readMore();
        }
        return false;
    }

    private void readMore() throws InterruptedException {
        long wanted = reader.wantedLsn();
        if (stop != Lsn.INVALID && (!Lsn.isBefore(wanted, stop) || !Lsn.isBefore(reader.position(), stop))) {
            end = new WalEnd(WalEnd.Kind.UNTIL, reader.position(), "", 0);
        } else if (Lsn.isBefore(wanted, readable)) {
            long left = (stop != Lsn.INVALID && Lsn.isBefore(stop, readable) ? stop : readable) - wanted;
            reader.feed(chunk, 0, source.read(wanted, chunk, 0, (int) Math.min(left < 0 ? CHUNK : left, CHUNK)));
        } else if (follow) {
            beforeWaiting.run();
            Thread.sleep(POLL_MILLIS);
            readable = source.readableUpTo();
            reader.limit(readable);
        } else {
            end = new WalEnd(
                    WalEnd.Kind.TIP,
                    reader.position(),
                    "the server has written no more than " + Lsn.format(readable),
                    0);
        }
    }

    @Override
    public WalEnd end() {
        return end;
    }

    @Override
    public void close() {
        source.close();
    }
}
