package dev.walker.files;

import dev.walker.wal.Lsn;
import dev.walker.wal.PageTally;
import dev.walker.wal.RecordCounts;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
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
        /** Takes in a record, which is lent for the call; it may be cut, see {@link WalReader#keepAtMost}. */
        void add(WalRecord record);

        /** Counts to add to instead, where nothing but number and size of all records is wanted: that is faster. */
        default Optional<RecordCounts> counts() {
            return Optional.empty();
        }
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
        private final SegmentTally tally;

        Lane(WalFiles files) {
            reader = new FileWalReader(files, files.firstLsn(), files.firstLsn());
            reader.keepAtMost(WalReader.LEAST_KEPT);
            tally = new SegmentTally(files);
        }
    }

    /** Where the records of a segment begin and end; all 0 if there are none. */
    private record Span(long firstLsn, long firstPrevLsn, long lastLsn, long endLsn) {
        static final Span NONE = new Span(Lsn.INVALID, Lsn.INVALID, Lsn.INVALID, Lsn.INVALID);
    }

    /** What reading a segment gave. */
    private record Result<P>(long number, P part, Span span, boolean stopped, WalEnd end) {}

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
                while (next.hasNext() && running.size() <= threads) {
                    long number = next.next();
                    running.add(workers.submit(() -> read(number, parts.get())));
                }
                Result<P> result = get(running.remove());
                checkChain(result.span());
                merge.accept(result.part());
                done += files.segment(result.number()).file().size();
                onProgress.accept(done);
                WalEnd end = result.stopped() ? result.end() : endAfter(result.number(), endOf(result));
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

    /**
     * How a segment ended. One that holds but the end of an {@code XLOG_SWITCH} is empty behind that, which who began with
     * it took for the end of WAL.
     */
    private WalEnd endOf(Result<?> result) {
        long next = (result.number() + 1) * files.segmentSize();
        boolean isSkipped = result.span().firstLsn() == Lsn.INVALID && lastLsn != Lsn.INVALID && endLsn == next;
        return isSkipped ? new WalEnd(WalEnd.Kind.UNTIL, next, "", 0) : result.end();
    }

    /** How it goes on after a segment; a record need not go on into the next one for that to be missed. */
    private WalEnd endAfter(long number, WalEnd end) {
        long next = (number + 1) * files.segmentSize();
        boolean isWanted = stop == Lsn.INVALID || Lsn.isBefore(next, stop);
        return end.kind() == WalEnd.Kind.UNTIL && isWanted && files.segment(number + 1) == null
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
        Lane lane = idle.poll();
        if (lane == null) {
            lane = new Lane(files);
        }
        try {
            Optional<RecordCounts> counts = part.counts();
            if (counts.isPresent() && isWhole(segmentStart)) {
                PageTally pages = lane.tally.count(segmentStart, counts.get());
                if (endsInTime(pages.endLsn())) {
                    Span span = new Span(pages.firstLsn(), pages.firstPrevLsn(), pages.lastLsn(), pages.endLsn());
                    WalEnd end = new WalEnd(WalEnd.Kind.UNTIL, pages.position(), "", 0);
                    return pages.isDone()
                            ? new Result<>(number, part, span, false, end)
                            : readOn(number, part, span, from, lane);
                }
                counts.get().clear();
            }
            return readOn(number, part, Span.NONE, from, lane);
        } finally {
            idle.add(lane);
        }
    }

    /** Whether all of a segment is wanted. */
    private boolean isWhole(long segmentStart) {
        return segmentStart != Lsn.INVALID
                && !Lsn.isBefore(segmentStart, start)
                && endsInTime(segmentStart + files.segmentSize());
    }

    private boolean endsInTime(long end) {
        return stop == Lsn.INVALID || !Lsn.isBefore(stop, end);
    }

    /** Reads the records from where a tally gave up: the last one that it counted is read again, to go on after it. */
    private <P extends Part> Result<P> readOn(long number, P part, Span counted, long from, Lane lane) {
        long until = (number + 1) * files.segmentSize();
        long first = counted.firstLsn();
        long firstPrev = counted.firstPrevLsn();
        long last = counted.lastLsn();
        long lastEnd = counted.endLsn();
        try (FileWalReader reader = lane.reader) {
            WalRecord record = lane.record;
            reader.begin(last == Lsn.INVALID ? from : last, until, stop);
            while (reader.next(record)) {
                if (record.lsn() == last) {
                    continue;
                }
                if (first == Lsn.INVALID) {
                    first = record.lsn();
                    firstPrev = record.prevLsn();
                }
                last = record.lsn();
                lastEnd = record.endLsn();
                part.add(record);
            }
            WalEnd end = reader.end();
            boolean stopped = end.kind() == WalEnd.Kind.UNTIL && reader.isStopped();
            return new Result<>(number, part, new Span(first, firstPrev, last, lastEnd), stopped, end);
        }
    }

    private void checkChain(Span span) {
        if (span.firstLsn() == Lsn.INVALID) {
            return;
        }
        if (lastLsn != Lsn.INVALID && span.firstPrevLsn() != lastLsn) {
            throw new WalFormatException(
                    span.firstLsn(),
                    "xl_prev " + Lsn.format(span.firstPrevLsn()) + ", wanted " + Lsn.format(lastLsn) + " (LSN "
                            + Lsn.format(span.firstLsn()) + ", " + files.nameOf(span.firstLsn()) + ")");
        }
        if (firstLsn == Lsn.INVALID) {
            firstLsn = span.firstLsn();
        }
        lastLsn = span.lastLsn();
        endLsn = span.endLsn();
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
