package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Walks that outlive walsenders, servers and failovers, and what ends them at once. */
class ReconnectIT {
    private static final String[] CONF = {"wal_keep_size = 1GB", "walker.flush_interval = 200"};

    private static String version() {
        List<String> versions = TestServer.versions();
        return versions.get(versions.size() - 1);
    }

    private static TestServer server(String... conf) {
        return TestServer.version(version())
                .conf(WalkedServer.SETTINGS)
                .conf(CONF)
                .conf(conf)
                .start();
    }

    private static void load(TestServer server, long seed) throws Exception {
        Bank bank = new Bank(server);
        bank.begin(seed);
        Thread.sleep(700);
        bank.end();
    }

    private static void await(String what, TestServer server, String sql) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!"t".equals(server.query(sql))) {
            assertTrue(System.nanoTime() < giveUp, () -> what + " does not come\n" + server.endOfLog());
            Thread.sleep(20);
        }
    }

    private static void assertExact(TestServer source, RemoteServer target) throws Exception {
        MapCheck check = MapCheck.of(source, target.server());
        assertEquals(
                Set.of(),
                check.unknownHeaps().stream()
                        .filter(name -> !name.startsWith("pg_toast."))
                        .collect(Collectors.toSet()));
        assertTrue(check.dead() > 0, check.toString());
    }

    @Test
    void walkOutlivesWalsendersTheTargetAndAFailover() throws Exception {
        TestServer primary = server();
        try (RemoteServer target = new RemoteServer(version());
                TestServer standby = primary.standby()) {
            target.options("--mode", "stream", "--source-name", "shop");
            target.source("jdbc:postgresql://127.0.0.1:" + primary.port() + ",127.0.0.1:" + standby.port()
                    + "/postgres?user=postgres&targetServerType=primary");
            target.start();
            primary.execute("CREATE EXTENSION pageinspect", "CREATE EXTENSION pgstattuple");
            new Bank(primary).create();
            load(primary, 1);

            // The walsender is ended: another one takes its place, the walk does not begin anew.
            String walsender = "FROM pg_stat_replication WHERE application_name = 'walker_stream'";
            // One that has just connected would be replaced without a word.
            await("the stream", primary, "SELECT count(*) = 1 AND min(reply_time) IS NOT NULL " + walsender);
            String before = primary.query("SELECT pid " + walsender);
            primary.execute("SELECT pg_terminate_backend(pid) " + walsender);
            load(primary, 2);
            await("another walsender", primary, "SELECT count(*) = 1 AND min(pid) <> " + before + " " + walsender);
            assertExact(primary, target);
            assertEquals(1, target.beginnings(), target.output());
            assertTrue(target.output().contains("it begins again at LSN"), target.output());

            // The target is away for a while.
            target.server().restart();
            load(primary, 3);
            target.awaitBeginning(1);
            assertExact(primary, target);

            // The primary is gone, the standby takes over.
            int beginnings = target.beginnings();
            String end = primary.query("SELECT pg_current_wal_flush_lsn()");
            await("the standby", standby, "SELECT pg_last_wal_replay_lsn() >= '" + end + "'");
            primary.crash();
            standby.promote();
            load(standby, 4);
            target.awaitBeginning(beginnings);
            assertExact(standby, target);
            assertEquals(
                    "running stream 2 shop",
                    target.server().query("SELECT concat_ws(' ', state, mode, timeline, source) FROM walker.fleet()"));
            assertEquals("0", target.server().query("SELECT count(*) FROM walker.gaps"));
            target.stop();

            // Another server under the same name.
            target.source(target.server().url("postgres") + "?user=postgres");
            String message = target.startFailing("heatmap");
            assertTrue(message.contains("source \"shop\" is the server with system identifier"), message);
        } finally {
            primary.close();
        }
    }

    @Test
    void whoLooksIsToldThatTheSourceIsAway() throws Exception {
        TestServer source = server();
        try (RemoteServer target = new RemoteServer(version())) {
            target.options("--source-name", "shop", "--plugins", "heatmap");
            target.source(source.url("postgres") + "?user=postgres");
            target.start();
            String since = "SELECT reconnecting_since FROM walker.status('shop')";
            assertEquals(null, target.server().query(since));
            source.stop();
            String away = "SELECT state = 'reconnecting' AND last_error LIKE '%refused%' FROM walker.status('shop')";
            await("that it is away", target.server(), away);
            String first = target.server().query(since);
            assertEquals(
                    "reconnecting " + first,
                    target.server()
                            .query(
                                    "SELECT state || ' ' || reconnecting_since FROM walker.fleet() WHERE source = 'shop'"));
            assertEquals("f", target.server().query("SELECT walker.wait_for('shop', 'FF/0', '500 ms')"));
            assertEquals(first, target.server().query(since));
            source.start();
            await("the walk", target.server(), "SELECT state = 'running' FROM walker.status('shop')");
            assertEquals(
                    null,
                    target.server()
                            .query(
                                    "SELECT reconnecting_since || last_error FROM walker.fleet() WHERE source = 'shop'"));
            source.stop();
            await("that it is away again", target.server(), away);
            assertEquals("t", target.server().query("SELECT walker.stop('shop')"));
            assertEquals(0, target.exitStatus(), target.output());
            assertEquals(
                    "stopped",
                    target.server().query("SELECT concat_ws(' ', state, last_error) FROM walker.status('shop')"));
        } finally {
            source.close();
        }
    }

    @Test
    void slowTargetDoesNotLoseTheStream() throws Exception {
        if (!keepsTheStream(1)) {
            // It may be the machine that is too slow to answer within a second.
            assertTrue(keepsTheStream(6), "the stream was lost");
        }
    }

    /** Whether the walsender is the same after the target could not be written to for four times its timeout. */
    private static boolean keepsTheStream(int timeoutSeconds) throws Exception {
        try (RemoteServer walked = new RemoteServer(server("wal_sender_timeout = " + timeoutSeconds + "s"))) {
            TestServer server = walked.server();
            walked.options("--mode", "stream");
            walked.start();
            server.execute("CREATE TABLE much (id int, pad text)");
            walked.waitFor();
            await("the stream", server, "SELECT count(*) = 1 AND min(reply_time) IS NOT NULL FROM pg_stat_replication");
            String walsender = server.query("SELECT pid FROM pg_stat_replication");
            try (var blocking = server.jdbc();
                    var statement = blocking.createStatement()) {
                // The walker cannot save meanwhile, and more comes than its buffer takes.
                statement.execute("BEGIN; LOCK TABLE walker.progress IN ACCESS EXCLUSIVE MODE");
                server.execute(
                        "INSERT INTO much SELECT i, repeat('x', 1000) FROM generate_series(1, 60000) i",
                        "DELETE FROM much WHERE id % 3 = 0");
                Thread.sleep(4000L * timeoutSeconds);
                statement.execute("COMMIT");
            }
            walked.waitFor();
            assertEquals("20000", server.query("SELECT sum(dead_tuples) FROM walker.heatmap('much')"));
            boolean kept =
                    walsender.equals(server.query("SELECT coalesce(min(pid)::text, 'none') FROM pg_stat_replication"));
            walked.stop();
            // What was committed is told the slot at the end.
            assertEquals(
                    "t",
                    server.query("SELECT r.restart_lsn = s.position FROM pg_replication_slots r, walker.status() s"));
            return kept;
        }
    }

    @Test
    void autoFallsBackToFilesAndSaysWhy() throws Exception {
        try (RemoteServer walked = new RemoteServer(server())) {
            TestServer server = walked.server();
            server.execute(
                    "CREATE ROLE walks LOGIN PASSWORD 'hush-hush' IN ROLE pg_monitor",
                    "GRANT ALL ON SCHEMA walker TO walks",
                    "GRANT ALL ON ALL TABLES IN SCHEMA walker TO walks",
                    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA walker TO walks",
                    "ALTER ROLE walks SET walker.slot = ''");
            walked.source(server.url("postgres") + "?user=walks&password=hush-hush");
            String message = walked.startFailing("heatmap");
            assertTrue(message.contains("gives no stream of replication"), message);
            assertTrue(message.contains("may not execute pg_read_binary_file"), message);
            server.execute("GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO walks");
            walked.start();
            assertTrue(walked.output().contains("reads WAL out of files"), walked.output());
            assertEquals("file", server.query("SELECT mode FROM walker.status()"));
            walked.stop();
            server.execute(
                    "REVOKE EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) FROM walks",
                    "ALTER ROLE walks REPLICATION");
            walked.start();
            assertEquals("stream", server.query("SELECT mode FROM walker.status()"));
            assertTrue(!walked.output().contains("hush"), walked.output());
            assertTrue(walked.output().contains("--source-url has a password"), walked.output());
            walked.stop();
        }
    }

    /** The server has an empty text then, which in walker.slot means none. */
    @Test
    void settingThatIsTakenOutOfTheFilesOfTheSourceHasItsDefaultAgain() throws Exception {
        try (RemoteServer walked = new RemoteServer(server())) {
            TestServer server = walked.server();
            Path file = server.dataDir().resolve("postgresql.conf");
            List<String> lines = Files.readAllLines(file);
            server.configure("walker.slot = 'passed'");
            server.execute("SELECT pg_reload_conf()");
            await("the setting", server, "SELECT current_setting('walker.slot', true) = 'passed'");
            walked.start();
            assertEquals("passed", server.query("SELECT slot_name FROM walker.status()"));
            Files.write(file, lines);
            server.execute("SELECT pg_reload_conf()");
            await("the default", server, "SELECT coalesce(current_setting('walker.slot', true), '') = ''");
            dev.walker.testing.Command.of("kill", "-HUP", Long.toString(walked.walkerPid()))
                    .run();
            await("the slot", server, "SELECT slot_name = 'walker' FROM walker.status()");
            assertTrue(walked.output().contains("the configuration was read anew"), walked.output());
            walked.stop();
        }
    }

    /** That is no odds with the files, where it is not set. */
    @Test
    void slotThatTheCommandLineOfTheSourceSetsToNoneIsNone() throws Exception {
        try (RemoteServer walked = new RemoteServer(server())) {
            TestServer server = walked.server();
            server.stop();
            server.run(
                    "pg_ctl",
                    "-D",
                    server.dataDir().toString(),
                    "-l",
                    server.root().resolve("log").toString(),
                    "-w",
                    "-o",
                    "-p " + server.port() + " -c walker.slot=",
                    "start");
            walked.start();
            assertEquals(null, server.query("SELECT slot_name FROM walker.status()"));
            assertTrue(walked.output().contains("walker.slot is empty"), walked.output());
            walked.stop();
        }
    }

    @Test
    void slotThatSomebodyElseHoldsIsToldWithItsSetting() throws Exception {
        TestServer primary = server();
        try (RemoteServer target = new RemoteServer(version())) {
            primary.execute("SELECT pg_create_physical_replication_slot('theirs', true)");
            target.source(primary.url("postgres") + "?user=postgres");
            try (TestServer standby = primary.standby("primary_slot_name = 'theirs'")) {
                await("the standby", standby, "SELECT count(*) = 1 FROM pg_stat_wal_receiver");
                await("its slot", primary, "SELECT active FROM pg_replication_slots WHERE slot_name = 'theirs'");
                String[] theirs = {"--set", "walker.slot=theirs", "--set", "walker.flush_interval=0"};
                String hint = "slot serves one at a time: if that is a standby, pg_receivewal or another walker, name"
                        + " another slot in walker.slot";
                target.options(Stream.concat(Stream.of("--mode", "file"), Stream.of(theirs))
                        .toArray(String[]::new));
                target.start();
                primary.execute("CREATE TABLE IF NOT EXISTS again ()", "DROP TABLE again");
                long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                while (!target.output().contains(hint)) {
                    assertTrue(System.nanoTime() < giveUp, target.output());
                    Thread.sleep(50);
                }
                target.terminate();
                target.options(theirs);
                String message = target.startFailing("heatmap");
                assertTrue(message.contains(hint), message);
            }
        } finally {
            primary.close();
        }
    }

    /** As with libpq: no URL, a password file, a service file. */
    private static void environmentTellsAll(RemoteServer walked) throws Exception {
        Path files = Files.createTempDirectory("walker-libpq");
        try {
            int port = walked.server().port();
            Path passwords = Files.writeString(files.resolve("pgpass"), "127.0.0.1:" + port + ":*:guarded:right\n");
            Files.setPosixFilePermissions(passwords, PosixFilePermissions.fromString("rw-------"));
            Path services = Files.writeString(
                    files.resolve("services"),
                    "[walked]\nhost=127.0.0.1\nport=" + port + "\ndbname=postgres\nuser=guarded\n");
            walked.environment(Map.of(
                    "PGHOST", "127.0.0.1",
                    "PGPORT", Integer.toString(port),
                    "PGUSER", "guarded",
                    "PGDATABASE", "postgres",
                    "PGPASSFILE", passwords.toString()));
            assertEquals("schema walker is already there\n", walked.succeed("init"));
            assertTrue(walked.succeed("status").startsWith("state "), walked.output());
            walked.environment(Map.of(
                    "PGSERVICE", "walked", "PGSERVICEFILE", services.toString(), "PGPASSFILE", passwords.toString()));
            walked.source(null);
            walked.options("--plugins", "heatmap");
            walked.start();
            assertEquals(
                    "guarded",
                    walked.server()
                            .query("SELECT DISTINCT usename FROM pg_stat_activity"
                                    + " WHERE application_name IN ('walker', 'walker_stream')"));
            walked.stop();
        } finally {
            dev.walker.testing.Command.of("rm", "-r", files.toString()).run();
        }
    }

    @Test
    void wrongPasswordEndsItAtOnceAndIsNotShown() throws Exception {
        TestServer server = server();
        try (RemoteServer walked = new RemoteServer(server)) {
            server.execute("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'right'");
            Files.writeString(
                    server.dataDir().resolve("pg_hba.conf"),
                    "host all guarded all scram-sha-256\nhost replication guarded all scram-sha-256\n"
                            + "host all all all trust\nhost replication all all trust\n");
            // New sessions have the time of when the postmaster has read its files; before it makes one it reads all of
            // them.
            String loaded = server.query("SELECT pg_conf_load_time()");
            server.execute("SELECT pg_reload_conf()");
            await("pg_hba.conf", server, "SELECT pg_conf_load_time() > '" + loaded + "'");
            walked.source(server.url("postgres") + "?user=guarded&password=wr0ng-one");
            String message = walked.startFailing("heatmap");
            assertTrue(message.contains("password authentication failed for user \"guarded\""), message);
            assertTrue(!message.contains("wr0ng-one"), message);
            walked.source("postgresql://guarded:right@127.0.0.1:" + server.port() + "/postgres");
            walked.start();
            assertTrue(!walked.output().contains("right@"), walked.output());
            walked.stop();
            environmentTellsAll(walked);
        }
    }
}
