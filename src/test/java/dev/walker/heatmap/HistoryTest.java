package dev.walker.heatmap;

import static dev.walker.heatmap.HeapRecords.REL;
import static dev.walker.heatmap.HeapRecords.abort;
import static dev.walker.heatmap.HeapRecords.abortAt;
import static dev.walker.heatmap.HeapRecords.commit;
import static dev.walker.heatmap.HeapRecords.commitAt;
import static dev.walker.heatmap.HeapRecords.create;
import static dev.walker.heatmap.HeapRecords.delete;
import static dev.walker.heatmap.HeapRecords.dropAt;
import static dev.walker.heatmap.HeapRecords.endWithDrop;
import static dev.walker.heatmap.HeapRecords.hotUpdate;
import static dev.walker.heatmap.HeapRecords.image;
import static dev.walker.heatmap.HeapRecords.insert;
import static dev.walker.heatmap.HeapRecords.lock;
import static dev.walker.heatmap.HeapRecords.prune;
import static dev.walker.heatmap.HeapRecords.truncate;
import static dev.walker.heatmap.HeapRecords.update;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.heatmap.HeapRecords.Page;
import dev.walker.spi.Gap;
import dev.walker.spi.SourceServer;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.RelFileLocator;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HistoryTest {
    private static final long LSN = 0x100028;
    private static final int INIT = 0x80;
    private static final int SUPER = 0x08;
    private static final int MINUTE = 60;
    private static final int DAY = 86400;
    /** Midnight. */
    private static final long T = Instant.parse("2026-03-01T00:00:00Z").getEpochSecond();

    private static final int[] NO_ITEMS = {};
    /** A table of the server. */
    private static final long TABLE = 16400;

    private long wallSeconds = T;
    private long nanos;
    private MemoryStore store = new MemoryStore();
    private HeatmapPlugin plugin;
    private PgVersion version = PgVersion.PG17;
    private Map<String, String> settings = Map.of();
    /** The file of the table that the server has, null if there is no table. */
    private RelFileLocator serversFile;

    private final SourceServer server = new SourceServer() {
        @Override
        public XidStatus xidStatus(long fullXid) {
            return XidStatus.COMMITTED;
        }

        @Override
        public long multixactUpdater(long multiXid) {
            return -1;
        }

        @Override
        public boolean mayLackWal() {
            return false;
        }

        @Override
        public long[] relationOids(List<RelFileLocator> files) {
            return files.stream()
                    .mapToLong(file -> file.equals(serversFile) ? TABLE : 0)
                    .toArray();
        }

        @Override
        public Set<Long> goneRelations(long dbOid, Set<Long> oids) {
            return serversFile == null ? oids : Set.of();
        }
    };

    @BeforeEach
    void start() {
        plugin = store.start(
                new HeatmapPlugin(new HistoryClock(() -> wallSeconds * 1_000_000, () -> nanos)), server, settings);
    }

    private void walk(RecordBuilder... records) {
        for (RecordBuilder record : records) {
            WalkLoop.dispatch(record.decode(version), plugin);
        }
    }

    private void flush() {
        store.flush(plugin, LSN);
    }

    private void restart() {
        store = store.copy();
        start();
    }

    private long total(String column) {
        return HistoryCheck.total(store, column);
    }

    private List<Long> buckets() {
        return store.rows("heatmap_history").stream()
                .map(row -> ((Instant) row[3]).getEpochSecond())
                .toList();
    }

    private void check() {
        flush();
        HistoryCheck.check(store, plugin);
    }

    // Causes

    @Test
    void tuplesAreCountedByWhatMadeThemDead() {
        walk(create(REL));
        for (int item = 1; item <= 10; item++) {
            walk(insert(700, 0, item, item == 1 ? INIT : 0, HeapRecords.XMAX_INVALID));
        }
        walk(commit(700), delete(701, 0, 1), commit(701));
        walk(update(702, 0, 2, 1, 1, INIT), update(702, 0, 3, 1, 2, 0), commit(702));
        walk(hotUpdate(703, 0, 4, 11), hotUpdate(703, 0, 5, 12), hotUpdate(703, 0, 6, 13), commit(703));
        walk(insert(704, 1, 3), insert(704, 1, 4), insert(704, 1, 5), insert(704, 1, 6), abort(704));
        walk(hotUpdate(705, 0, 7, 14), update(705, 0, 8, 1, 7, 0), abort(705));
        walk(insert(706, 1, 8), delete(706, 1, 8, SUPER), commit(706));
        check();
        assertEquals(1, total("born_delete"));
        assertEquals(2, total("born_update"));
        assertEquals(3, total("born_hot_update"));
        assertEquals(5, total("born_aborted_insert"), "one of them speculative");
        assertEquals(2, total("born_aborted_update"));
        assertEquals(0, total("learned"));
        assertEquals(15, total("inserts"));
        assertEquals(7, total("updates"));
        assertEquals(4, total("hot_updates"));
        assertEquals(1, total("deletes"));
    }

    @Test
    void causesSurviveARestart() {
        walk(create(REL), insert(700, 0, 1), insert(700, 0, 2), insert(700, 0, 3), commit(700));
        walk(delete(701, 0, 1), update(701, 0, 2, 1, 1, INIT), hotUpdate(701, 0, 3, 4));
        flush();
        restart();
        walk(commit(701));
        check();
        assertEquals(1, total("born_delete"));
        assertEquals(1, total("born_update"));
        assertEquals(1, total("born_hot_update"));
    }

    @Test
    void causesOfLargeTransactionsAreKeptToo() {
        walk(create(REL));
        int items = 3 * OpenXacts.MANY;
        for (int i = 0; i < items; i++) {
            walk(insert(700, i / 200, 1 + i % 200));
        }
        walk(commitAt(T + 1, 700));
        for (int i = 0; i < items; i++) {
            switch (i % 3) {
                case 0 -> walk(delete(701, i / 200, 1 + i % 200));
                case 1 -> walk(update(701, i / 200, 1 + i % 200, 5000 + i / 200, 1 + i % 200, 0));
                default -> walk(hotUpdate(701, i / 200, 1 + i % 200, 201 + i % 50));
            }
        }
        walk(commitAt(T + 100, 701), insert(702, 9000, 1), abortAt(T + 1000, 702));
        check();
        assertEquals(OpenXacts.MANY, total("born_delete"));
        assertEquals(OpenXacts.MANY, total("born_update"));
        assertEquals(OpenXacts.MANY, total("born_hot_update"));
        for (Object[] row : store.rows("heatmap_history")) {
            boolean ofTheCommit = row[3].equals(Instant.ofEpochSecond(T + 60));
            assertEquals(ofTheCommit, row[8] != null, "deletes are born when their transaction commits: " + row[3]);
        }
    }

    @Test
    void whoPrunesIsTold() {
        version = PgVersion.PG18;
        makeDead(6);
        walk(prune(version, 0, NO_ITEMS, new int[] {1}, NO_ITEMS));
        walk(pruneBy(0x20, 2), pruneBy(0x30, 3));
        walk(truncate(0, 1));
        check();
        assertEquals(1, total("reclaimed_on_access"));
        assertEquals(1, total("reclaimed_vacuum_scan"));
        assertEquals(1, total("reclaimed_vacuum_cleanup"));
        assertEquals(3, total("reclaimed_truncate"));
        assertEquals(3, total("prunes"));
    }

    private RecordBuilder pruneBy(int info, int item) {
        // As above, with the item in the list of what is unused now.
        return RecordBuilder.of(dev.walker.rmgr.Rmgr.HEAP2, info)
                .block(0, REL, 0)
                .data(HeapRecords.shorts(1, item))
                .main(new byte[] {0, (byte) 0x84});
    }

    @Test
    void before17PruningIsToldFromVacuumByItsTransactionOnly() {
        version = PgVersion.PG15;
        makeDead(3);
        walk(prune(version, 0, NO_ITEMS, new int[] {1}, NO_ITEMS));
        walk(prune(version, 0, NO_ITEMS, new int[] {2, 3}, NO_ITEMS).xid(750));
        check();
        assertEquals(1, total("reclaimed_prune"));
        assertEquals(2, total("reclaimed_on_access"));
    }

    private void makeDead(int items) {
        walk(create(REL));
        for (int item = 1; item <= items; item++) {
            walk(insert(700, 0, item));
        }
        walk(commit(700));
        for (int item = 1; item <= items; item++) {
            walk(delete(701, 0, item));
        }
        walk(commit(701));
    }

    @Test
    void whatAnImageShowsIsLearned() {
        walk(image(3, new Page().tuple(690, 691, 0x0500).tuple(690, 0, HeapRecords.XMIN_INVALID)));
        walk(insert(700, 3, 3), commitAt(T, 700));
        check();
        assertEquals(2, total("learned"));
        assertEquals(0, total("born_delete"));
        assertEquals(1, total("fpi"));
        walk(image(3, new Page().tuple(690, 691, 0x0500).pointer(3).tuple(700, 0, HeapRecords.XMIN_COMMITTED)));
        check();
        assertEquals(1, total("learned"), "less what is gone without a record that took it");
    }

    @Test
    void afterAGapNothingIsKnown() {
        makeDead(5);
        flush();
        plugin.onGap(new Gap(LSN, LSN + 8192, 1, 1, "lost"));
        check();
        assertEquals(5, total("born_delete"));
        assertEquals(-5, total("learned"));
    }

    // Time

    @Test
    void bucketsAreThoseOfTheLastCommit() {
        walk(create(REL), insert(700, 0, 1), commitAt(T + 30, 700));
        walk(delete(701, 0, 1), insert(702, 0, 2), commitAt(T + 130, 702), commitAt(T + 200, 701));
        check();
        assertEquals(List.of(T, T + 180), buckets());
        List<Object[]> rows = store.rows("heatmap_history");
        assertEquals(2, sum(rows.get(0), HistoryMetric.INSERTS));
        assertEquals(1, sum(rows.get(0), HistoryMetric.DELETES));
        assertEquals(0, sum(rows.get(0), HistoryMetric.BORN_DELETE));
        assertEquals(1, sum(rows.get(1), HistoryMetric.BORN_DELETE));
    }

    private static long sum(Object[] row, int metric) {
        return ((long[]) row[7])[metric];
    }

    @Test
    void whatComesBeforeTheFirstCommitBelongsToIt() {
        wallSeconds = T + 10 * DAY;
        walk(create(REL), insert(700, 0, 1), commitAt(T + 30, 700));
        check();
        assertEquals(List.of(T), buckets());
    }

    @Test
    void withoutCommitsTheClockGoesOn() {
        walk(create(REL), insert(700, 0, 1), commitAt(T + 30, 700));
        plugin.onPause(LSN);
        nanos += 95_000_000_000L;
        plugin.onPause(LSN);
        walk(insert(701, 0, 2));
        check();
        assertEquals(List.of(T, T + 120), buckets());
    }

    @Test
    void commitsOutOfOrderStayInTheirBucketAndAClockSetBackIsFollowed() {
        walk(create(REL), insert(700, 0, 1), commitAt(T + 60, 700));
        walk(commitAt(T + 59, 701), insert(702, 0, 2), commitAt(T + 61, 702));
        flush();
        assertEquals(List.of(T + 60), buckets());
        walk(commitAt(T - 7000, 703), insert(704, 0, 3), commitAt(T - 6999, 704));
        check();
        // As old as that it is merged at once.
        assertEquals(T - 7200, buckets().get(0) - buckets().get(0) % 300);
    }

    // Storing

    @Test
    void aBucketGoesOnAfterARestart() {
        walk(create(REL), insert(700, 0, 1), commitAt(T, 700));
        flush();
        walk(insert(701, 0, 2), commitAt(T + 10, 701));
        flush();
        restart();
        walk(insert(702, 0, 3), commitAt(T + 20, 702), delete(703, 0, 1), commitAt(T + 30, 703));
        check();
        restart();
        walk(delete(704, 0, 2), commitAt(T + 40, 704));
        check();
        assertEquals(List.of(T), buckets());
        assertEquals(3, total("inserts"));
        assertEquals(2, total("born_delete"));
    }

    @Test
    void whatIsWalkedAgainAfterACrashCountsOnce() {
        load(null);
        flush();
        MemoryStore calm = store;
        store = new MemoryStore();
        start();
        load(new Random(2));
        check();
        for (String column : HistoryMetric.COLUMNS) {
            assertEquals(HistoryCheck.total(calm, column), total(column), column);
        }
    }

    /** The same records each time; saves and crashes by chance, if there is any. */
    private void load(Random crashes) {
        Random random = new Random(1);
        List<RecordBuilder> unsaved = new ArrayList<>(List.of(create(REL), insert(699, 0, 1), commitAt(T, 699)));
        unsaved.forEach(this::walk);
        for (int i = 0; i < 400; i++) {
            long xid = 700 + i;
            int block = random.nextInt(900);
            for (RecordBuilder record : List.of(
                    insert(xid, block, 1 + i % 290),
                    insert(xid, block + 1000, 1 + i % 290),
                    random.nextInt(4) == 0 ? abortAt(T + i * 7, xid) : commitAt(T + i * 7, xid))) {
                walk(record);
                unsaved.add(record);
                int chance = crashes == null ? 9 : crashes.nextInt(10);
                if (chance == 0) {
                    flush();
                    unsaved.clear();
                } else if (chance == 1) {
                    restart();
                    unsaved.forEach(this::walk);
                }
            }
        }
    }

    @Test
    void anIdleServerChangesNothing() {
        walk(create(REL), insert(700, 0, 1), commitAt(T, 700));
        flush();
        store.writes = 0;
        for (int i = 1; i < 100; i++) {
            walk(commitAt(T + i * 3600, 700 + i), lock(700 + i, 0, 1));
            nanos += 3600_000_000_000L;
            plugin.onPause(LSN);
        }
        assertEquals(0, store.changes);
        assertEquals(0, store.writes);
    }

    @Test
    void aDroppedTableHasNoHistory() {
        walk(create(REL), insert(700, 0, 1), abortAt(T, 700));
        flush();
        assertEquals(1, store.rows("heatmap_history").size());
        walk(insert(701, 0, 2), endWithDrop(0x00, 702, REL));
        flush();
        assertEquals(0, store.rows("heatmap_history").size());
        assertEquals(0, store.rows("heatmap_history_relation").size());
    }

    @Test
    void withoutHistoryNothingIsCountedAndNothingIsKept() {
        walk(create(REL), insert(700, 0, 1), abortAt(T, 700));
        flush();
        settings = Map.of("walker.heatmap_history", "off");
        restart();
        walk(insert(701, 0, 2), abortAt(T + 3, 701));
        flush();
        assertEquals(0, store.rows("heatmap_history").size());
        assertEquals(0, store.rows("heatmap_history_relation").size());
        assertEquals(2, plugin.relations().get(0).deadTuples());
    }

    @Test
    void theSettingIsChecked() {
        settings = Map.of("walker.heatmap_history", "a while");
        String message =
                assertThrows(IllegalArgumentException.class, this::start).getMessage();
        assertTrue(message.contains("walker.heatmap_history") && message.contains("7 days"), message);
        // The name of before holds where there is no other.
        settings = Map.of("walker.heatmap.history", "a while");
        message = assertThrows(IllegalArgumentException.class, this::start).getMessage();
        assertTrue(message.contains("walker.heatmap.history"), message);
        settings = Map.of("walker.heatmap.history", "a while", "walker.heatmap_history", "off");
        start();
    }

    // Files

    private static RelFileLocator file(int number) {
        return new RelFileLocator(REL.spcOid(), REL.dbOid(), REL.relNumber() + number);
    }

    /** The server has the new file before the walk comes to the end of the old one; both count into the same rows. */
    @Test
    void whatAFileCountsAsItGoesStaysWhenTheNextOneCountsInTheSameMinute() {
        serversFile = file(0);
        walk(create(file(0)), insert(700, 0, 1), insert(700, 0, 2), abortAt(T, 700));
        check();
        serversFile = file(1);
        walk(create(file(1)), insert(file(1), 701, 0, 1));
        check();
        walk(insert(file(1), 702, 0, 2), abortAt(T + 1, 702), dropAt(T + 2, 701, file(0)));
        check();
        walk(insert(file(1), 703, 0, 3), abortAt(T + 3, 703));
        check();
        assertEquals(4, total("born_aborted_insert"));
        assertEquals(2, total("reclaimed_truncate"));
        assertEquals(1, store.rows("heatmap_history").size());
    }

    /** Chunks with something pending stay as a place when their content is left to the table. */
    @Test
    void theGarbageOfAFileIsReclaimedWithItThoughItsChunksHaveLeftMemory() {
        settings = Map.of("walker.memory", "1");
        start();
        serversFile = file(0);
        int chunks = 4000;
        walk(create(file(0)));
        for (int chunk = 0; chunk < chunks; chunk++) {
            walk(insert(file(0), 700, (long) chunk * Chunk.BLOCKS, 1));
            walk(insert(file(0), 1000 + chunk, (long) chunk * Chunk.BLOCKS, 2));
        }
        walk(abortAt(T, 700));
        check();
        flush();
        assertTrue(plugin.mapBytes() < chunks * 200L, plugin.mapBytes() + " bytes");
        for (int chunk = 0; chunk < chunks; chunk++) {
            walk(commitAt(T + 1, 1000 + chunk));
        }
        serversFile = file(1);
        walk(create(file(1)), insert(file(1), 9000, 0, 1), dropAt(T + 2, 9000, file(0)));
        check();
        assertEquals(chunks, total("born_aborted_insert"));
        assertEquals(chunks, total("reclaimed_truncate"));
    }

    /** Of a file that came and went between two saves nothing is known. */
    @Test
    void rowsStayWhenAllFilesThatCountIntoThemGoAtOnce() {
        serversFile = file(0);
        walk(create(file(0)), insert(700, 0, 1), abortAt(T, 700));
        check();
        serversFile = file(1);
        walk(create(file(1)), insert(file(1), 701, 0, 1), abortAt(T + 1, 701));
        check();
        serversFile = file(3);
        walk(dropAt(T + 2, 702, file(0)), create(file(2)), dropAt(T + 3, 703, file(1)));
        check();
        walk(create(file(3)), dropAt(T + 4, 704, file(2)), insert(file(3), 705, 0, 1), abortAt(T + 4, 705));
        check();
        assertEquals(3, total("born_aborted_insert"));
        serversFile = null;
        walk(dropAt(T + MINUTE, 706, file(3)));
        flush();
        assertEquals(0, store.rows("heatmap_history").size());
        assertEquals(0, store.rows("heatmap_history_relation").size());
    }

    @Test
    void noEventIsLostOrCountedTwiceWhereTablesGetNewFiles() {
        for (int seed = 0; seed < 200; seed++) {
            store = new MemoryStore();
            serversFile = file(0);
            start();
            newFiles(new Random(seed));
        }
    }

    /** A walk some records behind its server; files go in any order. */
    private void newFiles(Random random) {
        List<RelFileLocator> files = new ArrayList<>();
        int created = 0;
        int newest = 0;
        for (int i = 0; i < 150; i++) {
            long time = T + i * 3;
            if (created == 0 || random.nextInt(10) == 0 && created <= newest) {
                RelFileLocator file = file(created++);
                walk(create(file));
                files.add(file);
            }
            RelFileLocator any = files.get(random.nextInt(files.size()));
            switch (random.nextInt(8)) {
                case 0 -> serversFile = file(++newest);
                case 1 -> {
                    if (files.size() > 1) {
                        walk(dropAt(time, 10_000 + i, any));
                        files.remove(any);
                    }
                }
                case 2, 3 -> flush();
                case 4 -> {
                    check();
                    if (random.nextInt(4) == 0) {
                        restart();
                    }
                }
                default -> walk(insert(any, 700 + i, random.nextInt(9), 1 + i), abortAt(time, 700 + i));
            }
        }
        check();
    }

    // Size

    @Test
    void rangesGetWiderWithTheTable() {
        walk(create(REL));
        for (int i = 0; i < 20; i++) {
            walk(insert(700, (1L << i) - 1, 1));
        }
        walk(abortAt(T, 700));
        check();
        Object[] row = store.rows("heatmap_history").get(0);
        assertEquals(1L << 19 - 6, row[4]);
        assertEquals(64, row[6]);
    }

    @Test
    void rowsStayBelowTheBoundWhateverHappens() {
        settings = Map.of("walker.heatmap_history", "3 days");
        start();
        walk(create(REL), insert(699, 0, 1), commitAt(T, 699));
        Random random = new Random(3);
        int most = 0;
        for (int minute = 0; minute < 7 * 24 * 60; minute++) {
            wallSeconds = T + minute * MINUTE;
            if (random.nextInt(3) > 0) {
                walk(insert(700, random.nextInt(1 << 20), 1), abortAt(wallSeconds, 700));
            }
            flush();
            if (minute % 97 == 0) {
                restart();
            }
            most = Math.max(most, store.rows("heatmap_history").size());
        }
        long bound = 0;
        for (HistoryLayer layer : HistoryLayer.values()) {
            bound += layer.mostRows(3 * DAY);
        }
        assertTrue(most <= bound && most > bound / 2, most + " rows, bound " + bound);
        long oldest = buckets().stream().mapToLong(Long::longValue).min().orElseThrow();
        assertTrue(oldest >= wallSeconds - 4 * DAY, "too old: " + Instant.ofEpochSecond(oldest));
        assertTrue(oldest <= wallSeconds - 3 * DAY, "dropped too early: " + Instant.ofEpochSecond(oldest));
    }

    @Test
    void mergingKeepsTheSums() {
        settings = Map.of("walker.heatmap_history", "30 days");
        start();
        walk(create(REL), insert(699, 0, 1), commitAt(T, 699));
        Random random = new Random(4);
        for (int minute = 0; minute < 6 * 24 * 60; minute += 1 + random.nextInt(3)) {
            wallSeconds = T + minute * MINUTE;
            int block = random.nextInt(1 + minute * 20);
            walk(insert(700, block, 1 + minute % 200));
            walk(random.nextBoolean() ? abortAt(wallSeconds, 700) : commitAt(wallSeconds, 700));
            if (random.nextInt(3) == 0) {
                flush();
            }
        }
        check();
    }

    @Test
    void detailIsGivenUpForMemoryButNoEvent() {
        settings = Map.of("walker.memory", "1");
        start();
        walk(create(REL), insert(699, 0, 1), commitAt(T, 699));
        for (int i = 0; i < 6400; i++) {
            walk(insert(700 + i, i % 64 * 100, 1 + i / 64), abortAt(T + i, 700 + i));
        }
        check();
        assertEquals(6401, total("inserts"));
        assertEquals(6400, total("born_aborted_insert"));
    }
}
