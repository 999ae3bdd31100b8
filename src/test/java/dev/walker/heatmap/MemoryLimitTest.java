package dev.walker.heatmap;

import static dev.walker.heatmap.HeapRecords.REL;
import static dev.walker.heatmap.HeapRecords.abort;
import static dev.walker.heatmap.HeapRecords.commit;
import static dev.walker.heatmap.HeapRecords.create;
import static dev.walker.heatmap.HeapRecords.delete;
import static dev.walker.heatmap.HeapRecords.insert;
import static dev.walker.heatmap.HeapRecords.multiInsert;
import static dev.walker.heatmap.HeapRecords.multixact;
import static dev.walker.heatmap.HeapRecords.prune;
import static dev.walker.heatmap.HeapRecords.truncate;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.spi.SourceServer;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code walker.memory} changes where things are, and nothing else. */
class MemoryLimitTest {
    private static final PgVersion VERSION = PgVersion.PG17;
    private static final long LSN = 0x100028;
    private static final Map<String, String> LITTLE = Map.of("walker.memory", "1");
    private static final int[] NONE = {};
    private static final int CHUNKS = 4000;
    private static final int ITEMS = 4;
    private static final long LIMIT = 1 << 20;

    private MemoryStore store = new MemoryStore();
    private HeatmapPlugin plugin = store.start(SourceServer.none(), LITTLE);
    private long mostBytes;

    /** As a host does, which saves when it is asked to. */
    private void walk(RecordBuilder record) {
        WalkLoop.dispatch(record.decode(VERSION), plugin);
        if (store.hurried) {
            flush();
        }
    }

    private void flush() {
        store.watch = this::measure;
        store.flush(plugin, LSN);
        measure();
    }

    private void measure() {
        mostBytes = Math.max(mostBytes, plugin.mapBytes() + plugin.pendingBytes());
    }

    private void restart() {
        flush();
        store = store.copy();
        plugin = store.start(SourceServer.none(), LITTLE);
    }

    /** Transactions that touch much, at random; all else that moves blocks and items, too. */
    private static final class Load {
        private final Random random;
        private final List<Long> open = new ArrayList<>();
        private final Map<Long, List<Long>> subxacts = new HashMap<>();
        private final List<RecordBuilder> records = new ArrayList<>();
        private long nextXid = 700;

        Load(long seed, int steps) {
            random = new Random(seed);
            records.add(create(REL));
            for (int i = 0; i < steps; i++) {
                step();
            }
        }

        private long xid() {
            if (open.size() < 3) {
                open.add(nextXid);
                subxacts.put(nextXid++, new ArrayList<>());
            }
            long top = open.get(random.nextInt(open.size()));
            List<Long> subs = subxacts.get(top);
            if (random.nextInt(4) == 0) {
                subs.add(nextXid++);
            }
            return subs.isEmpty() || random.nextBoolean() ? top : subs.get(random.nextInt(subs.size()));
        }

        private void step() {
            switch (random.nextInt(60)) {
                case 0 -> end();
                case 1 -> {
                    long blocks = random.nextInt(CHUNKS * Chunk.BLOCKS * 8);
                    if (blocks < CHUNKS * Chunk.BLOCKS) {
                        records.add(truncate(blocks, 1));
                    }
                }
                case 2 -> {
                    if (random.nextInt(20) == 0) {
                        records.add(HeapRecords.endWithDrop(0, nextXid++, REL));
                        records.add(create(REL));
                    }
                }
                case 3, 4 -> records.add(prune(VERSION, block(), NONE, NONE, new int[] {item(), item()}));
                default -> change();
            }
        }

        private void end() {
            if (open.isEmpty()) {
                return;
            }
            long top = open.remove(random.nextInt(open.size()));
            long[] subs =
                    subxacts.remove(top).stream().mapToLong(Long::longValue).toArray();
            records.add(random.nextInt(3) == 0 ? abort(top, subs) : commit(top, subs));
        }

        private void change() {
            long xid = xid();
            long block = block();
            for (int i = random.nextInt(8); i >= 0; i--) {
                if (random.nextInt(5) == 0) {
                    block = block();
                }
                int offnum = item();
                records.add(random.nextBoolean() ? delete(xid, block, offnum) : insert(xid, block, offnum));
            }
        }

        /** Some chunks more often than others, so that items meet. */
        private long block() {
            int chunk = random.nextInt(1 + random.nextInt(CHUNKS));
            return (long) chunk * Chunk.BLOCKS + random.nextInt(2);
        }

        private int item() {
            return 1 + random.nextInt(ITEMS);
        }
    }

    @Test
    void littleMemoryMakesNoDifference() {
        for (int seed = 0; seed < 2; seed++) {
            Load load = new Load(seed, 5000);
            Random random = new Random(seed);
            MemoryStore wideStore = new MemoryStore();
            HeatmapPlugin wide = wideStore.start(SourceServer.none(), Map.of());
            store = new MemoryStore();
            plugin = store.start(SourceServer.none(), LITTLE);
            mostBytes = 0;
            for (RecordBuilder record : load.records) {
                WalkLoop.dispatch(record.decode(VERSION), wide);
                walk(record);
                switch (random.nextInt(700)) {
                    case 0 -> restart();
                    case 1 -> flush();
                    case 2 -> same("seed " + seed, wide, plugin);
                    default -> {}
                }
            }
            assertTrue(mostBytes <= LIMIT, mostBytes + " bytes with seed " + seed);
            same("seed " + seed + ", end", wide, plugin);
            restart();
            same("seed " + seed + ", after a restart", wide, plugin);
        }
    }

    private static void same(String when, HeatmapPlugin wanted, HeatmapPlugin found) {
        assertEquals(wanted.relations(), found.relations(), when);
        assertEquals(wanted.pages(REL), found.pages(REL), when);
    }

    private static int[] everyThird(int from) {
        int[] items = new int[70];
        for (int i = 0; i < items.length; i++) {
            items[i] = from + 3 * i;
        }
        return items;
    }

    /** A delete that is scattered over so many chunks that they do not fit. */
    @Test
    void aGiantTransactionReachesTheMapPieceByPiece() {
        walk(create(REL));
        int blocks = 30_000;
        for (int block = 0; block < blocks; block++) {
            walk(multiInsert(700, block, 0x80, 0, HeapRecords.XMAX_INVALID, everyThird(1)));
            if (block % 100 == 0) {
                measure();
            }
        }
        flush();
        assertTrue(plugin.pendingBytes() <= 1 << 17, plugin.pendingBytes() + " bytes");
        walk(abort(700));
        flush();
        assertEquals(70L * blocks, plugin.relations().get(0).deadTuples());
        assertEquals(70L * blocks, plugin.relations().get(0).abortedTuples());
        assertTrue(mostBytes <= LIMIT, mostBytes + " bytes");
        assertEquals(List.of(), store.rows("heatmap_pending"));
        restart();
        assertEquals(70, plugin.page(REL, blocks - 1).deadTuples());
    }

    @Test
    void truncatingAColdTableLoadsNothing() {
        walk(create(REL));
        for (int block = 0; block < 20_000; block += 2) {
            walk(multiInsert(700, block, 0x80, 0, HeapRecords.XMAX_INVALID, everyThird(1)));
        }
        walk(abort(700));
        restart();
        walk(truncate(1000, 1));
        assertTrue(plugin.chunksInMemory() <= 1, plugin.chunksInMemory() + " chunks");
        assertEquals(70 * 500, plugin.relations().get(0).deadTuples());
        assertEquals(500, plugin.relations().get(0).pagesWithGarbage());
        assertEquals(70 * 500, plugin.relations().get(0).deadAborted());
        assertEquals(70 * 9_500, plugin.relations().get(0).prunedTuples());
        walk(insert(701, 5000, 7));
        walk(abort(701));
        assertEquals(List.of(7), plugin.deadItems(REL, 5000), "what was there before is void");
        walk(truncate(900, 1));
        flush();
        assertEquals(8, store.rows("heatmap_chunk").size());
        restart();
        assertEquals(List.of(), plugin.deadItems(REL, 5000));
        assertEquals(70 * 450, plugin.relations().get(0).deadTuples());
    }

    /** A database that moves to another tablespace and back has its files under the same numbers. */
    @Test
    void aFileThatTakesThePlaceOfADroppedOneHasNoneOfItsRows() {
        walk(create(REL));
        walk(insert(700, 0, 1));
        walk(insert(700, 5 * Chunk.BLOCKS, 1));
        walk(abort(700));
        flush();
        walk(HeapRecords.endWithDrop(0, 701, REL));
        walk(insert(703, 5 * Chunk.BLOCKS, 2));
        for (int chunk = 0; chunk < 2 * CHUNKS; chunk++) {
            walk(HeapRecords.lock(702, (long) chunk * Chunk.BLOCKS, 1));
        }
        assertTrue(plugin.chunksInMemory() < 2 * CHUNKS, "some have left memory");
        assertEquals(List.of(), plugin.deadItems(REL, 0));
        assertEquals(List.of(), plugin.deadItems(REL, 5 * Chunk.BLOCKS), "here something is pending");
        walk(abort(703));
        assertEquals(List.of(2), plugin.deadItems(REL, 5 * Chunk.BLOCKS));
    }

    @Test
    void manySubtransactionsReachTheMapPieceByPiece() {
        walk(create(REL));
        long[] subxacts = new long[2000];
        for (int i = 0; i < subxacts.length; i++) {
            subxacts[i] = 800 + i;
            walk(delete(subxacts[i], i * 128L, 3));
        }
        walk(commit(700, subxacts));
        flush();
        assertEquals(2000, plugin.relations().get(0).deadTuples());
        assertTrue(mostBytes <= LIMIT, mostBytes + " bytes");
    }

    @Test
    void whatOpenSubtransactionsTakeIsTakenOffTheMap() {
        walk(create(REL));
        for (int i = 0; i < 6000; i++) {
            walk(insert(1000 + i, i / 100, 1 + i % 100));
        }
        flush();
        assertTrue(plugin.pendingBytes() > LIMIT / 4, plugin.pendingBytes() + " bytes");
        mostBytes = 0;
        for (int chunk = 1; chunk <= 2000; chunk++) {
            long block = (long) chunk * Chunk.BLOCKS;
            walk(multiInsert(10_000 + chunk, block, 0x80, 0, HeapRecords.XMAX_INVALID, everyThird(1)));
            walk(abort(10_000 + chunk));
            if (chunk % 50 == 0) {
                flush();
            }
        }
        assertTrue(mostBytes <= LIMIT, mostBytes + " bytes");
        assertEquals(2000 * 70, plugin.relations().get(0).deadTuples());
    }

    private static long heapBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** As a loop in PL/pgSQL with an EXCEPTION block makes them: each row in a subtransaction of its own. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aTransactionWithManySubtransactionsNeedsLittleMemory(boolean commit) {
        int count = commit ? 300_000 : 50_000;
        int perBlock = 100;
        walk(create(REL));
        long[] subxacts = new long[count];
        for (int i = 0; i < count; i++) {
            subxacts[i] = 1000 + i;
            int offnum = 1 + i % perBlock;
            walk(HeapRecords.hotUpdate(subxacts[i], i / perBlock, offnum, 100 + offnum));
        }
        restart();
        plugin = null;
        long before = heapBytes();
        plugin = store.start(SourceServer.none(), LITTLE);
        long bytes = heapBytes() - before;
        assertTrue(bytes < 200L * count, bytes / count + " bytes for each");
        assertTrue(plugin.pendingBytes() > bytes / 2, plugin.pendingBytes() / count + " of them counted");
        assertEquals(count, plugin.openTransactions());
        walk(commit ? commit(700, subxacts) : abort(700, subxacts));
        flush();
        assertEquals(count, plugin.relations().get(0).deadTuples());
        assertEquals(commit ? 0 : count, plugin.relations().get(0).abortedTuples());
        for (int block : new int[] {0, 123, count / perBlock - 1}) {
            assertEquals(
                    IntStream.rangeClosed(commit ? 1 : 101, commit ? 100 : 200)
                            .boxed()
                            .toList(),
                    plugin.deadItems(REL, block));
        }
        assertEquals(List.of(), store.rows("heatmap_pending"));
        assertEquals(0, plugin.openTransactions());
    }

    @Test
    void multixactsThatAreNotUsedAreLeftToTheTable() {
        walk(HeapRecords.checkpoint(true, LSN, 700, 3));
        for (int i = 0; i < 100; i++) {
            walk(multixact(5 + i * 1024L, 700, 900 + i));
            if (i % 10 == 9) {
                flush();
                assertTrue(plugin.multixactRangesInMemory() <= 16, plugin.multixactRangesInMemory() + " ranges");
            }
        }
        restart();
        assertTrue(plugin.multixactRangesInMemory() <= 16, plugin.multixactRangesInMemory() + " ranges");
        int multi = HeapRecords.XMIN_COMMITTED | HeapRecords.XMAX_IS_MULTI;
        walk(insert(950, 0, 1));
        for (int i = 0; i < 100; i++) {
            walk(HeapRecords.image(i, new HeapRecords.Page().tuple(600, 5 + i * 1024, multi)));
            assertEquals(i == 50 ? List.of() : List.of(1), plugin.deadItems(REL, i), "multixact of " + (900 + i));
        }
        walk(multixact(6, 700, 3000));
        restart();
        walk(HeapRecords.image(0, new HeapRecords.Page().tuple(600, 6, multi).tuple(600, 5, multi)));
        assertEquals(List.of(1, 2), plugin.deadItems(REL, 0));
        walk(HeapRecords.checkpoint(false, LSN, 4000, 3, 50 * 1024));
        flush();
        assertEquals(
                50,
                store.rows("heatmap_xact").stream()
                        .filter(row -> row[0].equals("multixact"))
                        .count());
    }
}
