package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The history that a walker keeps beside a server at work. */
class HistoryHostIT {
    @ParameterizedTest
    @MethodSource("dev.walker.contract.Hosts#present")
    void historyFollowsATable(Hosts host) throws Exception {
        try (WalkedServer walked = host.start()) {
            TestServer server = walked.server();
            server.execute("CREATE TABLE kept (id int PRIMARY KEY, v int)", "CREATE TABLE lost (id int)");
            walked.start();
            server.execute(
                    "INSERT INTO kept SELECT i, 0 FROM generate_series(1, 10000) i",
                    "DELETE FROM kept WHERE id <= 1000",
                    "UPDATE kept SET v = 1 WHERE id BETWEEN 2001 AND 4000",
                    "INSERT INTO lost SELECT generate_series(1, 100)",
                    "DELETE FROM lost");
            try (var connection = server.jdbc();
                    var statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute("INSERT INTO kept SELECT i, 0 FROM generate_series(10001, 10500) i");
                connection.rollback();
            }
            walked.assertExact();
            assertEquals(
                    "1000|2000|500|0",
                    totals(
                            server,
                            "born_delete || '|' || born_update + born_hot_update || '|'"
                                    + " || born_aborted_insert || '|' || dead_tuples_reclaimed"));

            // The same rows, whatever becomes of the file.
            server.execute("VACUUM FULL kept");
            walked.assertExact();
            assertEquals("3500|3500", totals(server, "dead_tuples_born || '|' || reclaimed_truncate"));
            server.execute("DELETE FROM kept WHERE id > 9000");
            walked.assertExact();
            server.execute("TRUNCATE kept", "INSERT INTO kept SELECT i, 0 FROM generate_series(1, 100) i");
            server.execute("DELETE FROM kept WHERE id <= 50");
            walked.assertExact();
            assertEquals("4550|4500", totals(server, "dead_tuples_born || '|' || reclaimed_truncate"));
            server.execute("VACUUM kept");
            walked.assertExact();
            assertEquals("4550|4550", totals(server, "dead_tuples_born || '|' || dead_tuples_reclaimed"));

            server.execute(
                    "SET ROLE pg_monitor; SELECT * FROM walker.heatmap_history_text('kept', 'born'); RESET ROLE");
            String text =
                    server.query("SELECT string_agg(t, E'\\n') FROM walker.heatmap_history_text('kept', 'born') t");
            assertTrue(text.startsWith("kept: tuples that became garbage, ") && text.contains("4550 in all"), text);

            server.execute("DROP TABLE lost");
            waitUntilNone(
                    walked,
                    "SELECT count(*) FROM walker.heatmap_history_relation r"
                            + " WHERE NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = r.relation_oid)"
                            + " AND r.relation_oid <> 0 AND r.db_oid <> 0");
            assertEquals(
                    "0",
                    server.query("SELECT count(*) FROM walker.heatmap_history WHERE history_id NOT IN"
                            + " (SELECT history_id FROM walker.heatmap_history_relation)"));
            server.execute("SELECT walker.reset('kept')");
            assertEquals("0", server.query("SELECT count(*) FROM walker.heatmap_history('kept')"));
        }
    }

    private static String totals(TestServer server, String columns) throws Exception {
        return server.query("SELECT " + columns + " FROM walker.garbage_history() WHERE relation = 'kept'::regclass");
    }

    private static void waitUntilNone(WalkedServer walked, String count) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        do {
            assertTrue(System.nanoTime() < giveUp, count);
            // So that there is something to be saved.
            walked.server().execute("DELETE FROM kept WHERE id = 60", "INSERT INTO kept VALUES (60, 0)");
            walked.waitFor();
        } while (!"0".equals(walked.server().query(count)));
    }
}
