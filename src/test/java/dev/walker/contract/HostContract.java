package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a user sees is the same whichever host the walker runs in. */
abstract class HostContract {
    /** The server under test, with a walker that runs at the beginning of each test. */
    abstract WalkedServer walked();

    private void sql(String... statements) throws SQLException {
        walked().server().execute(statements);
    }

    private String query(String sql) throws SQLException {
        return walked().server().query(sql);
    }

    @Test
    void countsOfEveryKindOfGarbageEqualPgstattuple() throws Exception {
        sql(
                "DROP TABLE IF EXISTS orders, queue, notes, target",
                "CREATE TABLE orders (id int PRIMARY KEY, state int, note text)",
                "INSERT INTO orders SELECT i, 0, repeat('x', 20) FROM generate_series(1, 5000) i",
                "UPDATE orders SET state = 1 WHERE id % 7 = 0",
                "UPDATE orders SET id = id + 100000 WHERE id % 11 = 0",
                "DELETE FROM orders WHERE id BETWEEN 1000 AND 1500",
                "CREATE TABLE queue (id int)",
                "INSERT INTO queue SELECT generate_series(1, 3000)",
                "DELETE FROM queue WHERE id <= 2000",
                "VACUUM queue",
                "DELETE FROM queue WHERE id <= 2500",
                "CREATE TABLE notes (id int, body text)",
                "ALTER TABLE notes ALTER body SET STORAGE EXTERNAL",
                "INSERT INTO notes SELECT i, repeat(md5(i::text), 200) FROM generate_series(1, 50) i",
                "UPDATE notes SET body = repeat('y', 5000) WHERE id <= 20",
                "CREATE TABLE target (id int PRIMARY KEY, n int)",
                "INSERT INTO target VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = target.n + 1",
                "INSERT INTO target VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = target.n + 1");
        walked().assertExact();
        assertEquals(
                "t",
                query("SELECT bool_and(complete) FROM walker.garbage() WHERE relation::text"
                        + " IN ('orders', 'queue', 'notes', 'target')"));
        sql("VACUUM orders", "TRUNCATE queue", "VACUUM FULL notes", "DELETE FROM notes WHERE id = 30");
        walked().assertExact();
    }

    /** An access method is known by what it does, not by its name. */
    @Test
    void heapsUnderTheNameOfAnotherAccessMethodAreMapped() throws Exception {
        sql(
                "CREATE EXTENSION IF NOT EXISTS pageinspect",
                "CREATE ACCESS METHOD renamed TYPE TABLE HANDLER pg_catalog.heap_tableam_handler",
                "CREATE TABLE kept (id int) USING renamed",
                "INSERT INTO kept SELECT generate_series(1, 1000)",
                "DELETE FROM kept WHERE id <= 100");
        try {
            walked().waitFor();
            assertEquals(
                    "100 t",
                    query("SELECT concat_ws(' ', dead_tuples, complete) FROM walker.garbage()"
                            + " WHERE relation = 'kept'::regclass"));
            assertEquals("100", query("SELECT sum(dead_tuples) FROM walker.heatmap('kept')"));
            sql("SELECT walker.reset('kept')", "SELECT walker.baseline('kept')");
            assertEquals("t", query("SELECT walker.wait_for_baseline('3 min')"));
            assertEquals("100", query("SELECT sum(dead_tuples) FROM walker.heatmap('kept')"));
            sql("SELECT walker.reset('kept')", "SELECT walker.baseline()");
            assertEquals("t", query("SELECT walker.wait_for_baseline('3 min')"));
            assertEquals("100", query("SELECT sum(dead_tuples) FROM walker.heatmap('kept')"));
        } finally {
            sql("DROP ACCESS METHOD renamed CASCADE");
        }
    }

    /** Everything is forgotten, so that all tables are older than the walk. */
    private void walkAnew() throws Exception {
        walked().stop();
        walked().dropSlots();
        sql("DELETE FROM walker.source", "CHECKPOINT");
        walked().start();
    }

    private void awaitWord(String word) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!walked().told().contains(word)) {
            assertTrue(System.nanoTime() < giveUp, walked().told());
            Thread.sleep(20);
        }
    }

    @Test
    void sourceThatIsDeletedUnderItsWalkerEndsTheWalkWithAWordAndBeginsAnew() throws Exception {
        String name = query("SELECT name FROM walker.source");
        sql(
                "CREATE EXTENSION IF NOT EXISTS pageinspect",
                "DROP TABLE IF EXISTS forgotten",
                "CREATE TABLE forgotten AS SELECT generate_series(1, 100) id");
        assertMessage("source \"" + name + "\" is being walked (pid ", "SELECT walker.forget('" + name + "')");
        walked().waitFor();
        sql("DELETE FROM walker.source", "DELETE FROM forgotten WHERE id <= 10");
        awaitWord("was deleted from walker.source");
        String told = walked().told();
        assertTrue(told.contains("replication slot \"walker\" keeps WAL from LSN "), told);
        assertFalse(told.contains("foreign key"), told);
        walked().start();
        walked().stop();
        name = query("SELECT name FROM walker.source");
        sql("SELECT walker.forget('" + name + "')");
        assertEquals("0", query("SELECT count(*) FROM walker.plugin"));
        walked().start();
        sql("SELECT walker.baseline()", "DELETE FROM forgotten WHERE id <= 30");
        assertEquals("t", query("SELECT walker.wait_for_baseline('3 min')"));
        walked().assertExact();
    }

    @Test
    void baselineFindsGarbageOlderThanTheWalk() throws Exception {
        sql(
                "CREATE EXTENSION IF NOT EXISTS pageinspect",
                "DROP TABLE IF EXISTS old, old_parts, old_gone",
                "CREATE TABLE old (id int PRIMARY KEY, v int, body text)",
                "ALTER TABLE old ALTER body SET STORAGE EXTERNAL",
                "INSERT INTO old SELECT i, 0, repeat('x', 200) FROM generate_series(1, 20000) i",
                "UPDATE old SET v = 1 WHERE id % 5 = 0",
                "UPDATE old SET body = repeat('y', 5000) WHERE id % 100 = 0",
                "UPDATE old SET body = repeat('z', 4000) WHERE id % 200 = 0",
                "BEGIN; INSERT INTO old SELECT i, 0, '' FROM generate_series(30000, 31000) i; ROLLBACK",
                "CREATE TABLE old_parts (id int) PARTITION BY HASH (id)",
                "CREATE TABLE old_parts_0 PARTITION OF old_parts FOR VALUES WITH (MODULUS 3, REMAINDER 0)",
                "CREATE TABLE old_parts_1 PARTITION OF old_parts FOR VALUES WITH (MODULUS 3, REMAINDER 1)",
                "CREATE UNLOGGED TABLE old_parts_2 PARTITION OF old_parts FOR VALUES WITH (MODULUS 3, REMAINDER 2)",
                "INSERT INTO old_parts SELECT generate_series(1, 3000)",
                "DELETE FROM old_parts WHERE id % 3 = 0",
                "CREATE TABLE old_gone (id int)",
                "INSERT INTO old_gone SELECT generate_series(1, 3000)");
        try (Connection open = walked().server().jdbc();
                Connection later = walked().server().jdbc()) {
            open.setAutoCommit(false);
            open.createStatement().execute("DELETE FROM old WHERE id < 500");
            open.createStatement().execute("SAVEPOINT s");
            open.createStatement().execute("DELETE FROM old WHERE id BETWEEN 600 AND 700");
            walkAnew();
            later.setAutoCommit(false);
            later.createStatement().execute("UPDATE old SET v = 3 WHERE id BETWEEN 10000 AND 10500");
            sql("SELECT walker.baseline('old_parts')", "SELECT walker.baseline()", "DROP TABLE old_gone");
            for (int i = 0; i < 20; i++) {
                sql(
                        "UPDATE old SET v = v + 1 WHERE id BETWEEN 2000 + " + i * 300 + " AND 2500 + " + i * 300,
                        "DELETE FROM old_parts WHERE id BETWEEN " + i * 20 + " AND 10 + " + i * 20);
            }
            open.createStatement().execute("ROLLBACK TO SAVEPOINT s");
            open.commit();
            assertEquals("t", query("SELECT walker.wait_for_baseline('2 min')"));
            later.rollback();
        }
        walked().assertExact();
        assertEquals(
                "old,old_parts_0,old_parts_1",
                query("SELECT string_agg(relation::text, ',' ORDER BY relation::text) FROM walker.garbage()"
                        + " WHERE relation::text LIKE 'old%' AND complete"));
        assertEquals(
                "",
                query("SELECT coalesce(string_agg(relation::text, ','), '') FROM walker.garbage() WHERE NOT complete"
                        + " AND relation::oid >= 16384"));
        assertEquals(
                "t",
                query("SELECT baseline_done = baseline_total AND baseline_total > 0 AND baseline_error IS NULL"
                        + " FROM walker.status()"));
        // What comes after is known, too.
        sql("INSERT INTO old SELECT i, 0, '' FROM generate_series(40000, 45000) i", "DELETE FROM old WHERE id > 44000");
        sql("VACUUM old", "DELETE FROM old WHERE id BETWEEN 3000 AND 3200");
        walked().assertExact();
    }

    @Test
    void baselineSaysWhatItCannotRead() throws Exception {
        sql(
                "CREATE EXTENSION IF NOT EXISTS pageinspect",
                "DROP TABLE IF EXISTS fleeting",
                "CREATE UNLOGGED TABLE fleeting (id int PRIMARY KEY)");
        assertMessage("\"fleeting\" is an unlogged table", "SELECT walker.baseline('fleeting')");
        assertMessage("\"fleeting_pkey\" is an index", "SELECT walker.baseline('fleeting_pkey')");
        assertMessage("belongs to the walker", "SELECT walker.baseline('walker.progress')");
        // As of another database, or dropped.
        assertMessage(
                "relation with OID 4294967295 does not exist", "SELECT walker.baseline(4294967295::oid::regclass)");
        sql("DROP EXTENSION pageinspect");
        assertMessage("CREATE EXTENSION pageinspect", "SELECT walker.baseline()");
        sql("CREATE EXTENSION pageinspect");
    }

    private void assertMessage(String wanted, String statement) {
        String message = assertThrows(SQLException.class, () -> sql(statement)).getMessage();
        assertTrue(message.contains(wanted), message);
    }

    @Test
    void rolledBackInsertsShowAsAbortedTuples() throws Exception {
        sql("DROP TABLE IF EXISTS attempts", "CREATE TABLE attempts (id int)");
        try (Connection connection = walked().server().jdbc();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("INSERT INTO attempts SELECT generate_series(1, 1000)");
            connection.rollback();
        }
        walked().waitFor();
        assertEquals(
                "1000", query("SELECT aborted_tuples FROM walker.garbage() WHERE relation = 'attempts'::regclass"));
        assertEquals("1000", query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'attempts'::regclass"));
        assertEquals("1000", query("SELECT sum(aborted_tuples) FROM walker.heatmap('attempts')"));
    }

    @Test
    void rolledBackSavepointOfCommittedTransactionShowsAsAbortedTuples() throws Exception {
        sql("DROP TABLE IF EXISTS steps", "CREATE TABLE steps (id int)");
        try (Connection connection = walked().server().jdbc();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("INSERT INTO steps SELECT generate_series(1, 10)");
            statement.execute("SAVEPOINT s");
            statement.execute("INSERT INTO steps SELECT generate_series(1, 1000)");
            statement.execute("ROLLBACK TO SAVEPOINT s");
            statement.execute("INSERT INTO steps SELECT generate_series(1, 10)");
            connection.commit();
        }
        walked().waitFor();
        assertEquals("1000", query("SELECT aborted_tuples FROM walker.garbage() WHERE relation = 'steps'::regclass"));
        assertEquals("1000", query("SELECT sum(dead_tuples) FROM walker.heatmap_pages('steps')"));
        walked().assertExact();
    }

    @Test
    void preparedTransactionsCountWhenTheyEnd() throws Exception {
        sql(
                "DROP TABLE IF EXISTS votes",
                "CREATE TABLE votes (id int)",
                "INSERT INTO votes SELECT generate_series(1, 100)");
        sql("BEGIN; DELETE FROM votes WHERE id <= 30; PREPARE TRANSACTION 'v1'");
        sql("BEGIN; INSERT INTO votes SELECT generate_series(1, 50); PREPARE TRANSACTION 'v2'");
        walked().waitFor();
        assertEquals("0", query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'votes'::regclass"));
        walked().stop();
        walked().start();
        sql("COMMIT PREPARED 'v1'", "ROLLBACK PREPARED 'v2'");
        walked().waitFor();
        assertEquals("80", query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'votes'::regclass"));
        walked().assertExact();
    }

    @Test
    void concurrentLoadIsCountedExactly() throws Exception {
        Bank bank = new Bank(walked().server());
        bank.create();
        bank.begin(42);
        Thread.sleep(4000);
        assertTrue(bank.end() > 0);
        walked().assertExact();
    }

    @Test
    void unknownPluginIsRefusedAndChangesNothing() throws Exception {
        walked().waitFor();
        walked().stop();
        String state = "SELECT (position, records, generation, timeline)::text FROM walker.progress";
        String before = query(state);
        String message = walked().startFailing("heatmap, nonsense");
        assertTrue(message.contains("\"nonsense\""), message);
        assertTrue(message.contains("known: changed_blocks, heatmap, rollbacks, trace, walstats"), message);
        assertEquals(before, query(state));
        walked().start();
    }

    @Test
    void relationThatIsNoHeapIsRefused() throws Exception {
        sql(
                "DROP TABLE IF EXISTS parted, offline CASCADE",
                "DROP SEQUENCE IF EXISTS numbers",
                "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                "CREATE SEQUENCE numbers",
                "CREATE UNLOGGED TABLE offline (id int)");
        for (String[] refused : new String[][] {
            {"parted", "partitioned table"},
            {"numbers", "a sequence"},
            {"pg_class_oid_index", "an index"},
            {"pg_stats", "a view"},
            {"offline", "an unlogged table"},
        }) {
            SQLException e = assertThrows(
                    SQLException.class, () -> query("SELECT count(*) FROM walker.heatmap('" + refused[0] + "')"));
            assertEquals("42809", e.getSQLState());
            assertTrue(e.getMessage().contains(refused[1]), e.getMessage());
        }
        SQLException e =
                assertThrows(SQLException.class, () -> query("SELECT count(*) FROM walker.heatmap('pg_class', 0)"));
        assertTrue(e.getMessage().contains("ranges is 0"), e.getMessage());
        // Three literals could be those of another source.
        e = assertThrows(
                SQLException.class,
                () -> query("SELECT walker.heatmap_history_text('pg_class', 'dead', '2026-11-22')"));
        assertTrue(e.getMessage().contains("write 'pg_class'::regclass"), e.getMessage());
        query("SELECT count(*) FROM walker.heatmap_history_text('pg_class'::regclass, 'dead', '2026-11-22')");
        // OIDs have ten digits.
        e = assertThrows(
                SQLException.class, () -> query("SELECT walker.heatmap('local', 'postgres', '1663/5/4294967295')"));
        assertTrue(e.getMessage().contains("no relation \"1663/5/4294967295\""), e.getMessage());
    }

    @Test
    void tableThatIsLockedDoesNotHoldUpTheRest() throws Exception {
        sql(
                "DROP TABLE IF EXISTS under_lock",
                "CREATE TABLE under_lock AS SELECT i AS id FROM generate_series(1, 3000) i",
                "DELETE FROM under_lock WHERE id < 100");
        walked().waitFor();
        try (Connection locker = walked().server().jdbc();
                Connection reader = walked().server().jdbc()) {
            locker.setAutoCommit(false);
            locker.createStatement().execute("LOCK TABLE under_lock");
            reader.createStatement().execute("SET statement_timeout = '20s'");
            try (ResultSet row = reader.createStatement()
                    .executeQuery(
                            "SELECT concat_ws(' ', dead_tuples, pages_with_garbage, hottest_range_share, complete)"
                                    + " FROM walker.garbage() WHERE relation::text = 'under_lock'")) {
                assertTrue(row.next());
                assertEquals("99 1 1 t", row.getString(1));
            }
            // Even the second is not waited for: two seconds for each would be too long.
            sql(
                    "DROP TABLE IF EXISTS under_lock_too",
                    "CREATE TABLE under_lock_too (id int) PARTITION BY LIST (id)",
                    "DO $$ BEGIN FOR i IN 1..30 LOOP"
                            + " EXECUTE format('CREATE TABLE under_lock_%s PARTITION OF under_lock_too FOR VALUES IN (%1$s)', i);"
                            + " END LOOP; END $$",
                    "INSERT INTO under_lock_too SELECT generate_series(1, 30)",
                    "DELETE FROM under_lock_too");
            walked().waitFor();
            locker.createStatement().execute("LOCK TABLE under_lock_too");
            try (Statement statement = reader.createStatement()) {
                statement.execute("SET statement_timeout = '40s'");
                statement.executeQuery("SELECT * FROM walker.advice(min_dead_tuples => 1)");
                String warnings = "";
                for (SQLWarning each = statement.getWarnings(); each != null; each = each.getNextWarning()) {
                    warnings += each.getMessage() + "\n";
                }
                assertTrue(warnings.contains("no advice on under_lock: \"under_lock\" is locked by pid "), warnings);
                assertTrue(warnings.contains("no advice on under_lock_30: it is locked by pid "), warnings);
            }
        }
        sql("DROP TABLE under_lock_too");
    }

    @Test
    void whoAsksForATableThatIsLockedIsToldForWhom() throws Exception {
        sql(
                "CREATE EXTENSION IF NOT EXISTS pageinspect",
                "DROP TABLE IF EXISTS under_lock",
                "CREATE TABLE under_lock (id int) PARTITION BY RANGE (id)",
                "CREATE TABLE under_lock_1 PARTITION OF under_lock FOR VALUES FROM (0) TO (1000)");
        walked().waitFor();
        ExecutorService sessions = Executors.newCachedThreadPool();
        try (Connection locker = walked().server().jdbc()) {
            locker.setAutoCommit(false);
            locker.createStatement().execute("LOCK TABLE under_lock_1");
            String pid = "by pid "
                    + walked().server()
                            .query("SELECT pid FROM pg_locks WHERE relation = 'under_lock_1'::regclass AND granted");
            // Each waits for two seconds.
            Map<String, Future<SQLException>> refusals = new LinkedHashMap<>();
            for (String call : new String[] {
                "SELECT * FROM walker.heatmap('under_lock_1')",
                "SELECT * FROM walker.heatmap_pages('under_lock_1')",
                "SELECT walker.heatmap_text('under_lock_1')",
                "SELECT walker.heatmap_svg('under_lock_1')",
                "SELECT * FROM walker.advice('under_lock_1')",
                "SELECT walker.baseline('under_lock_1')",
                "SELECT walker.baseline('under_lock')",
                "SELECT walker.reset('under_lock_1')"
            }) {
                refusals.put(call, sessions.submit(() -> {
                    try (Connection reader = walked().server().jdbc();
                            Statement statement = reader.createStatement()) {
                        statement.execute("SET statement_timeout = '20s'");
                        return assertThrows(SQLException.class, () -> statement.execute(call), call);
                    }
                }));
            }
            for (Map.Entry<String, Future<SQLException>> refusal : refusals.entrySet()) {
                SQLException e = refusal.getValue().get();
                assertEquals("55P03", e.getSQLState(), refusal.getKey());
                assertTrue(e.getMessage().contains("\"under_lock_1\" is locked " + pid), e.getMessage());
            }
        } finally {
            sessions.shutdown();
        }
        sql("SELECT walker.baseline('under_lock')", "DROP TABLE under_lock");
    }

    /** As {@code to_regclass()} gives it for a name that is misspelled. */
    @Test
    void nullIsTheBeginningOfTime() throws Exception {
        sql(
                "DROP TABLE IF EXISTS lasting",
                "CREATE TABLE lasting AS SELECT i AS id FROM generate_series(1, 100) i",
                "DELETE FROM lasting");
        walked().waitFor();
        for (String call : new String[] {
            "walker.heatmap_history('lasting', %s)",
            "walker.garbage_history(%s)",
            "walker.garbage_history('local', %s)",
            "walker.heatmap_history_text('lasting'::regclass, 'dead', %s)",
        }) {
            String count = "SELECT count(*) FROM " + call;
            String all = query(String.format(count, "'-infinity'"));
            assertEquals(all, query(String.format(count, "NULL")), call);
            assertFalse(all.equals(query(String.format(count, "'infinity'"))), call);
        }
        String svg = query("SELECT walker.heatmap_svg('lasting'::regclass, 'dead', NULL)");
        assertFalse(svg.contains("No history"), svg);
    }

    @Test
    void waitsForNothingThatIsNull() {
        assertMessage("timeout is null, wanted an interval", "SELECT walker.wait_for(timeout => NULL)");
        assertMessage("lsn is null, wanted an LSN", "SELECT walker.wait_for(NULL)");
        assertMessage("timeout is null, wanted an interval", "SELECT walker.wait_for_baseline(NULL)");
        assertMessage("timeout is null, wanted an interval", "SELECT walker.wait_for_baseline('local', NULL)");
    }

    /** For ever, and not at all. */
    @Test
    void waitsForAnyIntervalAndSaysWhereItWouldBeInVain() throws Exception {
        walked().waitFor();
        for (String timeout : new String[] {"100000 years", "-100000 years"}) {
            assertEquals("t", query("SELECT walker.wait_for('0/1', '" + timeout + "')"));
            assertEquals("t", query("SELECT walker.wait_for_baseline('" + timeout + "')"));
        }
        assertEquals("f", query("SELECT walker.wait_for('FFFF/0', '-100000 years')"));
        String serializable = "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT walker.wait_for('%s'); COMMIT";
        sql(String.format(serializable, "0/1"));
        assertMessage(
                "isolation level \"serializable\" does not see how far the walker comes",
                String.format(serializable, "FFFF/0"));
    }

    /** A setting that is as old as backslashes in literals. */
    @Test
    void literalsMayHaveEscapes() throws Exception {
        sql("DROP TABLE IF EXISTS escaped", "CREATE TABLE escaped AS SELECT 1 AS id", "DELETE FROM escaped");
        walked().waitFor();
        String file = query("SELECT dattablespace || '/' || oid || '/' || pg_relation_filenode('escaped')"
                + " FROM pg_database WHERE datname = current_database()");
        try (Connection connection = walked().server().jdbc();
                Statement statement = connection.createStatement()) {
            statement.execute("SET standard_conforming_strings = off");
            statement.execute("SELECT walker.heatmap('local', NULL, '" + file + "')");
            statement.execute("SELECT * FROM walker.horizon()");
            assertEquals(null, statement.getWarnings());
        }
    }

    @Test
    void ownTablesAreNotShown() throws Exception {
        walked().waitFor();
        assertEquals(
                "0",
                query("SELECT count(*) FROM walker.garbage('local') JOIN walker._own_files(walker._source_id())"
                        + " USING (relfilenode)"));
        assertEquals(
                "t", query("SELECT relations = (SELECT count(*) FROM walker.garbage('local')) FROM walker.fleet()"));
    }

    @Test
    void idleWalkerWritesNothing() throws Exception {
        sql("CREATE EXTENSION IF NOT EXISTS pg_walinspect");
        walked().waitFor();
        // What was there to be saved, and names of what tests before have made, may come late.
        Thread.sleep(1500);
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        for (String written = writtenIn(4000); !written.isEmpty(); written = writtenIn(4000)) {
            String records = written;
            assertTrue(System.nanoTime() < giveUp, () -> "the walker does not come to rest, it has written " + records);
        }
    }

    /** The records of some time in which nobody does anything, but for those that the server writes by itself. */
    private String writtenIn(int millis) throws Exception {
        String before = query("SELECT pg_current_wal_flush_lsn()");
        Thread.sleep(millis);
        sql("SELECT pg_logical_emit_message(true, 'test', 'flushes what is before it')");
        // A background writer notes running transactions now and then; whoever saved state would write heap records.
        return query("SELECT coalesce(string_agg(concat_ws(' ', start_lsn, 'xid', xid, resource_manager, record_type,"
                + " coalesce(pg_filenode_relation(CASE b[1] WHEN 1663 THEN 0 ELSE b[1] END, b[2])::text, block_ref)),"
                + " E'\\n' ORDER BY start_lsn), '')"
                + " FROM pg_get_wal_records_info('" + before + "', pg_current_wal_flush_lsn()) r"
                + " LEFT JOIN LATERAL (SELECT regexp_match(r.block_ref, 'rel (\\d+)/\\d+/(\\d+) ')::oid[]) m (b) ON true"
                + " WHERE resource_manager NOT IN ('Standby', 'XLOG', 'LogicalMessage', 'Transaction')");
    }

    @Test
    void statusTellsWhatHappens() throws Exception {
        walked().waitFor();
        assertEquals("running", query("SELECT state FROM walker.status()"));
        assertEquals("active", query("SELECT state FROM walker.plugins()"));
        assertEquals(
                "t",
                query("SELECT records > 0 AND wal_bytes > 0 AND position <= flush_lsn AND lag_bytes >= 0"
                        + " AND started_at < now() AND last_error IS NULL FROM walker.status()"));
        assertFalse(query("SELECT pid FROM walker.status()").isEmpty());
        walked().stop();
        assertEquals("stopped", query("SELECT state FROM walker.status()"));
        assertEquals("not loaded", query("SELECT state FROM walker.plugins()"));
        assertEquals("f", query("SELECT walker.stop()"));
        walked().start();
    }

    /** As at the begin of a segment, where the next record comes after the header of the page. */
    @Test
    void lagIsNeverNegative() throws Exception {
        walked().waitFor();
        try (Connection ahead = walked().server().jdbc();
                Statement statement = ahead.createStatement()) {
            ahead.setAutoCommit(false);
            statement.execute("UPDATE walker.progress SET position = 'FFFF/28', flush_lsn = 'FFFF/0'");
            try (ResultSet row = statement.executeQuery(
                    "SELECT s.lag_bytes, f.lag_bytes FROM walker.status() s, walker.fleet() f")) {
                row.next();
                assertEquals("0 0", row.getLong(1) + " " + row.getLong(2));
            }
            ahead.rollback();
        }
    }

    @Test
    void resetForgetsARelation() throws Exception {
        sql(
                "DROP TABLE IF EXISTS forgotten",
                "CREATE TABLE forgotten (id int)",
                "INSERT INTO forgotten SELECT generate_series(1, 1000)",
                "DELETE FROM forgotten WHERE id <= 400");
        walked().waitFor();
        assertEquals("400", query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'forgotten'::regclass"));
        sql("SELECT walker.reset('forgotten')");
        assertEquals("0", query("SELECT count(*) FROM walker.garbage() WHERE relation = 'forgotten'::regclass"));
        sql("DELETE FROM forgotten WHERE id <= 500");
        walked().waitFor();
        assertEquals("100", query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'forgotten'::regclass"));
        assertEquals("f", query("SELECT complete FROM walker.garbage() WHERE relation = 'forgotten'::regclass"));
    }

    @Test
    void resetLeavesOpenTransactionsOpen() throws Exception {
        sql(
                "CREATE EXTENSION IF NOT EXISTS pageinspect",
                "DROP TABLE IF EXISTS unfinished",
                "CREATE TABLE unfinished (id int)",
                "INSERT INTO unfinished SELECT generate_series(1, 1000)");
        try (Connection open = walked().server().jdbc()) {
            open.setAutoCommit(false);
            open.createStatement().execute("DELETE FROM unfinished WHERE id <= 400");
            walked().waitFor();
            sql("SELECT walker.reset('unfinished')", "SELECT walker.baseline('unfinished')");
            assertEquals("t", query("SELECT walker.wait_for_baseline()"));
            String found = "SELECT concat_ws(' ', dead_tuples, complete) FROM walker.garbage()"
                    + " WHERE relation = 'unfinished'::regclass";
            assertEquals("0 t", query(found));
            open.rollback();
            walked().waitFor();
            assertEquals("0 t", query(found));
        }
    }

    @Test
    void heatmapTextShowsWhereTheGarbageIs() throws Exception {
        sql(
                "DROP TABLE IF EXISTS hotspot",
                "CREATE TABLE hotspot (id int, filler text)",
                "INSERT INTO hotspot SELECT i, repeat('x', 200) FROM generate_series(1, 4000) i",
                "DELETE FROM hotspot WHERE id > 3500");
        walked().waitFor();
        String text = query("SELECT string_agg(t, E'\\n') FROM walker.heatmap_text('hotspot', 32) t");
        String[] lines = text.split("\n");
        assertTrue(lines[0].startsWith("hotspot: 500 dead tuples on "), text);
        assertTrue(lines[2].startsWith("  0 |\u00B7\u00B7"), text);
        assertTrue(text.contains("\u2588"), text);
        sql("CREATE FUNCTION hotspot_for_windows() RETURNS text LANGUAGE sql SET client_encoding = 'WIN1252' AS"
                + " $$ SELECT string_agg(t, E'\\n') FROM walker.heatmap_text('hotspot', 32) t $$");
        String plain = query("SELECT hotspot_for_windows()");
        assertTrue(plain.contains("  0 |..") && plain.contains("#") && plain.matches("[\\p{ASCII}]+"), plain);
        sql("DROP FUNCTION hotspot_for_windows()");
        assertEquals("64", query("SELECT count(*) FROM walker.heatmap('hotspot')"));
        assertEquals("100", query("SELECT max(cumulative_percent) FROM walker.heatmap('hotspot')"));
        assertEquals("1", query("SELECT heat FROM walker.heatmap('hotspot') WHERE rank = 1"));
    }
}
