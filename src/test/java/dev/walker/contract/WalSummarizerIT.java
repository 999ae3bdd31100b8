package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The plugin {@code changed_blocks} beside the WAL summarizer, which came with PostgreSQL 17. */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("hosts")
class WalSummarizerIT extends OtherPluginsServer {
    private static final int FIRST_WITH_SUMMARIZER = 17;

    static Stream<Hosts> hosts() {
        return Hosts.present().filter(host -> host.major() >= FIRST_WITH_SUMMARIZER);
    }

    @Test
    void changedBlocksAreThoseOfTheWalSummarizer() throws Exception {
        walked.configure("summarize_wal = on");
        walked.server().execute("SELECT pg_switch_wal()", "CHECKPOINT");
        String since = redo();
        load(1);
        cut();
        walked.server()
                .execute(
                        "TRUNCATE t",
                        "CREATE TABLE fresh AS SELECT * FROM cut",
                        "DROP TABLE gone",
                        "BEGIN; CREATE TABLE never AS SELECT * FROM cut; ROLLBACK",
                        "CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY)",
                        "CREATE DATABASE copied STRATEGY file_copy",
                        "CHECKPOINT");
        String end = redo();
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!"t".equals(query("SELECT summarized_lsn >= '" + end + "' FROM pg_get_wal_summarizer_state()"))) {
            assertTrue(System.nanoTime() < giveUp, "the WAL is not summarized");
            Thread.sleep(50);
        }
        walked.waitFor();
        // The summarizer keeps blocks of what was made and dropped again.
        String exists = " AND (c.is_limit_block OR pg_filenode_relation(CASE WHEN c.spc_oid = (SELECT dattablespace"
                + " FROM pg_database WHERE datname = current_database()) THEN 0 ELSE c.spc_oid END, c.relfilenode)"
                + " IS NOT NULL)"
                // Of a map that was cut inside of a page it takes that page for whole, if it is new enough.
                + " AND (c.relfilenode, c.fork) <> (pg_relation_filenode('cut'), 2)";
        // The range begins before, and goes on behind.
        String beside = " UNION SELECT * FROM ("
                + recorded(
                        "(SELECT max(first_lsn) FROM walker.changed_blocks_range WHERE first_lsn <= '" + since + "')",
                        "'" + since + "'")
                + " UNION " + cleared("'" + since + "'", "'" + end + "'") + " UNION " + recorded(end) + ") b";
        assertSameRows(
                "SELECT c.* FROM (SELECT DISTINCT reltablespace AS spc_oid, reldatabase AS db_oid, relfilenode,"
                        + " relforknumber::integer AS fork, relblocknumber AS block, is_limit_block"
                        + " FROM pg_available_wal_summaries() s, pg_wal_summary_contents(s.tli, s.start_lsn, s.end_lsn)"
                        + " WHERE s.start_lsn >= '" + since + "' AND s.end_lsn <= '" + end + "') c WHERE true" + NOT_OWN
                        + exists + beside,
                changed(since) + exists + beside);
    }

    private String redo() throws SQLException {
        return query("SELECT redo_lsn FROM pg_control_checkpoint()");
    }
}
