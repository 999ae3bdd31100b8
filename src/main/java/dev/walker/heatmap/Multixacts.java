package dev.walker.heatmap;

import dev.walker.spi.SourceServer;
import java.util.ArrayList;
import java.util.List;
import org.roaringbitmap.RoaringBitmap;

/**
 * Which member of a multixact updates or deletes. Only those that have one are kept; a tuple says by itself when its
 * multixact only locks.
 */
final class Multixacts {
    /** Nobody knows. */
    static final long UNKNOWN = -1;
    /** Multixacts of one stored row. */
    static final int RANGE = 1024;

    private static final int RANGE_BITS = 10;

    private final LongIntMap ranges = new LongIntMap();
    private final List<int[]> updaters = new ArrayList<>();
    private final RoaringBitmap free = new RoaringBitmap();
    private final RoaringBitmap dirty = new RoaringBitmap();
    private final SourceServer server;

    Multixacts(SourceServer server) {
        this.server = server;
    }

    /** Receives a range that has changed. */
    interface RangeConsumer {
        /**
         * @param firstMulti unsigned 32-bit
         * @param updaters 0 where there is none; null if nothing is left
         */
        void accept(long firstMulti, int[] updaters);
    }

    void add(long multi, long updater) {
        long range = multi >>> RANGE_BITS;
        int index = ranges.get(range);
        if (index == LongIntMap.ABSENT) {
            index = addRange(range, new int[RANGE]);
        }
        updaters.get(index)[(int) (multi & RANGE - 1)] = (int) updater;
        dirty.add((int) range);
    }

    private int addRange(long range, int[] content) {
        int index;
        if (free.isEmpty()) {
            index = updaters.size();
            updaters.add(content);
        } else {
            index = free.first();
            free.remove(index);
            updaters.set(index, content);
        }
        ranges.put(range, index);
        return index;
    }

    /** XID of the updating member, 0 if there is none, {@link #UNKNOWN}. */
    long updater(long multi, boolean mayAskServer) {
        int index = ranges.get(multi >>> RANGE_BITS);
        if (index != LongIntMap.ABSENT) {
            int xid = updaters.get(index)[(int) (multi & RANGE - 1)];
            if (xid != 0) {
                return xid & 0xFFFF_FFFFL;
            }
        }
        if (!mayAskServer) {
            return UNKNOWN;
        }
        long asked = server.multixactUpdater(multi);
        if (asked > 0) {
            add(multi, asked);
        }
        return asked;
    }

    /** Forgets those that no table can hold any more. */
    void removeBefore(long multi) {
        for (long range : ranges.keys()) {
            // All of the range is older, by the modulo rule.
            if ((int) ((range + 1 << RANGE_BITS) - 1) - (int) multi < 0) {
                forget(range);
            }
        }
    }

    /** Forgets all. */
    void forget() {
        for (long range : ranges.keys()) {
            forget(range);
        }
    }

    private void forget(long range) {
        int index = ranges.get(range);
        updaters.set(index, null);
        free.add(index);
        ranges.remove(range);
        dirty.add((int) range);
    }

    /** Takes a range as stored. */
    void load(long firstMulti, int[] content) {
        addRange(firstMulti >>> RANGE_BITS, content);
    }

    /** Gives each range that has changed. */
    void drainDirty(RangeConsumer consumer) {
        dirty.forEach((int range) -> {
            int index = ranges.get(range);
            consumer.accept((long) range << RANGE_BITS, index == LongIntMap.ABSENT ? null : updaters.get(index));
        });
        dirty.clear();
    }
}
