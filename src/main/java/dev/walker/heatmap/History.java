package dev.walker.heatmap;

import dev.walker.spi.PluginContext;
import dev.walker.spi.PluginSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What happened to heaps, by time and range of blocks. Counters of the present minute are in memory and in the tables as
 * of the last flush; what gets old is merged into longer buckets, see {@link HistoryLayer}.
 */
final class History {
    private static final int DEFAULT_DAYS = 7;
    private static final Pattern INTERVAL =
            Pattern.compile("(\\d{1,6})\\s*(h|hours?|d|days?|w|weeks?)", Pattern.CASE_INSENSITIVE);
    private static final int HOUR = 3600;
    private static final int DAY = 24 * HOUR;
    /** Parts that are merged or dropped in one flush, so that it stays short. */
    private static final int PARTS_PER_FLUSH = 32;

    /** A bucket that is over, to be written with the next flush. */
    private static final class Closed {
        final RelationHistory history;
        final HistoryLayer layer;
        final long bucket;
        final HistoryCells cells;
        boolean complete;

        Closed(RelationHistory history, HistoryLayer layer, long bucket, HistoryCells cells, boolean complete) {
            this.history = history;
            this.layer = layer;
            this.bucket = bucket;
            this.cells = cells;
            this.complete = complete;
        }
    }

    /** A bucket of a relation. */
    private record Key(RelationHistory history, long bucket) {}

    private static final long NONE = RelationHistory.NONE;
    private static final long BUCKET_MICROS = HistoryLayer.MINUTES.seconds * 1_000_000L;

    /** What the setting was called before; configuration files of PostgreSQL take no name with two dots. */
    private static final String FORMER_SETTING = "walker.heatmap.history";

    /** How long it goes back, 0 if there is none. */
    private final long keepSeconds;

    private final long memoryLimit;
    private final HistoryClock clock;
    private final HistoryTables tables;
    private final HistoryFiles files;
    private final Consumer<Relation> keep;
    private final long[] sink = new long[HistoryMetric.COUNT];

    /** What counts a tuple that becomes dead just now. */
    int born = HistoryMetric.LEARNED;
    /** What counts a tuple that is dead no more just now. */
    int lost = HistoryMetric.LEARNED;

    /** Begin of the present minute; {@link #NONE} while the time is not known. */
    private long bucket = NONE;
    /** The same in microseconds, as of the last {@link #turn}. */
    private long bucketMicros = NONE - BUCKET_MICROS;
    /** Those with counters in memory. */
    private List<RelationHistory> retained = new ArrayList<>();
    /** Those of them that have changed since the last flush. */
    private final List<RelationHistory> listed = new ArrayList<>();

    private List<Closed> closed = new ArrayList<>();
    /** What is counted goes here, if not null. */
    private HistoryCells lateCells;

    private long memory;
    private boolean sweepWanted;

    /**
     * A history, in tables if the setting does not turn it off.
     *
     * @param memoryLimit bytes that counters may take
     * @param keep receives relations that must have a row of their own in the tables
     * @throws IllegalArgumentException if the setting is wrong
     */
    History(PluginContext context, HistoryClock clock, long memoryLimit, Consumer<Relation> keep) {
        this.keepSeconds = keepSeconds("walker.heatmap_history", context);
        this.memoryLimit = memoryLimit;
        this.clock = clock;
        this.tables = new HistoryTables(context);
        this.files = new HistoryFiles(tables, context.server(), this::letGo);
        this.keep = keep;
    }

    /**
     * Seconds that a setting asks for, 0 for off.
     *
     * @throws IllegalArgumentException if it is wrong
     */
    static long keepSeconds(String setting, PluginSettings settings) {
        Optional<String> former = settings.setting(FORMER_SETTING);
        Optional<String> present = settings.setting(setting);
        boolean isFormer = present.isEmpty() && former.isPresent();
        return keepSeconds(
                isFormer ? FORMER_SETTING : setting, present.or(() -> former).orElse("on"));
    }

    private static long keepSeconds(String setting, String value) {
        switch (value.toLowerCase(Locale.ROOT)) {
            case "", "on", "true", "yes" -> {
                return (long) DEFAULT_DAYS * DAY;
            }
            case "off", "false", "no", "0" -> {
                return 0;
            }
            default -> {
                Matcher matcher = INTERVAL.matcher(value);
                if (!matcher.matches()) {
                    throw new IllegalArgumentException(
                            setting + " is \"" + value + "\", wanted off or a time such as 12 h, 7 days or 2 weeks");
                }
                long number = Long.parseLong(matcher.group(1));
                return switch (matcher.group(2).toLowerCase(Locale.ROOT).charAt(0)) {
                    case 'h' -> number * HOUR;
                    case 'd' -> number * DAY;
                    default -> number * 7 * DAY;
                };
            }
        }
    }

    boolean isOff() {
        return keepSeconds == 0;
    }

    /** Takes what is counted for nothing. */
    long[] sink() {
        return sink;
    }

    /** The counters of a heap. */
    RelationHistory of(Relation relation) {
        return new RelationHistory(this, relation);
    }

    /** Reads what is known of files; all relations must be there. */
    void load(Heatmap heatmap) {
        tables.loadRelations(row -> {
            Relation relation = heatmap.find((Long) row[0], (Long) row[1], (Long) row[2]);
            boolean gone = relation == null;
            RelationHistory history =
                    gone ? of(new Relation(-1, (Long) row[0], (Long) row[1], (Long) row[2])) : relation.history;
            HistoryTables.fill(history, row);
            files.loaded(history, gone);
        });
        if (isOff()) {
            files.removeAll();
        }
        sweepWanted = true;
    }

    // Counting

    /** The record at hand says nothing about why tuples are dead. */
    void begin() {
        born = HistoryMetric.LEARNED;
        lost = HistoryMetric.LEARNED;
    }

    /** Counters with a place for a block. */
    HistoryCells roomFor(RelationHistory history, long block) {
        if (lateCells != null) {
            makeRoom(lateCells, block);
            return lateCells;
        }
        if (history.cells == null) {
            history.cells = new HistoryCells();
            memory += history.cells.memory();
            history.complete = false;
            retained.add(history);
        }
        if (!history.listed) {
            history.listed = true;
            listed.add(history);
        }
        makeRoom(history.cells, block);
        if (memory > memoryLimit) {
            shrink();
            makeRoom(history.cells, block);
        }
        return history.cells;
    }

    private void makeRoom(HistoryCells cells, long block) {
        memory -= cells.memory();
        cells.makeRoom(block);
        memory += cells.memory();
    }

    /** A transaction has ended: {@code TimestampTz} of the record. */
    void heard(long timestamp) {
        clock.heard(timestamp);
        turn();
    }

    /** All that there was to be walked for now has been walked. */
    void tick() {
        clock.tick();
        if (clock.isSet()) {
            turn();
        }
    }

    private void turn() {
        if (clock.isWithin(bucketMicros, bucketMicros + BUCKET_MICROS)) {
            return;
        }
        long now = HistoryLayer.MINUTES.bucket(clock.seconds());
        if (now != bucket) {
            if (bucket != NONE) {
                close();
            }
            bucket = now;
        }
        bucketMicros = bucket * 1_000_000;
    }

    /** The bucket is over. */
    private void close() {
        for (RelationHistory history : retained) {
            if (history.listed && !history.forgotten) {
                closed.add(new Closed(history, HistoryLayer.MINUTES, bucket, history.cells, history.complete));
            } else {
                memory -= history.cells.memory();
            }
            release(history);
        }
        retained.clear();
        listed.clear();
        sweepWanted = true;
        files.lookAgain();
    }

    /** Its counters are in the tables, from where they are to be read again. */
    private void letGo(RelationHistory history) {
        if (history.cells != null) {
            retained.remove(history);
            memory -= history.cells.memory();
            release(history);
        }
    }

    private static void release(RelationHistory history) {
        history.cells = null;
        history.listed = false;
        history.rest();
    }

    /** Gives detail up for memory, first of time, then of place; nothing is lost from the sums. */
    private void shrink() {
        for (HistoryLayer layer : List.of(HistoryLayer.FIVES, HistoryLayer.HOURS)) {
            coarsen(layer);
            if (memory <= memoryLimit / 2) {
                return;
            }
        }
        boolean narrower = true;
        while (narrower && memory > memoryLimit / 2) {
            narrower = false;
            for (Closed each : closed) {
                narrower |= widen(each.cells);
            }
            for (RelationHistory history : retained) {
                narrower |= widen(history.cells);
                history.rest();
            }
        }
    }

    private boolean widen(HistoryCells cells) {
        if (cells.capacity() <= 1) {
            return false;
        }
        memory -= cells.memory();
        cells.widen();
        memory += cells.memory();
        return true;
    }

    private void coarsen(HistoryLayer layer) {
        Map<Key, Closed> merged = new HashMap<>();
        List<Closed> kept = new ArrayList<>();
        for (Closed each : closed) {
            if (each.complete || each.layer.ordinal() > layer.ordinal()) {
                // What is complete replaces a row that is there already.
                kept.add(each);
                continue;
            }
            memory -= each.cells.memory();
            Closed target = merged.computeIfAbsent(new Key(each.history, layer.bucket(each.bucket)), key -> {
                Closed fresh = new Closed(key.history, layer, key.bucket, new HistoryCells(), false);
                kept.add(fresh);
                memory += fresh.cells.memory();
                return fresh;
            });
            memory -= target.cells.memory();
            target.cells.addAll(each.cells);
            memory += target.cells.memory();
        }
        closed = kept;
    }

    /** When the record at hand was written. */
    long bucket() {
        return bucket;
    }

    /** Has something counted that happened in an earlier bucket. */
    void late(RelationHistory history, long when, Runnable count) {
        int bornNow = born;
        int lostNow = lost;
        lost = HistoryMetric.LEARNED;
        if (when == bucket || isOff()) {
            count.run();
        } else {
            lateCells = lateCells(history, when);
            history.rest();
            count.run();
            history.rest();
            lateCells = null;
        }
        born = bornNow;
        lost = lostNow;
    }

    private HistoryCells lateCells(RelationHistory history, long when) {
        for (Closed each : closed) {
            if (each.history == history && each.bucket == when && each.layer == HistoryLayer.MINUTES) {
                return each.cells;
            }
        }
        Closed late = new Closed(history, HistoryLayer.MINUTES, when, new HistoryCells(), false);
        memory += late.cells.memory();
        closed.add(late);
        return late.cells;
    }

    // Files

    /** Whether what is counted for a file stays when the file is gone. */
    boolean outlives(RelationHistory history) {
        return !isOff() && HistoryFiles.outlives(history);
    }

    /** A file is gone, and its dead tuples with it. */
    void dropped(RelationHistory history, Heatmap.DeadPages pages) {
        if (isOff()) {
            return;
        }
        if (outlives(history)) {
            pages.forEach(history::truncated);
        } else {
            history.forgotten = true;
        }
        files.dropped(history);
    }

    /** Nothing is known of a heap any more. */
    void forgotten(RelationHistory history, Heatmap.DeadPages pages) {
        if (!isOff()) {
            pages.forEach((block, dead) -> history.add(block, HistoryMetric.LEARNED, -dead));
        }
    }

    // Storing

    /** Writes what was counted, and merges what has got old. */
    void flush() {
        if (isOff()) {
            files.flush();
            return;
        }
        if (bucket == NONE) {
            bucket = HistoryLayer.MINUTES.bucket(clock.seconds());
        }
        closed.removeIf(each -> each.history.forgotten);
        listed.removeIf(history -> history.forgotten);
        closed.forEach(each -> register(each.history));
        listed.forEach(this::register);
        for (Closed each : closed) {
            write(each.history, each.layer, each.bucket, each.cells, each.complete);
        }
        closed.clear();
        for (RelationHistory history : listed) {
            write(history, HistoryLayer.MINUTES, bucket, history.cells, history.complete);
            history.complete = true;
            history.listed = false;
            history.rest();
        }
        listed.clear();
        files.settle();
        measure();
        sweep();
        files.flush();
    }

    private void register(RelationHistory history) {
        if (files.register(history)) {
            keep.accept(history.relation);
        }
    }

    private void write(RelationHistory history, HistoryLayer layer, long begin, HistoryCells cells, boolean complete) {
        if (!complete && mayBeThere(history, layer, begin)) {
            tables.addTo(cells, history.id, layer, begin);
        }
        tables.write(history.id, layer, begin, cells);
        if (layer == HistoryLayer.MINUTES && (history.newestMinute == NONE || begin > history.newestMinute)) {
            history.newestMinute = begin;
        }
        hasRows(history, layer, begin);
    }

    private boolean mayBeThere(RelationHistory history, HistoryLayer layer, long begin) {
        if (layer != HistoryLayer.MINUTES || history.shared) {
            return true;
        }
        if (history.newestMinute == RelationHistory.UNKNOWN) {
            history.newestMinute = NONE;
            tables.readLayer(history.id, layer, (of, each, cells) -> history.newestMinute = each);
        }
        return history.newestMinute != NONE && begin <= history.newestMinute;
    }

    private void hasRows(RelationHistory history, HistoryLayer layer, long begin) {
        long part = layer.part(begin);
        if (part < history.oldest[layer.ordinal()]) {
            history.oldest[layer.ordinal()] = part;
            history.rowChanged = true;
        }
    }

    /** Lets go of counters that are in the tables if they take much memory, or another file counts into the same rows. */
    private void measure() {
        long sum = 0;
        for (RelationHistory history : retained) {
            sum += history.cells.memory();
        }
        List<RelationHistory> kept = new ArrayList<>();
        memory = 0;
        for (RelationHistory history : retained) {
            if (sum > memoryLimit / 2 || history.shared || history.forgotten) {
                release(history);
            } else {
                kept.add(history);
                memory += history.cells.memory();
            }
        }
        retained = kept;
    }

    // Getting older

    private void sweep() {
        if (!sweepWanted) {
            return;
        }
        long now = clock.carefulSeconds();
        int left = PARTS_PER_FLUSH;
        for (RelationHistory history : files.all()) {
            for (HistoryLayer layer : HistoryLayer.values()) {
                while (left > 0 && isDue(history, layer, now)) {
                    age(history, layer, now);
                    left--;
                }
            }
            if (left == 0) {
                return;
            }
        }
        sweepWanted = false;
    }

    private boolean isDue(RelationHistory history, HistoryLayer layer, long now) {
        long part = history.oldest[layer.ordinal()];
        return part != NONE && part + layer.partSeconds + Math.min(layer.keepSeconds, keepSeconds) <= now;
    }

    /** Merges the oldest part of a layer into the next one, or drops it. */
    private void age(RelationHistory history, HistoryLayer layer, long now) {
        long part = history.oldest[layer.ordinal()];
        boolean merge = !layer.isCoarsest() && part + layer.partSeconds + keepSeconds > now;
        Map<Long, HistoryCells> merged = new HashMap<>();
        boolean[] found = {false};
        tables.readPart(history.id, layer, part, (of, begin, cells) -> {
            found[0] = true;
            if (merge) {
                merged.computeIfAbsent(layer.coarser().bucket(begin), key -> new HistoryCells())
                        .addAll(cells);
            }
        });
        history.rowChanged = true;
        if (!found[0]) {
            // Nothing happened for a while; where does it go on?
            history.oldest[layer.ordinal()] = NONE;
            tables.readLayer(history.id, layer, (of, begin, cells) -> hasRows(history, layer, begin));
            return;
        }
        merged.forEach((begin, cells) -> {
            tables.addTo(cells, history.id, layer.coarser(), begin);
            tables.write(history.id, layer.coarser(), begin, cells);
            hasRows(history, layer.coarser(), begin);
        });
        tables.deletePart(history.id, layer, part);
        history.oldest[layer.ordinal()] = part + layer.partSeconds;
    }
}
