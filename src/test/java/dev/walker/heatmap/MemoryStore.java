package dev.walker.heatmap;

import dev.walker.spi.PluginContext;
import dev.walker.spi.SourceServer;
import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.RelFileLocator;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** State tables in memory, as strict as the contract: classes of values, keys, and when writing is allowed. */
public final class MemoryStore {
    private final Map<String, Table> tables = new HashMap<>();
    private final Map<String, String> published = new TreeMap<>();
    private boolean writing;
    int changes;
    boolean hurried;
    int writes;
    /** Is run when something is written. */
    Runnable watch = () -> {};

    /** A copy, as a restart after a commit finds it. */
    public MemoryStore copy() {
        MemoryStore copy = new MemoryStore();
        copy.published.putAll(published);
        tables.forEach((name, table) -> {
            Table other = copy.new Table(table.spec);
            table.rows.forEach((key, row) -> other.rows.put(key, row.clone()));
            copy.tables.put(name, other);
        });
        return copy;
    }

    /** A flush at an LSN. */
    public void flush(WalPlugin plugin, long lsn) {
        writing = true;
        plugin.onFlush(lsn);
        writing = false;
        changes = 0;
        hurried = false;
    }

    /** Whether a plugin has said since the last flush that there is something to be saved. */
    public boolean isChanged() {
        return changes > 0;
    }

    /** What {@code walker.baseline()} does. */
    void requestBaseline(long request) {
        requestBaseline(request, new RelFileLocator(0, 0, 0));
    }

    /** The same for one relation. */
    void requestBaseline(long request, RelFileLocator locator) {
        tables.get("heatmap_baseline_request").rows.put(new ArrayList<>(List.of(request)), new Object[] {
            request, locator.spcOid(), locator.dbOid(), locator.relNumber()
        });
    }

    /** Whether nothing is left of what was asked for; an error if something could not be read. */
    boolean baselineIsDone() {
        for (Object[] row : rows("heatmap_baseline")) {
            if (row[3].equals("failed")) {
                throw new AssertionError("baseline of " + row[0] + "/" + row[1] + "/" + row[2] + ": " + row[10]);
            }
        }
        return rows("heatmap_baseline_request").isEmpty()
                && rows("heatmap_baseline").stream()
                        .noneMatch(row -> List.of("waiting", "reading").contains(row[3]));
    }

    /** The rows of a table, in the order of the key. */
    public List<Object[]> rows(String table) {
        return new ArrayList<>(tables.get(table).rows.values());
    }

    /** What {@code walker.reset()} does to the map. */
    void reset() {
        for (String table : List.of("heatmap_relation", "heatmap_chunk", "heatmap_pending")) {
            tables.get(table).rows.clear();
        }
        tables.get("heatmap_xact").rows.values().removeIf(row -> row[0].equals("state"));
    }

    HeatmapPlugin start(SourceServer server, Map<String, String> settings) {
        return start(new HeatmapPlugin(), server, settings);
    }

    /** Starts a plugin. */
    public <P extends WalPlugin> P start(P plugin, SourceServer server, Map<String, String> settings) {
        plugin.onStartup(new Context(plugin.name(), server, settings));
        return plugin;
    }

    /** Is run when something is written, from now on. */
    public void onWrite(Runnable action) {
        watch = action;
    }

    /** What was published, by key. */
    public Map<String, String> published() {
        return published;
    }

    private final class Context implements PluginContext {
        private final String name;
        private final SourceServer server;
        private final Map<String, String> settings;

        Context(String name, SourceServer server, Map<String, String> settings) {
            this.name = name;
            this.server = server;
            this.settings = settings;
        }

        @Override
        public String pluginName() {
            return name;
        }

        @Override
        public Optional<String> setting(String name) {
            return Optional.ofNullable(settings.get(name));
        }

        @Override
        public SourceServer server() {
            return server;
        }

        @Override
        public StateTable table(TableSpec spec) {
            return tables.computeIfAbsent(spec.name(), name -> new Table(spec));
        }

        @Override
        public void stateChanged() {
            changes++;
        }

        @Override
        public void flushSoon() {
            changes++;
            hurried = true;
        }

        @Override
        public void publish(String key, Optional<String> json) {
            json.ifPresentOrElse(text -> published.put(key, text), () -> published.remove(key));
        }

        @Override
        public void log(String message) {}
    }

    private static int compare(List<Object> left, List<Object> right) {
        for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
            int order = compareValues(left.get(i), right.get(i));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(left.size(), right.size());
    }

    private static int compareValues(Object left, Object right) {
        if (left instanceof Long) {
            return Long.compare((Long) left, (Long) right);
        }
        if (left instanceof Integer) {
            return Integer.compare((Integer) left, (Integer) right);
        }
        if (left instanceof Instant) {
            return ((Instant) left).compareTo((Instant) right);
        }
        return ((String) left).compareTo((String) right);
    }

    private final class Table implements StateTable {
        private final TableSpec spec;
        private final TreeMap<List<Object>, Object[]> rows = new TreeMap<>(MemoryStore::compare);

        Table(TableSpec spec) {
            this.spec = spec;
        }

        private void check(int column, Object value) {
            Class<?> wanted =
                    switch (spec.columns().get(column).type()) {
                        case BIGINT, OID, PG_LSN -> Long.class;
                        case INTEGER -> Integer.class;
                        case BOOLEAN -> Boolean.class;
                        case TEXT, JSONB -> String.class;
                        case BYTEA -> byte[].class;
                        case SMALLINT_ARRAY -> short[].class;
                        case BIGINT_ARRAY -> long[].class;
                        case TIMESTAMPTZ -> Instant.class;
                    };
            if (value == null ? column < spec.keyColumns() : !wanted.isInstance(value)) {
                throw new AssertionError(
                        spec.name() + "." + spec.columns().get(column).name() + " is " + value);
            }
        }

        private List<Object> key(Object... values) {
            for (int i = 0; i < values.length; i++) {
                check(i, values[i]);
            }
            return new ArrayList<>(List.of(values));
        }

        @Override
        public void put(Object... row) {
            checkWriting();
            if (row.length != spec.columns().size()) {
                throw new AssertionError(spec.name() + " has " + spec.columns().size() + " columns, row " + row.length);
            }
            for (int i = 0; i < row.length; i++) {
                check(i, row[i]);
            }
            Object[] keyValues = new Object[spec.keyColumns()];
            System.arraycopy(row, 0, keyValues, 0, keyValues.length);
            rows.put(key(keyValues), row.clone());
        }

        private void checkWriting() {
            if (!writing) {
                throw new AssertionError("writing to " + spec.name() + " is allowed in a flush only");
            }
            writes++;
            watch.run();
        }

        @Override
        public void delete(Object... keyPrefix) {
            checkWriting();
            matching(keyPrefix).forEach(rows::remove);
        }

        private List<List<Object>> matching(Object... keyPrefix) {
            List<Object> prefix = key(keyPrefix);
            List<List<Object>> keys = new ArrayList<>();
            for (List<Object> key : rows.tailMap(prefix, true).keySet()) {
                if (compare(key.subList(0, prefix.size()), prefix) != 0) {
                    break;
                }
                keys.add(key);
            }
            return keys;
        }

        @Override
        public void scan(Consumer<Object[]> consumer, Object... keyPrefix) {
            for (List<Object> key : matching(keyPrefix)) {
                consumer.accept(rows.get(key).clone());
            }
        }
    }
}
