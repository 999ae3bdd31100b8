package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The plugins beside the heat map, beside what the server's own pg_walinspect tells. */
class PluginsIT {
    private static final List<String> VERSIONS = TestServer.versions();

    @Test
    void walstatsAndTraceShowWhatPgWalinspectShows() throws Exception {
        try (RemoteServer walked = new RemoteServer(
                VERSIONS.get(VERSIONS.size() - 1),
                "walker.plugins = 'heatmap, walstats, trace'",
                "wal_keep_size = 1GB")) {
            TestServer server = walked.server();
            server.execute("CREATE EXTENSION pg_walinspect");
            walked.start();
            String start = server.query("SELECT pg_current_wal_flush_lsn()");
            server.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, v int)",
                    "INSERT INTO t SELECT i, 0 FROM generate_series(1, 3000) i",
                    "CHECKPOINT",
                    "UPDATE t SET v = 1 WHERE id % 3 = 0",
                    "BEGIN; DELETE FROM t WHERE id < 500; ROLLBACK");
            assertSame(walked, start);
            int traced = lines(walked.output(), server.query("SELECT pg_relation_filenode('t')"));
            assertEquals(
                    server.query(
                            "SELECT count(*) FROM pg_get_wal_records_info('" + start
                                    + "', pg_current_wal_flush_lsn()) WHERE block_ref ~ ('/' || pg_relation_filenode('t') || ' ')"),
                    Integer.toString(traced));
            // What is saved is what it goes on with.
            walked.stop();
            walked.start();
            server.execute("VACUUM t", "DELETE FROM t WHERE id % 2 = 0");
            assertSame(walked, start);
            walked.stop();
        }
    }

    private static int lines(String output, String relfilenode) {
        return (int) output.lines()
                .filter(line -> line.contains("trace: lsn ") && line.contains("/" + relfilenode + " fork"))
                .count();
    }

    private static void assertSame(RemoteServer walked, String start) throws Exception {
        TestServer server = walked.server();
        server.execute("SELECT pg_logical_emit_message(true, 'test', 'flushes what is before it')");
        walked.waitFor();
        for (String relation : List.of("t", "t_pkey")) {
            String expected = server.query("SELECT string_agg(t::text, ' ' ORDER BY t) FROM (SELECT resource_manager,"
                    + " record_type, count(*), sum(record_length), sum(fpi_length) FROM pg_get_wal_records_info('"
                    + start
                    + "', pg_current_wal_flush_lsn()) WHERE block_ref ~ ('^blkref #0: rel \\d+/\\d+/' ||"
                    + " pg_relation_filenode('" + relation + "') || ' ') GROUP BY 1, 2) t");
            assertTrue(expected.contains("INSERT"), expected);
            assertEquals(
                    expected,
                    server.query(
                            "SELECT string_agg(t::text, ' ' ORDER BY t) FROM (SELECT resource_manager, record_type,"
                                    + " sum(records), sum(wal_bytes), sum(fpi_bytes) FROM walker.walstats WHERE relfilenode ="
                                    + " pg_relation_filenode('" + relation + "') GROUP BY 1, 2) t"));
        }
    }
}
