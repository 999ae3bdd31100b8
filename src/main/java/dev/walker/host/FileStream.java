package dev.walker.host;

import dev.walker.files.FileWalReader;
import dev.walker.files.WalEnd;
import dev.walker.files.WalFiles;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.util.function.Consumer;

/** The records of files, across gaps and on as the files grow, if that is wanted. */
final class FileStream implements RecordStream {
    private static final long POLL_MILLIS = 200;

    private final long stop;
    private final boolean skipGaps;
    private final Runnable beforeWaiting;
    private final Consumer<String> warn;
    private final boolean follow;

    private WalFiles files;
    private FileWalReader reader;
    private WalEnd end;
    private int timeline;

    /**
     * A stream.
     *
     * @param files are closed with it
     * @param stop records that end after it are not given; 0 for none
     * @param follow whether to wait for more at the end of WAL
     * @param beforeWaiting called each time before that
     */
    FileStream(
            WalFiles files,
            long start,
            long stop,
            boolean skipGaps,
            boolean follow,
            Runnable beforeWaiting,
            Consumer<String> warn) {
        this.files = files;
        this.stop = stop;
        this.skipGaps = skipGaps;
        this.follow = follow;
        this.beforeWaiting = beforeWaiting;
        this.warn = warn;
        this.timeline = files.timeline();
        this.reader = reader(start, Lsn.INVALID);
    }

    @Override
    public boolean next(WalRecord record) throws InterruptedException {
        while (end == null) {
            if (reader.next(record)) {
                return true;
            }
            ended(reader.end());
        }
        return false;
    }

    private void ended(WalEnd reached) throws InterruptedException {
        if (reached.kind() == WalEnd.Kind.GAP && skipGaps) {
            warn.accept(reached.reason() + "; skipped");
            reopen(reached.resumeLsn(), Lsn.INVALID);
        } else if (reached.kind() == WalEnd.Kind.TIP && follow) {
            beforeWaiting.run();
            Thread.sleep(POLL_MILLIS);
            WalFiles now = files.again();
            files.close();
            files = now;
            if (files.timeline() != timeline) {
                warn.accept("timeline " + Integer.toUnsignedString(files.timeline()) + " is followed from "
                        + Lsn.format(reached.lsn()) + " on");
                timeline = files.timeline();
            }
            reopen(reached.lsn(), reader.previousLsn());
        } else {
            end = reached;
        }
    }

    private void reopen(long lsn, long previousLsn) {
        reader.close();
        reader = reader(lsn, previousLsn);
    }

    private FileWalReader reader(long from, long previousLsn) {
        FileWalReader fresh = new FileWalReader(files, from, stop, previousLsn);
        fresh.keepAtMost(WalReader.LEAST_KEPT);
        return fresh;
    }

    @Override
    public WalEnd end() {
        return end;
    }

    @Override
    public void close() {
        reader.close();
        files.close();
    }
}
