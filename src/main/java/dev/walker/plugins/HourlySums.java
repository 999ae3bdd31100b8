package dev.walker.plugins;

import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.spi.StateTable;
import dev.walker.wal.WalRecord;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Sums by hour in a table whose key begins with the hour, for {@link #KEPT_HOURS} hours. The hour is that of the last commit
 * or rollback before. Commits come a little out of order, so it is not the one before that again; what is earlier still is a
 * clock that was set back, which goes on where it is.
 *
 * @param <K> what a sum is of
 * @param <V> a sum, which can be added to
 */
final class HourlySums<K, V> {
    /** For so many hours rows are kept. */
    static final int KEPT_HOURS = 7 * 24;

    private static final long POSTGRES_EPOCH_SECONDS = 946_684_800L;
    private static final long MICROS = 1_000_000L;

    /** How sums are written as rows. */
    interface Rows<K, V> {
        /** What the sum of a row is of. */
        K key(Object[] row);

        /** A sum of nothing yet. */
        V nothing();

        /** Fills a new sum. */
        void read(Object[] row, V sum);

        /** The row of a sum. */
        Object[] row(Instant hour, K key, V sum);

        /** Another hour has begun; those of the hour before are given. */
        void hourIsOver(Map<K, V> sums);
    }

    private final StateTable table;
    private final Rows<K, V> rows;
    private final XactEnd end = new XactEnd();
    private final TreeSet<Instant> stored = new TreeSet<>();
    private final Map<K, V> sums = new HashMap<>();
    private final Set<K> changed = new HashSet<>();
    /** Hours that are over and not saved yet. */
    private final Map<Instant, Map<K, V>> over = new HashMap<>();
    /** The present hour; null until one is known. */
    private Instant hour;

    /** Reads the sums of the last hour. */
    HourlySums(StateTable table, Rows<K, V> rows) {
        this.table = table;
        this.rows = rows;
        table.scan(row -> stored.add((Instant) row[0]));
        if (!stored.isEmpty()) {
            hour = stored.last();
            load();
        }
    }

    /** The end of a transaction tells the time. */
    void onXact(WalRecord record) {
        XactOp op = XactOp.of(record);
        if (op == XactOp.COMMIT || op == XactOp.ABORT) {
            heard(Instant.ofEpochSecond(end.wrap(record).xactTime() / MICROS + POSTGRES_EPOCH_SECONDS));
        }
    }

    private void heard(Instant time) {
        Instant heard = time.truncatedTo(ChronoUnit.HOURS);
        if (hour == null) {
            hour = heard;
        } else if (heard.isAfter(hour) || heard.isBefore(hour.minus(1, ChronoUnit.HOURS))) {
            turn(heard);
        }
    }

    private void turn(Instant next) {
        Map<K, V> unsaved = over.computeIfAbsent(hour, none -> new HashMap<>());
        changed.forEach(key -> unsaved.put(key, sums.get(key)));
        rows.hourIsOver(sums);
        sums.clear();
        changed.clear();
        hour = next;
        load();
    }

    /** Takes what there is of the present hour already. */
    private void load() {
        if (stored.contains(hour)) {
            table.scan(row -> rows.read(row, sums.computeIfAbsent(rows.key(row), none -> rows.nothing())), hour);
        }
        Map<K, V> unsaved = over.remove(hour);
        if (unsaved != null) {
            sums.putAll(unsaved);
            changed.addAll(unsaved.keySet());
        }
    }

    /** A sum of the present hour, to be added to. */
    V sum(K key) {
        changed.add(key);
        return sums.computeIfAbsent(key, none -> rows.nothing());
    }

    /** The sums of the present hour. */
    Map<K, V> present() {
        return Collections.unmodifiableMap(sums);
    }

    /** What has been added to since the last {@link #save}. */
    Set<K> changed() {
        return Collections.unmodifiableSet(changed);
    }

    /** The present hour. */
    Instant hour() {
        if (hour == null) {
            heard(Instant.now());
        }
        return hour;
    }

    /** Writes what has changed, and drops what is too old. */
    void save() {
        Instant present = hour();
        over.forEach((past, unsaved) -> unsaved.forEach((key, sum) -> put(past, key, sum)));
        over.clear();
        changed.forEach(key -> put(present, key, sums.get(key)));
        changed.clear();
        drop(present);
    }

    /** What may be dropped is not judged by a clock gone wrong. */
    private void drop(Instant present) {
        Instant now = Instant.now();
        Instant oldest = (present.isBefore(now) ? present : now).minus(KEPT_HOURS, ChronoUnit.HOURS);
        Instant newest = (present.isAfter(now) ? present : now).plus(KEPT_HOURS, ChronoUnit.HOURS);
        boolean isOver = !stored.isEmpty() && stored.first().isBefore(oldest);
        while (!stored.isEmpty() && stored.first().isBefore(oldest)) {
            table.delete(stored.pollFirst());
        }
        // The time that rows are kept for has gone by without a clock that is as far ahead as some of them.
        while (isOver && !stored.isEmpty() && stored.last().isAfter(newest)) {
            table.delete(stored.pollLast());
        }
    }

    private void put(Instant when, K key, V sum) {
        table.put(rows.row(when, key, sum));
        stored.add(when);
    }
}
