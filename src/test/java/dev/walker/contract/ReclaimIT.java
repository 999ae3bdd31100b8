package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code walker.reclaim()}: what it says is what the pages show. */
@ParameterizedClass(name = "{0}")
@MethodSource("hosts")
class ReclaimIT {
    @RegisterExtension
    static final SharedServer<Hosts, WalkedServer> SHARED = new SharedServer<>();

    private static WalkedServer walked;

    @Parameter
    Hosts host;

    static Stream<Hosts> hosts() {
        return Hosts.SERVER.orAll();
    }

    @BeforeEach
    void serverOfThisHost() throws Exception {
        walked = SHARED.of(host, host::start, fresh -> {
            fresh.server().execute("CREATE EXTENSION pageinspect");
            fresh.start();
        });
    }

    private static void sql(String... statements) throws SQLException {
        walked.server().execute(statements);
    }

    private static long number(String query) throws SQLException {
        return Long.parseLong(walked.server().query(query));
    }

    /** A table of 200 full pages or so, with an index so that few of them are read by chance. */
    private static void create(String table) throws SQLException {
        sql(
                "DROP TABLE IF EXISTS " + table,
                "CREATE TABLE " + table + " (id int PRIMARY KEY, v int, pad text) WITH (fillfactor = 100)",
                "INSERT INTO " + table + " SELECT i, 0, repeat('x', 200) FROM generate_series(1, 12000) i",
                "SELECT pg_stat_force_next_flush()",
                "VACUUM (ANALYZE, FREEZE) " + table);
    }

    private static void byIndex(String statement) throws SQLException {
        sql("BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; " + statement + "; COMMIT");
    }

    /** What it returned, and in "said" what it said. */
    private static Map<String, String> reclaim(Connection connection, String arguments) throws SQLException {
        Map<String, String> answer = new LinkedHashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("CALL walker.reclaim(" + arguments + ")")) {
            assertTrue(row.next());
            for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
                answer.put(row.getMetaData().getColumnName(i), row.getString(i));
            }
            StringBuilder said = new StringBuilder();
            for (SQLWarning w = statement.getWarnings(); w != null; w = w.getNextWarning()) {
                said.append(w.getMessage()).append('\n');
            }
            answer.put("said", said.toString());
        }
        return answer;
    }

    private static Map<String, String> reclaim(String arguments) throws SQLException {
        try (Connection connection = walked.server().jdbc()) {
            return reclaim(connection, arguments);
        }
    }

    private static void assertAnswer(Map<String, String> answer, long read, long pruned, long before, long after) {
        assertEquals(
                List.of(read, pruned, before, after, before - after),
                Stream.of("pages_read", "pages_pruned", "dead_before", "dead_after", "reclaimed")
                        .map(name -> Long.parseLong(answer.get(name)))
                        .toList(),
                () -> answer.get("said"));
    }

    @Test
    void theHottestPagesAreReadAndNoOthers() throws Exception {
        create("hot");
        // All of block 10, half of blocks 50 and 51, one tuple of each tenth page from 100 on.
        byIndex("DELETE FROM hot WHERE (ctid::text::point)[0] = 10"
                + " OR (ctid::text::point)[0] IN (50, 51) AND id % 2 = 0"
                + " OR (ctid::text::point)[0] >= 100 AND (ctid::text::point)[0]::int % 10 = 0"
                + " AND (ctid::text::point)[1] = 1");
        walked.waitFor();
        long all = number("SELECT dead_tuple_count FROM pgstattuple('hot')");
        long expected = number("SELECT sum(dead_tuples) FROM walker.heatmap_pages('hot') WHERE block IN (10, 50, 51)");
        walked.server().awaitStatistics();
        try (Connection connection = walked.server().jdbc();
                Statement statement = connection.createStatement()) {
            String blocks = "SELECT heap_blks_hit + heap_blks_read FROM pg_statio_user_tables WHERE relname = 'hot'";
            statement.execute("SELECT pg_stat_force_next_flush()");
            long read = number(blocks);
            Map<String, String> answer = reclaim(connection, "'hot', 3");
            assertAnswer(answer, 3, 3, expected, 0);
            assertEquals(100.0 * expected / all, Double.parseDouble(answer.get("reclaimed_percent")), 0.001);
            statement.execute("SELECT pg_stat_force_next_flush()");
            read = number(blocks) - read;
            // Each page once, and once more what nobody counts who prunes.
            assertTrue(read >= 3 && read <= 6, read + " blocks read");
            try (ResultSet row = statement.executeQuery("SELECT string_agg(block::text, ',' ORDER BY block),"
                    + " sum(dead_before), sum(dead_after) FROM walker_reclaimed")) {
                row.next();
                assertEquals(
                        "10,50,51 " + expected + " 0", row.getString(1) + " " + row.getLong(2) + " " + row.getLong(3));
            }
            assertEquals(all - expected, number("SELECT dead_tuple_count FROM pgstattuple('hot')"));
            // The rest; the same session may do it again.
            answer = reclaim(connection, "'hot'");
            assertAnswer(answer, all - expected, all - expected, all - expected, 0);
            assertTrue(answer.get("said").contains("stay until VACUUM"), answer.get("said"));
            answer = reclaim(connection, "'hot'");
            assertAnswer(answer, 0, 0, 0, 0);
            assertTrue(answer.get("said").contains("which had 0 of its 0 dead tuples"), answer.get("said"));
        }
        assertEquals(0, number("SELECT dead_tuple_count FROM pgstattuple('hot')"));
        assertTrue(MapCheck.of(walked).pages() > 0);
    }

    @Test
    void oldSnapshotLeavesAllAndIsNamed() throws Exception {
        create("stuck");
        try (Connection open = walked.server().jdbc()) {
            open.setAutoCommit(false);
            open.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            open.createStatement().execute("SELECT 1");
            byIndex("DELETE FROM stuck WHERE id <= 2000");
            walked.waitFor();
            Map<String, String> answer = reclaim("'stuck'");
            long pages = Long.parseLong(answer.get("pages_read"));
            assertTrue(pages > 50, answer.toString());
            assertAnswer(answer, pages, 0, 2000, 2000);
            assertEquals("2000", answer.get("held_back"));
            assertTrue(
                    answer.get("said").contains("2,000 that are left are held back by transaction of pid "),
                    answer.toString());
            open.rollback();
            answer = reclaim("'stuck'");
            assertEquals("2000", answer.get("reclaimed"));
            assertEquals("0", answer.get("held_back"));
        }
    }

    @Test
    void whatReadingCannotReclaimIsTold() throws Exception {
        create("leftover");
        // Pages at the end that are not full, and one with nothing but rolled back rows.
        sql("BEGIN; INSERT INTO leftover SELECT i, 0, repeat('x', 200) FROM generate_series(20001, 20100) i; ROLLBACK");
        sql(
                "DROP TABLE IF EXISTS room",
                "CREATE TABLE room (id int PRIMARY KEY, pad text)",
                "INSERT INTO room SELECT i, repeat('x', 200) FROM generate_series(1, 10) i");
        byIndex("DELETE FROM room WHERE id <= 5");
        walked.waitFor();
        Map<String, String> answer = reclaim("'leftover'");
        assertEquals("0", answer.get("reclaimed"));
        assertTrue(
                answer.get("said").contains("100 that are left come from rolled back transactions"), answer.toString());
        answer = reclaim("'room'");
        assertAnswer(answer, 1, 0, 5, 5);
        assertTrue(
                answer.get("said").contains("5 that are left are on pages which still have room"), answer.toString());
    }

    @Test
    void canceledBetweenRangesItKeepsWhatIsDone() throws Exception {
        create("slow");
        byIndex("DELETE FROM slow WHERE id % 40 = 0 AND id < 11900");
        walked.waitFor();
        long all = number("SELECT dead_tuple_count FROM pgstattuple('slow')");
        try (Connection connection = walked.server().jdbc()) {
            String pid;
            try (ResultSet row = connection.createStatement().executeQuery("SELECT pg_backend_pid()")) {
                row.next();
                pid = row.getString(1);
            }
            // 400 pages at 50 a second; no range is longer than 128.
            CompletableFuture<Map<String, String>> call = CompletableFuture.supplyAsync(() -> {
                try {
                    return reclaim(connection, "'slow', rate => 0.39");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            while (number("SELECT dead_tuple_count FROM pgstattuple('slow')") == all) {
                assertFalse(call.isDone());
                Thread.sleep(20);
            }
            // It sleeps, and lets go of its snapshot meanwhile.
            long xmin = number("SELECT coalesce(age(backend_xmin), 0) FROM pg_stat_activity WHERE pid = " + pid);
            assertTrue(xmin < 5, "its snapshot is " + xmin + " transactions old");
            assertEquals("t", walked.server().query("SELECT pg_cancel_backend(" + pid + ")"));
            ExecutionException e = assertThrows(ExecutionException.class, call::get);
            assertEquals("57014", ((SQLException) e.getCause().getCause()).getSQLState());
        }
        long left = number("SELECT dead_tuple_count FROM pgstattuple('slow')");
        assertTrue(left > 0 && left < all, left + " of " + all);
        MapCheck.of(walked);
        assertEquals(left, Long.parseLong(reclaim("'slow'").get("reclaimed")));
        assertEquals(0, number("SELECT dead_tuple_count FROM pgstattuple('slow')"));
    }

    @Test
    void endsWhereTheTableIsDroppedOrRewrittenMeanwhile() throws Exception {
        for (String[] change : new String[][] {{"DROP TABLE brief", "dropped"}, {"TRUNCATE brief", "rewritten"}}) {
            create("brief");
            byIndex("DELETE FROM brief WHERE id % 40 = 0");
            walked.waitFor();
            long all = number("SELECT dead_tuple_count FROM pgstattuple('brief')");
            try (Connection connection = walked.server().jdbc()) {
                // A minute, if it went on.
                CompletableFuture<Map<String, String>> call = CompletableFuture.supplyAsync(() -> {
                    try {
                        return reclaim(connection, "'brief', rate => 0.05");
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });
                while (number("SELECT dead_tuple_count FROM pgstattuple('brief')") == all) {
                    assertFalse(call.isDone());
                    Thread.sleep(20);
                }
                sql(change[0]);
                Map<String, String> answer = call.get();
                assertTrue(answer.get("said").contains("brief was " + change[1] + " meanwhile"), answer.toString());
                assertNull(answer.get("reclaimed"));
            }
        }
    }

    @Test
    void loadGoesOnMeanwhile() throws Exception {
        Bank bank = new Bank(walked.server());
        bank.create();
        bank.begin(7);
        long reclaimed = 0;
        for (int i = 0; i < 4; i++) {
            Thread.sleep(300);
            for (String table : walked.server()
                    .query(
                            "SELECT coalesce(string_agg(relation::text, ','), 'pg_class') FROM walker.garbage() WHERE relation::oid >= 16384"
                                    + " AND dead_tuples > 0")
                    .split(",")) {
                reclaimed += Math.max(
                        0, Long.parseLong(reclaim("'" + table + "', 50").get("reclaimed")));
            }
        }
        bank.end();
        System.out.println("ReclaimIT: reclaimed " + reclaimed + " under load");
        walked.assertExact();
    }

    @Test
    void rightsOnTheTableAreEnoughForReaders() throws Exception {
        create("lent");
        byIndex("DELETE FROM lent WHERE id <= 600");
        sql(
                "CREATE ROLE reader LOGIN IN ROLE pg_monitor",
                "ALTER ROLE reader SET default_transaction_isolation = serializable");
        walked.waitFor();
        try (Connection reader = walked.server().jdbc("postgres", "reader")) {
            SQLException e = assertThrows(SQLException.class, () -> reclaim(reader, "'lent'"));
            assertTrue(e.getMessage().contains("permission denied for table lent"), e.getMessage());
            sql("GRANT SELECT ON lent TO reader");
            assertEquals("600", reclaim(reader, "'lent'").get("reclaimed"));
        }
    }

    @Test
    void wrongCallsAreRefused() throws Exception {
        create("plain");
        for (String[] wrong : new String[][] {
            {"CALL walker.reclaim('plain', 0)", "limit_blocks is 0"},
            {"CALL walker.reclaim('plain', NULL)", "limit_blocks is null"},
            {"CALL walker.reclaim('plain', rate => -1)", "rate is -1"},
            {"CALL walker.reclaim('plain', rate => 'NaN')", "rate is NaN"},
            {"CALL walker.reclaim('plain', rate => 'Infinity')", "rate is Infinity"},
            {"CALL walker.reclaim('plain', rate => 1e305)", "rate is 1e+305"},
            {"CALL walker.reclaim('plain', rate => 1e-300)", "rate is 1e-300"},
            {"CALL walker.reclaim('plain', timeout => NULL)", "timeout is null"},
            {"CALL walker.reclaim('plain_pkey')", "is an index, not a heap"},
            {"CALL walker.reclaim('walker.progress')", "belongs to the walker"},
            {"BEGIN; CALL walker.reclaim('plain')", "invalid transaction termination"},
        }) {
            String message =
                    assertThrows(SQLException.class, () -> sql(wrong[0])).getMessage();
            assertTrue(message.contains(wrong[1]), message);
        }
        walked.stop();
        sql("DELETE FROM plain WHERE id < 100");
        String message = assertThrows(SQLException.class, () -> sql("CALL walker.reclaim('plain', timeout => '1 s')"))
                .getMessage();
        walked.start();
        assertTrue(message.contains("has not come up to the present within 00:00:01"), message);
    }
}
