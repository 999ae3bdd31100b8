package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Walks of the remote host with the source and the results on different servers. */
class SourcesIT {
    private static final String[] KEEP_WAL = {"wal_keep_size = 1GB"};

    private static String version() {
        List<String> versions = TestServer.versions();
        return versions.get(versions.size() - 1);
    }

    private static TestServer primary(String... conf) throws Exception {
        TestServer primary = TestServer.version(version())
                .conf(WalkedServer.SETTINGS)
                .conf(KEEP_WAL)
                .conf(conf)
                .start();
        primary.execute("CREATE EXTENSION pageinspect", "CREATE EXTENSION pgstattuple");
        return primary;
    }

    private static void load(TestServer server, long seed) throws Exception {
        Bank bank = new Bank(server);
        bank.begin(seed);
        Thread.sleep(700);
        bank.end();
    }

    private static void follow(TestServer standby, TestServer primary) throws Exception {
        primary.execute(
                "SELECT pg_logical_emit_message(true, 'test', 'flushes what is before it')", "SELECT pg_switch_wal()");
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
                .filter(name -> !name.startsWith("pg_toast."))
                .collect(Collectors.toSet());
    }

    /** The map on another server must have what the primary has, and the walk of it must be that of the standby. */
    private static void assertExact(TestServer primary, TestServer standby, RemoteServer target) throws Exception {
        // Hint bits of the oracle make WAL.
        MapCheck.heaps(primary);
        follow(standby, primary);
        String end = standby.query("SELECT pg_last_wal_replay_lsn()");
        assertEquals("t", target.server().query("SELECT walker.wait_for('" + end + "', '3 min')"), target.output());
        MapCheck check = MapCheck.compare(primary, target.server(), end);
        assertEquals(Set.of(), ofUsers(check));
        assertTrue(check.dead() > 0, check.toString());
        assertEquals("0", target.server().query("SELECT count(*) FROM walker.gaps"));
    }

    @Test
    void aStandbyThatLivesOnAnArchiveIsWalked() throws Exception {
        Path archive = Files.createTempDirectory("walker-archive");
        Files.setPosixFilePermissions(archive, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (TestServer primary = primary(
                        "archive_mode = on",
                        "archive_command = 'cp %p " + archive + "/%f && chmod 644 " + archive + "/%f'");
                TestServer standby = primary.standby(
                        "primary_conninfo = ''",
                        "archive_mode = off",
                        "wal_retrieve_retry_interval = 100ms",
                        // Without a stream of its own it looks for what it can pass on when it asks who takes it.
                        "wal_sender_timeout = 4s",
                        "restore_command = 'cp " + archive + "/%f %p'");
                RemoteServer target = new RemoteServer(version())) {
            target.source(standby.url("postgres") + "?user=postgres");
            target.start();
            new Bank(primary).create();
            load(primary, 1);
            assertExact(primary, standby, target);
            load(primary, 2);
            // Segments that were replayed go when nobody needs them; the walk does.
            primary.execute("CHECKPOINT");
            follow(standby, primary);
            standby.execute("CHECKPOINT");
            target.kill();
            load(primary, 3);
            follow(standby, primary);
            standby.execute("CHECKPOINT");
            target.start();
            assertExact(primary, standby, target);
            assertEquals("0", standby.query("SELECT count(*) FROM pg_stat_wal_receiver"));
            target.stop();
        } finally {
            dev.walker.testing.Command.of("rm", "-r", archive.toString()).run();
        }
    }

    @Test
    void aTableThatIsLockedOnAStandbyHoldsNothingUp() throws Exception {
        try (TestServer primary = primary();
                TestServer standby = primary.standby();
                RemoteServer target = new RemoteServer(version());
                Connection locker = primary.jdbc()) {
            target.source(standby.url("postgres") + "?user=postgres");
            primary.execute("CREATE TABLE locked AS SELECT generate_series(1, 1000)");
            follow(standby, primary);
            target.start();
            awaitName(target, "locked");
            assertEquals("5", blocks(target, "locked"));
            locker.setAutoCommit(false);
            locker.createStatement().execute("LOCK TABLE locked");
            primary.execute("CREATE TABLE unlocked AS SELECT generate_series(1, 1000)");
            follow(standby, primary);
            assertEquals(
                    "1",
                    standby.query("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
                            + " AND relation = 'locked'::regclass"));
            awaitName(target, "unlocked");
            assertEquals("5", blocks(target, "locked"));
            assertEquals("5", blocks(target, "unlocked"));
            target.stop();
        }
    }

    private static void awaitName(RemoteServer target, String table) throws Exception {
        long giveUp = System.nanoTime() + 60_000_000_000L;
        while (blocks(target, table) == null) {
            assertTrue(System.nanoTime() < giveUp, () -> table + " has no name");
            Thread.sleep(50);
        }
    }

    private static String blocks(RemoteServer target, String table) throws Exception {
        return target.server().query("SELECT max(blocks) FROM walker.relation WHERE name = '" + table + "'");
    }

    @Test
    void aStandbyOfAStandbyIsWalked() throws Exception {
        try (TestServer primary = primary();
                TestServer first = primary.standby(KEEP_WAL);
                TestServer second =
                        primary.standby("primary_conninfo = 'host=127.0.0.1 port=" + first.port() + " user=postgres'");
                RemoteServer target = new RemoteServer(version())) {
            target.source(second.url("postgres") + "?user=postgres");
            target.start();
            new Bank(primary).create();
            load(primary, 4);
            assertExact(primary, second, target);
            // The one in the middle goes and comes back, then it leads.
            first.restart();
            load(primary, 5);
            assertExact(primary, second, target);
            primary.stop();
            first.promote();
            load(first, 6);
            assertExact(first, second, target);
            assertEquals("2", target.server().query("SELECT timeline FROM walker.progress"));
            target.stop();
        }
    }

    @Test
    void aBaselineOfAnotherServerIsTakenUnderLoad() throws Exception {
        try (TestServer primary = primary();
                RemoteServer target = new RemoteServer(version())) {
            new Bank(primary).create();
            load(primary, 7);
            primary.execute(
                    "CREATE TABLE old (id int, v int)",
                    "INSERT INTO old SELECT i, 0 FROM generate_series(1, 50000) i",
                    "DELETE FROM old WHERE id % 3 = 0",
                    "BEGIN; UPDATE old SET v = 1 WHERE id % 100 = 1; PREPARE TRANSACTION 'before the walk'",
                    "CHECKPOINT");
            target.source(primary.url("postgres") + "?user=postgres");
            target.start();
            Bank bank = new Bank(primary);
            bank.begin(8);
            target.server().execute("SELECT walker.baseline()");
            primary.execute("UPDATE old SET v = 2 WHERE id % 50 = 2");
            assertEquals("t", target.server().query("SELECT walker.wait_for_baseline('3 min')"), target.output());
            primary.execute("COMMIT PREPARED 'before the walk'");
            Thread.sleep(300);
            bank.end();
            MapCheck check = MapCheck.of(primary, target.server());
            assertEquals(Set.of(), check.unknownHeaps());
            assertTrue(check.dead() > 0, check.toString());
            target.stop();
        }
    }
}
