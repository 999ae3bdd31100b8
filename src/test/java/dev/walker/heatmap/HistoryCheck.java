package dev.walker.heatmap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.wal.RelFileLocator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The history against the map: what became garbage less what was reclaimed is what there is, for each range of blocks. */
final class HistoryCheck {
    private static final int RANGE_BLOCKS = 4;
    private static final int FIRST_METRIC = 8;
    private static final int TOTALS = 7;

    private HistoryCheck() {}

    /** Columns of a row that make tuples dead: 1, that end it: -1, else 0. */
    private static int sign(int metric) {
        String column = HistoryMetric.COLUMNS.get(metric);
        return column.startsWith("born_") || column.equals("learned") ? 1 : column.startsWith("reclaimed_") ? -1 : 0;
    }

    /** Checks all that a plugin has saved whose map was empty when it began; it must have saved all that it has. */
    static void check(MemoryStore store, HeatmapPlugin plugin) {
        Map<Long, Long> widths = new HashMap<>();
        for (Object[] row : store.rows("heatmap_history")) {
            widths.merge((Long) row[0], (Long) row[4], Math::max);
        }
        Map<List<Long>, Long> changes = new HashMap<>();
        for (Object[] row : store.rows("heatmap_history")) {
            add(changes, row, Math.max(RANGE_BLOCKS, widths.get(row[0])));
        }
        Map<RelFileLocator, Long> ids = new HashMap<>();
        for (Object[] row : store.rows("heatmap_history_relation")) {
            ids.put(new RelFileLocator((Long) row[0], (Long) row[1], (Long) row[2]), (Long) row[3]);
        }
        Map<List<Long>, Long> dead = new HashMap<>();
        for (RelationHeat heat : plugin.relations()) {
            Long id = ids.get(heat.locator());
            if (id == null) {
                assertEquals(0, heat.deadTuples(), heat.locator() + " has no history");
                continue;
            }
            long width = Math.max(RANGE_BLOCKS, widths.getOrDefault(id, 1L));
            for (PageHeat page : plugin.pages(heat.locator())) {
                dead.merge(List.of(id, page.block() / width), (long) page.deadTuples(), Long::sum);
            }
        }
        changes.values().removeIf(sum -> sum == 0);
        dead.values().removeIf(sum -> sum == 0);
        assertEquals(dead, changes);
    }

    private static void add(Map<List<Long>, Long> changes, Object[] row, long width) {
        long rangeBlocks = (Long) row[4];
        int first = (Integer) row[5];
        int ranges = (Integer) row[6];
        assertTrue(ranges >= 1 && first + ranges <= HistoryCells.MOST_RANGES, first + " + " + ranges);
        long[] totals = new long[HistoryMetric.COUNT];
        for (int metric = 0; metric < HistoryMetric.COUNT; metric++) {
            long[] column = (long[]) row[FIRST_METRIC + metric];
            for (int i = 0; column != null && i < column.length; i++) {
                totals[metric] += column[i];
                changes.merge(
                        List.of((Long) row[0], (first + i) * rangeBlocks / width), sign(metric) * column[i], Long::sum);
                assertTrue(column[i] >= 0 || metric == HistoryMetric.LEARNED, HistoryMetric.COLUMNS.get(metric));
            }
        }
        assertArrayEquals(totals, (long[]) row[TOTALS]);
    }

    /** The sum of a column over all rows. */
    static long total(MemoryStore store, String column) {
        int metric = HistoryMetric.COLUMNS.indexOf(column);
        long sum = 0;
        for (Object[] row : store.rows("heatmap_history")) {
            sum += ((long[]) row[TOTALS])[metric];
        }
        return sum;
    }
}
