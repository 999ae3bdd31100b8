package dev.walker.heatmap;

import java.util.Arrays;

/**
 * Counters of a heap in a bucket of time, for ranges of blocks. Ranges have the least width, a power of two, with which
 * {@link #MOST_RANGES} of them hold all blocks that were counted.
 */
final class HistoryCells {
    /** The most ranges that a heap is cut into. */
    static final int MOST_RANGES = 64;

    private static final int FIRST_CAPACITY = 4;

    /** Blocks of a range, as a power of two. */
    private int shift;
    /** The counters of each range, one range after the other. */
    private long[] counts = new long[0];

    HistoryCells() {}

    /** Nothing counted yet, in ranges of 2 to this power. */
    HistoryCells(int shift) {
        this.shift = shift;
    }

    int shift() {
        return shift;
    }

    long rangeBlocks() {
        return 1L << shift;
    }

    long[] counts() {
        return counts;
    }

    /** How many ranges there is room for. */
    int capacity() {
        return counts.length / HistoryMetric.COUNT;
    }

    /** Bytes of memory. */
    long memory() {
        return 48 + (long) Long.BYTES * counts.length;
    }

    long get(int range, int metric) {
        return counts[range * HistoryMetric.COUNT + metric];
    }

    void add(long block, int metric, long n) {
        makeRoom(block);
        counts[(int) (block >>> shift) * HistoryMetric.COUNT + metric] += n;
    }

    /** Sees to it that a block has its range. */
    void makeRoom(long block) {
        while (block >>> shift >= MOST_RANGES) {
            widen();
        }
        int range = (int) (block >>> shift);
        if (range >= capacity()) {
            int ranges = Math.max(FIRST_CAPACITY, Integer.highestOneBit(range) * 2);
            counts = Arrays.copyOf(counts, ranges * HistoryMetric.COUNT);
        }
    }

    /** Makes ranges twice as wide. */
    void widen() {
        int ranges = capacity();
        int half = (ranges + 1) / 2;
        long[] merged = new long[half * HistoryMetric.COUNT];
        for (int i = 0; i < counts.length; i++) {
            int range = i / HistoryMetric.COUNT;
            merged[(range >> 1) * HistoryMetric.COUNT + i % HistoryMetric.COUNT] += counts[i];
        }
        counts = merged;
        shift++;
    }

    /** Adds the counters of other cells, in the wider ranges of both. */
    void addAll(HistoryCells other) {
        while (shift < other.shift) {
            widen();
        }
        for (int i = 0; i < other.counts.length; i++) {
            if (other.counts[i] != 0) {
                add((long) (i / HistoryMetric.COUNT) << other.shift, i % HistoryMetric.COUNT, other.counts[i]);
            }
        }
    }

    /** The first range in which something was counted; -1 if there is none. */
    int firstRange() {
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] != 0) {
                return i / HistoryMetric.COUNT;
            }
        }
        return -1;
    }

    /** The last range in which something was counted; -1 if there is none. */
    int lastRange() {
        for (int i = counts.length - 1; i >= 0; i--) {
            if (counts[i] != 0) {
                return i / HistoryMetric.COUNT;
            }
        }
        return -1;
    }

    /** The sum over all ranges of each counter. */
    long[] totals() {
        long[] totals = new long[HistoryMetric.COUNT];
        for (int i = 0; i < counts.length; i++) {
            totals[i % HistoryMetric.COUNT] += counts[i];
        }
        return totals;
    }

    /** One counter in ranges {@code first} to {@code last}; null if it is 0 in all. */
    long[] column(int metric, int first, int last) {
        long[] column = null;
        for (int range = first; range <= last; range++) {
            long count = get(range, metric);
            if (count != 0) {
                if (column == null) {
                    column = new long[last - first + 1];
                }
                column[range - first] = count;
            }
        }
        return column;
    }
}
