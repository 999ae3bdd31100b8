package dev.walker.heatmap;

import java.util.Arrays;
import org.roaringbitmap.RoaringBitmap;

/** A set of XIDs or multixacts that remembers which ranges of 65536 have changed since they were stored. */
final class XidSet {
    private static final int RANGE_BITS = 16;

    private final RoaringBitmap xids = new RoaringBitmap();
    private final RoaringBitmap dirtyRanges = new RoaringBitmap();

    /** Receives a range that has changed. */
    interface RangeConsumer {
        /**
         * @param firstXid the first XID of the range, unsigned 32-bit
         * @param xids what is in it; empty if nothing is left
         */
        void accept(long firstXid, RoaringBitmap xids);
    }

    boolean contains(long xid) {
        return xids.contains((int) xid);
    }

    void add(long xid) {
        if (xids.checkedAdd((int) xid)) {
            dirtyRanges.add((int) (xid >>> RANGE_BITS));
        }
    }

    void remove(long xid) {
        if (xids.checkedRemove((int) xid)) {
            dirtyRanges.add((int) (xid >>> RANGE_BITS));
        }
    }

    /** All that are in it. */
    long[] toArray() {
        return Arrays.stream(xids.toArray()).mapToLong(Integer::toUnsignedLong).toArray();
    }

    boolean isEmpty() {
        return xids.isEmpty();
    }

    /** Removes each XID that comes before another one, by the modulo rule. */
    void removeBefore(long xid) {
        if (xids.isEmpty()) {
            return;
        }
        long first = xid - (1L << 31);
        if (first < 0) {
            removeRange(0, xid);
            removeRange(first + (1L << 32), 1L << 32);
        } else {
            removeRange(first, xid);
        }
    }

    void clear() {
        removeRange(0, 1L << 32);
    }

    private void removeRange(long from, long to) {
        long at = from >= to ? -1 : xids.nextValue((int) from);
        if (at < 0 || at >= to) {
            return;
        }
        while (at >= 0 && at < to) {
            dirtyRanges.add((int) (at >>> RANGE_BITS));
            long nextRange = (at >>> RANGE_BITS) + 1 << RANGE_BITS;
            at = nextRange >= to ? -1 : xids.nextValue((int) nextRange);
        }
        xids.remove(from, to);
    }

    /** Takes a range as stored. */
    void load(RoaringBitmap range) {
        xids.or(range);
    }

    /** Gives each range that has changed. */
    void drainDirty(RangeConsumer consumer) {
        dirtyRanges.forEach((int range) -> {
            long first = (long) range << RANGE_BITS;
            RoaringBitmap content = RoaringBitmap.bitmapOfRange(first, first + (1L << RANGE_BITS));
            content.and(xids);
            consumer.accept(first, content);
        });
        dirtyRanges.clear();
    }
}
