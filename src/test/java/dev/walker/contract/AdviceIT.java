package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code walker.advice()} and {@code walker.horizon()} beside what VACUUM says and does. */
@ParameterizedClass(name = "{0}")
@MethodSource("hosts")
class AdviceIT {
    private static final Pattern VACUUMED =
            Pattern.compile("tuples: (\\d+) removed, \\d+ remain, (\\d+) are dead but not yet removable");
    private static final Pattern JOIN_FILTER = Pattern.compile("Rows Removed by Join Filter: (\\d+)");

    @RegisterExtension
    static final SharedServer<Hosts, WalkedServer> SHARED = new SharedServer<>();

    private static WalkedServer walked;

    @Parameter
    Hosts host;

    static Stream<Hosts> hosts() {
        return Hosts.REMOTE.orAll();
    }

    @BeforeEach
    void serverOfThisHost() throws Exception {
        // Autovacuum is on, but does not come.
        walked = SHARED.of(
                host, () -> host.start("wal_level = logical", "autovacuum = on", "autovacuum_naptime = 1d"), fresh -> {
                    fresh.server()
                            .execute(
                                    "CREATE EXTENSION pageinspect",
                                    "CREATE TABLE older (id int PRIMARY KEY)",
                                    "INSERT INTO older SELECT generate_series(1, 20000)",
                                    "DELETE FROM older WHERE id <= 5000",
                                    "SELECT pg_stat_force_next_flush()",
                                    "CHECKPOINT");
                    fresh.start();
                });
    }

    /** What is said of a table, by action. */
    private static Map<String, Map<String, String>> advice(String arguments) throws SQLException {
        walked.waitFor();
        Map<String, Map<String, String>> all = new LinkedHashMap<>();
        try (Connection connection = walked.server().jdbc();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT * FROM walker.advice(" + arguments + ")")) {
            while (rows.next()) {
                Map<String, String> row = new LinkedHashMap<>();
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    row.put(rows.getMetaData().getColumnName(i), rows.getString(i));
                }
                all.put(row.get("action"), row);
            }
        }
        return all;
    }

    private static void assertFigures(
            String table, Map<String, Map<String, String>> advice, String action, long reclaimable, long heldBack)
            throws SQLException {
        assertTrue(advice.containsKey(action), () -> action + " is not advised: " + advice);
        Map<String, String> row = advice.get(action);
        assertEquals("exact", row.get("basis"));
        assertEquals(Long.toString(reclaimable), row.get("reclaimable"));
        assertEquals(Long.toString(heldBack), row.get("held_back"));
        assertEquals(
                walked.server().query("SELECT dead_tuple_count FROM pgstattuple('" + table + "')"),
                row.get("dead_tuples"));
    }

    /** That of very many tables took an hour: what is asked of each has to be little, and nothing of each other one. */
    @Test
    void workGrowsWithTheNumberOfTablesOnly() throws Exception {
        int tables = 400;
        walked.server()
                .execute(
                        "CREATE SCHEMA many",
                        "DO $$BEGIN FOR i IN 1.." + tables
                                + " LOOP EXECUTE format('CREATE TABLE many.t%s AS SELECT 1 AS id', i);"
                                + " EXECUTE format('DELETE FROM many.t%s', i); END LOOP; END$$");
        walked.waitFor();
        walked.server()
                .execute(
                        "ANALYZE pg_class",
                        "ANALYZE walker.heatmap_history_relation",
                        "ANALYZE walker.heatmap_history");
        long compared = 0;
        StringBuilder lines = new StringBuilder();
        try (Connection connection = walked.server().jdbc();
                Statement statement = connection.createStatement()) {
            try (ResultSet plan =
                    statement.executeQuery("EXPLAIN (ANALYZE, TIMING off) SELECT * FROM walker.garbage_history()")) {
                while (plan.next()) {
                    lines.append(plan.getString(1)).append('\n');
                    Matcher removed = JOIN_FILTER.matcher(plan.getString(1));
                    compared += removed.find() ? Long.parseLong(removed.group(1)) : 0;
                }
            }
            statement.execute("SET track_functions = 'all'");
            statement.execute("SELECT * FROM walker.advice()");
            statement.execute("SELECT pg_stat_force_next_flush()");
        }
        String calls = walked.server()
                .query("SELECT coalesce(sum(calls) FILTER (WHERE funcname = '_held_back'), 0) < 100"
                        + " AND sum(calls) FILTER (WHERE funcname = '_local_source_id') < 4 * " + tables
                        + " FROM pg_stat_user_functions");
        String told =
                walked.server().query("SELECT count(*) FROM walker.garbage_history() WHERE relation::text ~ '^many'");
        walked.server().execute("DROP SCHEMA many CASCADE");
        assertEquals(Integer.toString(tables), told);
        assertTrue(compared < 10 * tables, compared + " rows were compared in vain:\n" + lines);
        assertEquals("t", calls, "calls of functions");
    }

    /** What VACUUM removes and what it has to leave. */
    private static List<Long> vacuum(String table) throws SQLException {
        try (Connection connection = walked.server().jdbc();
                Statement statement = connection.createStatement()) {
            statement.execute("VACUUM (VERBOSE, PROCESS_TOAST false) " + table);
            for (SQLWarning said = statement.getWarnings(); said != null; said = said.getNextWarning()) {
                Matcher matcher = VACUUMED.matcher(said.getMessage());
                if (matcher.find()) {
                    return List.of(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
                }
            }
        }
        throw new AssertionError("VACUUM VERBOSE has said nothing");
    }

    private static void create(String table, String definition, String rows) throws SQLException {
        sql(
                "DROP TABLE IF EXISTS " + table,
                "CREATE TABLE " + table + definition,
                "INSERT INTO " + table + " " + rows,
                // Else it would be counted after VACUUM has counted it.
                "SELECT pg_stat_force_next_flush()",
                "VACUUM (ANALYZE, FREEZE) " + table);
    }

    /** Changes rows without a look at the pages of others, which would prune them. */
    private static void byIndex(String statement) throws SQLException {
        sql("BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; " + statement + "; COMMIT");
    }

    private static void awaitStatistics() throws SQLException {
        walked.server().awaitStatistics();
    }

    private static void sql(String... statements) throws SQLException {
        walked.server().execute(statements);
    }

    @Test
    void longTransactionHoldsBackWhatDiedSince() throws Exception {
        create("held", " (id int PRIMARY KEY)", "SELECT generate_series(1, 20000)");
        byIndex("DELETE FROM held WHERE id <= 3000");
        try (Connection open = walked.server().jdbc()) {
            open.setAutoCommit(false);
            open.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            open.createStatement().execute("SELECT 1");
            byIndex("DELETE FROM held WHERE id BETWEEN 10001 AND 15000");
            sql("BEGIN; INSERT INTO held SELECT generate_series(30001, 30700); ROLLBACK");
            // Whoever has only locked a row, or not gone through with it, has not deleted it.
            byIndex("SELECT FROM held WHERE id > 19000 FOR UPDATE");
            byIndex("DELETE FROM held WHERE id BETWEEN 16000 AND 17000; ROLLBACK; BEGIN");
            Map<String, Map<String, String>> advice = advice("'held', sample_pages => 1000000");
            assertFigures("held", advice, "blocked", 3700, 5000);
            assertFigures("held", advice, "vacuum", 3700, 5000);
            String pid = walked.server()
                    .query("SELECT pid FROM walker.horizon() WHERE kind = 'transaction' AND holds = 'tables'");
            assertTrue(advice.get("blocked").get("held_by").startsWith("transaction of pid " + pid), advice.toString());
            // From a few pages: estimated, and said to be.
            Map<String, String> estimate =
                    advice("'held', sample_pages => 25").values().iterator().next();
            assertEquals("sample", estimate.get("basis"));
            assertEquals(5000, Long.parseLong(estimate.get("held_back")), 1500);
            assertEquals(List.of(3700L, 5000L), vacuum("held"));
            advice = advice("'held'");
            assertFigures("held", advice, "blocked", 0, 5000);
            assertFalse(advice.containsKey("vacuum"), advice.toString());
            sql(advice.get("blocked").get("command"));
        }
        assertFigures("held", advice("'held'"), "vacuum", 5000, 0);
        sql(advice("'held'").get("vacuum").get("command"));
        assertEquals("0", walked.server().query("SELECT dead_tuple_count FROM pgstattuple('held')"));
    }

    @Test
    void multixactsCountWithTheirUpdater() throws Exception {
        create(
                "shared",
                " (id int PRIMARY KEY, v int) WITH (fillfactor = 50)",
                "SELECT i, 0 FROM generate_series(1, 9000) i");
        try (Connection open = walked.server().jdbc();
                Connection locker = walked.server().jdbc()) {
            open.setAutoCommit(false);
            open.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            open.createStatement().execute("SELECT 1");
            locker.setAutoCommit(false);
            locker.createStatement().execute("SELECT FROM shared WHERE id <= 2000 FOR KEY SHARE");
            sql("UPDATE shared SET v = 1 WHERE id <= 4000");
            locker.commit();
            assertFigures("shared", advice("'shared', sample_pages => 10000"), "blocked", 0, 4000);
            assertEquals(4000L, vacuum("shared").get(1));
        }
    }

    @Test
    void preparedTransactionIsNamedAndEnded() throws Exception {
        create("voted", " (id int)", "SELECT generate_series(1, 20000)");
        sql("CREATE TABLE IF NOT EXISTS elsewhere (id int)");
        sql("BEGIN; INSERT INTO elsewhere VALUES (1); PREPARE TRANSACTION 'the ''vote'''");
        sql("DELETE FROM voted WHERE id <= 4000");
        Map<String, Map<String, String>> advice = advice("'voted'");
        assertFigures("voted", advice, "blocked", 0, 4000);
        assertTrue(
                advice.get("blocked").get("held_by").startsWith("prepared transaction \"the 'vote'\" since"),
                advice.toString());
        assertEquals(List.of(0L, 4000L), vacuum("voted"));
        sql(advice.get("blocked").get("command"));
        assertFigures("voted", advice("'voted'"), "vacuum", 4000, 0);
        assertEquals(List.of(4000L, 0L), vacuum("voted"));
    }

    @Test
    void logicalSlotHoldsBackCatalogsAlone() throws Exception {
        create("told", " (id int)", "SELECT generate_series(1, 20000)");
        sql("SELECT pg_create_logical_replication_slot('cdc', 'pgoutput')");
        sql("DELETE FROM told WHERE id <= 4000");
        sql(
                "CREATE TABLE many_columns AS SELECT * FROM (SELECT 1 AS a) a"
                        + ", (SELECT 1 AS b) b, (SELECT 1 AS c) c, (SELECT 1 AS d) d",
                "DROP TABLE many_columns");
        assertEquals(
                "cdc,catalogs",
                walked.server().query("SELECT holder || ',' || holds FROM walker.horizon() WHERE kind LIKE '%slot'"));
        assertFigures("told", advice("'told'"), "vacuum", 4000, 0);
        Map<String, String> catalog = advice("'pg_attribute', min_dead_tuples => 1, min_dead_percent => 0")
                .get("blocked");
        assertEquals("exact", catalog.get("basis"));
        assertTrue(catalog.get("held_by").startsWith("replication slot cdc"), catalog.toString());
        assertEquals(vacuum("pg_attribute").get(1).toString(), catalog.get("held_back"));
        sql(catalog.get("command"));
        assertEquals(0L, vacuum("pg_attribute").get(1));
    }

    @Test
    void standbyHoldsBackByFeedback() throws Exception {
        standbyHoldsBack("replayed", "standby");
    }

    @Test
    void standbyHoldsBackThroughItsSlot() throws Exception {
        sql("SELECT pg_create_physical_replication_slot('replica')");
        standbyHoldsBack("kept_back", "replication slot", "primary_slot_name = 'replica'");
        sql("SELECT pg_drop_replication_slot('replica')");
    }

    private static void standbyHoldsBack(String table, String holder, String... conf) throws Exception {
        create(table, " (id int)", "SELECT generate_series(1, 20000)");
        List<String> all = new ArrayList<>(List.of(conf));
        all.addAll(
                List.of("hot_standby_feedback = on", "wal_receiver_status_interval = 1s", "cluster_name = 'replica'"));
        try (TestServer standby = walked.server().standby(all.toArray(String[]::new));
                Connection open = standby.jdbc()) {
            open.setAutoCommit(false);
            open.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            open.createStatement().execute("SELECT 1");
            awaitHolder(holder);
            sql("DELETE FROM " + table + " WHERE id <= 4000");
            Map<String, Map<String, String>> advice = advice("'" + table + "'");
            assertFigures(table, advice, "blocked", 0, 4000);
            assertTrue(advice.get("blocked").get("held_by").startsWith(holder + " replica, xmin"), advice.toString());
            assertEquals(List.of(0L, 4000L), vacuum(table));
            assertEquals("0", standby.query("SELECT count(*) FROM walker.advice()"), "it does not see the primary");
            // The command is for the standby.
            String command = advice.get("blocked").get("command");
            assertTrue(command.startsWith("-- there: "), command);
            standby.execute(command.substring("-- there: ".length()));
            awaitNothingHeldBack(table);
        }
        assertFigures(table, advice("'" + table + "'"), "vacuum", 4000, 0);
        assertEquals(List.of(4000L, 0L), vacuum(table));
    }

    private static void awaitNothingHeldBack(String table) throws Exception {
        long giveUp = System.nanoTime() + 60_000_000_000L;
        while (advice("'" + table + "'").containsKey("blocked")) {
            assertTrue(System.nanoTime() < giveUp, "still held back");
            Thread.sleep(50);
        }
    }

    /** Waits until the horizon is held by one of this kind, by itself. */
    private static void awaitHolder(String kind) throws Exception {
        long giveUp = System.nanoTime() + 60_000_000_000L;
        String holders = null;
        while (!kind.equals(holders)) {
            assertTrue(System.nanoTime() < giveUp, "held by " + holders + ", wanted " + kind);
            Thread.sleep(50);
            holders = walked.server()
                    .query(
                            "SELECT coalesce(string_agg(kind, ','), 'nobody') FROM walker.horizon() WHERE holds = 'tables'");
        }
    }

    @Test
    void fillfactorHelpsWhereThereIsNoRoomAndNoIndexInTheWay() throws Exception {
        String rows = "SELECT i, 0, repeat('x', 100) FROM generate_series(1, 10000) i";
        create("crowded", " (id int PRIMARY KEY, v int, pad text)", rows);
        create("indexed", " (id int PRIMARY KEY, v int, pad text) WITH (fillfactor = 80)", rows);
        create("roomy", " (id int PRIMARY KEY, v int, pad text) WITH (fillfactor = 50)", rows);
        sql("CREATE INDEX ON indexed (v)");
        for (int i = 0; i < 6; i++) {
            for (String table : List.of("crowded", "indexed", "roomy")) {
                sql("UPDATE " + table + " SET v = v + 1 WHERE id % 5 = " + i % 5);
            }
        }
        Map<String, Map<String, String>> crowded = advice("'crowded'");
        assertTrue(crowded.containsKey("fillfactor"), crowded.toString());
        String command = crowded.get("fillfactor").get("command");
        assertTrue(command.matches("ALTER TABLE crowded SET \\(fillfactor = (8[05]|90)\\)"), command);
        sql(command);
        assertFalse(advice("'crowded'").containsKey("fillfactor"));
        assertFalse(advice("'indexed'").containsKey("fillfactor"));
        assertFalse(advice("'roomy'").containsKey("fillfactor"));
        // What the map counts is what PostgreSQL counts, from 16 on.
        if (walked.server().major() >= 16) {
            awaitStatistics();
            for (String table : List.of("crowded", "indexed", "roomy")) {
                assertEquals(
                        walked.server()
                                .query("SELECT n_tup_newpage_upd FROM pg_stat_user_tables WHERE relname = '" + table
                                        + "'"),
                        walked.server()
                                .query("SELECT newpage_updates FROM walker.heatmap_relation WHERE relfilenode ="
                                        + " pg_relation_filenode('" + table + "')"));
            }
        }
    }

    @Test
    void bulkDeleteIsForPartitionsOrARewrite() throws Exception {
        create(
                "events",
                " (id int PRIMARY KEY, at timestamptz, pad text)",
                "SELECT i, now() + i * interval '1 s', repeat('x', 200) FROM generate_series(1, 50000) i");
        sql("DELETE FROM events WHERE id <= 30000");
        Map<String, Map<String, String>> advice = advice("'events', sample_pages => 10000");
        assertFigures("events", advice, "vacuum", 30000, 0);
        assertEquals(
                "CREATE TABLE public.events_partitioned (LIKE events) PARTITION BY RANGE (at)",
                advice.get("partition").get("command"));
        for (String action : List.of("partition", "vacuum", "rewrite")) {
            sql(advice.get(action).get("command"));
        }
        sql("DROP TABLE events_partitioned");
        assertEquals(List.of("nothing"), List.copyOf(advice("'events'").keySet()));
    }

    @Test
    void hotRangeIsReclaimedAndAQuietTableLeftAlone() throws Exception {
        create(
                "spotty",
                " (id int PRIMARY KEY, v int, pad text)",
                "SELECT i, 0, repeat('x', 200) FROM generate_series(1, 60000) i");
        create("quiet", " (id int)", "SELECT generate_series(1, 20000)");
        sql("DELETE FROM spotty WHERE id BETWEEN 20000 AND 21500", "DELETE FROM quiet WHERE id <= 10");
        Map<String, Map<String, String>> spotty = advice("'spotty'");
        assertEquals(List.of("reclaim"), List.copyOf(spotty.keySet()));
        sql(spotty.get("reclaim").get("command"));
        assertTrue(Long.parseLong(advice("'spotty'").get("nothing").get("dead_tuples")) <= 151);
        Map<String, Map<String, String>> quiet = advice("'quiet'");
        assertFigures("quiet", quiet, "nothing", 10, 0);
        assertEquals("t", walked.server().query("SELECT bool_and(relation <> 'quiet'::regclass) FROM walker.advice()"));
        assertEquals(
                "t",
                walked.server()
                        .query(
                                "SELECT bool_and(coalesce(was <> 'nothing' OR action = 'nothing', true)) FROM"
                                        + " (SELECT action, lag(action) OVER (ORDER BY n) AS was FROM walker.advice()"
                                        + " WITH ORDINALITY AS a (relation, action, c, d, e, f, g, h, i, j, k, l, m, o, n)) a"));
    }

    @Test
    void garbageOfBeforeTheWalkWantsABaseline() throws Exception {
        Map<String, Map<String, String>> advice = advice("'older'");
        if (advice.get("nothing") != null) {
            // Nothing of it was in the WAL yet.
            byIndex("DELETE FROM older WHERE id = 6000");
            advice = advice("'older'");
        }
        assertTrue(advice.containsKey("baseline"), advice.toString());
        sql(advice.get("baseline").get("command"));
        assertEquals("t", walked.server().query("SELECT walker.wait_for_baseline()"));
        assertFigures("older", advice("'older', sample_pages => 10000"), "vacuum", 5001, 0);
    }

    @Test
    void autovacuumThatIsOffForATableIsTurnedOn() throws Exception {
        create("neglected", " (id int) WITH (autovacuum_enabled = off)", "SELECT generate_series(1, 20000)");
        sql("DELETE FROM neglected WHERE id <= 5000");
        Map<String, String> advice = advice("'neglected'").get("autovacuum");
        assertEquals("ALTER TABLE neglected RESET (autovacuum_enabled)", advice.get("command"));
        sql(advice.get("command"));
        assertFalse(advice("'neglected'").containsKey("autovacuum"));
    }

    @Test
    void autovacuumComesAsOftenAsTheHistoryWantsIt() throws Exception {
        create("churned", " (id int PRIMARY KEY)", "SELECT generate_series(1, 20000)");
        byIndex("DELETE FROM churned WHERE id <= 1200");
        awaitStatistics();
        walked.waitFor();
        assertFalse(advice("'churned'").containsKey("autovacuum"));
        beginHistory("churned", 4);
        Map<String, String> row = advice("'churned'").get("autovacuum");
        assertTrue(
                row.get("reason")
                        .startsWith("300 tuples an hour die for vacuum to remove (in the last 4 hours); autovacuum"
                                + " comes when 3,810 are dead (50 + 0.2 * 18,800 rows), every 12.7 hours"),
                row.get("reason"));
        assertEquals("ALTER TABLE churned SET (autovacuum_vacuum_scale_factor = 0.051)", row.get("command"));
        sql(row.get("command"));
        assertFalse(advice("'churned'").containsKey("autovacuum"));
        assertFalse(advice("'churned', vacuum_every => '12 hours'").containsKey("autovacuum"));
        // A rate at which its default is right.
        sql("ALTER TABLE churned RESET (autovacuum_vacuum_scale_factor)");
        assertTrue(advice("'churned'").containsKey("autovacuum"));
        assertFalse(advice("'churned', vacuum_every => '8 hours'").containsKey("autovacuum"));
        sql("DELETE FROM walker.heatmap_history WHERE bucket < now() - interval '1 hour'");
    }

    /** Has the history begin so many hours ago, with nothing. */
    private static void beginHistory(String table, int hours) throws SQLException {
        sql("INSERT INTO walker.heatmap_history (source_id, history_id, seconds, part, bucket, range_blocks,"
                + " first_range, ranges, totals) SELECT walker._local_source_id(), h, 3600, date_trunc('day', at), at,"
                + " 1, 0, 0, array_fill(0::bigint, ARRAY[19]) FROM walker._history_ids(walker._here('"
                + table + "')) h, (VALUES (now() - interval '" + hours + " hours')) AS t (at)");
    }

    @Test
    void withoutPageinspectItSaysWhatIsNotKnown() throws Exception {
        create("unseen", " (id int)", "SELECT generate_series(1, 20000)");
        sql("DROP EXTENSION pageinspect");
        try (Connection open = walked.server().jdbc()) {
            open.setAutoCommit(false);
            open.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            open.createStatement().execute("SELECT 1");
            sql("DELETE FROM unseen WHERE id <= 5000");
            Map<String, String> row = advice("'unseen'").get("blocked");
            assertEquals("history", row.get("basis"));
            assertEquals("5000", row.get("held_back"));
            assertTrue(row.get("reason").contains("that takes extension pageinspect"), row.get("reason"));
            // Without either.
            walked.stop();
            sql("DELETE FROM walker.heatmap_history");
            assertEquals(
                    "vacuum,unknown,true,true",
                    walked.server()
                            .query("SELECT concat_ws(',', action, basis, (held_back IS NULL)::text,"
                                    + " (reason LIKE '%not known: at least 0, all but what died since transaction of pid%')"
                                    + "::text) FROM walker.advice('unseen') LIMIT 1"));
            walked.start();
        } finally {
            sql("CREATE EXTENSION pageinspect");
        }
    }

    @Test
    void pageinspectThatIsTooOldIsAskedToBeUpdated() throws Exception {
        create("dated", " (id int)", "SELECT generate_series(1, 20000)");
        sql("DROP EXTENSION pageinspect", "CREATE EXTENSION pageinspect VERSION '1.8'");
        try (Connection open = walked.server().jdbc()) {
            open.setAutoCommit(false);
            open.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            open.createStatement().execute("SELECT 1");
            sql("DELETE FROM dated WHERE id <= 5000");
            Map<String, String> row = advice("'dated'").get("blocked");
            assertEquals("history", row.get("basis"));
            assertTrue(row.get("reason").contains("ALTER EXTENSION pageinspect UPDATE"), row.get("reason"));
            sql("SELECT walker.reset('dated')", "SELECT walker.baseline('dated')");
            assertEquals("f", walked.server().query("SELECT walker.wait_for_baseline()"));
            String error = walked.server().query("SELECT baseline_error FROM walker.status()");
            assertTrue(error.contains("ALTER EXTENSION pageinspect UPDATE"), error);
        } finally {
            sql("ALTER EXTENSION pageinspect UPDATE");
        }
        sql("SELECT walker.baseline('dated')");
        assertEquals("t", walked.server().query("SELECT walker.wait_for_baseline()"));
    }

    @Test
    void storageParametersAreTakenAsTheyWereWritten() throws Exception {
        create(
                "written",
                " (id int) WITH (fillfactor = 70.0, autovacuum_vacuum_threshold = 2e3, autovacuum_vacuum_scale_factor = .5)",
                "SELECT generate_series(1, 20000)");
        sql("DELETE FROM written WHERE id <= 5000");
        assertFigures("written", advice("'written'"), "vacuum", 5000, 0);
        assertEquals(
                "0.5 2000 12000",
                walked.server()
                        .query(
                                "SELECT concat_ws(' ', scale, base, trigger) FROM walker._autovacuum('written', 20000)"));
        // What only the server can read is left to it.
        sql("ALTER TABLE written SET (fillfactor = '0x46')");
        assertFigures("written", advice("'written'"), "vacuum", 5000, 0);
    }

    @Test
    void oddNamesAreQuotedAndShortened() throws Exception {
        String longName = "\u00fcber ".repeat(10) + "lang";
        sql("CREATE SCHEMA \"Odd Schema\"");
        create(
                "\"Odd Schema\".\"" + longName + "\"",
                " (id int, pad text)",
                "SELECT i, repeat('x', 400) FROM generate_series(1, 20000) i");
        sql("DELETE FROM \"Odd Schema\".\"" + longName + "\" WHERE id <= 10000");
        String command =
                advice("'\"Odd Schema\".\"" + longName + "\"'").get("partition").get("command");
        assertTrue(command.endsWith(" PARTITION BY RANGE (id)"), command);
        sql(command);
        assertEquals(
                "2",
                walked.server()
                        .query("SELECT count(*) FROM pg_class WHERE relnamespace = '\"Odd Schema\"'::regnamespace"
                                + " AND relkind IN ('r', 'p')"));
        sql("DROP SCHEMA \"Odd Schema\" CASCADE");
    }

    @Test
    void tableWithoutStatisticsIsNotTakenForAnEmptyOne() throws Exception {
        sql(
                "CREATE TABLE uncounted (id int, pad text)",
                "INSERT INTO uncounted SELECT i, repeat('x', 400) FROM generate_series(1, 40000) i",
                "SELECT pg_stat_force_next_flush()",
                "SELECT pg_stat_reset_single_table_counters('uncounted'::regclass)");
        byIndex("DELETE FROM uncounted WHERE ctid < '(100,0)'");
        Map<String, Map<String, String>> advice = advice("'uncounted'");
        assertFalse(advice.containsKey("rewrite") || advice.containsKey("vacuum"), advice.toString());
        assertEquals(
                "t",
                walked.server()
                        .query("SELECT dead_bytes_estimate < pg_relation_size('uncounted') / 10 FROM walker.garbage()"
                                + " WHERE relation = 'uncounted'::regclass"));
    }

    @Test
    void tableThatIsDroppedMeanwhileIsLeftOut() throws Exception {
        for (int attempt = 1; !isDroppedMeanwhile(); attempt++) {
            assertTrue(attempt < 5, "nobody waits for a table");
        }
    }

    /** Whether the table was dropped in time: for none is waited for more than two seconds. */
    private static boolean isDroppedMeanwhile() throws Exception {
        sql(
                "DROP TABLE IF EXISTS leaving, waited_for",
                "CREATE TABLE leaving AS SELECT generate_series(1, 10) AS id",
                "DELETE FROM leaving WHERE id = 1",
                "CREATE TABLE waited_for AS SELECT generate_series(1, 200) AS id",
                "DELETE FROM waited_for");
        walked.waitFor();
        try (Connection locker = walked.server().jdbc();
                Connection dropper = walked.server().jdbc()) {
            locker.setAutoCommit(false);
            dropper.setAutoCommit(false);
            locker.createStatement().execute("LOCK TABLE waited_for");
            CompletableFuture<String> call = CompletableFuture.supplyAsync(() -> {
                try {
                    return walked.server().query("SELECT count(*) > 0 FROM walker.advice()");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            // It has the size of the one table and waits for that of the other one.
            boolean waited = isWaitedFor("waited_for", call);
            dropper.createStatement().execute("DROP TABLE leaving");
            locker.rollback();
            waited &= isWaitedFor("leaving", call);
            dropper.commit();
            assertEquals("t", call.get(1, TimeUnit.MINUTES));
            return waited;
        }
    }

    @Test
    void tableThatIsLockedIsLeftOutWithLockTimeout() throws Exception {
        sql("CREATE TABLE rewritten AS SELECT generate_series(1, 5000) AS id", "DELETE FROM rewritten");
        walked.waitFor();
        try (Connection locker = walked.server().jdbc();
                Connection asking = walked.server().jdbc();
                Statement statement = asking.createStatement()) {
            locker.setAutoCommit(false);
            locker.createStatement().execute("LOCK TABLE rewritten");
            statement.execute("SET lock_timeout = '100ms'");
            statement.executeQuery("SELECT * FROM walker.advice()").close();
            String warning = statement.getWarnings().getMessage();
            assertTrue(warning.startsWith("no advice on rewritten: \"rewritten\" is locked by pid "), warning);
            SQLException refused = assertThrows(
                    SQLException.class, () -> statement.executeQuery("SELECT * FROM walker.advice('rewritten')"));
            assertEquals("55P03", refused.getSQLState());
        }
    }

    /** Waits until somebody waits for a table, or the call has ended. */
    private static boolean isWaitedFor(String table, CompletableFuture<String> call) throws Exception {
        String waiters = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
                + " WHERE NOT l.granted AND c.relname = '" + table + "'";
        while (walked.server().query(waiters).equals("0")) {
            if (call.isDone()) {
                return false;
            }
            Thread.sleep(20);
        }
        return true;
    }

    @Test
    void commandForAnotherDatabaseIsOneLine() throws Exception {
        sql("CREATE DATABASE voters");
        try (Connection there = walked.server().jdbc("voters", "postgres");
                Statement statement = there.createStatement()) {
            statement.execute("BEGIN; CREATE TABLE vote (id int); PREPARE TRANSACTION E'first\\nDROP TABLE second'");
            assertEquals(
                    "-- in database voters: ROLLBACK PREPARED 'first DROP TABLE second'",
                    walked.server().query("SELECT command FROM walker.horizon() WHERE kind LIKE 'prepared%'"));
            statement.execute("ROLLBACK PREPARED E'first\\nDROP TABLE second'");
        }
        sql("DROP DATABASE voters");
    }

    @Test
    void mapThatIsNotWalkedIsNotTakenForThatOfNow() throws Exception {
        create("unmapped", " (id int)", "SELECT generate_series(1, 20000)");
        walked.waitFor();
        walked.stop();
        walked.configure("walker.plugins = 'walstats'");
        walked.start();
        try (Connection connection = walked.server().jdbc();
                Statement statement = connection.createStatement()) {
            sql("DELETE FROM unmapped WHERE id <= 5000");
            walked.waitFor();
            String problem = "plugin \"heatmap\" is not in walker.plugins";
            for (String call : List.of(
                    "SELECT * FROM walker.advice('unmapped')",
                    "SELECT walker.baseline('unmapped')",
                    "SELECT walker.wait_for_baseline()")) {
                statement.execute(call);
                SQLWarning said = statement.getWarnings();
                assertTrue(said != null && said.getMessage().contains(problem), call + " says " + said);
            }
            SQLException e = assertThrows(SQLException.class, () -> sql("CALL walker.reclaim('unmapped')"));
            assertTrue(e.getMessage().contains(problem), e.getMessage());
        } finally {
            walked.stop();
            walked.configure("walker.plugins = 'heatmap'");
            walked.start();
        }
        assertEquals("t", walked.server().query("SELECT walker.wait_for_baseline()"));
        assertFigures("unmapped", advice("'unmapped', sample_pages => 10000"), "vacuum", 5000, 0);
    }

    @Test
    void readersMaySeeItAndOthersMayNot() throws Exception {
        create("secret", " (id int)", "SELECT generate_series(1, 20000)");
        sql("DELETE FROM secret WHERE id <= 5000", "DROP ROLE IF EXISTS watcher, stranger");
        sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor", "CREATE ROLE stranger LOGIN");
        walked.waitFor();
        try (Connection watcher = walked.server().jdbc("postgres", "watcher");
                Connection stranger = walked.server().jdbc("postgres", "stranger");
                ResultSet row = watcher.createStatement()
                        .executeQuery(
                                "SELECT basis, reclaimable FROM walker.advice('secret') WHERE action = 'vacuum'")) {
            assertTrue(row.next());
            assertEquals("exact 5000", row.getString(1) + " " + row.getString(2));
            try (ResultSet other = watcher.createStatement()
                    .executeQuery("SELECT problem FROM walker._newer_than('pg_class_oid_index', '{1}', '3')")) {
                assertTrue(other.next());
                assertEquals("\"pg_class_oid_index\" is not a heap", other.getString(1));
            }
            for (String refused : List.of(
                    "SELECT * FROM walker.advice()",
                    "SELECT walker._newer_than('secret', '{0}', '3')",
                    "CALL walker.reclaim('secret')")) {
                SQLException e = assertThrows(
                        SQLException.class, () -> stranger.createStatement().execute(refused));
                assertEquals("42501", e.getSQLState(), e.getMessage());
            }
        }
        sql("DROP ROLE watcher, stranger");
    }

    @Test
    void wrongArgumentsAreRefused() throws Exception {
        for (String[] wrong : new String[][] {
            {"min_dead_tuples => 0", "min_dead_tuples is 0"},
            {"min_dead_percent => 101", "min_dead_percent is 101"},
            {"vacuum_every => '1 s'", "vacuum_every is 00:00:01"},
            {"sample_pages => NULL", "sample_pages is null"},
            {"'pg_class_oid_index'", "is an index, not a heap"},
        }) {
            String message =
                    assertThrows(SQLException.class, () -> advice(wrong[0])).getMessage();
            assertTrue(message.contains(wrong[1]), message);
        }
    }

    @Test
    void anotherServersTablesAreNotGuessedAt() throws Exception {
        walked.waitFor();
        walked.stop();
        String id = walked.server().query("SELECT system_identifier FROM walker.source");
        sql("UPDATE walker.source SET system_identifier = 1");
        List<String> said = new ArrayList<>();
        try (Connection connection = walked.server().jdbc();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT * FROM walker.advice()")) {
            assertFalse(rows.next());
            for (SQLWarning w = statement.getWarnings(); w != null; w = w.getNextWarning()) {
                said.add(w.getMessage());
            }
        } finally {
            sql("UPDATE walker.source SET system_identifier = " + id);
            walked.start();
        }
        assertTrue(said.get(0).contains("no advice: server \""), said.toString());
    }
}
