package dev.walker.heatmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.spi.SourceServer;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

class OpenXactsTest {
    private static final int SLOTS = 5;

    private final Relation relation = new Relation(0, 1663, 5, 16384);
    private final Chunk[] chunks = new Chunk[SLOTS];
    private final PendingSets.Store store = new PendingSets.Store() {
        @Override
        public Chunk chunkAt(int slot) {
            return chunks[slot];
        }

        @Override
        public Chunk chunkOf(Relation of, int number) {
            return chunks[number];
        }

        @Override
        public void load(long storedXid, PendingSets.InChunk row) {
            for (int item : table.get(storedXid).getOrDefault(row.chunk.slot, Set.of())) {
                (item > 0 ? row.inserts : row.deletes).add(Math.abs(item));
            }
        }
    };

    private OpenXacts xacts = new OpenXacts(store, Long.MAX_VALUE);
    private final XidOutcomes outcomes = new XidOutcomes(SourceServer.none(), xacts::isOpen);
    /** What is in the table: XID to chunk to items, deletes with a minus sign. */
    private final Map<Long, Map<Integer, Set<Integer>>> table = new HashMap<>();

    @BeforeEach
    void makeChunks() {
        for (int slot = 0; slot < SLOTS; slot++) {
            chunks[slot] = new Chunk(relation, slot, slot);
        }
    }

    private void flush() {
        xacts.drainEnded(table::remove, xid -> {});
        xacts.drainChanged(
                outcomes,
                table::remove,
                (xid, gone) ->
                        table.getOrDefault(xid, new TreeMap<>()).keySet().removeIf(slot -> slot >= gone.fromChunk()),
                (xid, row) -> {
                    Set<Integer> items = new TreeSet<>();
                    row.inserts.forEach((int key) -> items.add(key));
                    row.deletes.forEach((int key) -> items.add(-key));
                    Map<Integer, Set<Integer>> chunks = table.computeIfAbsent(xid, key -> new TreeMap<>());
                    if (items.isEmpty()) {
                        chunks.remove(row.chunk.slot);
                    } else {
                        chunks.put(row.chunk.slot, items);
                    }
                },
                xid -> {});
    }

    private Map<Integer, Set<Integer>> items(long xid) {
        Map<Integer, Set<Integer>> items = new TreeMap<>();
        int xact = xacts.find(xid);
        PendingSets sets = xacts.sets(xact);
        if (sets == null) {
            xacts.forEachItem(xact, (slot, delete, key) -> items.computeIfAbsent(slot, any -> new TreeSet<>())
                    .add(delete ? -key : key));
            return items;
        }
        for (Chunk chunk = sets.anyChunk(); chunk != null; chunk = sets.anyChunk()) {
            PendingSets.InChunk row = sets.take(chunk);
            Set<Integer> found = new TreeSet<>();
            row.inserts.forEach((int key) -> found.add(key));
            row.deletes.forEach((int key) -> found.add(-key));
            if (!found.isEmpty()) {
                items.put(chunk.slot, found);
            }
        }
        return items;
    }

    @Test
    void keepsAndStoresWhatAModelKeeps() {
        for (int seed = 0; seed < 30; seed++) {
            Random random = new Random(seed);
            boolean spills = seed % 2 == 0;
            xacts = new OpenXacts(store, spills ? 0 : Long.MAX_VALUE);
            Map<Long, Map<Integer, Set<Integer>>> model = new HashMap<>();
            for (int step = 0; step < 6000; step++) {
                long xid = 100 + random.nextInt(6);
                int slot = random.nextInt(SLOTS);
                int key = 1 + random.nextInt(60_000);
                switch (random.nextInt(40)) {
                    case 0 -> {
                        flush();
                        if (random.nextBoolean()) {
                            xacts.spill();
                            assertTrue(!spills || xacts.memory() == 0, xacts.memory() + " bytes");
                        }
                    }
                    case 1 -> {
                        if (xacts.isOpen(xid) && random.nextInt(4) == 0) {
                            xacts.close(xacts.find(xid));
                            model.remove(xid);
                        }
                    }
                    case 2 -> {
                        long blocks = random.nextInt(6) * Chunk.BLOCKS + random.nextInt(3) * 50;
                        relation.keepBlocks = blocks;
                        xacts.forgetBeyond();
                        relation.keepBlocks = Relation.ALL_BLOCKS;
                        model.values().forEach(chunks -> {
                            chunks.forEach((in, items) -> items.removeIf(
                                    item -> in * Chunk.BLOCKS + (Math.abs(item) >>> Chunk.OFFNUM_BITS) >= blocks));
                            chunks.values().removeIf(Set::isEmpty);
                        });
                    }
                    case 3 -> {
                        Map<Integer, Set<Integer>> chunks = model.getOrDefault(xid, Map.of());
                        chunks.getOrDefault(slot, Set.of()).stream()
                                .filter(item -> item > 0)
                                .findFirst()
                                .ifPresent(item -> {
                                    xacts.removeInsert(xacts.find(xid), slot, item);
                                    chunks.get(slot).remove(item);
                                });
                        chunks.values().removeIf(Set::isEmpty);
                    }
                    default -> {
                        // One of them gets many.
                        for (int i = xid == 100 ? 30 : 1; i > 0; i--) {
                            int item = 1 + (key + i) % 60_000;
                            boolean delete = random.nextBoolean();
                            int xact = xacts.open(xid);
                            if (delete) {
                                xacts.addDelete(xact, slot, item);
                            } else {
                                xacts.addInsert(xact, slot, item);
                            }
                            model.computeIfAbsent(xid, any -> new TreeMap<>())
                                    .computeIfAbsent(slot, any -> new TreeSet<>())
                                    .add(delete ? -item : item);
                        }
                    }
                }
            }
            flush();
            model.values().removeIf(Map::isEmpty);
            table.values().removeIf(Map::isEmpty);
            assertEquals(model, table, "seed " + seed);
            xacts.spill();
            for (Map.Entry<Long, Map<Integer, Set<Integer>>> entry : model.entrySet()) {
                assertEquals(entry.getValue(), items(entry.getKey()), "seed " + seed + ", " + entry.getKey());
            }
            for (long xid = 100; xid < 106; xid++) {
                if (xacts.isOpen(xid)) {
                    xacts.close(xacts.find(xid));
                }
            }
            flush();
            assertTrue(table.isEmpty());
            assertEquals(0, xacts.size());
        }
    }

    @Test
    void loadsWhatWasStored() {
        xacts.load(
                (1L << 32) + 700,
                relation,
                3,
                RoaringBitmap.bitmapOf(1, 2),
                RoaringBitmap.bitmapOfRange(10, 10 + OpenXacts.MANY));
        xacts.loaded();
        flush();
        assertTrue(table.isEmpty(), "nothing has changed");
        xacts.addInsert(xacts.find(700), 3, 5);
        xacts.addInsert(xacts.find(700), 4, 6);
        flush();
        assertEquals(Set.of((1L << 32) + 700), table.keySet());
        assertEquals(3 + OpenXacts.MANY, table.get((1L << 32) + 700).get(3).size());
        assertEquals(Set.of(6), table.get((1L << 32) + 700).get(4));
        assertEquals(3 + OpenXacts.MANY, items(700).get(3).size());
    }

    @Test
    void manySmallTransactionsLeaveNothingBehind() {
        for (long xid = 1000; xid < 200_000; xid++) {
            xacts.addInsert(xacts.open(xid), 0, 1);
            xacts.close(xacts.find(xid));
        }
        assertEquals(0, xacts.size());
        assertTrue(xacts.capacity() < 2000, "room for " + xacts.capacity());
        flush();
        assertTrue(table.isEmpty());
    }
}
