package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;

/** A server that the plugins beside {@code heatmap} walk, something for them to do, and what records tell of it. */
abstract class OtherPluginsServer {
    @RegisterExtension
    static final SharedServer<Hosts, WalkedServer> SHARED = new SharedServer<>();

    /** Leaves blocks of WALker itself out. */
    static final String NOT_OWN =
            " AND (c.spc_oid, c.db_oid, c.relfilenode) NOT IN (SELECT (o).* FROM walker._own_files(1) o)";

    static WalkedServer walked;
    static String start;

    @Parameter
    Hosts host;

    @BeforeEach
    void begin() throws Exception {
        walked = SHARED.of(
                host,
                () -> host.start(
                        "walker.plugins = 'heatmap, rollbacks, changed_blocks, walstats'",
                        "wal_keep_size = 1GB",
                        "walker.naptime = 20ms"),
                fresh -> {
                    fresh.server().execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect");
                    start = fresh.server().query("SELECT pg_current_wal_flush_lsn()");
                    fresh.start();
                });
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS t, cut, gone",
                        "CREATE TABLE t (id int PRIMARY KEY, v int, body text)",
                        "INSERT INTO t SELECT i, 0, repeat('x', 100) FROM generate_series(1, 5000) i",
                        "CREATE TABLE cut (id int)",
                        "INSERT INTO cut SELECT generate_series(1, 100000)",
                        "CREATE TABLE gone (id int)",
                        "CHECKPOINT");
    }

    String query(String sql) throws SQLException {
        return walked.server().query(sql);
    }

    /** The end of the WAL, all of which is flushed. */
    String flushedEnd() throws SQLException {
        walked.server().execute("SELECT pg_logical_emit_message(true, 'test', 'flushes what is before it')");
        walked.waitFor();
        return query("SELECT pg_current_wal_flush_lsn()");
    }

    /** Blocks that walker.changed_blocks() tells, but for those of WALker itself. */
    String changed(String since) {
        return "SELECT c.spc_oid, c.db_oid, c.relfilenode, c.fork, c.block, c.is_limit_block FROM walker.changed_blocks('"
                + since + "') c WHERE true" + NOT_OWN;
    }

    /** Blocks of which the records since then tell, but for those of WALker itself. */
    String recorded(String since) {
        return recorded("'" + since + "'", "(SELECT position FROM walker.plugin WHERE name = 'changed_blocks')");
    }

    String recorded(String from, String to) {
        return referenced(from, to) + " UNION " + cleared(from, to);
    }

    /** Blocks to which records have a reference. */
    String referenced(String from, String to) {
        return "SELECT * FROM (SELECT DISTINCT b[1]::oid AS spc_oid, b[2]::oid AS db_oid, b[3]::oid AS relfilenode,"
                + " array_position(ARRAY['main', 'fsm', 'vm', 'init'], b[4]) - 1 AS fork, b[5]::bigint AS block, false"
                + " FROM pg_get_wal_records_info(" + from + ", " + to + ") r,"
                + " regexp_matches(r.block_ref,"
                + " 'rel (\\d+)/(\\d+)/(\\d+) fork (\\w+) blk (\\d+)', 'g') b WHERE b[4] <> 'fsm') c WHERE true"
                + NOT_OWN;
    }

    /** Pages of the visibility map that records clear bits of, up to 17.10 and 18.5 without a reference. */
    String cleared(String from, String to) {
        return "SELECT * FROM (SELECT DISTINCT b[1]::oid AS spc_oid, b[2]::oid AS db_oid, b[3]::oid AS relfilenode,"
                + " 2 AS fork, b[4]::bigint / 32672 AS block, false"
                + " FROM pg_get_wal_records_info(" + from + ", " + to + ") r,"
                + " regexp_match(r.block_ref, '^blkref #0: rel (\\d+)/(\\d+)/(\\d+) fork main blk (\\d+)') b"
                + " WHERE resource_manager IN ('Heap', 'Heap2')"
                + " AND record_type ~ '^(INSERT|MULTI_INSERT|DELETE|UPDATE|HOT_UPDATE|LOCK|LOCK_UPDATED)($|\\+)'"
                + " AND ('x' || substring(description FROM 'flags:? 0x([0-9A-F]{2})'))::bit(8)::integer"
                + " & CASE WHEN record_type ~ '^(HOT_)?UPDATE' THEN 3 ELSE 1 END <> 0) c WHERE true" + NOT_OWN;
    }

    void assertSameRows(String expected, String found) throws SQLException {
        assertEquals(
                null,
                query("WITH e AS MATERIALIZED (" + expected + "), f AS MATERIALIZED (" + found
                        + ") SELECT string_agg(d::text, ' ') FROM ((SELECT 'missing', m.* FROM (TABLE e EXCEPT TABLE f) m)"
                        + " UNION ALL (SELECT 'too much', m.* FROM (TABLE f EXCEPT TABLE e) m) LIMIT 20) d"));
    }

    void cut() throws Exception {
        walked.server().execute("DELETE FROM cut WHERE id > 40000");
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        // It cannot while some snapshot is old.
        while (Long.parseLong(query("SELECT pg_relation_size('cut') / 8192")) > 400) {
            assertTrue(System.nanoTime() < giveUp, "VACUUM cuts nothing");
            walked.server().execute("VACUUM (TRUNCATE) cut");
        }
    }

    void load(int round) throws SQLException {
        walked.server()
                .execute(
                        "INSERT INTO t SELECT i, 0, repeat('y', 200) FROM generate_series(" + round + "00000, " + round
                                + "09000) i",
                        "UPDATE t SET v = v + 1 WHERE id % 97 = " + round,
                        "DELETE FROM t WHERE id % 101 = " + round,
                        "CHECKPOINT",
                        "CREATE INDEX ON t (v)",
                        "VACUUM t",
                        "INSERT INTO gone SELECT generate_series(1, 50000)");
    }
}
