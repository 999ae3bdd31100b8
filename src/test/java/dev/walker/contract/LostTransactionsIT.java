package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.Command;
import dev.walker.testing.TestServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A server that has told that a transaction has committed loses it before the walk has come to its end. */
class LostTransactionsIT {
    private static final String[] QUIET = {
        "wal_keep_size = 1GB", "autovacuum = off", "checkpoint_timeout = 1h", "bgwriter_delay = 10s"
    };

    private static String version() {
        List<String> versions = TestServer.versions();
        return versions.get(versions.size() - 1);
    }

    /** A table of which a transaction that is older than the walk deletes ten rows. */
    private static Connection deletes(TestServer source, RemoteServer target) throws Exception {
        source.execute(
                "CREATE EXTENSION pageinspect",
                "CREATE EXTENSION pgstattuple",
                "CREATE TABLE early AS SELECT generate_series(1, 100) id",
                "VACUUM early");
        Connection old = source.jdbc();
        old.setAutoCommit(false);
        try (Statement statement = old.createStatement()) {
            statement.execute("SET synchronous_commit = off");
            statement.execute("DELETE FROM early WHERE id <= 10");
        }
        source.execute("CHECKPOINT");
        target.source(source.url("postgres") + "?user=postgres");
        target.start();
        target.stop();
        // Writes an image of the page, from which only the server can tell what became of the transaction.
        source.execute("BEGIN; SELECT id FROM early WHERE id = 50 FOR UPDATE; COMMIT");
        return old;
    }

    private static void assertForgottenAndFound(TestServer source, RemoteServer target) throws Exception {
        String rows = source.query("SELECT count(*) FROM early");
        assertEquals("100", rows, "the transaction was not lost");
        MapCheck.of(source, target.server());
        assertTrue(
                target.output().contains("the server has lost transactions, in a crash or a failover"),
                target.output());
        baseline(target);
        source.execute("DELETE FROM early WHERE id > 97");
        long giveUp = System.nanoTime() + 60_000_000_000L;
        while (MapCheck.of(source, target.server()).unknownHeaps().contains("early")) {
            assertTrue(System.nanoTime() < giveUp, "the baseline does not find the pages");
            source.execute("SELECT pg_logical_emit_message(true, 'test', '')");
            Thread.sleep(100);
        }
        assertEquals(3, MapCheck.of(source, target.server()).dead() - deadInCatalogs(source));
    }

    private static long deadInCatalogs(TestServer source) throws SQLException {
        return Long.parseLong(source.query("SELECT sum((pgstattuple(c.oid)).dead_tuple_count) FROM pg_class c"
                + " WHERE c.relkind IN ('r', 't', 'm') AND c.relpersistence = 'p' AND c.relname <> 'early'"));
    }

    @Test
    void commitThatWasNotFlushedIsLostInACrash() throws Exception {
        try (TestServer source = quietServer();
                RemoteServer target = new RemoteServer(version());
                Connection old = deletes(source, target)) {
            stopWalWriter(source);
            old.commit();
            String flushed = source.query("SELECT pg_current_wal_flush_lsn()");
            assertEquals("t", source.query("SELECT pg_current_wal_insert_lsn() > '" + flushed + "'"));
            assertEquals("90", source.query("SELECT count(*) FROM early"));
            target.start();
            assertEquals("t", target.server().query("SELECT walker.wait_for('" + flushed + "')"));
            int beginnings = target.beginnings();
            source.crash();
            source.start();
            target.awaitBeginning(beginnings);
            assertForgottenAndFound(source, target);
            target.stop();
        }
    }

    @Test
    void commitThatTheStandbyHadNotReceivedIsLostInAFailover() throws Exception {
        try (TestServer source = quietServer();
                TestServer standby = source.standby();
                RemoteServer target = new RemoteServer(version());
                Connection old = deletes(source, target)) {
            String end = source.query("SELECT pg_current_wal_flush_lsn()");
            await(standby, "SELECT pg_last_wal_replay_lsn() >= '" + end + "'");
            standby.configure("primary_conninfo = ''");
            standby.execute("SELECT pg_reload_conf()");
            await(standby, "SELECT count(*) = 0 FROM pg_stat_wal_receiver");
            old.commit();
            target.options("--until", end);
            target.start();
            assertEquals(0, target.exitStatus());
            standby.promote();
            target.options();
            target.source(standby.url("postgres") + "?user=postgres");
            target.start();
            assertForgottenAndFound(standby, target);
            target.stop();
        }
    }

    /** The slot has moved beyond it. */
    @Test
    void whatWasSavedIsNotLostInACrashOfTheTarget() throws Exception {
        try (TestServer source = quietServer();
                RemoteServer target = new RemoteServer(version(), "synchronous_commit = off")) {
            target.source(source.url("postgres") + "?user=postgres");
            target.start();
            stopWalWriter(target.server());
            source.execute(
                    "CREATE TABLE early AS SELECT generate_series(1, 100) id", "DELETE FROM early WHERE id <= 10");
            String end = source.query("SELECT pg_current_wal_flush_lsn()");
            assertEquals("t", target.server().query("SELECT walker.wait_for('" + end + "')"));
            target.server().crash();
            target.server().start();
            assertEquals("t", target.server().query("SELECT position >= '" + end + "' FROM walker.progress"));
        }
    }

    private static TestServer quietServer() {
        return TestServer.version(version())
                .conf(WalkedServer.SETTINGS)
                .conf(QUIET)
                .start();
    }

    /** Nobody but a commit flushes then. */
    private static void stopWalWriter(TestServer server) throws Exception {
        String walWriter = server.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'");
        Command.of("kill", "-STOP", walWriter).run();
    }

    /** What the server has told stays, where the walk comes to it. */
    @Test
    void commitThatIsWalkedLaterIsNotDoubted() throws Exception {
        try (TestServer source = quietServer();
                RemoteServer target = new RemoteServer(version());
                Connection old = deletes(source, target)) {
            String end = source.query("SELECT pg_current_wal_flush_lsn()");
            old.commit();
            target.options("--until", end);
            target.start();
            assertEquals(0, target.exitStatus());
            assertEquals("1", ahead(target));
            source.restart();
            target.options();
            target.start();
            // Tells that nothing older than it runs.
            source.execute("CHECKPOINT", "DELETE FROM early WHERE id = 60");
            assertFalse(MapCheck.of(source, target.server()).unknownHeaps().contains("early"));
            assertEquals("0", ahead(target));
            assertFalse(target.output().contains("lost"), target.output());
            target.stop();
        }
    }

    /** No record tells what runs, as long as nothing happens. */
    @Test
    void whatABaselineFindsOnAQuietServerIsNotDoubted() throws Exception {
        try (TestServer source = quietServer();
                RemoteServer target = new RemoteServer(version());
                Connection old = source.jdbc();
                Statement statement = old.createStatement()) {
            source.execute("CREATE EXTENSION pageinspect", "CREATE TABLE early (id int)");
            old.setAutoCommit(false);
            statement.execute("SELECT pg_current_xact_id()");
            source.execute("INSERT INTO early VALUES (1)", "INSERT INTO early VALUES (2)", "SELECT FROM early");
            source.execute("CHECKPOINT");
            old.commit();
            source.execute("SELECT pg_logical_emit_message(true, 'test', '')");
            target.source(source.url("postgres") + "?user=postgres");
            target.start();
            baseline(target);
            await(
                    target.server(),
                    "SELECT coalesce(bool_or(b.state = 'done'), false) FROM walker.heatmap_baseline b WHERE b.relfilenode = "
                            + source.query("SELECT pg_relation_filenode('early')"));
            target.stop();
            assertEquals("0", ahead(target));
        }
    }

    private static void baseline(RemoteServer target) throws SQLException {
        target.server()
                .execute("INSERT INTO walker.heatmap_baseline_request (source_id, spc_oid, db_oid, relfilenode)"
                        + " SELECT source_id, 0, 0, 0 FROM walker.source");
    }

    private static String ahead(RemoteServer target) throws SQLException {
        return target.server()
                .query("SELECT count(*) FROM walker.heatmap_xact WHERE kind IN ('ahead_committed', 'ahead_aborted')");
    }

    private static void await(TestServer server, String condition) throws Exception {
        long giveUp = System.nanoTime() + 60_000_000_000L;
        while (!"t".equals(server.query(condition))) {
            assertTrue(System.nanoTime() < giveUp, () -> condition + "\n" + server.endOfLog());
            Thread.sleep(20);
        }
    }
}
