package dev.walker.heatmap;

import static dev.walker.heatmap.HeapRecords.abortAt;
import static dev.walker.heatmap.HeapRecords.commitAt;
import static dev.walker.heatmap.HeapRecords.create;
import static dev.walker.heatmap.HeapRecords.delete;
import static dev.walker.heatmap.HeapRecords.hotUpdate;
import static dev.walker.heatmap.HeapRecords.insert;
import static dev.walker.heatmap.HeapRecords.prune;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.spi.SourceServer;
import dev.walker.spi.TableSpec;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.TestServer;
import dev.walker.version.PgVersion;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A day of load on a table of a million blocks, and what SQL makes of its history. {@code -Dwalker.days=N} for more. */
@Tag("server")
class HistoryIT {
    private static final long BLOCKS = 1 << 20;
    private static final int BLOCK_SIZE = 8192;
    private static final long SEGMENT = 1L << 30;
    private static final int MINUTE = 60;
    private static final int DAY = 86400;

    private final MemoryStore store = new MemoryStore();
    private long now;
    private HeatmapPlugin plugin;

    private void walk(RecordBuilder... records) {
        for (RecordBuilder record : records) {
            WalkLoop.dispatch(record.decode(PgVersion.PG17), plugin);
        }
    }

    /** Every range of blocks has all kinds of events in every minute: there cannot be more rows, or larger ones. */
    private int load(int days) {
        long begin = System.currentTimeMillis() / 1000 / DAY * DAY - (long) days * DAY;
        plugin = store.start(
                new HeatmapPlugin(new HistoryClock(() -> now * 1_000_000, () -> 0)), SourceServer.none(), Map.of());
        now = begin;
        walk(create(HeapRecords.REL));
        int most = 0;
        for (long minute = 0; minute < days * (DAY / MINUTE); minute++) {
            now = begin + minute * MINUTE;
            int item = 1 + (int) (minute % 60) * 4;
            for (long range = 0; range < 64; range++) {
                long block = (range + 1) * (BLOCKS / 64) - 1 - minute / 60 % 100;
                walk(insert(700, block, item), insert(700, block, item + 1));
                walk(hotUpdate(701, block, item, item + 2), delete(701, block, item + 1), insert(702, block, item + 3));
                if (minute % 30 == 29) {
                    walk(prune(PgVersion.PG17, block, new int[0], new int[] {item, item - 4, item - 3}, new int[0]));
                }
            }
            walk(commitAt(now, 700), commitAt(now, 701), abortAt(now, 702));
            store.flush(plugin, 0x100028);
            most = Math.max(most, store.rows("heatmap_history").size());
        }
        HistoryCheck.check(store, plugin);
        return most;
    }

    @Test
    void aDayOnAMillionBlocks() throws Exception {
        int days = Integer.getInteger("walker.days", 1);
        int rows = load(days);
        long bound = 0;
        for (HistoryLayer layer : HistoryLayer.values()) {
            bound += layer.mostRows(7L * DAY);
        }
        System.out.println("HistoryIT: at most " + rows + " rows after " + days + " d, bound " + bound);
        assertTrue(rows <= bound, rows + " rows, bound " + bound);
        try (TestServer server = TestServer.major(17).start();
                Connection connection = server.jdbc();
                Statement statement = connection.createStatement()) {
            String script = Files.readString(Path.of(System.getProperty("walker.sql", "sql"), "walker--1.1.sql"));
            statement.execute(script.substring(script.indexOf('\n'), script.indexOf("-- Part 2:")));
            statement.execute("CREATE TABLE million (id int)");
            statement.execute("INSERT INTO walker.source (source_id, name, system_identifier)"
                    + " SELECT 1, 'local', system_identifier FROM pg_control_system()");
            extend(server.dataDir().resolve(server.query("SELECT pg_relation_filepath('million')")));
            assertEquals(BLOCKS, number(server, "SELECT blocks FROM walker._heap('million')"));
            copy(connection, HeatmapTables.RELATION);
            copy(connection, HeatmapTables.CHUNK);
            copy(connection, HistoryTables.RELATION);
            copy(connection, HistoryTables.BUCKET);
            statement.execute("ANALYZE");
            long dead = plugin.relations().get(0).deadTuples();
            assertEquals(dead, number(server, "SELECT dead_tuples FROM walker.garbage()"));
            assertEquals(
                    dead,
                    number(
                            server,
                            "SELECT sum(dead_tuples_born) - sum(dead_tuples_reclaimed) + sum(learned)"
                                    + " FROM walker.heatmap_history('million')"));
            assertEquals(
                    dead,
                    number(
                            server,
                            "SELECT dead_tuples_born - dead_tuples_reclaimed + learned"
                                    + " FROM walker.garbage_history()"));
            // The level at the end of each bucket leads from nothing to what there is now.
            assertEquals(
                    0,
                    number(
                            server,
                            "SELECT count(*) FROM (SELECT dead_tuples - dead_tuples_born"
                                    + " + dead_tuples_reclaimed - learned - coalesce(lag(dead_tuples) OVER (PARTITION BY range_no"
                                    + " ORDER BY bucket), 0) AS jump FROM walker.heatmap_history('million')) l WHERE jump <> 0"));
            assertEquals(
                    dead,
                    number(
                            server,
                            "SELECT sum(value) FROM walker._history_grid(walker._here('million'), 'dead', '-infinity', 50, 16)"
                                    + " WHERE column_no = (SELECT max(column_no) FROM walker._history_grid(walker._here('million'), 'dead',"
                                    + " '-infinity', 50, 16))"));
            for (String sql : List.of(
                    "SELECT count(*) FROM walker.heatmap_history('million')",
                    "SELECT count(*) FROM walker.heatmap_history('million', ranges => 8)",
                    "SELECT count(*) FROM walker.garbage_history()",
                    "SELECT count(*) FROM walker.heatmap_history_text('million')")) {
                long least = Long.MAX_VALUE;
                long count = 0;
                for (int i = 0; i < 3; i++) {
                    long begin = System.nanoTime();
                    count = number(server, sql);
                    least = Math.min(least, System.nanoTime() - begin);
                }
                System.out.println("HistoryIT: " + least / 1_000_000 + " ms for " + count + " rows of "
                        + sql.substring(sql.indexOf("walker.")));
                assertTrue(count > 0, sql);
            }
        }
    }

    private static long number(TestServer server, String sql) throws SQLException {
        return Long.parseLong(server.query(sql));
    }

    /** Makes the file of a table as long as a million blocks take, without the room for them. */
    private static void extend(Path file) throws IOException {
        for (int i = 0; i < BLOCKS * BLOCK_SIZE / SEGMENT; i++) {
            Path segment = i == 0 ? file : file.resolveSibling(file.getFileName() + "." + i);
            try (RandomAccessFile sparse = new RandomAccessFile(segment.toFile(), "rw")) {
                sparse.setLength(SEGMENT);
            }
        }
    }

    /** Puts the rows of the store into a real table, as those of the relation that is there. */
    private void copy(Connection connection, TableSpec spec) throws SQLException {
        boolean located = spec.columns().get(0).name().equals("spc_oid");
        String values = spec.columns().stream()
                .map(column -> "?::text::" + column.type().sqlName())
                .collect(Collectors.joining(", "));
        String names = spec.columns().stream().map(TableSpec.Column::name).collect(Collectors.joining(", "));
        String sql = "INSERT INTO walker." + spec.name() + " (source_id, " + names + ") SELECT 1, " + values;
        if (located) {
            sql = sql.replaceFirst(
                            "\\?::text::oid, \\?::text::oid, \\?::text::oid", "h.spc_oid, h.db_oid, h.relfilenode")
                    + " FROM walker._heap('million') h";
        }
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            for (Object[] row : store.rows(spec.name())) {
                int skipped = located ? 3 : 0;
                for (int i = skipped; i < row.length; i++) {
                    insert.setString(
                            i + 1 - skipped, text(row[i], spec.columns().get(i)));
                }
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    private static String text(Object value, TableSpec.Column column) {
        if (value == null) {
            return null;
        }
        return switch (column.type()) {
            case SMALLINT_ARRAY -> braces(Arrays.toString((short[]) value));
            case BIGINT_ARRAY -> braces(Arrays.toString((long[]) value));
            case BYTEA -> "\\x" + java.util.HexFormat.of().formatHex((byte[]) value);
            case PG_LSN -> dev.walker.wal.Lsn.format((Long) value);
            default -> value.toString();
        };
    }

    private static String braces(String array) {
        return array.replace('[', '{').replace(']', '}');
    }
}
