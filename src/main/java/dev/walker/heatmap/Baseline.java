package dev.walker.heatmap;

import dev.walker.rmgr.heap.HeapPage;
import dev.walker.spi.HeapRead;
import dev.walker.spi.SourceServer;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Reads pages that were there before the walk, when {@code walker.baseline()} asks for it, a few between two batches.
 *
 * <p>The walk stands at some LSN; a page has the WAL up to its {@code pd_lsn} in it. If that is not ahead of the walk, no
 * record that is still to come has changed the page already, so the page is taken over at once. Otherwise it is kept and
 * taken over when the walk gets there, like an image in the record that ends at {@code pd_lsn}; what the records before
 * did to the page does not matter then. Only a batch of pages is kept, and the next one waits for it.
 *
 * <p>A relation is complete when one pass over all its blocks left none that is not known, and nothing made a page
 * unknown meanwhile: blocks that are added later are born in the WAL.
 */
final class Baseline {
    /** What is done with pages. */
    interface Pages {
        /** Notes the transactions that a page may ask for; false if it is no page of a heap. */
        boolean look(byte[] pages, int at);

        /** Takes over a page; tells whether all of it is known. */
        boolean install(Relation relation, long block, byte[] pages, int at);

        /** Asks the server for the transactions that were noted. */
        void askServer();
    }

    /** Pages that are read at once. */
    private static final int BATCH = Chunk.BLOCKS;
    /** The walk is held up no longer than this by a batch that is begun. */
    private static final long MOST_NANOS = 20_000_000L;

    private static final long RETRY_NANOS = 500_000_000L;
    private static final int MOST_PASSES = 5;
    private static final long NANOS = 1_000_000_000L;
    private static final long NEVER = -1L;

    /** A page that is ahead of the walk. */
    private record Kept(long lsn, BaselineJob job, long block, byte[] page) {}

    private final Heatmap heatmap;
    private final SourceServer server;
    private final BaselineTables tables;
    private final Pages pages;
    private final Predicate<RelFileLocator> wanted;
    private final Runnable stateChanged;
    private final LongSupplier clock;
    private final long pagesPerSecond;

    private final Map<RelFileLocator, BaselineJob> jobs = new LinkedHashMap<>();
    /** Those of them that are not over. */
    private final Set<BaselineJob> active = new LinkedHashSet<>();

    private final Set<Long> taken = new HashSet<>();
    private final PriorityQueue<Kept> kept =
            new PriorityQueue<>((left, right) -> Long.compareUnsigned(left.lsn, right.lsn));
    /** The least LSN of a page that is kept; the highest there is if none is. */
    private long nextLsn = NEVER;

    private long allowance;
    private long allowanceNanos;

    /**
     * @param wanted says which relations are mapped at all
     * @param pagesPerSecond 0 for no limit
     * @param clock gives nanoseconds
     */
    Baseline(
            Heatmap heatmap,
            SourceServer server,
            BaselineTables tables,
            Pages pages,
            Predicate<RelFileLocator> wanted,
            Runnable stateChanged,
            long pagesPerSecond,
            LongSupplier clock) {
        this.heatmap = heatmap;
        this.server = server;
        this.tables = tables;
        this.pages = pages;
        this.wanted = wanted;
        this.stateChanged = stateChanged;
        this.pagesPerSecond = pagesPerSecond;
        this.clock = clock;
        this.allowanceNanos = clock.getAsLong();
    }

    /** Reads what is left of earlier walks. */
    void load() {
        tables.load(job -> {
            if (!wanted.test(job.locator)) {
                tables.forget(job);
                stateChanged.run();
                return;
            }
            jobs.put(job.locator, job);
            if (job.isActive()) {
                active.add(job);
                job.doubts = doubts(job);
            }
        });
    }

    /** The first LSN at which {@link #reached} has something to do. */
    long nextLsn() {
        return nextLsn;
    }

    /** The walk stands at an LSN: all before it was done. */
    void reached(long lsn) {
        while (!kept.isEmpty() && !Lsn.isBefore(lsn, kept.peek().lsn)) {
            Kept page = kept.poll();
            install(page.job, page.block, page.page, 0);
            tables.changed(page.job);
        }
        nextLsn = kept.isEmpty() ? NEVER : kept.peek().lsn;
    }

    /** Pages that were read are of no use: WAL is missing between them and the walk. */
    void startOver() {
        kept.clear();
        nextLsn = NEVER;
        for (BaselineJob job : active) {
            job.state = BaselineJob.WAITING;
            job.passes = 0;
            job.startPass(doubts(job));
            tables.changed(job);
        }
    }

    private void install(BaselineJob job, long block, byte[] bytes, int at) {
        Relation relation = relationOf(job);
        boolean known = heatmap.isKnown(heatmap.chunk(relation, block), Chunk.blockInChunk(block));
        if (!known && !pages.install(relation, block, bytes, at)) {
            job.unsettled++;
        }
    }

    // Work

    /** Does a little of what is asked for; tells whether there is more. */
    boolean work(long lsn) {
        takeRequests();
        reached(lsn);
        long begin = clock.getAsLong();
        boolean goOn = true;
        while (goOn && kept.isEmpty() && clock.getAsLong() - begin < MOST_NANOS) {
            BaselineJob job = next(lsn, begin);
            goOn = job != null && work(job, lsn, begin);
        }
        return !active.isEmpty();
    }

    private BaselineJob next(long lsn, long now) {
        boolean waiting = false;
        for (BaselineJob job : active) {
            if (Lsn.isBefore(lsn, job.waitsFor())) {
                waiting = true;
            } else if (!job.isBlocked || now - job.retryNanos >= 0) {
                return job;
            }
        }
        if (waiting) {
            // A commit brings it about that the WAL up to there is flushed.
            stateChanged.run();
        }
        return null;
    }

    private void takeRequests() {
        List<RelFileLocator> found = new ArrayList<>();
        boolean[] all = {false};
        tables.requests((request, locator) -> {
            if (taken.add(request)) {
                stateChanged.run();
                all[0] |= locator.relNumber() == 0;
                found.add(locator);
            }
        });
        if (found.isEmpty()) {
            return;
        }
        if (active.isEmpty()) {
            jobs.values().forEach(tables::forget);
            jobs.clear();
        }
        if (all[0]) {
            found.addAll(server.heaps());
        }
        for (RelFileLocator locator : found) {
            if (locator.relNumber() != 0 && wanted.test(locator)) {
                BaselineJob job = jobs.get(locator);
                if (job == null || !job.isActive()) {
                    job = new BaselineJob(locator);
                    jobs.put(locator, job);
                    active.add(job);
                    tables.changed(job);
                }
            }
        }
    }

    private long doubts(BaselineJob job) {
        Relation relation = find(job);
        return relation == null ? 0 : relation.doubts;
    }

    private Relation relationOf(BaselineJob job) {
        return heatmap.relation(job.locator.spcOid(), job.locator.dbOid(), job.locator.relNumber());
    }

    private Relation find(BaselineJob job) {
        return heatmap.find(job.locator.spcOid(), job.locator.dbOid(), job.locator.relNumber());
    }

    /** Tells whether it makes sense to go on at once. */
    private boolean work(BaselineJob job, long lsn, long now) {
        job.isBlocked = false;
        Relation relation = find(job);
        if (relation != null && relation.createdInWal) {
            end(job, BaselineJob.DONE, null);
            return true;
        }
        if (job.state.equals(BaselineJob.WAITING)) {
            return look(job, lsn, now, read -> {
                // Whatever made the relation as it is must be walked, since it may not have been in the WAL.
                job.state = BaselineJob.READING;
                job.beginLsn = read.lsn();
                job.startPass(doubts(job));
            });
        }
        if (job.nextBlock < job.blocks) {
            return readSome(job, relation, lsn, now);
        }
        if (job.endLsn == BaselineJob.NOT_YET) {
            return look(job, lsn, now, read -> {
                if (read.blocks() <= job.nextBlock) {
                    job.endLsn = read.lsn();
                    // It is there now, where the walk stands; if it is not when the pass ends, it was dropped in
                    // between.
                    relationOf(job);
                }
            });
        }
        finishPass(job, lsn);
        return true;
    }

    private interface Answer {
        void accept(HeapRead read);
    }

    /** Asks for the size. */
    private boolean look(BaselineJob job, long lsn, long now, Answer answer) {
        return read(job, new long[0], lsn, now, answer);
    }

    private boolean read(BaselineJob job, long[] blocks, long lsn, long now, Answer answer) {
        HeapRead read = server.readHeap(job.locator, blocks, lsn);
        switch (read.state()) {
            case READ:
                job.blocks = read.blocks();
                answer.accept(read);
                tables.changed(job);
                return true;
            case LATER:
                job.isBlocked = true;
                job.retryNanos = now + RETRY_NANOS;
                return true;
            case GONE:
                end(job, BaselineJob.GONE, null);
                return true;
            default:
                end(job, BaselineJob.FAILED, read.problem());
                return true;
        }
    }

    private void end(BaselineJob job, String state, String error) {
        active.remove(job);
        job.state = state;
        job.error = error;
        if (state.equals(BaselineJob.DONE)) {
            job.nextBlock = job.blocks;
        } else if (state.equals(BaselineJob.GONE)) {
            job.blocks = job.nextBlock;
        }
        tables.changed(job);
        stateChanged.run();
    }

    /** Blocks from the next one on that are not known; at most a batch, and none of another chunk. */
    private long[] unknown(BaselineJob job, Relation relation) {
        long[] blocks = new long[BATCH];
        int count = 0;
        Chunk chunk = relation == null ? null : heatmap.chunk(relation, job.nextBlock);
        long end = Math.min(job.blocks, (job.nextBlock / Chunk.BLOCKS + 1) * Chunk.BLOCKS);
        for (long block = job.nextBlock; block < end; block++) {
            if (chunk == null || !chunk.isKnown(Chunk.blockInChunk(block))) {
                blocks[count++] = block;
            }
        }
        job.chunkEnd = end;
        return Arrays.copyOf(blocks, count);
    }

    private boolean readSome(BaselineJob job, Relation relation, long lsn, long now) {
        long[] blocks = unknown(job, relation);
        if (blocks.length == 0) {
            job.nextBlock = job.chunkEnd;
            tables.changed(job);
            return true;
        }
        if (!isAllowed(now)) {
            return false;
        }
        return read(job, blocks, lsn, now, read -> {
            allowance -= blocks.length;
            take(job, blocks, read.pages(), lsn);
            job.nextBlock = job.chunkEnd;
            stateChanged.run();
        });
    }

    private boolean isAllowed(long now) {
        if (pagesPerSecond == 0) {
            return true;
        }
        // What was not used for a second is lost.
        long most = Math.max(BATCH, pagesPerSecond);
        long elapsed = Math.min(now - allowanceNanos, NANOS);
        long more = elapsed * pagesPerSecond / NANOS;
        if (more > 0) {
            allowance = Math.min(most, allowance + more);
            allowanceNanos = now;
        }
        return allowance > 0;
    }

    private void take(BaselineJob job, long[] blocks, byte[] bytes, long lsn) {
        int count = bytes.length / HeapPage.SIZE;
        for (int i = 0; i < count; i++) {
            if (!pages.look(bytes, i * HeapPage.SIZE)) {
                end(
                        job,
                        BaselineJob.FAILED,
                        "block " + blocks[i] + " is no page of a heap; look at it with pageinspect's page_header");
                return;
            }
        }
        pages.askServer();
        for (int i = 0; i < count; i++) {
            int at = i * HeapPage.SIZE;
            long pageLsn = lsnOf(bytes, at);
            if (Lsn.isBefore(lsn, pageLsn)) {
                kept.add(new Kept(pageLsn, job, blocks[i], Arrays.copyOfRange(bytes, at, at + HeapPage.SIZE)));
            } else {
                install(job, blocks[i], bytes, at);
            }
        }
        nextLsn = kept.isEmpty() ? NEVER : kept.peek().lsn;
    }

    private static long lsnOf(byte[] bytes, int at) {
        long lsn = 0;
        // Two little-endian words, the upper one first.
        for (int i : new int[] {3, 2, 1, 0, 7, 6, 5, 4}) {
            lsn = lsn << 8 | bytes[at + i] & 0xFF;
        }
        return lsn;
    }

    private void finishPass(BaselineJob job, long lsn) {
        Relation relation = find(job);
        if (relation == null) {
            end(job, BaselineJob.GONE, null);
            return;
        }
        if (job.unsettled == 0 && job.isSure && relation.doubts == job.doubts) {
            relation.createdInWal = true;
            relation.heapSeen = true;
            heatmap.changed(relation, lsn);
            end(job, BaselineJob.DONE, null);
        } else if (job.passes >= MOST_PASSES) {
            end(
                    job,
                    BaselineJob.FAILED,
                    "some pages are still not known after " + job.passes + " passes, " + job.unsettled
                            + " of them for transactions whose outcome nobody knows; VACUUM the relation, and ask for"
                            + " the baseline again");
        } else {
            job.startPass(relation.doubts);
            tables.changed(job);
            stateChanged.run();
        }
    }

    /** Writes what has changed. */
    void flush() {
        taken.forEach(tables::deleteRequest);
        taken.clear();
        for (BaselineJob job : active) {
            if (job.isSure && doubts(job) != job.doubts) {
                job.isSure = false;
                tables.changed(job);
            }
        }
        if (kept.isEmpty()) {
            jobs.values().forEach(job -> job.savedBlock = job.nextBlock);
        }
        tables.flush();
    }
}
