package dev.walker.heatmap;

import dev.walker.spi.SourceServer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.roaringbitmap.RoaringBitmap;

/**
 * Which member of a multixact updates or deletes. Only those that have one are kept; a tuple says by itself when its
 * multixact only locks. Ranges that were not used lately are left to the table.
 */
final class Multixacts {
    /** Nobody knows. */
    static final long UNKNOWN = -1;
    /** Multixacts of one stored row. */
    static final int RANGE = 1024;

    private static final int RANGE_BITS = 10;
    private static final int RANGE_BYTES = RANGE * Integer.BYTES + 200;

    /** Receives a range that has changed. */
    interface RangeConsumer {
        /**
         * @param firstMulti unsigned 32-bit
         * @param updaters 0 where there is none; null if nothing is left
         */
        void accept(long firstMulti, int[] updaters);
    }

    /** Gets a stored range back. */
    interface RangeLoader {
        /** The updaters of a range that is stored. */
        int[] load(long firstMulti);
    }

    /** By their number, the one that was used least recently first. */
    private final Map<Integer, int[]> inMemory = new LinkedHashMap<>(16, 0.75f, true);
    /** Numbers of ranges that are in the table and not in memory. */
    private final RoaringBitmap inTable = new RoaringBitmap();

    private final RoaringBitmap dirty = new RoaringBitmap();
    private final SourceServer server;
    private final RangeLoader loader;
    private final long mostRanges;

    /**
     * None.
     *
     * @param limitBytes that ranges may take when all is stored
     */
    Multixacts(SourceServer server, RangeLoader loader, long limitBytes) {
        this.server = server;
        this.loader = loader;
        this.mostRanges = limitBytes / RANGE_BYTES;
    }

    private static int rangeOf(long multi) {
        return (int) (multi >>> RANGE_BITS);
    }

    private static long firstOf(int range) {
        return (long) range << RANGE_BITS;
    }

    /** The updaters of a range; null if there are none. */
    private int[] range(int range) {
        int[] updaters = inMemory.get(range);
        if (updaters == null && inTable.contains(range)) {
            updaters = loader.load(firstOf(range));
            inTable.remove(range);
            inMemory.put(range, updaters);
        }
        return updaters;
    }

    void add(long multi, long updater) {
        int range = rangeOf(multi);
        int[] updaters = range(range);
        if (updaters == null) {
            updaters = new int[RANGE];
            inMemory.put(range, updaters);
        }
        updaters[(int) (multi & RANGE - 1)] = (int) updater;
        dirty.add(range);
    }

    /** XID of the updating member, 0 if there is none, {@link #UNKNOWN}. */
    long updater(long multi, boolean mayAskServer) {
        int[] updaters = range(rangeOf(multi));
        if (updaters != null) {
            int xid = updaters[(int) (multi & RANGE - 1)];
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
        all().forEach((int range) -> {
            // All of the range is older, by the modulo rule.
            if ((int) (firstOf(range + 1) - 1) - (int) multi < 0) {
                forget(range);
            }
        });
    }

    /** Forgets all. */
    void forget() {
        all().forEach((int range) -> forget(range));
    }

    private RoaringBitmap all() {
        RoaringBitmap all = inTable.clone();
        inMemory.keySet().forEach(all::add);
        return all;
    }

    private void forget(int range) {
        inMemory.remove(range);
        inTable.remove(range);
        dirty.add(range);
    }

    /** Takes a range as stored. */
    void load(long firstMulti, int[] content) {
        int range = rangeOf(firstMulti);
        if (inMemory.size() < mostRanges) {
            inMemory.put(range, content);
        } else {
            inTable.add(range);
        }
    }

    /** Gives each range that has changed. */
    void drainDirty(RangeConsumer consumer) {
        dirty.forEach((int range) -> consumer.accept(firstOf(range), inMemory.get(range)));
        dirty.clear();
    }

    /** Leaves to the table what was not used lately, if it is too much. Nothing may have changed since it was stored. */
    void spill() {
        Iterator<Integer> oldestFirst = inMemory.keySet().iterator();
        while (inMemory.size() > mostRanges) {
            inTable.add(oldestFirst.next());
            oldestFirst.remove();
        }
    }

    /** How many ranges are in memory. */
    int rangesInMemory() {
        return inMemory.size();
    }
}
