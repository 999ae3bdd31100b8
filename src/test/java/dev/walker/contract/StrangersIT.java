package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.PlJava;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What others in the server cannot do to the walker in it: locks that they take, operators and jars of theirs. */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("installed")
class StrangersIT {
    @RegisterExtension
    static final SharedServer<PlJava, PlJavaServer> SHARED = new SharedServer<>();

    private static PlJavaServer walked;

    @Parameter
    PlJava host;

    static Stream<PlJava> installed() {
        return PlJava.installed().stream();
    }

    @BeforeEach
    void serverOfThisHost() throws Exception {
        walked = SHARED.of(
                host, () -> new PlJavaServer(host), fresh -> fresh.server().execute("CREATE ROLE stranger LOGIN"));
        walked.ensureStarted();
    }

    private static String query(String sql) throws SQLException {
        return walked.server().query(sql);
    }

    /** Number of an advisory lock of the walker. */
    private static String lock(String purpose) throws SQLException {
        return query(
                "SELECT walker._lock_class() || ', ' || walker._lock_id(walker._local_source_id(), '" + purpose + "')");
    }

    private static void assertNamesTheStranger(SQLException e) {
        assertTrue(e.getMessage().contains("role \"stranger\" (pid "), e.getMessage());
        assertTrue(e.getMessage().contains("SELECT pg_terminate_backend("), e.getMessage());
    }

    private static void awaitDead(String table, long wanted) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        String sql =
                "SELECT coalesce(sum(dead_tuples), 0) FROM walker.garbage() WHERE relation = '" + table + "'::regclass";
        while (!Long.toString(wanted).equals(query(sql))) {
            assertTrue(System.nanoTime() < giveUp, walked.server()::endOfLog);
            Thread.sleep(50);
        }
    }

    @Test
    void locksOfRolesThatMayNotUseTheWalkerDoNotCount() throws Exception {
        String pid = query("SELECT pid FROM walker.status()");
        try (Connection stranger = walked.server().jdbc("postgres", "stranger");
                Statement statement = stranger.createStatement()) {
            for (String purpose : List.of("stop", "save")) {
                statement.execute("SELECT pg_advisory_lock(" + lock(purpose) + ")");
            }
            walked.server()
                    .execute("CREATE TABLE walked_on AS SELECT generate_series(1, 1000) id", "DELETE FROM walked_on");
            awaitDead("walked_on", 1000);
            assertEquals(pid, query("SELECT pid FROM walker.status()"));
            for (String sql : List.of("SELECT walker.wait_for()", "SELECT walker.stop()")) {
                assertNamesTheStranger(assertThrows(SQLException.class, () -> query(sql)));
            }
            statement.execute("SELECT pg_advisory_unlock_all()");
            statement.execute("SELECT pg_advisory_lock_shared(" + lock("save") + ")");
            walked.waitFor();
            statement.execute("SELECT pg_advisory_unlock_all()");

            walked.stop();
            statement.execute("SELECT pg_advisory_lock(" + lock("run") + ")");
            assertEquals("stopped", query("SELECT state FROM walker.status()"));
            assertNamesTheStranger(assertThrows(SQLException.class, () -> query("SELECT walker.start()")));
            walked.server().execute("UPDATE walker.source SET autostart = true");
            assertEquals(null, query("SELECT walker.ensure_running()"));
            // The slot of a walker that is kept from running is guarded still.
            walked.configure("walker.max_lag = 1MB");
            walked.server()
                    .execute(
                            "CREATE TABLE much AS SELECT generate_series(1, 50000) id",
                            "SELECT walker.ensure_running()");
            assertEquals("0", query("SELECT count(*) FROM pg_replication_slots"));
            walked.configure("walker.max_lag = 10GB");
            statement.execute("SELECT pg_advisory_unlock_all()");
            walked.start(true);

            walked.stop();
            statement.execute("SELECT pg_advisory_lock(" + lock("ready") + ")");
            assertNamesTheStranger(assertThrows(SQLException.class, () -> query("SELECT walker.start()")));
        }
        walked.start();
    }

    @Test
    void operatorsOfOthersAreNotUsed() throws Exception {
        walked.stop();
        // These fit better than what PostgreSQL has, which takes a conversion.
        String[][] operators = {
            {"=", "oid", "regclass"}, {"<>", "oid", "integer"}, {"%", "bigint", "integer"}, {"/", "integer", "numeric"}
        };
        for (String[] each : operators) {
            String result = each[0].matches("[=<>]+") ? "boolean" : "numeric";
            String function = "public.theirs(" + each[1] + ", " + each[2] + ")";
            walked.server()
                    .execute(
                            "CREATE FUNCTION " + function + " RETURNS " + result
                                    + " LANGUAGE plpgsql AS 'BEGIN RAISE ''called with the rights of %'', current_user; END'",
                            "CREATE OPERATOR public." + each[0] + " (FUNCTION = public.theirs, LEFTARG = " + each[1]
                                    + ", RIGHTARG = " + each[2] + ")");
        }
        SQLException e = assertThrows(SQLException.class, () -> query("SELECT 1::oid = 'pg_class'::regclass"));
        assertTrue(e.getMessage().contains("called with the rights of postgres"), e.getMessage());
        try {
            walked.start();
            walked.server().execute("CREATE TABLE walked_on_too AS SELECT 1");
            // It looks around each half second.
            Thread.sleep(1200);
            walked.waitFor();
            assertEquals(query("SELECT pid FROM walker.status()"), query("SELECT walker.ensure_running()"));
            walked.stop();
            try (Connection session = walked.server().jdbc();
                    Statement statement = session.createStatement()) {
                statement.execute("SET search_path = public, pg_catalog");
                statement.execute("CALL walker.run(pg_current_wal_insert_lsn())");
                try (var row = statement.executeQuery("SHOW search_path")) {
                    assertTrue(row.next());
                    assertEquals("public, pg_catalog", row.getString(1));
                }
            }
            walked.start();
            walked.waitFor();
            String log = walked.server().log();
            assertEquals(
                    1,
                    log.lines()
                            .filter(line -> line.contains("called with the rights of"))
                            .count(),
                    walked.server()::endOfLog);
        } finally {
            for (String[] each : operators) {
                walked.server().execute("DROP FUNCTION public.theirs(" + each[1] + ", " + each[2] + ") CASCADE");
            }
        }
    }

    @Test
    void walkThatEndsAtOnceMovesItsSlot() throws Exception {
        walked.stop();
        walked.server().execute("CREATE TABLE IF NOT EXISTS little (id int)", "INSERT INTO little VALUES (1)");
        String before = query("SELECT restart_lsn FROM pg_replication_slots");
        String until = query("SELECT pg_current_wal_insert_lsn()");
        walked.server().execute("CALL walker.run('" + until + "')");
        assertEquals("t", query("SELECT position >= '" + until + "' FROM walker.status()"));
        assertEquals(
                "t,t",
                query("SELECT left((restart_lsn > '" + before
                        + "')::text, 1) || ',' || left((restart_lsn = position)::text, 1)"
                        + " FROM pg_replication_slots, walker.status()"));
        walked.start();
    }

    @Test
    void connectionStringThatIsAnUriIsRefused() throws Exception {
        walked.stop();
        SQLException e = assertThrows(
                SQLException.class, () -> query("SELECT walker.start('postgresql://postgres@localhost/postgres')"));
        assertTrue(e.getMessage().contains("is a URI, wanted keywords and values"), e.getMessage());
        assertTrue(e.getMessage().contains("Such as host='"), e.getMessage());
        walked.start();
    }

    @Test
    void jarsOfOthersAreLeftAlone(@TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, "StumblesOnce");
        walked.server()
                .execute(
                        "CREATE SCHEMA app",
                        "SELECT sqlj.install_jar('file:" + jar + "', 'theirs', false)",
                        "SELECT sqlj.set_classpath('app', 'theirs')");
        for (String sql : List.of(
                "SELECT walker.remove_plugin('theirs')",
                "SELECT walker.install_plugin('theirs', 'file:" + jar + "')")) {
            SQLException e = assertThrows(SQLException.class, () -> query(sql));
            assertTrue(
                    e.getMessage()
                            .contains("jar \"theirs\" of role \"postgres\" is not one of walker.install_plugin()"),
                    e.getMessage());
        }
        assertEquals("theirs", query("SELECT sqlj.get_classpath('app')"));
    }

    @Test
    void walkersOfOtherDatabasesAreToldApart() throws Exception {
        walked.server().execute("CREATE DATABASE beside");
        try (Connection beside = walked.server().jdbc("beside", "postgres");
                Statement statement = beside.createStatement()) {
            statement.execute("CREATE EXTENSION walker CASCADE");
            statement.execute("SELECT walker.install_jar()");
            for (String sql :
                    List.of("SELECT walker.start()", "CALL walker.run()", "SELECT walker.enable_autostart()")) {
                SQLException e = assertThrows(SQLException.class, () -> statement.execute(sql));
                assertEquals("55006", e.getSQLState());
                assertTrue(e.getMessage().contains("a walker already runs in database \"postgres\""), e.getMessage());
            }
            walked.stop();
            // What a walker holds here that walks another server from outside.
            walked.server().execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect");
            try (Connection remote = walked.server().jdbc();
                    Statement held = remote.createStatement()) {
                held.execute("SELECT pg_advisory_lock(walker._lock_class(), walker._lock_id(7, 'run'))");
                statement.execute("SELECT walker.start()");
                SQLException e = assertThrows(SQLException.class, () -> query("SELECT walker.start()"));
                assertTrue(e.getMessage().contains("already runs in database \"beside\""), e.getMessage());
                statement.execute("SELECT walker.stop()");
            }
        }
        walked.server().execute("DROP DATABASE beside WITH (FORCE)");
        walked.start(true);
    }
}
