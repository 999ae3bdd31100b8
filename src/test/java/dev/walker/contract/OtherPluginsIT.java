package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The plugins {@code rollbacks} and {@code changed_blocks}, beside pg_walinspect. */
@ParameterizedClass(name = "{0}")
@MethodSource("dev.walker.contract.Hosts#present")
class OtherPluginsIT extends OtherPluginsServer {
    @Test
    void rolledBackIsCountedAsPgWalinspectShowsIt() throws Exception {
        String lost;
        try (Connection open = walked.server().jdbc();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            statement.execute("UPDATE t SET v = 1 WHERE id <= 70");
            statement.execute("SAVEPOINT a");
            statement.execute("DELETE FROM t WHERE id BETWEEN 101 AND 130");
            statement.execute("SAVEPOINT b");
            statement.execute("INSERT INTO t SELECT i, 0, '' FROM generate_series(10001, 10040) i");
            statement.execute("ROLLBACK TO SAVEPOINT b");
            statement.execute("RELEASE SAVEPOINT a");
            // What is open is part of the state.
            walked.waitFor();
            walked.stop();
            walked.start();
            statement.execute("UPDATE t SET v = 2 WHERE id BETWEEN 201 AND 210");
            open.rollback();
            statement.execute("SAVEPOINT c");
            statement.execute("DELETE FROM t WHERE id BETWEEN 301 AND 305");
            statement.execute("RELEASE SAVEPOINT c");
            statement.execute("COPY t FROM PROGRAM 'seq -f \"%.0f\t0\t-\" 20001 20600'");
            statement.execute("PREPARE TRANSACTION 'p'");
            // Commits, in spite of what is rolled back inside.
            statement.execute("DELETE FROM t WHERE id BETWEEN 401 AND 420");
            statement.execute("SAVEPOINT d");
            statement.execute("DELETE FROM t WHERE id BETWEEN 501 AND 507");
            statement.execute("ROLLBACK TO SAVEPOINT d");
            open.commit();
            statement.execute("DELETE FROM t WHERE id BETWEEN 601 AND 603");
            walked.waitFor();
            walked.stop();
            lost = query("SELECT backend_xid FROM pg_stat_activity WHERE state = 'idle in transaction'");
            flushed();
            walked.server().crash();
            walked.server().start();
        }
        walked.start();
        walked.server().execute("ROLLBACK PREPARED 'p'", "BEGIN", "UPDATE walker.source SET name = 'not'", "ROLLBACK");
        String end = flushedEnd();
        String records = "pg_get_wal_records_info('" + start + "', '" + end + "')";
        String expected = query("WITH r AS (SELECT * FROM " + records
                + "), aborted AS (SELECT r.xid::text AS xid FROM r WHERE record_type = 'ABORT' UNION"
                + " SELECT regexp_split_to_table(substring(description FROM 'subxacts: ([0-9 ]+)'), ' ') FROM r"
                + " WHERE record_type LIKE 'ABORT%' UNION SELECT substring(description FROM '^(\\d+): ') FROM r"
                + " WHERE record_type = 'ABORT_PREPARED' UNION SELECT '" + lost + "')"
                + " SELECT string_agg(o::text, ' ' ORDER BY o) FROM (SELECT coalesce(substring(block_ref FROM"
                + " '^blkref #0: rel (\\S+) '), '0/0/0'), count(*), sum(record_length), sum(fpi_length) FROM r"
                + " WHERE r.xid::text IN (SELECT xid FROM aborted) OR record_type LIKE 'ABORT%' GROUP BY 1"
                // What WALker writes itself may be rolled back as well: names of relations, when it is stopped.
                + " HAVING coalesce(substring(block_ref FROM '^blkref #0: rel (\\S+) '), '0/0/0') NOT IN"
                + " (SELECT concat_ws('/', spc_oid, db_oid, relfilenode) FROM walker._own_files(1))) o");
        assertTrue(expected.contains("0/0/0"), expected);
        assertEquals(
                expected,
                query(
                        "SELECT string_agg(o::text, ' ' ORDER BY o) FROM (SELECT spc_oid || '/' || db_oid || '/' ||"
                                + " relfilenode, sum(records), sum(wal_bytes), sum(fpi_bytes) FROM walker.rollbacks GROUP BY 1) o"));
        assertEquals("0", query("SELECT count(*) FROM walker.rollbacks_pending WHERE xid = " + lost));
        // Five: to b, of all, to d, by the crash, and that which was prepared.
        assertEquals(
                "(t,5,640,80,45)",
                query("SELECT (relation, rollbacks, inserts, updates, deletes) FROM walker.rollbacks()"
                        + " WHERE relation = 't'"));
        assertEquals(
                "t",
                query("SELECT bool_or((r ->> 'relfilenode')::oid = pg_relation_filenode('t')) FROM"
                        + " walker.results('rollbacks') r"));
        for (String call : new String[] {
            "walker.walstats(%s)",
            "walker.walstats('local', %s)",
            "walker.rollbacks(%s)",
            "walker.rollbacks('local', %s)"
        }) {
            String count = "SELECT count(*) FROM " + call;
            assertEquals("0", query(String.format(count, "'infinity'")), call);
            // Of one snapshot: the walker goes on.
            String each = "(" + count + ")";
            String[] counts = query("SELECT concat_ws(' ', " + String.format(each, "'-infinity'") + ", "
                            + String.format(each, "NULL") + ", " + String.format(each, "'4714-11-24 00:00:00+00 BC'")
                            + ")")
                    .split(" ");
            assertTrue(Integer.parseInt(counts[0]) > 0, call);
            assertEquals(List.of(counts[0], counts[0], counts[0]), List.of(counts), call);
        }
        assertEquals(
                "t",
                query("SELECT (SELECT sum(wal_bytes) FROM walker.walstats('-infinity') WHERE resource_manager = 'Heap')"
                        + " = (SELECT sum((r ->> 'wal_bytes')::bigint) FROM walker.results('walstats') r"
                        + " WHERE r ->> 'resource_manager' = 'Heap')"));
    }

    private void flushed() throws SQLException {
        walked.server().execute("SELECT pg_logical_emit_message(true, 'test', 'flushes what is before it')");
    }

    @Test
    void changedBlocksAreThoseOfWhichRecordsTell() throws Exception {
        for (int round = 1; round <= 3; round++) {
            load(round);
            // A range of its own.
            walked.server().execute("SELECT pg_switch_wal()");
            if (round == 2) {
                walked.stop();
                walked.start();
            }
        }
        flushedEnd();
        assertTrue(Integer.parseInt(query("SELECT count(*) FROM walker.changed_blocks_range")) >= 3);
        for (int range = 0; range < 3; range += 2) {
            String since =
                    query("SELECT first_lsn FROM walker.changed_blocks_range ORDER BY 1 DESC LIMIT 1 OFFSET " + range);
            String made = " AND NOT (is_limit_block)";
            assertSameRows(recorded(since), changed(since) + made);
        }
        String since = query("SELECT first_lsn FROM walker.changed_blocks_range ORDER BY 1 DESC LIMIT 1 OFFSET 1");
        assertEquals(
                query("SELECT count(*) FROM (" + changed(since) + ") c WHERE relfilenode = pg_relation_filenode('t')"),
                query("SELECT count(*) FROM walker.changed_blocks('" + since + "', 't')"));
        walked.server().execute("DROP TABLE gone");
        cut();
        walked.waitFor();
        long kept = Long.parseLong(query("SELECT pg_relation_size('cut') / 8192"));
        assertEquals(
                Long.toString(kept),
                query("SELECT block FROM walker.changed_blocks('" + since + "', 'cut')"
                        + " WHERE is_limit_block AND fork = 0"));
        assertEquals(
                "t",
                query("SELECT max(block) < " + kept + " FROM walker.changed_blocks('" + since + "', 'cut')"
                        + " WHERE NOT is_limit_block AND fork = 0"));
        SQLException e = assertThrows(SQLException.class, () -> query("SELECT * FROM walker.changed_blocks('0/100')"));
        assertTrue(e.getMessage().contains("knows what has changed since"), e.getMessage());
        SQLException none = assertThrows(
                SQLException.class,
                () -> query("SELECT * FROM walker.changed_blocks((SELECT '0/0'::pg_lsn WHERE false))"));
        assertTrue(none.getMessage().contains("since is null"), none.getMessage());
        e = assertThrows(SQLException.class, () -> query("SELECT * FROM walker.changed_blocks('FF/0')"));
        assertTrue(e.getMessage().contains("is beyond"), e.getMessage());
        assertEquals(
                query("SELECT min(first_lsn)::text FROM walker.changed_blocks_range"),
                query("SELECT r ->> 'from_lsn' FROM walker.results('changed_blocks') r"));
    }

    /** What is done to a page all of whose tuples are frozen, and the type of the record. */
    private static final Map<String, String> CLEARING = Map.of(
            "insert", "INSERT INTO vm_insert VALUES (11, 0)",
            "multi_insert", "COPY vm_multi_insert FROM PROGRAM 'seq -f \"%.0f\t0\" 11 20'",
            "delete", "DELETE FROM vm_delete WHERE id = 3",
            "update", "UPDATE vm_update SET id = -1 WHERE id = 3",
            "hot_update", "UPDATE vm_hot_update SET v = 1 WHERE id = 3",
            "lock", "SELECT FROM vm_lock WHERE id = 3 FOR UPDATE");

    /** The bits of the first page of a visibility map. */
    private String visibilityMap(String table) throws SQLException {
        return query("SELECT encode(substring(get_raw_page('" + table + "', 'vm', 0) FROM 25 FOR 8), 'hex')");
    }

    @Test
    void changedBlocksAreThoseThatHaveChangedInTheVisibilityMap() throws Exception {
        walked.server().execute("CREATE EXTENSION IF NOT EXISTS pageinspect");
        for (String each : CLEARING.keySet()) {
            walked.server()
                    .execute(
                            "DROP TABLE IF EXISTS vm_" + each,
                            "CREATE TABLE vm_" + each + " (id int PRIMARY KEY, v int)",
                            "INSERT INTO vm_" + each + " SELECT i, 0 FROM generate_series(1, 10) i");
        }
        for (String each : CLEARING.keySet()) {
            long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            do {
                // It cannot while some snapshot is old.
                assertTrue(System.nanoTime() < giveUp, "VACUUM freezes nothing");
                walked.server().execute("VACUUM (FREEZE) vm_" + each);
            } while (query("SELECT pg_relation_size('vm_" + each + "', 'vm')").equals("0")
                    || !visibilityMap("vm_" + each).startsWith("03"));
        }
        // A range of its own.
        walked.server().execute("SELECT pg_switch_wal()");
        String since = query("SELECT pg_current_wal_lsn()");
        for (Map.Entry<String, String> each : CLEARING.entrySet()) {
            walked.server().execute(each.getValue());
        }
        flushedEnd();
        for (String each : CLEARING.keySet()) {
            assertFalse(visibilityMap("vm_" + each).startsWith("03"), each);
            assertEquals(
                    "0",
                    query("SELECT string_agg(block::text, ' ') FROM walker.changed_blocks('" + since + "', 'vm_" + each
                            + "') WHERE fork = 2 AND NOT is_limit_block"),
                    each);
            assertEquals(
                    "t",
                    query("SELECT count(*) > 0 FROM pg_get_wal_records_info('" + since
                            + "', (SELECT position FROM walker.plugin WHERE name = 'changed_blocks'))"
                            + " WHERE record_type = upper('" + each + "') AND block_ref ~ ('/' ||"
                            + " pg_relation_filenode('vm_" + each + "') || ' fork main')"),
                    each);
        }
    }
}
