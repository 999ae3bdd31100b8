package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.testing.PlJava;
import dev.walker.testing.TestServer;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Walks that meet a promotion. */
class TimelineIT {
    private static final String[] KEEP_WAL = {"wal_keep_size = 1GB", "max_prepared_transactions = 10"};

    private static String version() {
        List<String> versions = TestServer.versions();
        return versions.get(versions.size() - 1);
    }

    private static void load(TestServer server, long seed) throws Exception {
        Bank bank = new Bank(server);
        bank.begin(seed);
        Thread.sleep(1000);
        bank.end();
    }

    private static void follow(TestServer standby, TestServer primary) throws Exception {
        primary.execute("SELECT pg_logical_emit_message(true, 'test', 'flushes what is before it')");
        String end = primary.query("SELECT pg_current_wal_flush_lsn()");
        long giveUp = System.nanoTime() + 60_000_000_000L;
        while (!"t".equals(standby.query("SELECT pg_last_wal_replay_lsn() >= '" + end + "'"))) {
            assertTrue(
                    System.nanoTime() < giveUp, () -> "the standby does not get to " + end + "\n" + standby.endOfLog());
            Thread.sleep(20);
        }
    }

    private static Set<String> ofUsers(MapCheck check) {
        return check.unknownHeaps().stream()
                .filter(name -> !name.startsWith("sqlj.") && !name.startsWith("pg_toast."))
                .collect(Collectors.toSet());
    }

    @Test
    void remoteWalkOfAStandbyFollowsItsPromotionAndRefusesAServerThatLeftEarlier() throws Exception {
        try (TestServer primary = TestServer.version(version())
                        .conf(WalkedServer.SETTINGS)
                        .conf(KEEP_WAL)
                        .start();
                TestServer standby = primary.standby();
                RemoteServer target = new RemoteServer(version())) {
            primary.execute("CREATE EXTENSION pageinspect", "CREATE EXTENSION pgstattuple");
            target.source(standby.url("postgres") + "?user=postgres");
            target.start();
            new Bank(primary).create();
            load(primary, 1);
            primary.execute(
                    "BEGIN; DELETE FROM history WHERE delta < -4000; PREPARE TRANSACTION 'before the promotion'",
                    "VACUUM accounts");
            follow(standby, primary);
            load(primary, 2);
            standby.promote();
            assertEquals("00000002", standby.query("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)"));
            load(standby, 3);
            standby.execute("COMMIT PREPARED 'before the promotion'");
            MapCheck check = MapCheck.of(standby, target.server());
            assertEquals(Set.of(), ofUsers(check));
            assertTrue(check.dead() > 0, check.toString());
            assertEquals("2", target.server().query("SELECT timeline FROM walker.progress"));
            assertEquals("0", target.server().query("SELECT count(*) FROM walker.gaps"));
            assertTrue(
                    target.output().contains("has followed the server from timeline 1 to 2, as in a failover"),
                    target.output());
            target.stop();

            // The old primary has gone on without them.
            target.source(primary.url("postgres") + "?user=postgres");
            String message = target.startFailing("heatmap");
            assertTrue(message.contains("the walk stands on timeline 2 at LSN "), message);
            assertTrue(message.contains("the server on timeline 1 never was on"), message);
            assertTrue(message.contains("To begin anew: SELECT walker.forget('"), message);
        }
    }

    @Test
    void aStandbyThatHasStillToFollowThePromotionIsWaitedFor() throws Exception {
        try (TestServer primary = TestServer.version(version())
                        .conf(WalkedServer.SETTINGS)
                        .conf(KEEP_WAL)
                        .start();
                TestServer standby = primary.standby();
                TestServer late = primary.standby();
                RemoteServer target = new RemoteServer(version())) {
            primary.execute("CREATE EXTENSION pageinspect", "CREATE EXTENSION pgstattuple");
            target.source(standby.url("postgres") + "?user=postgres");
            target.start();
            new Bank(primary).create();
            load(primary, 4);
            follow(standby, primary);
            follow(late, primary);
            primary.stop();
            standby.promote();
            load(standby, 5);
            MapCheck.of(standby, target.server());
            target.stop();
            assertEquals("2", target.server().query("SELECT timeline FROM walker.progress"));

            target.source(late.url("postgres") + "?user=postgres");
            CompletableFuture<Void> starting = CompletableFuture.runAsync(() -> {
                try {
                    target.start();
                } catch (Exception e) {
                    throw new CompletionException(e);
                }
            });
            long giveUp = System.nanoTime() + 60_000_000_000L;
            while (!target.output().contains("does not follow the server that was promoted yet")) {
                assertTrue(System.nanoTime() < giveUp && !starting.isDone(), target.output());
                Thread.sleep(20);
            }
            assertTrue(target.output().contains("WARNING walker: the walk stands on timeline 2"), target.output());
            late.configure("primary_conninfo = 'host=127.0.0.1 port=" + standby.port() + " user=postgres'");
            late.execute("SELECT pg_reload_conf()");
            starting.join();
            load(standby, 6);
            MapCheck.heaps(standby);
            follow(late, standby);
            MapCheck check = MapCheck.of(standby, target.server());
            assertEquals(Set.of(), ofUsers(check));
            assertTrue(check.dead() > 0, check.toString());
            assertEquals("0", target.server().query("SELECT count(*) FROM walker.gaps"));
            target.stop();
        }
    }

    @Test
    void stateThatIsAheadOfWhereTheServerLeftTheTimelineIsRefused() throws Exception {
        try (TestServer primary = TestServer.version(version())
                        .conf(WalkedServer.SETTINGS)
                        .conf(KEEP_WAL)
                        .start();
                TestServer standby = primary.standby();
                RemoteServer target = new RemoteServer(version())) {
            target.source(primary.url("postgres") + "?user=postgres");
            target.start();
            primary.execute("CREATE TABLE early AS SELECT generate_series(1, 1000) id");
            follow(standby, primary);
            standby.configure("primary_conninfo = ''");
            standby.execute("SELECT pg_reload_conf()");
            long giveUp = System.nanoTime() + 60_000_000_000L;
            while (!"0".equals(standby.query("SELECT count(*) FROM pg_stat_wal_receiver"))) {
                assertTrue(System.nanoTime() < giveUp, "the standby does not let go");
                Thread.sleep(20);
            }
            primary.execute(
                    "CREATE TABLE late AS SELECT generate_series(1, 1000) id", "DELETE FROM early WHERE id < 10");
            String end = primary.query("SELECT pg_current_wal_insert_lsn()");
            assertEquals("t", target.server().query("SELECT walker.wait_for('" + end + "')"));
            target.stop();
            String position = target.server().query("SELECT position FROM walker.progress");
            standby.promote();
            target.source(standby.url("postgres") + "?user=postgres");
            String message = target.startFailing("heatmap");
            assertTrue(message.contains("the walk stands on timeline 1 at LSN " + position), message);
            assertTrue(message.contains("the server on timeline 2 (from 1 at LSN "), message);
            assertTrue(message.contains(" left that timeline before, at LSN "), message);
            assertEquals(position, target.server().query("SELECT position FROM walker.progress"));
        }
    }

    @Test
    void serverHostGoesOnInAPromotedCopy() throws Exception {
        assumeTrue(
                !PlJava.installed().isEmpty(), "THE SERVER HOST WAS NOT TESTED: no installed PostgreSQL has PL/Java");
        try (PlJavaServer walked = new PlJavaServer(PlJava.installed().get(0), KEEP_WAL)) {
            TestServer primary = walked.server();
            primary.execute("CREATE EXTENSION pageinspect");
            walked.start();
            new Bank(primary).create();
            walked.waitFor();
            try (TestServer standby = primary.standby()) {
                // The copy has WAL from here on.
                walked.waitFor();
                load(primary, 4);
                follow(standby, primary);
                SQLException refused = org.junit.jupiter.api.Assertions.assertThrows(
                        SQLException.class, () -> standby.execute("CALL walker.run()"));
                assertTrue(refused.getMessage().contains("this server is a standby"), refused.getMessage());
                primary.crash();
                standby.promote();
                standby.execute("DELETE FROM history WHERE delta > 4000");
                standby.query("SELECT walker.start()");
                load(standby, 5);
                MapCheck check = MapCheck.of(standby, standby);
                assertEquals(Set.of(), ofUsers(check));
                assertEquals("2", standby.query("SELECT timeline FROM walker.status()"));
                assertEquals("0", standby.query("SELECT count(*) FROM walker.gaps"));
                standby.query("SELECT walker.stop()");
            }
        }
    }
}
