package dev.walker.heatmap;

import java.util.Arrays;
import java.util.function.LongConsumer;

/** A map from {@code long} to non-negative {@code int} that allocates only when it grows. */
final class LongIntMap {
    /** What {@link #get} gives for a key that is not there. */
    static final int ABSENT = -1;

    private static final int MIN_CAPACITY = 16;

    private long[] keys = new long[MIN_CAPACITY];
    /** One more than the value, 0 in a free place. */
    private int[] values = new int[MIN_CAPACITY];

    private int size;

    private static int hash(long key) {
        long h = key * 0x9E37_79B9_7F4A_7C15L;
        return (int) (h >>> 32 ^ h >>> 52);
    }

    int size() {
        return size;
    }

    /** Bytes that it takes, but for what it takes when it is empty. */
    long memory() {
        return (long) (keys.length - MIN_CAPACITY) * (Long.BYTES + Integer.BYTES);
    }

    int get(long key) {
        int mask = keys.length - 1;
        for (int at = hash(key) & mask; values[at] != 0; at = at + 1 & mask) {
            if (keys[at] == key) {
                return values[at] - 1;
            }
        }
        return ABSENT;
    }

    void put(long key, int value) {
        int mask = keys.length - 1;
        int at = hash(key) & mask;
        while (values[at] != 0) {
            if (keys[at] == key) {
                values[at] = value + 1;
                return;
            }
            at = at + 1 & mask;
        }
        keys[at] = key;
        values[at] = value + 1;
        if (++size * 2 > keys.length) {
            grow();
        }
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new int[keys.length];
        int mask = keys.length - 1;
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldValues[i] != 0) {
                int at = hash(oldKeys[i]) & mask;
                while (values[at] != 0) {
                    at = at + 1 & mask;
                }
                keys[at] = oldKeys[i];
                values[at] = oldValues[i];
            }
        }
    }

    void remove(long key) {
        int mask = keys.length - 1;
        int hole = hash(key) & mask;
        while (values[hole] != 0 && keys[hole] != key) {
            hole = hole + 1 & mask;
        }
        if (values[hole] == 0) {
            return;
        }
        size--;
        // Close the gap, so that no search stops at it too early.
        for (int at = hole + 1 & mask; values[at] != 0; at = at + 1 & mask) {
            int home = hash(keys[at]) & mask;
            if ((at - home & mask) >= (at - hole & mask)) {
                keys[hole] = keys[at];
                values[hole] = values[at];
                hole = at;
            }
        }
        values[hole] = 0;
    }

    void clear() {
        Arrays.fill(values, 0);
        size = 0;
    }

    /** Gives each key; the map must not be changed meanwhile. */
    void forEachKey(LongConsumer consumer) {
        for (int i = 0; i < keys.length; i++) {
            if (values[i] != 0) {
                consumer.accept(keys[i]);
            }
        }
    }

    /** All keys, in no order. */
    long[] keys() {
        long[] all = new long[size];
        int n = 0;
        for (int i = 0; i < keys.length; i++) {
            if (values[i] != 0) {
                all[n++] = keys[i];
            }
        }
        return all;
    }
}
