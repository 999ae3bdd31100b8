package dev.walker.host;

import dev.walker.heatmap.HeatmapPlugin;
import dev.walker.heatmap.PageHeat;
import dev.walker.heatmap.RelationHeat;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What the map of WAL in files has, in the columns of {@code walker.garbage()}, {@code heatmap_pages()} and {@code heatmap()}. */
final class OfflineHeatmap {
    private static final List<String> RELATIONS = List.of(
            "relation",
            "dead_tuples",
            "pages_with_garbage",
            "inserts",
            "updates",
            "hot_updates",
            "deletes",
            "aborted_tuples",
            "pruned_tuples",
            "complete",
            "last_change");
    private static final List<String> PAGES = List.of("block", "dead_tuples", "aborted_tuples", "known");
    private static final List<String> RANGES = List.of(
            "range_no",
            "first_block",
            "last_block",
            "dead_tuples",
            "aborted_tuples",
            "pages_with_garbage",
            "heat",
            "rank",
            "cumulative_percent");

    private final HeatmapPlugin map;
    private final RowPrinter printer;
    private final ByteOutput out;

    OfflineHeatmap(HeatmapPlugin map, RowPrinter printer, ByteOutput out) {
        this.map = map;
        this.printer = printer;
        this.out = out;
    }

    /** The relations, those with most garbage first. */
    void relations(RelationNames names, int limit) {
        List<Object[]> rows = new ArrayList<>();
        map.relations().stream()
                .sorted(Comparator.comparingLong(RelationHeat::deadTuples)
                        .reversed()
                        .thenComparing(heat -> heat.locator().toString()))
                .limit(limit)
                .forEach(heat -> rows.add(new Object[] {
                    name(heat.locator(), names),
                    heat.deadTuples(),
                    heat.pagesWithGarbage(),
                    heat.inserts(),
                    heat.updates(),
                    heat.hotUpdates(),
                    heat.deletes(),
                    heat.abortedTuples(),
                    heat.prunedTuples(),
                    heat.createdInWal(),
                    Lsn.format(heat.lastChange())
                }));
        printer.rows(RELATIONS, rows, out);
    }

    private static String name(RelFileLocator locator, RelationNames names) {
        String name = names.nameOf(locator.spcOid(), locator.dbOid(), locator.relNumber());
        return name.isEmpty() ? locator.toString() : name;
    }

    /** The pages that have garbage or are known. */
    void pages(RelFileLocator locator) {
        List<Object[]> rows = new ArrayList<>();
        for (PageHeat page : map.pages(locator)) {
            rows.add(new Object[] {page.block(), page.deadTuples(), page.abortedTuples(), page.known()});
        }
        printer.rows(PAGES, rows, out);
    }

    /** The relation up to the last block that the WAL tells of, cut into ranges as {@code walker.heatmap()} does. */
    void ranges(RelFileLocator locator, int ranges) {
        List<PageHeat> pages = map.pages(locator);
        long blocks = pages.isEmpty() ? 0 : pages.get(pages.size() - 1).block() + 1;
        int count = (int) Math.min(ranges, blocks);
        long[] dead = new long[count];
        long[] aborted = new long[count];
        long[] withGarbage = new long[count];
        for (PageHeat page : pages) {
            if (page.deadTuples() > 0) {
                int range = (int) (((page.block() + 1) * count - 1) / blocks);
                dead[range] += page.deadTuples();
                aborted[range] += page.abortedTuples();
                withGarbage[range]++;
            }
        }
        List<Integer> worst = new ArrayList<>();
        long total = 0;
        for (int i = 0; i < count; i++) {
            worst.add(i);
            total += dead[i];
        }
        worst.sort(Comparator.comparingLong((Integer i) -> -dead[i]));
        int[] ranks = new int[count];
        double[] percents = new double[count];
        long sum = 0;
        for (int rank = 0; rank < count; rank++) {
            int range = worst.get(rank);
            sum += dead[range];
            ranks[range] = rank + 1;
            percents[range] = total == 0 ? 0 : 100.0 * sum / total;
        }
        List<Object[]> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(new Object[] {
                i + 1,
                i * blocks / count,
                (i + 1) * blocks / count - 1,
                dead[i],
                aborted[i],
                withGarbage[i],
                total == 0 ? 0.0 : (double) dead[i] / dead[worst.get(0)],
                ranks[i],
                percents[i]
            });
        }
        printer.rows(RANGES, rows, out);
    }
}
