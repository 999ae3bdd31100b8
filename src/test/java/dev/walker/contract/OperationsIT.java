package dev.walker.contract;

import static java.nio.file.StandardOpenOption.APPEND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.Command;
import dev.walker.testing.PlJava;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What the one who runs a server does with the walker in it: settings, schedules, limits. */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("installed")
class OperationsIT {
    @RegisterExtension
    static final SharedServer<PlJava, PlJavaServer> SHARED = new SharedServer<>();

    private static final String SET_BY_COMMAND_LINE =
            "SELECT current_setting('walker.batch_bytes') || ',' || current_setting('walker.plugin_timeout')";

    private static PlJavaServer walked;

    @Parameter
    PlJava host;

    static Stream<PlJava> installed() {
        return PlJava.installed().stream();
    }

    @BeforeEach
    void serverOfThisHost() throws Exception {
        walked = SHARED.of(host, () -> new PlJavaServer(host, cronSettings()), fresh -> {});
        walked.ensureStarted();
    }

    private boolean hasCron() {
        return Files.exists(host.libraryDir().resolve("pg_cron.so"));
    }

    private String[] cronSettings() {
        return hasCron()
                ? new String[] {
                    "shared_preload_libraries = 'pg_cron'",
                    "cron.database_name = 'postgres'",
                    "cron.use_background_workers = on",
                    "cron.log_run = off",
                    "max_worker_processes = 16"
                }
                : new String[0];
    }

    private static String query(String sql) throws SQLException {
        return walked.server().query(sql);
    }

    private static void assertReloads() throws SQLException {
        assertEquals(
                "t",
                query("SELECT walker.reload()"),
                () -> "the walker took no settings\n" + walked.server().endOfLog());
    }

    private static void await(String wanted, String sql) throws Exception {
        await(wanted, sql, 60);
    }

    private static void await(String wanted, String sql, int seconds) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        String found = query(sql);
        while (!wanted.equals(found)) {
            assertTrue(
                    System.nanoTime() < giveUp,
                    sql + " gives " + found + ", wanted " + wanted + "\n"
                            + walked.server().endOfLog());
            Thread.sleep(50);
            found = query(sql);
        }
    }

    /** For a comparison, which must find some. */
    private static void makeGarbage() throws SQLException {
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS littered",
                        "CREATE TABLE littered AS SELECT generate_series(1, 100) id",
                        "DELETE FROM littered WHERE id <= 40");
    }

    @Test
    void settingsShowValuesDefaultsAndWhatIsPending() throws Exception {
        assertEquals(
                "heatmap", query("SELECT value FROM walker.settings() WHERE name = 'walker.plugins' AND NOT pending"));
        assertEquals("200ms", query("SELECT \"default\" FROM walker.settings() WHERE name = 'walker.naptime'"));
        walked.configure("walker.naptime = 50");
        assertEquals(
                "50,t",
                query(
                        "SELECT value || ',' || left(pending::text, 1) FROM walker.settings() WHERE name = 'walker.naptime'"));
        assertReloads();
        assertEquals("f", query("SELECT bool_or(pending) FROM walker.settings()"));
        assertEquals("f", query("SELECT walker.reload()"));
        walked.configure("walker.naptime = 200ms");
        assertReloads();
    }

    /** A session that had it has an empty text then, which in walker.slot means none. */
    @Test
    void settingThatIsTakenOutOfTheFilesHasItsDefaultAgain() throws Exception {
        try (var connection = walked.server().jdbc();
                var session = connection.createStatement()) {
            walked.configure("walker.slot = 'passed'");
            assertEquals("t", query(session, "SELECT walker.reload()"));
            walked.waitFor();
            assertEquals("passed", query("SELECT slot_name FROM walker.status()"));
            forget("walker.slot");
            assertEquals("t", query(session, "SELECT walker.reload()"));
            assertEquals("", query(session, "SELECT current_setting('walker.slot')"));
            String shown = "SELECT value || ' ' || pending FROM walker.settings() WHERE name = 'walker.slot'";
            assertEquals("walker false", query(session, shown));
            walked.waitFor();
            assertEquals("walker", query("SELECT slot_name FROM walker.status()"));
            assertEquals("f", query(session, "SELECT walker.reload()"));
            // New sessions have the empty text as well.
            walked.stop();
            walked.start();
            assertEquals("walker", query("SELECT slot_name FROM walker.status()"));
            walked.configure("walker.slot = ''");
            assertEquals("t", query(session, "SELECT walker.reload()"));
            walked.waitFor();
            assertEquals(null, query("SELECT slot_name FROM walker.status()"));
        } finally {
            forget("walker.slot");
            assertReloads();
            walked.waitFor();
            walked.server().execute("SELECT pg_drop_replication_slot('passed')");
        }
    }

    @Test
    void reloadTellsWhatItsSessionHasNotTakenFromTheFiles() throws Exception {
        try (var connection = walked.server().jdbc();
                var session = connection.createStatement()) {
            walked.server().configure("walker.batch_bytes = 3MB");
            assertEquals("f", query(session, "SELECT walker.reload()"));
            session.execute("SELECT walker.reload()");
            assertTells(
                    "walker.batch_bytes is \"3MB\" in the configuration files, but not set in this session",
                    session.getWarnings());
            session.execute("SELECT pg_reload_conf()");
            await("3MB", "SELECT coalesce(current_setting('walker.batch_bytes', true), '')", 10);
            session.clearWarnings();
            session.execute("SELECT walker.reload()");
            assertNull(session.getWarnings());
        } finally {
            forget("walker.batch_bytes");
            assertReloads();
        }
    }

    /** As where a container is given {@code postgres -c}: that is no odds with the files. */
    @Test
    void reloadDoesNotWarnOfWhatTheCommandLineSets() throws Exception {
        String dataDir = walked.server().dataDir().toString();
        walked.server().stop();
        walked.server()
                .run(
                        "pg_ctl",
                        "-D",
                        dataDir,
                        "-l",
                        walked.server().root().resolve("log").toString(),
                        "-w",
                        "-o",
                        "-p " + walked.server().port()
                                + " -c walker.slot= -c walker.batch_bytes=3MB --walker.plugin-timeout=20s"
                                + " -c walker.naptimes=1s",
                        "start");
        // A path in Latin 1.
        Files.write(walked.server().dataDir().resolve("postmaster.opts"), new byte[] {'"', (byte) 0xE9, '"'}, APPEND);
        try (var connection = walked.server().jdbc();
                var session = connection.createStatement()) {
            walked.start();
            assertEquals("3MB,20s", query(session, SET_BY_COMMAND_LINE));
            session.execute("SELECT walker.reload()");
            assertNull(session.getWarnings());
            session.execute("SET walker.memory = 128");
            session.execute("SELECT walker.reload()");
            assertTells("but \"128\" in this session", session.getWarnings());
            walked.waitFor();
            assertEquals(null, query("SELECT slot_name FROM walker.status()"));
            assertEquals("", query("SELECT value FROM walker.settings() WHERE name = 'walker.slot'"));
            assertEquals(
                    "nobody reads it; is walker.naptime meant?",
                    query("SELECT meaning FROM walker.settings() WHERE name = 'walker.naptimes'"));
        } finally {
            walked.server().stop();
            walked.server().start();
        }
        walked.start();
    }

    private static String query(Statement session, String sql) throws SQLException {
        try (ResultSet rows = session.executeQuery(sql)) {
            assertTrue(rows.next(), sql);
            return rows.getString(1);
        }
    }

    @Test
    void reloadTakesPluginsAndKeepsTheWalkerAndItsState() throws Exception {
        String pid = query("SELECT pid FROM walker.status()");
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS kept",
                        "CREATE TABLE kept AS SELECT generate_series(1, 100) id",
                        "DELETE FROM kept WHERE id <= 30");
        walked.configure("walker.flush_interval = 300ms");
        assertReloads();
        walked.server().execute("DELETE FROM kept WHERE id <= 40");
        walked.assertExact();
        assertEquals(pid, query("SELECT pid FROM walker.status()"));
        walked.configure("walker.plugins = 'heatmap, nonsense'");
        SQLException e = assertThrows(SQLException.class, () -> query("SELECT walker.reload()"));
        assertTrue(e.getMessage().contains("\"nonsense\""), e.getMessage());
        assertEquals("running", query("SELECT state FROM walker.status()"));
        walked.configure("walker.plugins = 'heatmap'");
        walked.configure("walker.flush_interval = fast");
        e = assertThrows(SQLException.class, () -> query("SELECT walker.reload()"));
        assertTrue(e.getMessage().contains("walker.flush_interval is \"fast\""), e.getMessage());
        walked.configure("walker.flush_interval = 1000");
        assertReloads();
        walked.waitFor();
    }

    @Test
    void resetForgetsWhatEveryPluginKnows() throws Exception {
        walked.configure("walker.plugins = 'heatmap, walstats, rollbacks, changed_blocks'");
        assertReloads();
        String start = query("SELECT pg_current_wal_insert_lsn()");
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS forgotten",
                        "CREATE TABLE forgotten (id int) WITH (autovacuum_enabled = off)",
                        "INSERT INTO forgotten SELECT generate_series(1, 1000)",
                        "BEGIN; DELETE FROM forgotten WHERE id <= 20; ROLLBACK");
        walked.waitFor();
        String known = "SELECT (SELECT sum(records) FROM walker.walstats WHERE record_type ~ 'INSERT|DELETE' AND "
                + FORGOTTEN + ") || ' '" + " || (SELECT sum(deletes) FROM walker.rollbacks WHERE " + FORGOTTEN + ")";
        assertEquals("1020 20", query(known));
        String changed =
                "SELECT count(*) FROM walker.changed_blocks('" + start + "', 'forgotten') WHERE NOT is_limit_block";
        assertEquals(query("SELECT pg_relation_size('forgotten') / 8192"), query(changed));
        walked.server().execute("SELECT walker.reset()");
        assertEquals("0", query("SELECT count(*) FROM walker.garbage() WHERE relation = 'forgotten'::regclass"));
        assertEquals(null, query(known));
        assertThrows(SQLException.class, () -> query(changed));
        walked.server()
                .execute(
                        "BEGIN; DELETE FROM forgotten WHERE id > 990; ROLLBACK", "DELETE FROM forgotten WHERE id <= 7");
        walked.waitFor();
        assertEquals("17 10", query(known));
        SQLException e = assertThrows(SQLException.class, () -> query(changed));
        assertTrue(e.getMessage().contains("not since " + start), e.getMessage());
        walked.configure("walker.plugins = 'heatmap'");
        assertReloads();
        // The garbage of the other tests is forgotten, too.
        walked.server().execute("CREATE EXTENSION IF NOT EXISTS pageinspect", "SELECT walker.baseline()");
        assertEquals("t", query("SELECT walker.wait_for_baseline()"));
        walked.assertExact();
    }

    private static final String FORGOTTEN = "relfilenode = pg_relation_filenode('forgotten')";

    @Test
    void wrongSettingOfAPluginIsRefusedWhileTheWalkGoesOn() throws Exception {
        walked.configure("walker.memory = abc");
        SQLException e = assertThrows(SQLException.class, () -> query("SELECT walker.reload()"));
        String wanted = "plugin \"heatmap\": walker.memory is \"abc\", wanted a number of megabytes from 1 on";
        assertTrue(e.getMessage().contains(wanted), e.getMessage());
        assertEquals("running", query("SELECT state FROM walker.status()"));
        walked.waitFor();
        walked.stop();
        e = assertThrows(SQLException.class, () -> query("SELECT walker.start()"));
        assertTrue(e.getMessage().contains(wanted), e.getMessage());
        walked.configure("walker.memory = 256");
        walked.start();
    }

    @Test
    void settingThatNobodyReadsIsTold() throws Exception {
        walked.configure("walker.plugin = 'walstats'");
        walked.configure("walker.own_rows = 7");
        assertEquals(
                "t",
                query(
                        "SELECT meaning LIKE '%perhaps of a plugin' FROM walker.settings() WHERE name = 'walker.plugin'"));
        try (var connection = walked.server().jdbc();
                var statement = connection.createStatement()) {
            statement.execute("SELECT walker.reload()");
            assertTells("setting walker.own_rows is none of WALker's", statement.getWarnings());
        }
        walked.waitFor();
        String told =
                "SELECT coalesce(string_agg(name || ': ' || meaning, ' ' ORDER BY name), '') FROM walker.settings() WHERE \"default\""
                        + " IS NULL";
        await("walker.own_rows: nobody reads it walker.plugin: nobody reads it; is walker.plugins meant?", told);
        walked.stop();
        try (var connection = walked.server().jdbc();
                var statement = connection.createStatement()) {
            statement.execute("SELECT walker.start()");
            assertTells("nobody reads it; is walker.plugins meant?", statement.getWarnings());
        }
        walked.server().execute("ALTER DATABASE postgres SET walker.slots = 'x'");
        assertEquals("t", query("SELECT walker.reload()"));
        walked.waitFor();
        await(
                "nobody reads it; is walker.slot meant?",
                "SELECT meaning FROM walker.settings() WHERE name = 'walker.slots'");
        walked.server().execute("ALTER DATABASE postgres RESET ALL");
        forget("walker.plugin", "walker.own_rows");
        assertReloads();
        walked.waitFor();
        await("", told);
    }

    /** Takes settings out of the configuration file. */
    private static void forget(String... names) throws Exception {
        Path file = walked.server().dataDir().resolve("postgresql.conf");
        List<String> lines = Files.readAllLines(file);
        lines.removeIf(line -> List.of(names).contains(line.split(" = ")[0]));
        Files.write(file, lines);
        walked.server().execute("SELECT pg_reload_conf()");
        for (String name : names) {
            await("", "SELECT coalesce(current_setting('" + name + "', true), '')");
        }
    }

    private static void assertTells(String wanted, java.sql.SQLWarning first) {
        StringBuilder all = new StringBuilder();
        for (java.sql.SQLWarning each = first; each != null; each = each.getNextWarning()) {
            all.append(each.getMessage()).append('\n');
        }
        assertTrue(all.toString().contains(wanted), all.toString());
    }

    @Test
    void endOfTheWalkerAlarmsNobodyWhoReadsTheLog() throws Exception {
        int before = walked.server().log().length();
        String pid = query("SELECT pid FROM walker.status()");
        walked.stop();
        await("0", "SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid);
        String log = walked.server().log().substring(before);
        assertTrue(log.contains("walker: has ended"), log);
        for (String alarm : List.of("FATAL", "ERROR", "client")) {
            assertFalse(log.contains(alarm), log);
        }
        walked.start();
    }

    @Test
    void walkerStartedByHandKeepsItsLog() throws Exception {
        walked.stop();
        try (var connection = walked.server().jdbc();
                var statement = connection.createStatement()) {
            statement.execute("DO $$ BEGIN PERFORM pg_logical_emit_message(true, 'test', 'x'); END $$");
            statement.execute("CALL walker.run(pg_current_wal_insert_lsn())");
            try (var row = statement.executeQuery("SHOW log_min_messages")) {
                row.next();
                assertNotEquals("panic", row.getString(1));
            }
        }
        walked.start();
    }

    private static void versionOfTheExtension(String version) throws SQLException {
        walked.server()
                .execute(
                        "CREATE OR REPLACE FUNCTION walker._version() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE"
                                + " AS $$SELECT '" + version + "'$$");
    }

    @Test
    void jarThatIsMissingOrOfAnotherVersionIsSaid() throws Exception {
        String version = query("SELECT walker._version()");
        walked.stop();
        versionOfTheExtension("9.9");
        SQLException e = assertThrows(SQLException.class, () -> query("SELECT walker.start()"));
        assertTrue(
                e.getMessage().contains("is of version " + version + ", the extension of version 9.9"), e.getMessage());
        versionOfTheExtension(version);
        walked.server().execute("SELECT sqlj.set_classpath('walker', '')");
        for (String sql : List.of("SELECT walker.start()", "SELECT * FROM walker.records('0/1000000')")) {
            e = assertThrows(SQLException.class, () -> query(sql));
            assertTrue(e.getMessage().contains("walker.jar is not loaded into database \"postgres\""), e.getMessage());
        }
        walked.server()
                .execute(
                        "SELECT walker.install_jar()",
                        // As version 1.0 of the extension calls it.
                        "CREATE FUNCTION walker._step(int, boolean, text) RETURNS int LANGUAGE java AS"
                                + " 'int=dev.walker.sql.Functions.step(int,boolean,java.lang.String)'");
        e = assertThrows(SQLException.class, () -> query("SELECT walker._step(1, true, null)"));
        assertTrue(e.getMessage().contains("ALTER EXTENSION walker UPDATE"), e.getMessage());
        walked.server().execute("DROP FUNCTION walker._step(int, boolean, text)");
        walked.start();
    }

    @Test
    void startBesideTheCreationOfTheExtensionIsRefusedAtOnce() throws Exception {
        walked.stop();
        walked.server().execute("DROP DATABASE IF EXISTS unborn", "CREATE DATABASE unborn");
        try (var connection = walked.server().jdbc("unborn", "postgres");
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("CREATE EXTENSION walker CASCADE");
            statement.execute("SELECT walker.install_jar()");
            SQLException e = assertThrows(SQLException.class, () -> statement.execute("SELECT walker.start()"));
            assertTrue(e.getMessage().contains("this transaction has created the extension"), e.getMessage());
            assertTrue(e.getMessage().contains("Commit, then SELECT walker.start()"), e.getMessage());
            connection.rollback();
        }
        // The walker adds a row for the server, and would wait for the one who has done so already.
        try (var connection = walked.server().jdbc("unborn", "postgres");
                var statement = connection.createStatement()) {
            statement.execute("CREATE EXTENSION walker CASCADE");
            statement.execute("SELECT walker.install_jar()");
            connection.setAutoCommit(false);
            statement.execute("SELECT walker._add_source('local', system_identifier) FROM pg_control_system()");
            SQLException e = assertThrows(SQLException.class, () -> statement.execute("SELECT walker.start()"));
            assertTrue(e.getMessage().contains("waited for a lock that this transaction holds"), e.getMessage());
            connection.rollback();
        }
        walked.server().execute("DROP DATABASE unborn");
        walked.start();
    }

    @Test
    void walkerMakesWayForWhoDropsItsExtensionOrDatabase() throws Exception {
        String walkers = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'walker'";
        walked.stop();
        walked.server()
                .execute(
                        "DROP DATABASE IF EXISTS passing",
                        "CREATE DATABASE passing",
                        // That of the other walk keeps what that has still to walk.
                        "ALTER DATABASE passing SET walker.slot = 'passing'");
        try (var connection = walked.server().jdbc("passing", "postgres");
                var statement = connection.createStatement()) {
            statement.execute("CREATE EXTENSION walker CASCADE");
            statement.execute("SELECT walker.install_jar()");
            for (int round = 0; round < 4; round++) {
                statement.execute("SELECT walker.start()");
                statement.execute("CREATE TABLE t" + round + " AS SELECT generate_series(1, 1000)");
                // In the middle of a batch or a save.
                Thread.sleep(round * 7);
                statement.execute("DROP EXTENSION walker");
                await("0", walkers);
                statement.execute("CREATE EXTENSION walker");
            }
            statement.execute("SELECT walker.start()");
            // DROP DATABASE waits for five seconds, which a JVM that starts on a busy machine may take.
            statement.execute("SELECT walker.wait_for()");
        }
        assertEquals("1", query(walkers));
        walked.server().execute("CREATE DATABASE passed_on TEMPLATE passing", "DROP DATABASE passed_on");
        assertEquals("0", query(walkers));
        try (var connection = walked.server().jdbc("passing", "postgres");
                var statement = connection.createStatement()) {
            statement.execute("SELECT walker.ensure_running()");
            statement.execute("SELECT walker.wait_for()");
        }
        assertEquals("1", query(walkers));
        // Without FORCE it gives up when somebody stays connected.
        walked.server().execute("DROP DATABASE passing");
        assertEquals("0", query(walkers));
        assertTrue(walked.server().log().contains("walker: ends, since database \"passing\" is to be dropped"));
        walked.server().execute("SELECT pg_drop_replication_slot('passing')");
        walked.start();
        makeGarbage();
        walked.assertExact();
    }

    @Test
    void terminatedWalkerLeavesNothingBehindButItsSlot() throws Exception {
        String pid = query("SELECT pid FROM walker.status()");
        assertEquals(
                "CALL walker.run",
                query("SELECT left(query, 15) FROM pg_stat_activity WHERE application_name = 'walker' AND pid = " + pid
                        + " AND state = 'active'"));
        assertEquals("t", query("SELECT pg_terminate_backend(" + pid + ", 60000)"));
        assertEquals("stopped", query("SELECT state FROM walker.status()"));
        assertEquals("0", query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"));
        assertEquals("1", query("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'walker' AND NOT active"));
        makeGarbage();
        walked.start();
        walked.assertExact();
    }

    /** The JVM would abort in a thread that has Java on its stack, and the server with it. */
    @Test
    void walkerThatIsTerminatedInAQueryOfJavaDoesNoHarm() throws Exception {
        walked.server().execute("DROP TABLE IF EXISTS u", "CREATE TABLE u AS SELECT generate_series(1, 10) id");
        int before = walked.server().log().length();
        try (var connection = walked.server().jdbc();
                var statement = connection.createStatement()) {
            String pid = waitsForALockInJava(statement);
            assertEquals("t", query("SELECT pg_terminate_backend(" + pid + ", 60000)"));
            // Of a session that a crash would have ended.
            statement.execute("COMMIT");
        }
        walked.start();
        walked.assertExact();
        try (var connection = walked.server().jdbc();
                var statement = connection.createStatement()) {
            waitsForALockInJava(statement);
            walked.server().stop();
        }
        walked.server().start();
        String log = walked.server().log().substring(before);
        assertFalse(log.contains("was terminated by signal"), log);
        assertFalse(log.contains("was not properly shut down"), log);
        walked.start();
        walked.assertExact();
    }

    /** Has the walker wait in a save for a lock that this session takes; PID of the walker. */
    private static String waitsForALockInJava(Statement statement) throws Exception {
        walked.waitFor();
        statement.execute("BEGIN");
        statement.execute("LOCK TABLE walker.heatmap_chunk");
        walked.server().execute("DELETE FROM u WHERE id = (SELECT min(id) FROM u)");
        await(
                "Lock",
                "SELECT wait_event_type FROM pg_stat_activity WHERE application_name = 'walker'"
                        + " AND query LIKE 'CALL walker.run%'");
        return query(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'walker' AND query LIKE 'CALL walker.run%'");
    }

    /** In load, with more than a batch to catch up with at first. */
    @Test
    void vacuumIsHeldBackForAMomentOnly() throws Exception {
        walked.stop();
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS busy",
                        "CREATE TABLE busy AS SELECT id, 0 n FROM generate_series(1, 300000) id",
                        "UPDATE busy SET n = 1",
                        "DELETE FROM busy WHERE id > 100");
        String there = query("SELECT pg_current_wal_insert_lsn()");
        walked.start();
        String pid = query("SELECT pid FROM walker.status()");
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> load = CompletableFuture.runAsync(() -> updateUntil(over));
        String isThere = "SELECT position >= '" + there + "' FROM walker.status()";
        long begin = System.nanoTime();
        long took = 0;
        long longest = 0;
        int held = 0;
        try (var connection = walked.server().jdbc();
                var ask = connection.prepareStatement(
                        "SELECT backend_xmin::text FROM pg_stat_activity WHERE pid = " + pid)) {
            String xmin = null;
            long since = 0;
            // Longer where the machine is slow.
            while (took < TimeUnit.SECONDS.toNanos(8) || "f".equals(query(isThere))) {
                assertTrue(took < TimeUnit.MINUTES.toNanos(3), walked.server()::endOfLog);
                long now = System.nanoTime();
                took = now - begin;
                try (var row = ask.executeQuery()) {
                    assertTrue(
                            row.next(), "the walker is gone\n" + walked.server().endOfLog());
                    String found = row.getString(1);
                    if (found == null || !found.equals(xmin)) {
                        since = now;
                    } else {
                        longest = Math.max(longest, now - since);
                    }
                    held += found == null ? 0 : 1;
                    xmin = found;
                }
                Thread.sleep(5);
            }
        } finally {
            over.set(true);
            load.get(60, TimeUnit.SECONDS);
        }
        assertTrue(held > 0, "its backend_xmin was never seen");
        assertTrue(longest < took / 4, "its backend_xmin stayed for " + longest / 1e9 + " s of " + took / 1e9);
        walked.waitFor();
        walked.assertExact();
        // A walker that begins anew, as in other tests, does not know of its garbage.
        walked.server().execute("DROP TABLE busy");
    }

    private static void updateUntil(AtomicBoolean over) {
        try (var connection = walked.server().jdbc();
                var statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = off");
            while (!over.get()) {
                statement.execute("UPDATE busy SET n = n + 1 WHERE id = 1");
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void pluginThatWasSetAsideIsTriedAgain(@TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, "StumblesOnce");
        walked.server().execute("SELECT walker.install_plugin('stumbler', 'file:" + jar + "')");
        walked.stop();
        walked.configure("walker.plugins = 'heatmap, example.StumblesOnce'");
        walked.start();
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS steps",
                        "CREATE TABLE steps AS SELECT generate_series(1, 10) id",
                        "DELETE FROM steps WHERE id > 5");
        walked.waitFor();
        String state = "SELECT state FROM walker.plugins() WHERE name = 'example.StumblesOnce'";
        assertEquals("failed", query(state));
        assertEquals("f", query("SELECT walker.retry('heatmap')"));
        SQLException e = assertThrows(SQLException.class, () -> query("SELECT walker.retry('nobody')"));
        assertTrue(e.getMessage().contains("plugin \"nobody\" is not one of"), e.getMessage());
        assertEquals("t", query("SELECT walker.retry('example.StumblesOnce')"));
        walked.server().execute("DELETE FROM steps WHERE id > 3");
        walked.assertExact();
        assertEquals("active", query(state));
        assertEquals(
                "t",
                query("SELECT (r ->> 'records')::int >= 2 AND r ->> 'gap' LIKE '%set aside%stumbled once%'"
                        + " FROM walker.results('example.StumblesOnce') r"));
        assertEquals("1", query("SELECT count(*) FROM walker.gaps WHERE plugin = 'example.StumblesOnce'"));
        walked.configure("walker.plugins = 'heatmap'");
        assertReloads();
        assertEquals("t", query("SELECT walker.remove_plugin('stumbler')"));
        assertEquals("f", query("SELECT walker.remove_plugin('stumbler')"));
        walked.assertExact();
        assertEquals("heatmap", query("SELECT string_agg(name, ',') FROM walker.plugins()"));
    }

    @Test
    void pluginThatCannotStartAgainIsSetAsideAndTheWalkGoesOn(@TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, "StumblesAtStart");
        walked.server().execute("SELECT walker.install_plugin('stumbler', 'file:" + jar + "')");
        walked.stop();
        walked.configure("walker.plugins = 'example.StumblesAtStart, heatmap'");
        walked.start();
        walked.waitFor();
        String pid = query("SELECT pid FROM walker.status()");
        String published = "SELECT string_agg(r::text, ' ') FROM walker.results('example.StumblesAtStart') r";
        assertEquals("{\"no\": 1}", query(published));
        walked.configure("walker.naptime = 100");
        assertReloads();
        String plugin = " FROM walker.plugins() WHERE name = 'example.StumblesAtStart'";
        await("failed", "SELECT state" + plugin);
        assertEquals("t", query("SELECT last_error LIKE '%invalid input syntax%' AND error_lsn IS NOT NULL" + plugin));
        assertTrue(walked.server().log().contains("walker: plugin \"example.StumblesAtStart\" is set aside at LSN "));
        assertEquals("{\"no\": 1}", query(published));
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS going",
                        "CREATE TABLE going AS SELECT generate_series(1, 10) id",
                        "DELETE FROM going WHERE id > 5");
        walked.assertExact();
        assertEquals("t", query("SELECT walker.retry('example.StumblesAtStart')"));
        await("t", "SELECT last_error LIKE '%StackOverflowError: too deep%'" + plugin);
        assertEquals("0", query("SELECT count(*) FROM walker.gaps WHERE plugin = 'example.StumblesAtStart'"));
        assertEquals("{\"no\": 1}", query(published));
        assertEquals("t", query("SELECT walker.retry('example.StumblesAtStart')"));
        await("active", "SELECT state" + plugin);
        assertEquals("{\"no\": 4}", query(published));
        assertEquals("1", query("SELECT count(*) FROM walker.gaps WHERE plugin = 'example.StumblesAtStart'"));
        walked.assertExact();
        assertEquals(pid, query("SELECT pid FROM walker.status()"));
        walked.configure("walker.naptime = 200ms");
        walked.configure("walker.plugins = 'heatmap'");
        assertReloads();
        assertEquals("t", query("SELECT walker.remove_plugin('stumbler')"));
    }

    @Test
    void pluginThatCannotBeMadeAgainIsSetAsideAndTheWalkGoesOn(@TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, "StumblesInCheck");
        walked.server().execute("SELECT walker.install_plugin('stumbler', 'file:" + jar + "')");
        walked.stop();
        walked.configure("walker.plugins = 'example.StumblesInCheck, heatmap'");
        walked.start();
        makeGarbage();
        walked.waitFor();
        String pid = query("SELECT pid FROM walker.status()");
        String plugin = " FROM walker.plugins() WHERE name = 'example.StumblesInCheck'";
        walked.server().execute("SELECT walker.reset('littered')");
        await("failed", "SELECT state" + plugin);
        String error = query("SELECT last_error" + plugin);
        assertTrue(error.contains("its check of settings threw java.lang.IllegalStateException: not now"), error);
        assertEquals("example.StumblesInCheck", query("SELECT class_name" + plugin));
        assertEquals("t", query("SELECT walker.retry('example.StumblesInCheck')"));
        await("active", "SELECT state" + plugin);
        makeGarbage();
        walked.assertExact();
        assertEquals(pid, query("SELECT pid FROM walker.status()"));
        walked.configure("walker.plugins = 'heatmap'");
        assertReloads();
        assertEquals("t", query("SELECT walker.remove_plugin('stumbler')"));
    }

    /** The second one while the walker reads what the first one has left. */
    @Test
    void walkGoesOnAfterTwoResetsAtATime() throws Exception {
        makeGarbage();
        walked.waitFor();
        String pid = query("SELECT pid FROM walker.status()");
        String reset = "SELECT walker.reset('littered')";
        try (var first = walked.server().jdbc();
                var second = walked.server().jdbc()) {
            first.setAutoCommit(false);
            second.setAutoCommit(false);
            first.createStatement().execute(reset);
            CompletableFuture<Void> waits = CompletableFuture.runAsync(() -> {
                try {
                    second.createStatement().execute(reset);
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            await(
                    "1",
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query = '"
                            + reset.replace("'", "''") + "'");
            first.commit();
            waits.get(60, TimeUnit.SECONDS);
            await("Lock", "SELECT wait_event_type FROM pg_stat_activity WHERE pid = " + pid);
            second.commit();
        }
        makeGarbage();
        walked.assertExact();
        assertEquals(pid, query("SELECT pid FROM walker.status()"));
    }

    @Test
    void slotOfAWalkThatNeverBeganIsDropped(@TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, "Stillborn");
        try (PlJavaServer other = new PlJavaServer(host)) {
            other.server().execute("SELECT walker.install_plugin('stillborn', 'file:" + jar + "')");
            String message = other.startFailing("heatmap, example.Stillborn");
            assertTrue(message.contains("plugin \"example.Stillborn\" could not start"), message);
            assertTrue(message.contains("no json") || message.contains("invalid input syntax"), message);
            assertEquals("0", other.server().query("SELECT count(*) FROM pg_replication_slots"));
            assertEquals("0", other.server().query("SELECT count(*) FROM walker.progress"));
            // Not one that was there before.
            other.server().execute("SELECT pg_create_physical_replication_slot('walker', true)");
            other.startFailing("heatmap, example.Stillborn");
            assertEquals("1", other.server().query("SELECT count(*) FROM pg_replication_slots"));
            other.server().execute("SELECT pg_drop_replication_slot('walker')");
            other.start();
            other.waitFor();
            other.stop();
            // Nor one that keeps WAL for a walk that is to go on.
            other.server().execute("SELECT pg_drop_replication_slot('walker')");
            other.startFailing("heatmap, example.Stillborn");
            assertEquals("1", other.server().query("SELECT count(*) FROM pg_replication_slots"));
            assertTrue(other.server()
                    .query("SELECT last_error FROM walker.status()")
                    .contains("could not start"));
        }
    }

    @Test
    void pluginThatEatsAllMemoryIsNamedInTheServerLog(@TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, "Glutton");
        walked.server().execute("SELECT walker.install_plugin('glutton', 'file:" + jar + "')");
        walked.stop();
        walked.configure("walker.plugins = 'example.Glutton, heatmap'");
        walked.start();
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS eaten",
                        "CREATE TABLE eaten AS SELECT generate_series(1, 100) id",
                        "DELETE FROM eaten WHERE id <= 10");
        walked.assertExact();
        assertEquals("failed", query("SELECT state FROM walker.plugins() WHERE name = 'example.Glutton'"));
        String log = walked.server().log();
        assertTrue(
                log.contains("walker: plugin \"example.Glutton\" is set aside at LSN ")
                        && log.contains("OutOfMemoryError"),
                log);
        walked.configure("walker.plugins = 'heatmap'");
        assertReloads();
        assertEquals("t", query("SELECT walker.remove_plugin('glutton')"));
    }

    @Test
    void pluginJarIsReplacedWithoutARestartOfTheServer(@TempDir Path dir) throws Exception {
        String server = query("SELECT pg_postmaster_start_time()");
        Path old = PluginJar.of(Files.createDirectory(dir.resolve("old")), "StumblesOnce");
        Path fresh = PluginJar.of(Files.createDirectory(dir.resolve("fresh")), "DeleteCounter", "StumblesOnce");
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        walked.server().execute("SELECT walker.install_plugin('counter', 'file:" + old + "')");
        walked.stop();
        String message = walked.startFailing("heatmap, delete_counter");
        assertTrue(message.contains("\"delete_counter\", which is not known"), message);
        walked.start();
        walked.server().execute("SELECT walker.install_plugin('counter', 'file:" + fresh + "')");
        walked.stop();
        walked.configure("walker.plugins = 'heatmap, delete_counter'");
        walked.start();
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS counted",
                        "CREATE TABLE counted AS SELECT generate_series(1, 50) id",
                        "DELETE FROM counted WHERE id <= 12");
        walked.waitFor();
        assertEquals("t", query("SELECT (r ->> 'deletes')::int >= 12 FROM walker.results('delete_counter') r"));
        walked.stop();
        assertEquals("t", query("SELECT walker.remove_plugin('counter')"));
        message = walked.startFailing("heatmap, delete_counter");
        assertTrue(message.contains("\"delete_counter\", which is not known"), message);
        walked.configure("walker.plugins = 'heatmap'");
        walked.start();
        assertEquals(server, query("SELECT pg_postmaster_start_time()"));
    }

    @Test
    void whatIsNoJarOfAPluginIsRefused(@TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, "DeleteCounter");
        Path text = Files.writeString(dir.resolve("text.jar"), "no jar");
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        String before = query("SELECT sqlj.get_classpath('walker')");
        String[][] wrong = {
            {"'walker', 'file:" + jar + "'", "jar \"walker\" is WALker itself, not a plugin"},
            {"'delete-counter', 'file:" + jar + "'", "name is \"delete-counter\", wanted letters"},
            {"'', 'file:" + jar + "'", "name is \"\", wanted letters"},
            {"NULL, 'file:" + jar + "'", "name is \"\", wanted letters"},
            {"'counter', '" + jar + "'", "url is \"" + jar + "\", wanted a URL such as file:/"},
            {"'counter', NULL", "url is \"\", wanted a URL"},
            {"'counter', 'file:" + text + "'", "there is no file in \"file:" + text + "\""},
        };
        for (String[] each : wrong) {
            SQLException e =
                    assertThrows(SQLException.class, () -> query("SELECT walker.install_plugin(" + each[0] + ")"));
            assertTrue(e.getMessage().contains(each[1]), e.getMessage());
        }
        assertEquals(before, query("SELECT sqlj.get_classpath('walker')"));
    }

    @Test
    void pluginThatThrowsInTheEndIsNamedInTheServerLog(@TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, "ThrowsInTheEnd");
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        walked.server().execute("SELECT walker.install_plugin('in_the_end', 'file:" + jar + "')");
        walked.stop();
        walked.configure("walker.plugins = 'heatmap, throws_in_the_end'");
        walked.start();
        walked.stop();
        String log = walked.server().log();
        assertTrue(
                log.contains("plugin \"throws_in_the_end\" is set aside at LSN ")
                        && log.contains("java.lang.IllegalStateException: in the end"),
                walked.server()::endOfLog);
        walked.configure("walker.plugins = 'heatmap'");
        walked.server().execute("SELECT walker.remove_plugin('in_the_end')");
        walked.start();
    }

    @Test
    void pluginThatDoesNotComeBackIsNamedInTheServerLog(@TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, "Sleeper");
        walked.server().execute("SELECT walker.install_plugin('sleeper', 'file:" + jar + "')");
        walked.stop();
        walked.configure("walker.plugin_timeout = 200ms");
        walked.configure("walker.plugins = 'heatmap, example.Sleeper'");
        walked.start();
        walked.server().execute("CREATE TABLE IF NOT EXISTS slow (id int)", "INSERT INTO slow VALUES (1)");
        walked.waitFor();
        String log = walked.server().log();
        assertTrue(log.contains("walker: plugin \"example.Sleeper\" does not come back"), log);
        walked.configure("walker.plugin_timeout = 30s");
        walked.configure("walker.plugins = 'heatmap'");
        assertReloads();
        assertEquals("t", query("SELECT walker.remove_plugin('sleeper')"));
    }

    @Test
    void waiterForAnLsnThatDoesNotComeMakesTheWalkerSaveOnceInAWhile() throws Exception {
        walked.waitFor();
        String before = query("SELECT pg_current_wal_flush_lsn()");
        CompletableFuture<String> waiter = CompletableFuture.supplyAsync(() -> {
            try {
                return query("SELECT walker.wait_for('FFFF/0', '5 s')");
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        await("1", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'");
        // Those who come after it are served, for WALker's own WAL, too, and in a transaction that has waited before.
        for (int i = 0; i < 3; i++) {
            walked.waitFor();
        }
        assertEquals("t", query("SELECT bool_and(walker.wait_for()) FROM generate_series(1, 2)"));
        assertEquals("f", waiter.get(60, TimeUnit.SECONDS));
        int commits = Integer.parseInt(query("SELECT count(*) FROM pg_get_wal_records_info('" + before
                + "', pg_current_wal_flush_lsn()) WHERE resource_manager = 'Transaction'"));
        assertTrue(commits < 40, commits + " transactions in 5 s");
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS awaited",
                        "CREATE TABLE awaited AS SELECT generate_series(1, 10) id",
                        "DELETE FROM awaited WHERE id > 5");
        walked.assertExact();
    }

    @Test
    void slotMovesWithSegmentsInWhichThereIsNothingForPlugins() throws Exception {
        walked.waitFor();
        String begin = query("SELECT pg_current_wal_lsn()");
        for (int i = 0; i < 6; i++) {
            // As archive_timeout does.
            walked.server().execute("SELECT pg_logical_emit_message(false, 'test', 'x')", "SELECT pg_switch_wal()");
        }
        assertEquals("t", query("SELECT pg_current_wal_lsn() - '" + begin + "' > 5 * 16777216"));
        await(
                "t",
                "SELECT pg_current_wal_lsn() - restart_lsn <= 2 * 16777216 FROM pg_replication_slots"
                        + " WHERE slot_name = 'walker'",
                // Before the server notes of itself what runs, which it does every 15 seconds.
                10);
    }

    @Test
    void slotThatCannotBeMadeAnewEndsTheWalkWithAWord() throws Exception {
        walked.waitFor();
        walked.server()
                .execute(
                        "SELECT pg_create_physical_replication_slot('taken_' || i)"
                                + " FROM generate_series(2, current_setting('max_replication_slots')::int) i",
                        "SELECT pg_drop_replication_slot('walker'), pg_create_physical_replication_slot('taken_1')");
        try {
            makeGarbage();
            await("failed", "SELECT state FROM walker.status()");
            String error = query("SELECT last_error FROM walker.status()");
            assertTrue(
                    error.startsWith("cannot make replication slot \"walker\": all replication slots are in use"),
                    error);
        } finally {
            walked.server().execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
        }
        // The WAL is still there, so nothing is lost.
        walked.start();
        walked.assertExact();
    }

    @Test
    void slotThatKeepsTooMuchIsDroppedAndTheWalkEnds() throws Exception {
        walked.waitFor();
        walked.stop();
        walked.configure("walker.max_lag = 2MB");
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS much",
                        "CREATE TABLE much AS SELECT repeat('x', 500) t FROM generate_series(1, 10000)");
        SQLException e = assertThrows(SQLException.class, () -> walked.start());
        assertTrue(e.getMessage().contains("more than walker.max_lag (2 MB)"), e.getMessage());
        assertEquals("0", query("SELECT count(*) FROM pg_replication_slots"));
        assertEquals("failed", query("SELECT state FROM walker.status()"));
        walked.configure("walker.max_lag = 10GB");
        makeGarbage();
        // The WAL is still there, so nothing is lost.
        walked.start();
        walked.assertExact();
    }

    @Test
    void slotOfAWalkerThatDoesNotRunIsGuardedToo() throws Exception {
        walked.waitFor();
        walked.stop();
        walked.configure("walker.max_lag = 2MB");
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS much",
                        "CREATE TABLE much AS SELECT repeat('x', 500) t FROM generate_series(1, 10000)");
        walked.configure("walker.max_lag_action = warn");
        assertEquals(null, query("SELECT walker.ensure_running()"));
        assertEquals("1", query("SELECT count(*) FROM pg_replication_slots"));
        walked.configure("walker.max_lag = much");
        SQLException e = assertThrows(SQLException.class, () -> query("SELECT walker.ensure_running()"));
        assertTrue(e.getMessage().contains("walker.max_lag is \"much\"; wanted bytes"), e.getMessage());
        walked.configure("walker.max_lag = 2MB");
        walked.configure("walker.max_lag_action = drop_slot");
        assertEquals(null, query("SELECT walker.ensure_running()"));
        assertEquals("0", query("SELECT count(*) FROM pg_replication_slots"));
        assertTrue(query("SELECT last_error FROM walker.status()").contains("it was dropped"));
        walked.configure("walker.max_lag = 10GB");
        makeGarbage();
        walked.start();
        walked.assertExact();
    }

    @Test
    void ensureRunningStartsWhatShouldRunAndNothingElse() throws Exception {
        String pid = query("SELECT pid FROM walker.status()");
        assertEquals(pid, query("SELECT walker.ensure_running()"));
        walked.kill();
        await("running", "SELECT CASE WHEN walker.ensure_running() IS NULL THEN 'not' ELSE 'running' END");
        assertNotEquals(pid, query("SELECT pid FROM walker.status()"));
        query("SELECT pg_terminate_backend(pid) FROM walker.status()");
        await("none", "SELECT coalesce(pid::text, 'none') FROM walker.status()");
        assertTrue(Integer.parseInt(query("SELECT walker.ensure_running()")) > 0);
        walked.stop();
        assertEquals(null, query("SELECT walker.ensure_running()"));
        assertEquals("stopped", query("SELECT state FROM walker.status()"));
    }

    @Test
    void serverThatCannotConnectToItselfIsToldWhy() throws Exception {
        walked.stop();
        int before = walked.server().log().length();
        walked.configure("walker.conninfo = 'host=/nowhere'");
        try {
            SQLException e = assertThrows(SQLException.class, () -> query("SELECT walker.start()"));
            assertEquals("08001", e.getSQLState());
            assertTrue(e.getMessage().contains("walker.conninfo, or the parameter of walker.start()"), e.getMessage());
            walked.server().execute("UPDATE walker.source SET autostart = true");
            assertEquals(null, query("SELECT walker.ensure_running()"));
            String log = walked.server().log().substring(before);
            assertTrue(
                    log.contains("walker: cannot start: could not establish connection: connection to server on socket"
                            + " \"/nowhere/"),
                    log);
        } finally {
            walked.configure("walker.conninfo = ''");
        }
        walked.start();
    }

    @Test
    void ensureRunningHasChangedSettingsTakenWhereSessionsAreReadOnly() throws Exception {
        String pid = query("SELECT pid FROM walker.status()");
        int before = walked.server().log().length();
        walked.configure("default_transaction_read_only = on");
        try {
            walked.configure("walker.naptime = 50");
            assertEquals(pid, query("SELECT walker.ensure_running()"));
            assertEquals("f", query("SELECT bool_or(pending) FROM walker.settings()"));
            String log = walked.server().log().substring(before);
            assertFalse(log.contains("read-only transaction"), log);
        } finally {
            walked.configure("default_transaction_read_only = off");
            walked.configure("walker.naptime = 200ms");
        }
        assertReloads();
    }

    @Test
    void standbyThatDoesNotAnswerHoldsUpNoWalk() throws Exception {
        walked.waitFor();
        walked.configure("synchronous_standby_names = 'nobody'");
        try {
            walked.server()
                    .execute(
                            "SET synchronous_commit = local",
                            "DROP TABLE IF EXISTS alone",
                            "CREATE TABLE alone AS SELECT generate_series(1, 1000) id",
                            "DELETE FROM alone WHERE id <= 123");
            walked.waitFor();
            assertEquals("123", query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'alone'::regclass"));
        } finally {
            walked.configure("synchronous_standby_names = ''");
        }
    }

    /** It takes time, several times a second, and auto_explain can look into functions. */
    @Test
    void waitingIsNoStatementForTheLog() throws Exception {
        walked.stop();
        int before = walked.server().log().length();
        walked.configure("auto_explain.log_min_duration = 0");
        walked.configure("auto_explain.log_nested_statements = on");
        walked.configure("session_preload_libraries = 'auto_explain'");
        try {
            walked.start();
            for (int round = 0; round < 2; round++) {
                await("PgSleep", "SELECT wait_event FROM pg_stat_activity WHERE application_name = 'walker'");
                makeGarbage();
                walked.waitFor();
            }
            walked.stop();
        } finally {
            walked.configure("session_preload_libraries = ''");
        }
        List<String> logged = walked.server()
                .log()
                .substring(before)
                .lines()
                .filter(line -> line.contains("Query Text:"))
                .toList();
        assertTrue(logged.stream().anyMatch(line -> line.contains("walker.progress")), () -> logged + "");
        assertFalse(logged.stream().anyMatch(line -> line.contains("pg_sleep(nap")), () -> logged + "");
        walked.start();
    }

    /** Such as where others have taken all the locks there are. */
    @Test
    void whatEndsTheWalkerBetweenItsBatchesIsNoted() throws Exception {
        walked.waitFor();
        String wanted = query("SELECT pg_get_functiondef('walker._wanted'::regproc)");
        walked.server()
                .execute("CREATE OR REPLACE FUNCTION walker._wanted(source_id integer, purpose text) RETURNS boolean"
                        + " LANGUAGE plpgsql VOLATILE AS $$BEGIN RAISE 'no more locks' USING HINT = 'Wait.'; END$$");
        try {
            await("failed", "SELECT state FROM walker.status()");
            assertEquals("no more locks. Wait.", query("SELECT last_error FROM walker.status()"));
        } finally {
            walked.server().execute(wanted);
        }
        makeGarbage();
        walked.start();
        walked.assertExact();
    }

    @Test
    void whatEndsTheWalkerIsLoggedWhereItCannotBeNoted() throws Exception {
        walked.waitFor();
        int before = walked.server().log().length();
        walked.server()
                .execute(
                        "CREATE FUNCTION refuse_errors() RETURNS trigger LANGUAGE plpgsql AS"
                                + " $$BEGIN RAISE 'no errors here'; END$$",
                        "CREATE TRIGGER refuse_errors BEFORE UPDATE ON walker.progress FOR EACH ROW"
                                + " WHEN (new.last_error IS NOT NULL) EXECUTE FUNCTION refuse_errors()",
                        "ALTER TABLE walker.progress RENAME previous_crc TO renamed");
        try {
            makeGarbage();
            await("stopped", "SELECT state FROM walker.status()");
        } finally {
            walked.server()
                    .execute(
                            "ALTER TABLE walker.progress RENAME renamed TO previous_crc",
                            "DROP FUNCTION refuse_errors CASCADE");
        }
        String log = walked.server().log().substring(before);
        assertTrue(log.contains("ERROR:  column \"previous_crc\" of relation \"progress\" does not exist"), log);
        assertTrue(log.contains("walker: cannot note in walker.progress what ended the walk: no errors here"), log);
        walked.start();
        walked.assertExact();
    }

    /** Where each query of the walk was compiled, {@code walker.start()} gave up after a minute. */
    @Test
    void queriesOfTheWalkAreNotCompiled() throws Exception {
        walked.stop();
        walked.server()
                .execute(
                        "CREATE ROLE compiles SUPERUSER LOGIN",
                        "ALTER ROLE compiles SET jit = on",
                        "ALTER ROLE compiles SET jit_above_cost = 0",
                        "ALTER ROLE compiles SET session_preload_libraries = 'auto_explain'",
                        "ALTER ROLE compiles SET auto_explain.log_min_duration = 0",
                        "ALTER ROLE compiles SET auto_explain.log_analyze = on",
                        "ALTER ROLE compiles SET auto_explain.log_nested_statements = on");
        int before = walked.server().log().length();
        query("SELECT walker.start(walker._conninfo() || ' user=compiles')");
        makeGarbage();
        walked.waitFor();
        walked.stop();
        assertNotCompiled(walked.server().log().substring(before));
        try (var connection = walked.server().jdbc("postgres", "compiles");
                var statement = connection.createStatement()) {
            int byHand = walked.server().log().length();
            statement.execute("CALL walker.run(pg_current_wal_insert_lsn())");
            assertNotCompiled(walked.server().log().substring(byHand));
        }
        walked.start();
    }

    /** What a walk by hand asks before it has its settings may be. */
    private static void assertNotCompiled(String log) {
        String walk = log.substring(log.indexOf("walker.progress"));
        assertFalse(walk.contains("JIT:"), walk);
    }

    @Test
    void timeoutsOfTheServerDoNotEndTheWalk() throws Exception {
        List<String> timeouts =
                host.major() < 17 ? List.of("lock_timeout") : List.of("lock_timeout", "transaction_timeout");
        walked.stop();
        for (String timeout : timeouts) {
            walked.configure(timeout + " = 1s");
        }
        String pid;
        try (var connection = walked.server().jdbc();
                var statement = connection.createStatement()) {
            for (String timeout : timeouts) {
                statement.execute("SET " + timeout + " = 0");
            }
            statement.execute("SELECT walker.start()");
            pid = query("SELECT pid FROM walker.status()");
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE walker.progress IN ACCESS EXCLUSIVE MODE");
            walked.server()
                    .execute(
                            "DROP TABLE IF EXISTS held_up",
                            "CREATE TABLE held_up AS SELECT generate_series(1, 1000) id",
                            "DELETE FROM held_up WHERE id <= 123");
            await("1", "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = " + pid);
            statement.execute("SELECT pg_sleep(1.2)");
            connection.commit();
        }
        for (String timeout : timeouts) {
            walked.configure(timeout + " = 0");
        }
        walked.assertExact();
        assertEquals(pid, query("SELECT pid FROM walker.status()"));
    }

    @Test
    void cronBringsTheWalkerBackAfterARestartOfTheServer() throws Exception {
        Assumptions.assumeTrue(hasCron(), "pg_cron is not installed for " + host);
        walked.server().execute("CREATE EXTENSION IF NOT EXISTS pg_cron");
        walked.server()
                .execute(
                        "CREATE DATABASE lost",
                        "SELECT cron.schedule_in_database('walker in lost', '* * * * *', 'SELECT walker.ensure_running()', 'lost')",
                        "ALTER DATABASE lost RENAME TO found");
        assertEquals(query("SELECT pid FROM walker.status()"), query("SELECT walker.enable_autostart()"));
        assertEquals("walker in postgres", query("SELECT string_agg(jobname, ', ') FROM cron.job"));
        walked.server().execute("DROP DATABASE found");
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS restarted",
                        "CREATE TABLE restarted AS SELECT generate_series(1, 1000) id",
                        "DELETE FROM restarted WHERE id <= 123");
        // So that it is at work.
        walked.server().execute("INSERT INTO restarted SELECT generate_series(1001, 200000)");
        walked.server().stop();
        String log = walked.server().log();
        walked.server().start();
        // DROP DATABASE would give up after five seconds, too.
        assertTrue(secondsBetween("received fast shutdown request", "shutting down", log) < 5, log);
        walked.server().execute("DELETE FROM restarted WHERE id <= 456");
        // pg_cron calls at the begin of each minute.
        await("running", "SELECT state FROM walker.status()", 130);
        walked.assertExact();
        assertEquals("t", query("SELECT walker.disable_autostart()"));
        assertEquals("0", query("SELECT count(*) FROM cron.job"));
        assertEquals("running", query("SELECT state FROM walker.status()"));
    }

    @Test
    void autostartTellsThatCronCannotConnect() throws Exception {
        Assumptions.assumeTrue(hasCron(), "pg_cron is not installed for " + host);
        String[] conf = {
            "shared_preload_libraries = 'pg_cron'", "cron.database_name = 'postgres'", "cron.host = '/nowhere'"
        };
        try (PlJavaServer other = new PlJavaServer(host, conf);
                var connection = other.server().jdbc();
                var statement = connection.createStatement()) {
            assertTellsWhereCronIsMissing(other, "postgres");
            other.server().execute("CREATE DATABASE shop");
            try (var elsewhere = other.server().jdbc("shop", "postgres");
                    var asked = elsewhere.createStatement()) {
                asked.execute("CREATE EXTENSION walker CASCADE");
            }
            assertTellsWhereCronIsMissing(other, "shop");
            statement.execute("CREATE EXTENSION pg_cron");
            statement.execute("SELECT walker.enable_autostart()");
            assertTells("pg_cron cannot connect to database \"postgres\"", statement.getWarnings());
            // The job is there, for when it can.
            assertEquals("1", other.server().query("SELECT count(*) FROM cron.job"));
            assertEquals("running", other.server().query("SELECT state FROM walker.status()"));
            other.server().configure("cron.host = '" + other.server().query("SHOW unix_socket_directories") + "'");
            other.server().stop();
            other.server().start();
            try (var again = other.server().jdbc();
                    var asked = again.createStatement()) {
                asked.execute("SELECT walker.enable_autostart()");
                assertNull(asked.getWarnings());
            }
        }
    }

    /** With the SQLSTATE that "install.sh uninstall" passes over. */
    private static void assertTellsWhereCronIsMissing(PlJavaServer other, String database) throws Exception {
        try (var connection = other.server().jdbc(database, "postgres");
                var statement = connection.createStatement()) {
            for (String function : List.of("enable_autostart", "disable_autostart")) {
                SQLException e = assertThrows(
                        SQLException.class, () -> statement.execute("SELECT walker." + function + "()"), function);
                assertTrue(
                        e.getMessage().contains("extension pg_cron is not in database \"postgres\""), e.getMessage());
                assertEquals("55000", e.getSQLState());
            }
        }
    }

    /** Between two lines of the log, as its timestamps tell. */
    private static double secondsBetween(String first, String second, String log) {
        LocalTime from = timeOf("LOG:  " + first, log);
        LocalTime to = timeOf("LOG:  " + second, log);
        // Past midnight, too.
        return ((to.toNanoOfDay() - from.toNanoOfDay()) / 1e9 + 86_400) % 86_400;
    }

    private static LocalTime timeOf(String message, String log) {
        String line = log.lines()
                .filter(each -> each.contains(message))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no \"" + message + "\" in\n" + log));
        return LocalTime.parse(line.split(" ")[1]);
    }

    @Test
    void updateOfTheExtensionKeepsTheState() throws Exception {
        walked.server()
                .execute(
                        "DROP TABLE IF EXISTS lasting",
                        "CREATE TABLE lasting AS SELECT generate_series(1, 1000) id",
                        "DELETE FROM lasting WHERE id <= 100");
        walked.waitFor();
        walked.stop();
        String fresh = Schema.describe(walked.server().jdbc());
        List<String> tables = List.of(query("SELECT string_agg(relname, ',' ORDER BY relname <> 'source') FROM pg_class"
                        + " WHERE relnamespace = 'walker'::regnamespace AND relkind = 'r'")
                .split(","));
        for (String table : tables) {
            walked.server().execute("CREATE TABLE saved_" + table + " AS SELECT * FROM walker." + table);
        }
        walked.server().execute("DROP EXTENSION walker", "CREATE EXTENSION walker VERSION '1.0'");
        for (String table : tables) {
            String columns = query("SELECT string_agg(quote_ident(attname), ',') FROM pg_attribute"
                    + " WHERE attrelid = to_regclass('walker." + table + "') AND attnum > 0");
            if (columns != null) {
                walked.server()
                        .execute("INSERT INTO walker." + table + " (" + columns + ") SELECT " + columns + " FROM saved_"
                                + table);
            }
            walked.server().execute("DROP TABLE saved_" + table);
        }
        // The script runs with a superuser's rights, and others may be able to make operators in schema public.
        walked.server()
                .execute(
                        "CREATE FUNCTION public.theirs(oid, regclass) RETURNS boolean LANGUAGE plpgsql"
                                + " AS 'BEGIN RAISE ''called with the rights of %'', current_user; END'",
                        "CREATE OPERATOR public.= (FUNCTION = public.theirs, LEFTARG = oid, RIGHTARG = regclass)",
                        "ALTER EXTENSION walker UPDATE",
                        "DROP FUNCTION public.theirs(oid, regclass) CASCADE");
        assertEquals(fresh, Schema.describe(walked.server().jdbc()));
        walked.server().execute("DELETE FROM lasting WHERE id <= 200");
        walked.start();
        walked.assertMapExact();
        assertEquals("t", query("SELECT complete FROM walker.garbage() WHERE relation = 'lasting'::regclass"));
        // The history begins with the update. For what comes after, map and history are to begin together, with no
        // garbage.
        walked.stop();
        walked.server().execute("DROP TABLE lasting", "VACUUM", "SELECT walker.reset()");
        walked.start();
        walked.server()
                .execute(
                        "CREATE TABLE lasting AS SELECT generate_series(1, 1000) id",
                        "DELETE FROM lasting WHERE id <= 100");
        walked.assertExact();
    }

    @Test
    void dumpAndRestoreKeepTheExtensionAndNoState() throws Exception {
        walked.server().execute("DROP DATABASE IF EXISTS restored", "CREATE DATABASE restored");
        String dump = client("pg_dump", "-d", "postgres");
        assertTrue(dump.contains("CREATE EXTENSION IF NOT EXISTS walker"));
        Path file = walked.server().directory("dump").resolve("dump.sql");
        Files.writeString(file, dump);
        client("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "restored", "-f", file.toString());
        try (var connection = walked.server().jdbc("restored", "postgres");
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT s.state, (SELECT count(*) FROM walker.source),"
                        + " sqlj.get_classpath('walker'), (SELECT count(*) FROM walker.garbage())"
                        + " FROM walker.status() s")) {
            row.next();
            // Its relfilenodes mean nothing in another database.
            assertEquals(
                    "stopped 0 walker 0",
                    row.getString(1) + " " + row.getInt(2) + " " + row.getString(3) + " " + row.getInt(4));
        }
        walked.server().execute("DROP DATABASE restored");
    }

    private String client(String program, String... arguments) {
        List<String> words = new ArrayList<>(List.of(
                host.binDir().resolve(program).toString(),
                "-h",
                "127.0.0.1",
                "-p",
                "" + walked.server().port(),
                "-U",
                "postgres"));
        words.addAll(List.of(arguments));
        return Command.of(words).run();
    }
}
