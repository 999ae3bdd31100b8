package dev.walker.files;

import dev.walker.wal.Lsn;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * Reads the segments of {@link WalFiles} in parallel. Each segment has a part of its own, which gets the records that
 * begin in it; the parts are given in order of LSN to one consumer. That each segment goes on where the one before ended
 * is checked.
 */
public final class SegmentScan {
    /** What the records of a segment add up to. Used by one thread at a time. */
    public interface Part {
        /** Takes in a record, which is lent for the call. */
        void add(WalRecord record);
    }

    private final WalFiles files;
    private final long start;
    private final long stop;
    private final boolean skipGaps;
    private final int threads;
    private final Consumer<WalEnd> onGap;
    private final LongConsumer onProgress;

    private final Queue<Lane> idle = new ConcurrentLinkedQueue<>();

    private long firstLsn;
    private long endLsn;
    private long lastLsn;

    /**
     * A scan of the records that begin at or after {@code start} and end at or before {@code stop}.
     *
     * @param stop 0 for the end of WAL
     * @param threads how many segments are read at once
     * @param onGap told of each gap, which is skipped then; null to end there
     * @param onProgress told of the bytes of files, as they are stored, that are done
     */
    public SegmentScan(
            WalFiles files, long start, long stop, int threads, Consumer<WalEnd> onGap, LongConsumer onProgress) {
        this.files = files;
        this.start = start;
        this.stop = stop;
        this.threads = threads;
        this.skipGaps = onGap != null;
        this.onGap = onGap;
        this.onProgress = onProgress;
    }

    /** What a thread needs to read, used again for the next segment. */
    private static final class Lane {
        private final FileWalReader reader;
        private final WalRecord record = new WalRecord();

        Lane(WalFiles files) {
            reader = new FileWalReader(files, files.firstLsn(), files.firstLsn());
        }
    }

    /** What reading a segment gave. */
    private record Result<P>(
            long number,
            P part,
            long firstLsn,
            long firstPrevLsn,
            long lastLsn,
            long endLsn,
            boolean stopped,
            WalEnd end) {}

    /**
     * Reads.
     *
     * @param parts makes a part for a segment; called by many threads
     * @param merge takes the parts, in order, in the thread that called this
     * @return how it ended
     * @throws WalFormatException if WAL is damaged; what was merged is what comes before
     */
    public <P extends Part> WalEnd run(Supplier<P> parts, Consumer<P> merge) {
        List<Long> numbers = files.segmentNumbers(start, stop);
        long first = Lsn.segmentNumber(start, files.segmentSize());
        if (numbers.isEmpty() || numbers.get(0) != first) {
            WalEnd missing = files.endAt(start, start);
            if (numbers.isEmpty() || !skipGaps) {
                return missing;
            }
            onGap.accept(missing);
        }
        ExecutorService workers = Executors.newFixedThreadPool(threads, SegmentScan::thread);
        try {
            Iterator<Long> next = numbers.iterator();
            ArrayDeque<Future<Result<P>>> running = new ArrayDeque<>();
            long done = 0;
            while (true) {
                while (next.hasNext() && running.size() < 2 * threads) {
                    long number = next.next();
                    running.add(workers.submit(() -> read(number, parts.get())));
                }
                Result<P> result = get(running.remove());
                checkChain(result);
                merge.accept(result.part());
                done += files.segment(result.number()).file().size();
                onProgress.accept(done);
                WalEnd end = result.stopped() ? result.end() : endAfter(result);
                if (end.kind() == WalEnd.Kind.GAP && skipGaps && !running.isEmpty()) {
                    onGap.accept(end);
                    lastLsn = Lsn.INVALID;
                } else if (result.stopped() || end.kind() != WalEnd.Kind.UNTIL || running.isEmpty()) {
                    return end;
                }
            }
        } finally {
            workers.shutdownNow();
        }
    }

    /** How a segment ended; a record need not go on into the next one for that to be missed. */
    private WalEnd endAfter(Result<?> result) {
        WalEnd end = result.end();
        long next = (result.number() + 1) * files.segmentSize();
        boolean isWanted = stop == Lsn.INVALID || Lsn.isBefore(next, stop);
        return end.kind() == WalEnd.Kind.UNTIL && isWanted && files.segment(result.number() + 1) == null
                ? files.endAt(end.lsn(), next)
                : end;
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "walker-scan");
        thread.setDaemon(true);
        return thread;
    }

    private static <P> Result<P> get(Future<Result<P>> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while reading WAL", e);
        }
    }

    private <P extends Part> Result<P> read(long number, P part) {
        long segmentStart = number * files.segmentSize();
        long from = Lsn.isBefore(segmentStart, start) ? start : segmentStart;
        if (from == Lsn.INVALID) {
            from = WalReader.LONG_PAGE_HEADER;
        }
        long first = 0;
        long firstPrev = 0;
        long last = 0;
        long lastEnd = 0;
        Lane lane = idle.poll();
        if (lane == null) {
            lane = new Lane(files);
        }
        try (FileWalReader reader = lane.reader) {
            WalRecord record = lane.record;
            reader.begin(from, segmentStart + files.segmentSize());
            while (reader.next(record)) {
                if (stop != Lsn.INVALID && Lsn.isBefore(stop, FileWalReader.lastByteEnd(record))) {
                    WalEnd end = new WalEnd(WalEnd.Kind.UNTIL, record.lsn(), "", 0);
                    return new Result<>(number, part, first, firstPrev, last, lastEnd, true, end);
                }
                if (first == 0) {
                    first = record.lsn();
                    firstPrev = record.prevLsn();
                }
                last = record.lsn();
                lastEnd = record.endLsn();
                part.add(record);
            }
            return new Result<>(number, part, first, firstPrev, last, lastEnd, false, reader.end());
        } finally {
            idle.add(lane);
        }
    }

    private void checkChain(Result<?> result) {
        if (result.firstLsn() == 0) {
            return;
        }
        if (lastLsn != Lsn.INVALID && result.firstPrevLsn() != lastLsn) {
            throw new WalFormatException(
                    result.firstLsn(),
                    "xl_prev " + Lsn.format(result.firstPrevLsn()) + ", wanted " + Lsn.format(lastLsn) + " (LSN "
                            + Lsn.format(result.firstLsn()) + ", " + files.nameOf(result.firstLsn()) + ")");
        }
        if (firstLsn == Lsn.INVALID) {
            firstLsn = result.firstLsn();
        }
        lastLsn = result.lastLsn();
        endLsn = result.endLsn();
    }

    /** LSN of the first record; 0 if there was none. */
    public long firstLsn() {
        return firstLsn;
    }

    /** LSN after the last record; 0 if there was none. */
    public long endLsn() {
        return endLsn;
    }
}
