package dev.walker.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.heatmap.MemoryStore;
import dev.walker.rmgr.Rmgr;
import dev.walker.spi.Gap;
import dev.walker.spi.SourceServer;
import dev.walker.spi.WalPlugin;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.Fork;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ChangedBlocksPluginTest {
    private static final RelFileLocator REL = new RelFileLocator(1663, 5, 20000);
    private static final int XLOG_SMGR_TRUNCATE = 0x20;
    private static final int SMGR_TRUNCATE_HEAP = 1;

    private MemoryStore store = new MemoryStore();
    private ChangedBlocksPlugin plugin = start();

    /** A change of a block, or a cut. */
    private record Event(long lsn, long block, boolean isCut) {}

    private final List<Event> events = new ArrayList<>();

    private ChangedBlocksPlugin start() {
        return store.start(new ChangedBlocksPlugin(), SourceServer.none(), Map.of());
    }

    private static WalRecord at(long lsn, RecordBuilder builder) {
        WalBuilder wal = new WalBuilder(PgVersion.PG17, 1 << 24, lsn);
        wal.add(builder);
        WalReader reader = wal.reader();
        WalRecord record = new WalRecord();
        reader.next(record);
        reader.feed(wal.bytes(), 0, wal.bytes().length);
        reader.next(record);
        assertEquals(lsn, record.lsn());
        return record;
    }

    private void change(long lsn, long block) {
        plugin.onRecord(at(lsn, RecordBuilder.of(Rmgr.HEAP, 0x10).xid(700).block(0, REL, block)));
        events.add(new Event(lsn, block, false));
    }

    private void cut(long lsn, long blocks) {
        byte[] main = ByteBuffer.allocate(20)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) blocks)
                .putInt((int) REL.spcOid())
                .putInt((int) REL.dbOid())
                .putInt((int) REL.relNumber())
                .putInt(SMGR_TRUNCATE_HEAP)
                .array();
        WalRecord record =
                at(lsn, RecordBuilder.of(Rmgr.SMGR, XLOG_SMGR_TRUNCATE).main(main));
        plugin.onSmgr(record);
        plugin.onRecord(record);
        events.add(new Event(lsn, blocks, true));
    }

    /** Blocks that were changed since then and are still there, and the lowest cut as a negative number. */
    private TreeSet<Long> expected(long since) {
        TreeSet<Long> blocks = new TreeSet<>();
        long limit = Long.MAX_VALUE;
        for (Event event : events) {
            if (Lsn.isBefore(event.lsn, since)) {
                continue;
            }
            if (event.isCut) {
                blocks.tailSet(event.block, true).clear();
                limit = Math.min(limit, event.block);
            } else {
                blocks.add(event.block);
            }
        }
        if (limit != Long.MAX_VALUE) {
            blocks.add(-1 - limit);
        }
        return blocks;
    }

    /** The same out of the tables. */
    private TreeSet<Long> found(long since) {
        TreeSet<Long> blocks = new TreeSet<>();
        long limit = Long.MAX_VALUE;
        for (Object[] range : store.rows("changed_blocks_range")) {
            if (!Lsn.isBefore(since, (Long) range[1])) {
                continue;
            }
            for (Object[] row : store.rows("changed_blocks_limit")) {
                if (row[0].equals(range[0])) {
                    blocks.tailSet((Long) row[5], true).clear();
                    limit = Math.min(limit, (Long) row[5]);
                }
            }
            for (Object[] row : store.rows("changed_blocks")) {
                if (row[0].equals(range[0])) {
                    short[] runs = (short[]) row[6];
                    for (int i = 0; i < runs.length; i += 2) {
                        for (long block = runs[i]; block <= runs[i + 1]; block++) {
                            blocks.add((Integer) row[5] * 8192L + block);
                        }
                    }
                }
            }
        }
        if (limit != Long.MAX_VALUE) {
            blocks.add(-1 - limit);
        }
        return blocks;
    }

    private void assertEveryRangeIsRight() {
        for (Object[] range : store.rows("changed_blocks_range")) {
            long since = (Long) range[0];
            assertEquals(expected(since), found(since), () -> "since " + Lsn.format(since));
        }
    }

    @Test
    void rangesAreMergedWithoutLosingAnything() {
        Random random = new Random(5);
        long lsn = 0;
        for (int i = 1; i <= 700; i++) {
            lsn = i * ChangedBlocksPlugin.RANGE + 0x1028;
            long run = random.nextInt(100_000);
            for (int j = 0; j < 5; j++) {
                change(lsn + j * 0x100, random.nextBoolean() ? run + j : random.nextInt(100_000));
            }
            if (random.nextInt(20) == 0) {
                cut(lsn + 0x600, random.nextInt(100_000));
                change(lsn + 0x700, random.nextInt(100_000));
            }
            if (random.nextInt(3) > 0) {
                store.flush(plugin, lsn + 0x800);
            }
            if (random.nextInt(50) == 0) {
                store.flush(plugin, lsn + 0x800);
                store = store.copy();
                plugin = start();
            }
            if (i % 100 == 0) {
                store.flush(plugin, lsn + 0x800);
                assertEveryRangeIsRight();
            }
        }
        List<Object[]> ranges = store.rows("changed_blocks_range");
        assertEquals(2, ranges.get(0)[2]);
        assertTrue(ranges.size() < 3 * 33, () -> ranges.size() + " ranges");
        long next = ChangedBlocksPlugin.RANGE + 0x1028;
        for (Object[] range : ranges) {
            assertEquals(next, range[0]);
            next = (Long) range[1];
        }
        assertEquals(
                "{\"from_lsn\": \"" + Lsn.format((Long) ranges.get(0)[0]) + "\", \"ranges\": " + ranges.size() + "}",
                store.published().get("ranges"));
    }

    @Test
    void lastBlocksOfAForkAreKept() {
        long last = 0xFFFF_FFFEL;
        change(0x1028, last);
        change(0x1128, last - 1);
        change(0x1228, 0x8000_0000L);
        store.flush(plugin, 0x2000);
        assertEquals(expected(0), found(0));
        cut(0x1328, last);
        store.flush(plugin, 0x2000);
        assertEquals(expected(0), found(0));
        cut(0x1428, 5);
        store.flush(plugin, 0x2000);
        assertEquals(expected(0), found(0));
        assertEquals(List.of(), store.rows("changed_blocks"));
    }

    /** Pages of the visibility map that a record changes. */
    private Set<Long> visibilityMap(RecordBuilder builder) {
        store = new MemoryStore();
        plugin = start();
        WalRecord record = at(0x1028, builder.xid(700));
        if (record.rmgrId() == Rmgr.HEAP.id()) {
            plugin.onHeap(record);
        } else {
            plugin.onHeap2(record);
        }
        plugin.onRecord(record);
        assertTrue(store.isChanged());
        store.flush(plugin, 0x2000);
        Set<Long> pages = new TreeSet<>();
        for (Object[] row : store.rows("changed_blocks")) {
            short[] runs = (short[]) row[6];
            for (int i = 0; row[4].equals(Fork.VM.number()) && i < runs.length; i += 2) {
                for (long page = runs[i]; page <= runs[i + 1]; page++) {
                    assertEquals(REL, new RelFileLocator((Long) row[1], (Long) row[2], (Long) row[3]));
                    pages.add(page);
                }
            }
        }
        return pages;
    }

    private static RecordBuilder record(Rmgr rmgr, int info, long block, int size, int flagsAt, int flags) {
        byte[] main = new byte[size];
        main[flagsAt] = (byte) flags;
        return RecordBuilder.of(rmgr, info).block(0, REL, block).main(main);
    }

    @Test
    void clearedBitsOfTheVisibilityMapNeedNoReference() {
        long last = 32671;
        assertEquals(Set.of(0L), visibilityMap(record(Rmgr.HEAP, 0x00, last, 3, 2, 0x09)), "INSERT");
        assertEquals(Set.of(1L), visibilityMap(record(Rmgr.HEAP, 0x80, last + 1, 3, 2, 0x01)), "INSERT+INIT");
        assertEquals(Set.of(2L), visibilityMap(record(Rmgr.HEAP, 0x10, 3 * last, 8, 7, 0x01)), "DELETE");
        assertEquals(Set.of(3L), visibilityMap(record(Rmgr.HEAP, 0x60, 4 * last, 8, 7, 0x01)), "LOCK");
        assertEquals(Set.of(4L), visibilityMap(record(Rmgr.HEAP2, 0x60, 5 * last, 8, 7, 0x01)), "LOCK_UPDATED");
        assertEquals(Set.of(5L), visibilityMap(record(Rmgr.HEAP2, 0x50, 6 * last, 4, 0, 0x03)), "MULTI_INSERT");
        assertEquals(Set.of(6L), visibilityMap(record(Rmgr.HEAP, 0x40, 7 * last, 14, 7, 0x01)), "HOT_UPDATE");
        assertEquals(Set.of(6L), visibilityMap(record(Rmgr.HEAP, 0x20, 7 * last, 14, 7, 0x03)), "UPDATE");
        for (int flags = 0; flags < 4; flags++) {
            Set<Long> pages = new TreeSet<>();
            if ((flags & 1) != 0) {
                pages.add(1L);
            }
            if ((flags & 2) != 0) {
                pages.add(0L);
            }
            RecordBuilder update = record(Rmgr.HEAP, 0x20, 5, 14, 7, flags).block(1, REL, 2 * last);
            assertEquals(pages, visibilityMap(update), "UPDATE to another page, flags " + flags);
        }
        RecordBuilder later =
                record(Rmgr.HEAP, 0x40, 3 * last, 14, 7, 0x01).block(3, REL, 2).fork(Fork.VM);
        assertEquals(Set.of(2L), visibilityMap(later), "HOT_UPDATE as of 17.11");
    }

    @Test
    void whatClearsNothingInTheVisibilityMapIsNoChangeOfIt() {
        assertEquals(Set.of(), visibilityMap(record(Rmgr.HEAP, 0x00, 1, 3, 2, 0x0A)), "INSERT");
        assertEquals(Set.of(), visibilityMap(record(Rmgr.HEAP, 0x10, 1, 8, 7, 0x0E)), "DELETE");
        assertEquals(Set.of(), visibilityMap(record(Rmgr.HEAP, 0x40, 1, 14, 7, 0x74)), "HOT_UPDATE");
        assertEquals(Set.of(), visibilityMap(record(Rmgr.HEAP, 0x60, 1, 8, 7, 0)), "LOCK");
        assertEquals(Set.of(), visibilityMap(record(Rmgr.HEAP2, 0x50, 1, 4, 0, 0x22)), "MULTI_INSERT");
        assertEquals(Set.of(), visibilityMap(record(Rmgr.HEAP2, 0x10, 1, 8, 7, 0xFF)), "PRUNE");
    }

    @Test
    void afterAGapItBeginsAnew() {
        change(0x1028, 3);
        store.flush(plugin, 0x2000);
        plugin.onGap(new Gap(0x2000, 0x5000, 1, 1, "test"));
        store.flush(plugin, 0x5000);
        assertEquals(List.of(), store.rows("changed_blocks_range"));
        assertEquals(Map.of(), store.published());
        events.clear();
        change(0x5028, 4);
        store.flush(plugin, 0x6000);
        assertEquals(0x5000L, store.rows("changed_blocks_range").get(0)[0]);
        assertEquals(expected(0), found(0));
    }

    @Test
    void whereNothingIsNewNothingIsWritten() {
        WalPlugin silent = plugin;
        change(0x1028, 3);
        store.flush(silent, 0x2000);
        int[] writes = {0};
        store.onWrite(() -> writes[0]++);
        change(0x1128, 3);
        store.flush(silent, 0x2000);
        assertEquals(0, writes[0]);
    }

    /** Else nothing would be forgotten before that time has come. */
    @Test
    void rangeOfAClockThatWasAheadIsForgottenWithTheNext() {
        long size = 1 << 24;
        for (int i = 1; i <= 4; i++) {
            change(i * size + 40, i);
            store.flush(plugin, i * size + 80);
        }
        List<Object[]> ranges = store.rows("changed_blocks_range");
        assertEquals(4, ranges.size());
        Instant now = Instant.now();
        ranges.get(0)[3] = now.plus(3650, ChronoUnit.DAYS);
        plugin = start();
        change(5 * size + 40, 5);
        store.flush(plugin, 5 * size + 80);
        assertEquals(5, store.rows("changed_blocks_range").size());
        ranges.get(1)[3] = now.minus(40, ChronoUnit.DAYS);
        plugin = start();
        change(5 * size + 120, 6);
        store.flush(plugin, 5 * size + 160);
        assertEquals(3, store.rows("changed_blocks_range").size());
    }
}
