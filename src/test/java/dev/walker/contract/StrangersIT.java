package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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

/** What others cannot do to the walker or to who uses it: locks that they take, operators, functions and jars of theirs. */
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
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
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

    /** Operators in schema public for all pairs of common types for which PostgreSQL has none of its own. */
    private static void setTraps() throws SQLException {
        String types =
                "unnest(ARRAY['oid', 'regclass', 'regnamespace', 'int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'text',"
                        + " 'name', '\"char\"', 'bool', 'xid', 'pg_lsn', 'timestamptz', 'interval'])";
        walked.server()
                .execute("DO $do$ DECLARE o record; BEGIN"
                        + " FOR o IN SELECT l, r, t FROM " + types + " l, " + types + " r,"
                        + " unnest(ARRAY['bool', 'numeric', 'text']) t LOOP"
                        + "   EXECUTE format('CREATE FUNCTION public.trap_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L',"
                        + "     o.t, o.l, o.r, o.t, format('BEGIN RAISE ''trapped by %s, %s''; END', o.l, o.r));"
                        + " END LOOP;"
                        + " FOR o IN SELECT op, l, r, CASE WHEN op = '||' THEN 'text' WHEN op ~ '^[-+*/%]$' THEN 'numeric'"
                        + "     ELSE 'bool' END AS t"
                        + "   FROM " + types + " l, " + types + " r,"
                        + "     unnest(ARRAY['=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '/', '%', '||', '~', '!~', '~~'])"
                        + "     op"
                        + "   WHERE NOT EXISTS (SELECT FROM pg_operator p WHERE p.oprname = op"
                        + "     AND p.oprleft = l::regtype AND p.oprright = r::regtype) LOOP"
                        + "   EXECUTE format('CREATE OPERATOR public.%s (FUNCTION = public.trap_%s, LEFTARG = %s,"
                        + "     RIGHTARG = %s)', o.op, o.t, o.l, o.r);"
                        + " END LOOP; END $do$");
    }

    private static void removeTraps() throws SQLException {
        walked.server()
                .execute("SET search_path = pg_catalog; DO $do$ DECLARE f text; BEGIN"
                        + " FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE starts_with(p.proname, 'trap_') LOOP"
                        + " EXECUTE 'DROP FUNCTION ' || f || ' CASCADE'; END LOOP; END $do$; RESET search_path");
    }

    @Test
    void readersTakeNoOperatorsOfOthers() throws Exception {
        walked.server()
                .execute(
                        "CREATE EXTENSION IF NOT EXISTS pageinspect",
                        "CREATE TABLE watched AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 20000) i",
                        "DELETE FROM watched WHERE id <= 2000",
                        "UPDATE watched SET filler = 'y' WHERE id > 19000");
        walked.waitFor();
        String file = query("SELECT dattablespace || '/' || oid || '/' || pg_relation_filenode('watched')"
                + " FROM pg_database WHERE datname = current_database()");
        setTraps();
        try (Connection session = walked.server().jdbc();
                Statement statement = session.createStatement()) {
            SQLException e = assertThrows(SQLException.class, () -> statement.execute("SELECT 1::oid = 1::regclass"));
            assertTrue(e.getMessage().contains("trapped by oid, regclass"), e.getMessage());
            for (String function : List.of(
                    "heatmap",
                    "heatmap_pages",
                    "heatmap_text",
                    "heatmap_history",
                    "heatmap_history_text",
                    "heatmap_svg",
                    "heatmap_ranges_svg",
                    "heatmap_pareto_svg",
                    "baseline")) {
                statement.execute("SELECT * FROM walker." + function + "('watched')");
                statement.execute("SELECT * FROM walker." + function + "('local', NULL, '" + file + "')");
            }
            for (String call : List.of(
                    "status()",
                    "status('local')",
                    "plugins()",
                    "plugins('local')",
                    "results('heatmap')",
                    "results('local', 'heatmap')",
                    "settings()",
                    "fleet()",
                    "garbage()",
                    "garbage('local')",
                    "garbage_history()",
                    "garbage_history('local', NULL)",
                    "walstats()",
                    "walstats('local', NULL)",
                    "rollbacks()",
                    "rollbacks('local', NULL)",
                    "horizon()",
                    "advice('watched')",
                    "advice(min_dead_tuples => 1, min_dead_percent => 0)",
                    "records(pg_current_wal_flush_lsn())",
                    "wait_for()",
                    "wait_for_baseline()",
                    "retry('heatmap')",
                    "reload()")) {
                statement.execute("SELECT * FROM walker." + call);
            }
            statement.execute("CALL walker.reclaim('watched')");
            statement.execute("SELECT walker.reset('watched')");
        } finally {
            removeTraps();
        }
    }

    @Test
    void namesOfRelationsGoByThePathOfTheCaller() throws Exception {
        walked.server()
                .execute(
                        "CREATE SCHEMA named",
                        "CREATE TABLE named.there AS SELECT generate_series(1, 5000) id",
                        "DELETE FROM named.there");
        walked.waitFor();
        try (Connection session = walked.server().jdbc();
                Statement statement = session.createStatement()) {
            for (String name : List.of("named.there", "there")) {
                try (var row = statement.executeQuery("SELECT walker.heatmap_text('named.there') LIMIT 1")) {
                    assertTrue(row.next());
                    assertTrue(row.getString(1).startsWith(name + ": "), row.getString(1));
                }
                try (var row = statement.executeQuery(
                        "SELECT command FROM walker.advice('named.there') WHERE action = 'vacuum'")) {
                    assertTrue(row.next());
                    assertEquals("VACUUM " + name, row.getString(1));
                }
                statement.execute("SET search_path = named");
            }
        }
    }

    @Test
    void codeOfOthersIsNotRunWithTheRightsOfWhoReclaims() throws Exception {
        walked.server()
                .execute(
                        "CREATE SCHEMA strange AUTHORIZATION stranger",
                        "CREATE TABLE strange.caught (who text)",
                        "GRANT INSERT, SELECT ON strange.caught TO PUBLIC");
        try (Connection stranger = walked.server().jdbc("postgres", "stranger");
                Statement statement = stranger.createStatement()) {
            statement.execute("CREATE FUNCTION strange.note() RETURNS text LANGUAGE sql AS"
                    + " 'INSERT INTO strange.caught VALUES (current_user) RETURNING who'");
            statement.execute("CREATE FUNCTION strange.trap(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS"
                    + " 'BEGIN PERFORM strange.note(); RETURN i; END'");
            statement.execute("CREATE TABLE strange.bait AS SELECT generate_series(1, 1000) id");
            statement.execute("DELETE FROM strange.bait");
            walked.server().execute("CALL walker.reclaim('strange.bait')");
            statement.execute("CREATE INDEX bait_id ON strange.bait ((id + strange.trap(1)))");
        }
        walked.server().execute("DELETE FROM strange.caught");
        SQLException e =
                assertThrows(SQLException.class, () -> walked.server().execute("CALL walker.reclaim('strange.bait')"));
        assertEquals("42501", e.getSQLState());
        assertTrue(
                e.getMessage()
                        .contains("index strange.bait_id calls function strange.trap(integer) of role \"stranger\""),
                e.getMessage());
        assertEquals("0", query("SELECT count(*) FROM strange.caught"));
    }

    @Test
    void schemaCronOfSomebodyElseIsNotUsed() throws Exception {
        walked.stop();
        walked.server().execute("CREATE DATABASE timetable");
        try (Connection other = walked.server().jdbc("timetable", "postgres");
                Statement statement = other.createStatement()) {
            statement.execute("CREATE SCHEMA cron AUTHORIZATION stranger");
            statement.execute("CREATE FUNCTION cron.schedule_in_database(text, text, text, text) RETURNS bigint"
                    + " LANGUAGE plpgsql AS 'BEGIN RAISE ''called with the rights of %'', current_user; END'");
        }
        SQLException e = assertThrows(SQLException.class, () -> walked.server()
                .execute("SET cron.database_name = 'timetable'; SELECT walker.enable_autostart()"));
        assertTrue(e.getMessage().contains("extension pg_cron is not in database \"timetable\""), e.getMessage());
        walked.server().execute("DROP DATABASE timetable");
        walked.start();
    }

    @Test
    void jarsOfOthersHaveNoneOfTheRightsOfWalkers(@TempDir Path dir) throws Exception {
        assumeTrue(Runtime.version().feature() < 24, "there is no policy for PL/Java to go by");
        Path jar = PluginJar.of(dir, "Trespasser");
        walked.server().execute("CREATE DATABASE workshop");
        try (Connection owner = walked.server().jdbc("workshop", "postgres");
                Statement statement = owner.createStatement()) {
            statement.execute("CREATE EXTENSION pljava");
            statement.execute("GRANT USAGE ON SCHEMA sqlj TO stranger");
            statement.execute("GRANT USAGE ON LANGUAGE java TO stranger");
            statement.execute("CREATE SCHEMA bench AUTHORIZATION stranger");
        }
        try (Connection stranger = walked.server().jdbc("workshop", "stranger");
                Statement statement = stranger.createStatement()) {
            statement.execute("SELECT sqlj.install_jar('file:" + jar + "', 'walker', false)");
            statement.execute("SELECT sqlj.set_classpath('bench', 'walker')");
            statement.execute("CREATE FUNCTION bench.entered(text) RETURNS text LANGUAGE java"
                    + " AS 'java.lang.String=example.Trespasser.entered(java.lang.String)'");
            try (var row =
                    statement.executeQuery("SELECT bench.entered(pg_walfile_name(pg_current_wal_insert_lsn()))")) {
                assertTrue(row.next());
                assertEquals(null, row.getString(1));
            }
        }
        try (Connection owner = walked.server().jdbc("workshop", "postgres");
                Statement statement = owner.createStatement()) {
            statement.execute("CREATE EXTENSION walker CASCADE");
            SQLException e = assertThrows(SQLException.class, () -> statement.execute("SELECT walker.install_jar()"));
            assertTrue(
                    e.getMessage().contains("jar \"walker\" of role \"stranger\" is not WALker's own"), e.getMessage());
            assertTrue(e.getMessage().contains("Have its owner load it under another name"), e.getMessage());
        }
        walked.server().execute("DROP DATABASE workshop WITH (FORCE)");
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
    void connectionStringsAreQuotedWhateverTheDatabaseHasSet() throws Exception {
        try (Connection session = walked.server().jdbc();
                Statement statement = session.createStatement()) {
            for (String setting : List.of("on", "off")) {
                statement.execute("SET standard_conforming_strings = " + setting);
                try (var row = statement.executeQuery("SELECT walker._conninfo_value(E'it\\'s \\\\ here')")) {
                    assertTrue(row.next());
                    assertEquals("'it\\'s \\\\ here'", row.getString(1));
                }
            }
        }
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
