package dev.walker.spi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Rows of state that SQL can read, written in the same transaction as the position. Values come in the order of the
 * columns of the {@link TableSpec} and have the classes that its types name; values that are no part of the key may be
 * null.
 *
 * <p>Reading ({@link #scan}) is allowed in any callback and sees what was written before. Writing ({@link #put},
 * {@link #delete}) is allowed in {@link WalPlugin#onFlush} and {@link WalPlugin#onStartup} only, else it throws {@link
 * IllegalStateException}. A row with more or fewer values than there are columns, more key values than the key has, and a
 * value of another class than its column has are {@link IllegalArgumentException}s. Let {@link StateException} through.
 */
public interface StateTable {
    /** Adds the row, or replaces the one with the same key. */
    void put(Object... row);

    /** Removes all rows whose key begins with these values; without values, all rows. */
    void delete(Object... keyPrefix);

    /** Gives each row whose key begins with these values, in the order of the key; without values, all rows. */
    void scan(Consumer<Object[]> rows, Object... keyPrefix);

    /**
     * Gives each row whose key begins with these values, but for the last one: there it may have a higher value too. In the
     * order of the key.
     */
    default void scanFrom(Consumer<Object[]> rows, Object... keyPrefix) {
        int last = keyPrefix.length - 1;
        scan(
                row -> {
                    if (TableSpec.compareValues(row[last], keyPrefix[last]) >= 0) {
                        rows.accept(row);
                    }
                },
                Arrays.copyOf(keyPrefix, last));
    }

    /** Removes all rows that {@link #scanFrom} would give. */
    default void deleteFrom(Object... keyPrefix) {
        List<Object[]> keys = new ArrayList<>();
        scanFrom(row -> keys.add(Arrays.copyOf(row, keyPrefix.length)), keyPrefix);
        keys.forEach(this::delete);
    }
}
