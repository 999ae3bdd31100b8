package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.contract.PluginJar;
import dev.walker.jdbc.Jdbc;
import dev.walker.jdbc.WalkLog;
import dev.walker.remote.ServerAddress;
import dev.walker.remote.SourceDatabases;
import dev.walker.remote.SourceNames;
import dev.walker.testing.TestServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that work with a server, beside one of the newest major. */
class RunIT {
    private static final Path DASHBOARD = Path.of("docs/grafana/walker.json");
    private static final Pattern METRIC = Pattern.compile("\\b(?:walker|jvm|process)_[a-z0-9_]+");

    @TempDir
    private static Path dir;

    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        List<Integer> majors = TestServer.majors();
        server = TestServer.major(majors.get(majors.size() - 1))
                .conf("autovacuum = off", "checkpoint_timeout = 1h")
                .start();
        assertEquals(List.of("schema walker is made"), printed("init", "--target-url", url("postgres")));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String url(String database) {
        return server.url(database) + "?user=postgres";
    }

    /** What a command prints that does not write much. */
    private static List<String> printed(String... arguments) throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            Walker walker = Walker.run(arguments);
            assertEquals(0, walker.status(), walker.err());
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private static String lastLine(String text) {
        return text.lines().reduce((first, last) -> last).orElseThrow();
    }

    private static void sql(String database, String sql) throws Exception {
        try (Connection connection = server.jdbc(database, "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static Path conf(String name, String... lines) throws Exception {
        return Files.write(dir.resolve(name), List.of(lines));
    }

    private static String json(String text, String path) throws Exception {
        try (Connection connection = server.jdbc();
                PreparedStatement statement = connection.prepareStatement(
                        "SELECT pg_catalog.jsonb_path_query_array(?::jsonb, ?::jsonpath)::text")) {
            statement.setString(1, text);
            statement.setString(2, path);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    @Test
    void dryRunPrintsWhatMakesTheSchema() throws Exception {
        server.execute("CREATE DATABASE dry", "CREATE DATABASE old");
        String make = String.join("\n", Walker.lines("init", "--dry-run", "--target-url", url("dry")));
        assertEquals(make, String.join("\n", Walker.lines("init", "--dry-run")));
        assertEquals(List.of("schema walker is made"), printed("init", "--target-url", url("dry")));
        sql("dry", "DROP SCHEMA walker CASCADE");
        sql("dry", make);
        assertEquals(List.of("schema walker is already there"), printed("init", "--target-url", url("dry")));
        assertEquals(
                List.of("-- Nothing to do: schema walker is already there."),
                Walker.lines("init", "--dry-run", "--target-url", url("dry")));

        String script = Files.readString(Path.of("sql/walker--1.0.sql"));
        sql("old", script.substring(script.indexOf('\n'), script.indexOf("-- Part 2:")));
        sql("old", String.join("\n", Walker.lines("init", "--dry-run", "--target-url", url("old"))));
        assertEquals(List.of("schema walker is already there"), printed("init", "--target-url", url("old")));
    }

    @Test
    void tablesOfTheSchemaAreHeapsWhateverTheDefault() throws Exception {
        server.execute("CREATE DATABASE kept");
        sql("kept", "CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler");
        sql("kept", "ALTER DATABASE kept SET default_table_access_method = other");
        assertEquals(List.of("schema walker is made"), printed("init", "--target-url", url("kept")));
        try (Connection connection = server.jdbc("kept", "postgres");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_catalog.string_agg(DISTINCT a.amname, ' ')"
                        + " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am a ON a.oid = c.relam"
                        + " WHERE c.relnamespace = 'walker'::regnamespace AND c.relkind = 'r'")) {
            row.next();
            assertEquals("heap", row.getString(1));
        }
        server.execute("DROP DATABASE kept WITH (FORCE)");
    }

    @Test
    void schemaOfSomebodyElseIsLeftAlone() throws Exception {
        server.execute("CREATE DATABASE other");
        sql("other", "CREATE SCHEMA walker");
        Walker init = Walker.run("init", "--target-url", url("other"));
        assertEquals(1, init.status());
        assertTrue(init.err().contains("has a schema walker that is not WALker's"), init.err());
        sql(
                "other",
                "CREATE ROLE schemer; ALTER SCHEMA walker OWNER TO schemer; CREATE TABLE walker.progress ();"
                        + " CREATE FUNCTION walker._version() RETURNS text LANGUAGE plpgsql AS"
                        + " 'BEGIN RAISE ''called with the rights of %'', current_user; END'");
        init = Walker.run("init", "--target-url", url("other"));
        assertEquals(1, init.status());
        assertTrue(init.err().contains("belongs to role \"schemer\""), init.err());
    }

    @Test
    void namesAreFoundWhileTablesAreDropped() throws Exception {
        server.execute("CREATE DATABASE names");
        assertEquals(List.of("schema walker is made"), printed("init", "--target-url", url("names")));
        sql("names", "INSERT INTO walker.source (source_id, name, system_identifier) VALUES (1, 'names', 1)");
        ServerAddress address = ServerAddress.of("--source-url", url("names"), Map.of());
        AtomicBoolean stopped = new AtomicBoolean();
        CompletableFuture<Void> load = CompletableFuture.runAsync(() -> {
            try (Connection connection = server.jdbc("names", "postgres");
                    Statement statement = connection.createStatement()) {
                while (!stopped.get()) {
                    statement.execute("CREATE TABLE fleeting (id int)");
                    statement.execute("DROP TABLE fleeting");
                }
            } catch (SQLException e) {
                throw new CompletionException(e);
            }
        });
        List<String> log = new CopyOnWriteArrayList<>();
        try (Connection found = server.jdbc("names", "postgres")) {
            for (int looks = 0; looks < 20 && log.isEmpty() && !load.isDone(); looks++) {
                try (SourceNames names = new SourceNames(address, found, address, 1, log::add)) {
                    names.start();
                    while (names.looks() == 0) {
                        Thread.sleep(1);
                    }
                }
            }
        } finally {
            stopped.set(true);
            load.get(30, TimeUnit.SECONDS);
        }
        // Other tests look for the tables with most garbage.
        server.execute("DROP DATABASE names WITH (FORCE)");
        assertEquals(List.of(), log);
    }

    @Test
    void databasesWithoutPageinspectAreLeftAtOnce() throws Exception {
        server.execute("CREATE DATABASE shut");
        ServerAddress address = ServerAddress.of("--source-url", url("postgres"), Map.of());
        try (Connection found = server.jdbc();
                SourceDatabases databases = new SourceDatabases(address, found, WalkLog.ofServer(line -> {}))) {
            assertFalse(databases.heaps().isEmpty());
            // Backends take a moment to end.
            await("0", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shut'");
            server.execute("DROP DATABASE shut");
        }
    }

    @Test
    void failuresAndMistakesAreToldApart() throws Exception {
        server.execute("CREATE DATABASE bare");
        Walker bare = Walker.run("garbage", "--target-url", url("bare"));
        assertEquals(1, bare.status());
        assertTrue(bare.err().contains("has no schema walker"), bare.err());
        assertEquals(2, Walker.run("garbage").status());
        assertEquals(
                2,
                Walker.run("heatmap", "x", "--ranges", "0", "--target-url", url("postgres"))
                        .status());
        Walker table = Walker.run("heatmap", "nemo", "--target-url", url("postgres"));
        assertEquals(1, table.status());
        assertTrue(table.err().contains("\"nemo\""), table.err());
        try (RunningWalker run = RunningWalker.start(
                dir, "--source-url", url("postgres"), "--plugins", "nemo", "--log-format", "json")) {
            assertEquals(1, run.end(false));
            assertEquals("[\"error\"]", json(lastLine(run.log()), "$.level"));
            assertTrue(run.log().contains("which is not known; known: "), run.log());
        }
        Path none = dir.resolve("none");
        try (RunningWalker run = RunningWalker.start(
                dir, "--source-url", url("postgres"), "--plugins", "heatmap", "--plugin-path", none.toString())) {
            assertEquals(1, run.end(false));
            assertTrue(run.log().contains("--plugin-path is " + none + ", which does not exist"), run.log());
        }
    }

    @Test
    void runsByItsConfigurationFile() throws Exception {
        String[] common = {
            "# the walker of " + server,
            "source_url = '" + url("postgres") + "'",
            "walker.flush_interval = 100ms",
            "walker.naptime = 20ms",
            "log_format = json",
            "metrics_port = 0",
            "metrics_relations = 4",
        };
        Path conf = conf("walker.conf", common);
        Files.writeString(conf, "walker.plugins = 'heatmap'\n", StandardOpenOption.APPEND);
        try (RunningWalker run = RunningWalker.start(dir, "--config", conf.toString())) {
            run.waitFor("walking from", 1);
            server.execute(
                    "CREATE TABLE most AS SELECT i FROM generate_series(1, 1000) i",
                    "CREATE TABLE less AS SELECT i FROM generate_series(1, 1000) i",
                    "CREATE TABLE least AS SELECT i FROM generate_series(1, 1000) i",
                    // Two tables whose names would be alike if the dot were all that tells schema from table.
                    "CREATE SCHEMA x",
                    "CREATE TABLE x.y AS SELECT i FROM generate_series(1, 800) i",
                    "CREATE TABLE \"x.y\" AS SELECT i FROM generate_series(1, 700) i",
                    // Nobody can tell from the WAL that the file of this index is not one of a table.
                    "CREATE TABLE bare (id int PRIMARY KEY)",
                    "DELETE FROM x.y",
                    "DELETE FROM \"x.y\"",
                    "DELETE FROM most",
                    "DELETE FROM less WHERE i <= 900",
                    "DELETE FROM least WHERE i <= 10",
                    "SELECT walker.wait_for()");
            metrics(run);
            commands("--config", conf.toString());
            reload(run, conf, common);
            assertEquals(0, run.end(true), run.log());
            assertEquals("stopped", server.query("SELECT state FROM walker.status()"));
            String log = run.log();
            assertTrue(log.contains("\"message\":\"ended at "), log);
            for (String line : log.lines().toList()) {
                assertEquals("[\"walker\"]", json(line, "$.logger"));
            }
        }
        // Everything walked was saved: another one finds nothing to do.
        assertEquals(
                "1000", server.query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'most'::regclass"));
    }

    private static void makeGarbage(String table) throws SQLException {
        server.execute(
                "CREATE TABLE " + table + " AS SELECT i FROM generate_series(1, 500) i",
                "DELETE FROM " + table,
                "SELECT walker.wait_for()");
    }

    /** As where the walker may not enter a database: there is neither a name nor a size. */
    @Test
    void reportTellsOfUnknownSizes() throws Exception {
        try (RunningWalker run = RunningWalker.start(dir, "--source-url", url("postgres"), "--plugins", "heatmap")) {
            run.waitFor("walking from", 1);
            makeGarbage("nameless");
            assertEquals(0, run.end(true), run.log());
        }
        server.execute("DELETE FROM walker.relation WHERE name = 'nameless'");
        String html = String.join("\n", report("--source", "local"));
        assertTrue(html.contains("<dt>size</dt><dd>not known</dd>"), "size of a table without a name");
        assertFalse(html.contains(" ()<"), "a share of a size that is not known");
        assertFalse(html.contains("\"blocks\":0,"), "a chart without blocks");
    }

    /** As by a VACUUM FULL: what the report has of others is not to wait for it. */
    @Test
    void reportDoesNotWaitForTablesThatAreLocked() throws Exception {
        try (RunningWalker run = RunningWalker.start(dir, "--source-url", url("postgres"), "--plugins", "heatmap")) {
            run.waitFor("walking from", 1);
            makeGarbage("busy");
            try (Connection locker = server.jdbc();
                    Statement lock = locker.createStatement()) {
                locker.setAutoCommit(false);
                lock.execute("LOCK TABLE busy");
                server.execute("ALTER SYSTEM SET statement_timeout = '20s'", "SELECT pg_reload_conf()");
                String html = String.join("\n", report());
                assertTrue(html.contains("busy&quot; is locked by pid ") || html.contains("busy\" is locked by pid "));
            } finally {
                server.execute("ALTER SYSTEM RESET statement_timeout", "SELECT pg_reload_conf()");
            }
            assertEquals(0, run.end(true), run.log());
        }
    }

    private static List<String> report(String... options) {
        List<String> words = new ArrayList<>(
                List.of("report", "--url", url("postgres"), "--out", "-", "--wal-segments", "0", "--top", "1000"));
        words.addAll(List.of(options));
        return Walker.lines(words.toArray(new String[0]));
    }

    @Test
    void reportRefusesTimesThatThereAreNot() {
        Walker refused = Walker.run("report", "--url", url("postgres"), "--out", "-", "--since", "999999 years");
        assertEquals(2, refused.status(), refused.err());
        assertEquals(
                "walker: --since is \"999999 years\"; wanted an interval, such as \"2 days\"",
                refused.err().strip());
    }

    /** As with {@code dump}: a reader that goes away is no failure, a full disk is one that is told in a line. */
    @Test
    void reportIsWrittenToWhatTakesNothing() {
        for (String why : List.of("Broken pipe", "No space left on device")) {
            OutputStream full = new OutputStream() {
                @Override
                public void write(int each) throws IOException {
                    throw new IOException(why);
                }
            };
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            PrintStream before = System.err;
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            try {
                int status = Main.run(full, "report", "--url", url("postgres"), "--out", "-", "--wal-segments", "0");
                assertEquals(why.equals("Broken pipe") ? 0 : 1, status, why);
            } finally {
                System.setErr(before);
            }
            assertEquals(
                    why.equals("Broken pipe") ? "" : "walker: cannot write the output: " + why,
                    err.toString(StandardCharsets.UTF_8).strip());
        }
    }

    /** As behind a proxy that has lost its server: nobody answers, and there is nothing to be saved. */
    @Test
    void endsAtOnceWhileItConnects() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                RunningWalker run = RunningWalker.start(
                        dir, "--source-url", "jdbc:postgresql://127.0.0.1:" + silent.getLocalPort() + "/x?user=x")) {
            silent.setSoTimeout(60_000);
            try (Socket accepted = silent.accept()) {
                assertTrue(accepted.isConnected());
                long begin = System.nanoTime();
                assertEquals(0, run.end(true), run.log());
                assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(45), run.log());
            }
            assertTrue(run.log().contains("ended while there was no connection"), run.log());
        }
    }

    /** Limits that a role has for people and applications would end a walker that has much to save, or to wait for. */
    @Test
    void limitsOfTheRoleAreNotForTheWalker() throws Exception {
        server.execute(
                "CREATE ROLE limited LOGIN SUPERUSER",
                "ALTER ROLE limited SET statement_timeout = '1s'",
                "ALTER ROLE limited SET lock_timeout = '1s'",
                "ALTER ROLE limited SET idle_in_transaction_session_timeout = '1s'",
                "ALTER ROLE limited SET idle_session_timeout = '1s'");
        String limited = server.url("postgres") + "?user=limited";
        try (RunningWalker run = RunningWalker.start(dir, "--source-url", limited, "--plugins", "heatmap")) {
            run.waitFor("walking from", 1);
            try (Connection connection = server.jdbc();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute("LOCK TABLE walker.progress");
                server.execute("CREATE TABLE limits AS SELECT 1");
                Thread.sleep(2500);
                connection.commit();
            }
            server.execute("SELECT walker.wait_for()");
            assertEquals(0, run.end(true), run.log());
            assertFalse(run.log().contains("WARNING"), run.log());
        }
    }

    @Test
    void limitsOfTheRoleDoNotEndInit() throws Exception {
        server.execute(
                "CREATE DATABASE hasty",
                "CREATE ROLE hasty LOGIN SUPERUSER",
                "ALTER ROLE hasty SET idle_in_transaction_session_timeout = '1ms'");
        String url = server.url("hasty") + "?user=hasty";
        assertEquals(List.of("schema walker is made"), printed("init", "--target-url", url));
    }

    /** By themselves systems notice after two hours that a machine is gone; as long nobody else may walk. */
    @Test
    void theTargetNoticesSoonThatTheMachineOfTheWalkerIsGone() throws Exception {
        server.execute("CREATE ROLE patient LOGIN SUPERUSER", "ALTER ROLE patient SET tcp_keepalives_idle = 77");
        assertEquals("30 10 3", keepAlive("postgres"));
        assertEquals("77 10 3", keepAlive("patient"));
    }

    private static String keepAlive(String user) throws Exception {
        Log log = new Log(new PrintWriter(System.err, true), Log.Threshold.warning, LogFormat.text);
        try (TargetSession session = new TargetSession(server.url("postgres") + "?user=" + user, log)) {
            return Jdbc.one(
                    session.open(),
                    "SELECT concat_ws(' ', current_setting('tcp_keepalives_idle'), current_setting('tcp_keepalives_interval'),"
                            + " current_setting('tcp_keepalives_count'))",
                    row -> row.getString(1));
        }
    }

    @Test
    void whoWalksIntoASecondTargetIsToldToNameASlot() throws Exception {
        server.execute("CREATE DATABASE second");
        printed("init", "--target-url", url("second"));
        try (RunningWalker first = RunningWalker.start(dir, "--source-url", url("postgres"), "--plugins", "heatmap")) {
            first.waitFor("walking from", 1);
            String[] options = {"--source-url", url("postgres"), "--target-url", url("second"), "--plugins", "heatmap"};
            try (RunningWalker second = RunningWalker.start(dir, options)) {
                second.waitFor("is active for PID", 1);
                assertTrue(second.log().contains("name another slot in walker.slot"), second.log());
            }
            assertEquals(0, first.end(true), first.log());
        }
    }

    /** A copy has the system identifier, so that the walker of the first, which has no name, could take either row. */
    @Test
    void aCopyThatIsWalkedTooDoesNotEndTheWalkOfTheFirst() throws Exception {
        try (RunningWalker run = RunningWalker.start(dir, "--source-url", url("postgres"), "--plugins", "heatmap")) {
            run.waitFor("walking from", 1);
            server.execute(
                    "INSERT INTO walker.source (name, system_identifier) SELECT 'copy', c.system_identifier"
                            + " FROM pg_control_system() c",
                    "SELECT pg_terminate_backend(pid) FROM walker.status()");
            run.waitFor("walking from", 2);
            assertEquals("running", server.query("SELECT state FROM walker.status('local')"));
            assertEquals(0, run.end(true), run.log());
        } finally {
            server.execute("DELETE FROM walker.source WHERE name = 'copy'");
        }
    }

    @Test
    void misspelledNameOfASourceWalksNothingASecondTime() throws Exception {
        server.execute("CREATE DATABASE shops");
        printed("init", "--target-url", url("shops"));
        String[] common = {"--source-url", url("postgres"), "--target-url", url("shops"), "--plugins", "heatmap"};
        String names = "SELECT string_agg(name, ', ' ORDER BY source_id) FROM walker.source";
        try (RunningWalker run = start(common, "--source-name", "shop", "--set", "walker.slot=of_shop")) {
            run.waitFor("walking from", 1);
            assertEquals(0, run.end(true), run.log());
        }
        try (RunningWalker run = start(common, "--source-name", "shpo", "--set", "walker.slot=of_shop")) {
            assertEquals(1, run.end(false), run.log());
            assertTrue(run.log().contains("there is no source \"shpo\" yet"), run.log());
            assertTrue(run.log().contains("the walk of source \"shop\""), run.log());
        }
        // What fails before it walks leaves no row.
        try (RunningWalker run =
                start(common, "--source-name", "shpo", "--set", "walker.slot=of_shpo", "--set", "walker.memory=x")) {
            assertEquals(1, run.end(false), run.log());
            assertTrue(run.log().contains("source \"shop\" has the same system identifier"), run.log());
        }
        assertEquals("shop", first("shops", names));
        try (RunningWalker run = start(common, "--source-name", "shpo", "--set", "walker.slot=of_shpo")) {
            run.waitFor("walking from", 1);
            assertEquals(0, run.end(true), run.log());
        }
        assertEquals("shop, shpo", first("shops", names));
        sql("shops", "SELECT walker.forget('shpo')");
        assertEquals("shop", first("shops", names));
        server.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'of_%'");
    }

    @Test
    void namesThatTheTargetCannotTakeLeaveOnlyTheirOwnRelationsWithoutOne() throws Exception {
        server.execute(
                "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'",
                "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
                "CREATE TABLE \"\u65e5\u672c\" ()",
                "CREATE TABLE \"t\u00fcte\" ()");
        sql("bytes", "CREATE TABLE with_name ()");
        sql("bytes", "DO $$ BEGIN EXECUTE format('CREATE TABLE %I ()', convert_from('\\xe4ff', 'SQL_ASCII')); END $$");
        printed("init", "--target-url", url("latin"));
        String[] common = {"--source-url", url("postgres"), "--target-url", url("latin"), "--plugins", "heatmap"};
        String names =
                "SELECT coalesce(string_agg(database || ' ' || name, ', ' ORDER BY name), '') FROM walker.relation"
                        + " WHERE schema = 'public' AND database IN ('bytes', 'postgres') AND name IN ('with_name', 't\u00fcte')";
        try (RunningWalker run = start(common, "--set", "walker.slot=of_latin")) {
            run.waitFor("walking from", 1);
            long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
            while (!first("latin", names).equals("postgres t\u00fcte, bytes with_name")) {
                assertTrue(System.nanoTime() < giveUp, run.log());
                Thread.sleep(50);
            }
            for (String database : List.of("bytes", "postgres")) {
                run.waitFor("some relations of database \"" + database + "\" have numbers instead of names", 1);
            }
            server.execute("CREATE TABLE later_than_names ()");
            String later = "SELECT count(*)::text FROM walker.relation WHERE name = 'later_than_names'";
            while (!first("latin", later).equals("1")) {
                assertTrue(System.nanoTime() < giveUp, run.log());
                Thread.sleep(50);
            }
            assertEquals(3, run.log().split("have numbers instead of names", -1).length, run.log());
            assertEquals(0, run.end(true), run.log());
        } finally {
            server.execute(
                    "DROP TABLE \"\u65e5\u672c\", \"t\u00fcte\"",
                    "SELECT pg_drop_replication_slot('of_latin')",
                    "DROP DATABASE bytes");
        }
    }

    private static RunningWalker start(String[] common, String... options) throws IOException {
        return RunningWalker.start(
                dir, Stream.concat(Stream.of(common), Stream.of(options)).toArray(String[]::new));
    }

    private static void await(String wanted, String sql) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        String found = server.query(sql);
        while (!wanted.equals(found)) {
            assertTrue(System.nanoTime() < giveUp, sql + " gives " + found + ", wanted " + wanted);
            Thread.sleep(20);
            found = server.query(sql);
        }
    }

    private static String first(String database, String sql) throws Exception {
        try (Connection connection = server.jdbc(database, "postgres")) {
            return Jdbc.one(connection, sql, row -> row.getString(1));
        }
    }

    /** Two servers number their databases and files alike. */
    @Test
    void filesOfAnotherServerAreNotTakenForRelationsOfThisOne() throws Exception {
        server.execute("CREATE DATABASE elsewhere");
        printed("init", "--target-url", url("elsewhere"));
        sql("elsewhere", "CREATE TABLE mine ()");
        sql("elsewhere", "CREATE TABLE nameless ()");
        // As the walker of the other server writes it.
        sql("elsewhere", "INSERT INTO walker.source (source_id, name, system_identifier) VALUES (7, 'other', 1)");
        String file = "7, dattablespace, d.oid, pg_relation_filenode('%s') FROM pg_database d"
                + " WHERE datname = current_database()";
        String mine = String.format(file, "mine");
        sql(
                "elsewhere",
                "INSERT INTO walker.relation SELECT f.*, 'shop', 'public', 'theirs', 'r', NULL, 1, 1 FROM (SELECT "
                        + mine + ") f");
        for (String each : List.of(mine, String.format(file, "nameless"))) {
            String files = " FROM (SELECT " + each + ") f (source_id, spc_oid, db_oid, relfilenode)";
            sql(
                    "elsewhere",
                    "INSERT INTO walker.walstats SELECT source_id, now(), spc_oid, db_oid, relfilenode, 'Heap', 'INSERT', 1,"
                            + " 1, 0" + files);
            sql(
                    "elsewhere",
                    "INSERT INTO walker.rollbacks SELECT source_id, now(), spc_oid, db_oid, relfilenode, 1, 1, 0, 0, 1, 1, 0"
                            + files);
        }
        sql(
                "elsewhere",
                "INSERT INTO walker.heatmap_baseline SELECT f.*, 'reading', 1, 2, 1, 0, true, '0/0', 'no' FROM (SELECT "
                        + mine + ") f");
        try (Connection connection = server.jdbc("elsewhere", "postgres")) {
            for (String each : List.of("walstats", "rollbacks")) {
                assertEquals(
                        "shop.public.theirs t",
                        Jdbc.one(
                                connection,
                                "SELECT min(relation) FILTER (WHERE relation LIKE 's%') || ' '"
                                        + " || left(bool_and(relation ~ '^shop|^\\d+/\\d+/\\d+$')::text, 1) FROM walker."
                                        + each + "()",
                                row -> row.getString(1)));
            }
            assertEquals(
                    "shop.public.theirs, shop.public.theirs: no",
                    Jdbc.one(
                            connection,
                            "SELECT baseline_relation || ', ' || baseline_error FROM walker.status()",
                            row -> row.getString(1)));
        }
    }

    /** A table has its name some time after its first garbage; then its server may have nothing to do for hours. */
    @Test
    void metricsTakeNamesThatComeLate() throws Exception {
        try (RunningWalker run = RunningWalker.start(
                dir, "--source-url", url("postgres"), "--plugins", "heatmap", "--metrics-port", "0")) {
            run.waitFor("walking from", 1);
            server.execute("SELECT walker.wait_for()");
            Thread.sleep(6000);
            server.execute("BEGIN; CREATE TABLE late AS SELECT 1 AS id; DELETE FROM late; COMMIT");
            await(run, "walker_dead_tuples{database=postgres, relation=late}", 1);
            assertEquals(0, run.end(true), run.log());
        }
    }

    private static void metrics(RunningWalker run) throws Exception {
        // Each name comes with the next look at the names, and what was saved with the next look at that.
        String mine = "walker_dead_tuples{database=postgres, relation=";
        String other = "walker_dead_tuples{database=, relation=other}";
        String quoted = "walker_dead_tuples{database=\"postgres\",relation=\"\\\"x.y\\\"\",source=\"local\"} ";
        String others = "SELECT sum(dead_tuples) - 3400 FROM walker.heatmap_relation";
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        String body = run.get("/metrics").body();
        Scrape scrape = new Scrape(body);
        while (!scrape.has(mine + "most}")
                || !scrape.has(mine + "less}")
                || !scrape.has(mine + "x.y}")
                || !body.contains(quoted)
                || !scrape.has(other)
                || scrape.value(other) != Double.parseDouble(server.query(others))) {
            assertTrue(System.nanoTime() < giveUp, server.query(others) + " others\n" + body);
            Thread.sleep(100);
            body = run.get("/metrics").body();
            scrape = new Scrape(body);
        }
        assertEquals(1000, scrape.value(mine + "most}"));
        assertEquals(900, scrape.value(mine + "less}"));
        assertEquals(800, scrape.value(mine + "x.y}"));
        assertTrue(body.contains(quoted + "700.0"), body);
        await("1", "SELECT count(*) FROM walker.garbage('local') WHERE relation = 'bare'");
        assertEquals("0", server.query("SELECT count(*) FROM walker.garbage('local') WHERE relation = 'bare_pkey'"));
        // The name of the index may be known only now, and is looked at with what is saved next.
        String tables = "SELECT relations FROM walker.fleet()";
        while (Double.parseDouble(server.query(tables)) != scrape.value("walker_relations{}")) {
            assertTrue(
                    System.nanoTime() < giveUp,
                    server.query(tables) + "\n" + run.get("/metrics").body());
            server.execute("SELECT pg_logical_emit_message(true, '', ''), walker.wait_for()");
            scrape = new Scrape(run.get("/metrics").body());
        }
        assertEquals(
                "0",
                server.query("SELECT fleet.relations - count(*) FROM walker.fleet(), walker.heatmap_relation h"
                        + " WHERE NOT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                        + " LEFT JOIN pg_class o ON o.reltoastrelid = c.oid"
                        + " WHERE pg_relation_filenode(c.oid) = h.relfilenode AND (c.relkind IN ('i', 'S')"
                        + " OR n.nspname = 'walker' OR o.relnamespace = 'walker'::regnamespace))"
                        + " GROUP BY fleet.relations"));
        assertTrue(scrape.value("walker_records_total{rmgr=Heap}") >= 4910);
        assertTrue(scrape.value("walker_record_bytes_total{rmgr=Heap}")
                > 40 * scrape.value("walker_records_total{rmgr=Heap}"));
        assertEquals(1, scrape.value("walker_plugin_active{plugin=heatmap}"));
        assertEquals(0, scrape.value("walker_plugin_failures_total{plugin=heatmap}"));
        assertTrue(scrape.value("walker_plugin_records_total{plugin=heatmap}") >= 4910);
        assertTrue(scrape.value("walker_saves_total{}") >= 1);
        assertTrue(scrape.value("walker_save_seconds_total{}") > 0);
        assertTrue(scrape.value("walker_lag_bytes{}") < 1 << 20);
        assertTrue(scrape.value("walker_lag_seconds{}") < 30);
        assertEquals(10L << 30, scrape.value("walker_max_lag_bytes{}"));

        HttpResponse<String> health = run.get("/health");
        assertEquals(200, health.statusCode());
        assertEquals("[\"ok\"]", json(health.body(), "$.status"));
        assertEquals(404, run.get("/nowhere").statusCode());

        // Many servers are called alike where each has its own target, and may have the same tables.
        assertEquals(
                "[]",
                json(
                        Files.readString(DASHBOARD),
                        "$.panels[*].targets[*] ? (!(@.expr like_regex \"sum by .rmgr.\"))"
                                + " ? (!(@.legendFormat like_regex \"instance\"))"));
        Set<String> asked = METRIC.matcher(json(Files.readString(DASHBOARD), "$.**.expr"))
                .results()
                .map(found -> found.group())
                .collect(Collectors.toCollection(TreeSet::new));
        assertTrue(asked.size() > 15, asked.toString());
        asked.removeAll(scrape.names());
        assertEquals(Set.of(), asked, "the dashboard asks for metrics that there are not");
    }

    @Test
    void metricsTellOfFailedPluginsAndLostConnections() throws Exception {
        Path plugins = Files.createTempDirectory(dir, "plugins");
        PluginJar.of(plugins, "Stumbler");
        try (RunningWalker run = RunningWalker.start(
                dir,
                "--source-url",
                url("postgres"),
                "--plugins",
                "heatmap, example.Stumbler",
                "--plugin-path",
                plugins.toString(),
                "--metrics-port",
                "0",
                "--log-format",
                "json")) {
            run.waitFor("walking from", 1);
            List<String> status = Walker.lines("status", "--target-url", url("postgres"), "--format", "json");
            assertEquals(1, status.size(), "an object a line");
            assertEquals("[\"heatmap\", \"example.Stumbler\"]", json(status.get(0), "$.plugins[*].name"));
            server.execute("CREATE TABLE stone AS SELECT i FROM generate_series(1, 10) i", "SELECT walker.wait_for()");
            await(run, "walker_plugin_failures_total{plugin=example.Stumbler}", 1);
            Scrape scrape = new Scrape(run.get("/metrics").body());
            assertEquals(0, scrape.value("walker_plugin_active{plugin=example.Stumbler}"));
            assertEquals(1, scrape.value("walker_plugin_active{plugin=heatmap}"));
            assertEquals(0, scrape.value("walker_plugin_failures_total{plugin=heatmap}"));
            assertEquals(0, scrape.value("walker_reconnects_total{}"));
            HttpResponse<String> health = run.get("/health");
            assertEquals(200, health.statusCode());
            assertEquals("[[\"example.Stumbler\"]]", json(health.body(), "$.failed_plugins"));
            String failure = run.log()
                    .lines()
                    .filter(line -> line.contains("is set aside at LSN"))
                    .findFirst()
                    .orElseThrow();
            assertEquals("[\"error\"]", json(failure, "$.level"));

            double walked = scrape.value("walker_records_total{rmgr=Heap}");
            server.stop();
            await(run, "walker_walking{}", 0);
            HttpResponse<String> away = run.get("/health");
            assertEquals(503, away.statusCode());
            assertTrue(away.body().contains("\"status\":\"reconnecting\""), away.body());
            server.start();
            await(run, "walker_reconnects_total{}", 1);
            run.waitFor("walking from", 2);
            server.execute("DELETE FROM stone", "SELECT walker.wait_for()");
            await(run, "walker_plugin_failures_total{plugin=example.Stumbler}", 2);
            assertEquals(200, run.get("/health").statusCode());
            // Those from before count on.
            assertTrue(new Scrape(run.get("/metrics").body()).value("walker_records_total{rmgr=Heap}") >= walked + 10);
            assertEquals(0, run.end(true), run.log());
        }
    }

    private static void await(RunningWalker run, String metric, double value) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            Scrape scrape = new Scrape(run.get("/metrics").body());
            if (scrape.has(metric) && scrape.value(metric) == value) {
                return;
            }
            assertTrue(System.nanoTime() < giveUp, run.get("/metrics").body());
            Thread.sleep(50);
        }
    }

    private static void commands(String... target) throws Exception {
        List<String> status = command("status", target);
        assertTrue(status.get(0).matches("state +\\| running"), status.toString());
        assertTrue(
                status.stream().anyMatch(line -> line.matches(" *1 \\| heatmap \\| .*HeatmapPlugin \\| active .*")),
                status.toString());
        List<String> plugins = command("plugins", target);
        assertEquals("(1 row)", plugins.get(plugins.size() - 1));
        List<String> garbage = command("garbage", target, "--limit", "2");
        assertTrue(garbage.get(0).matches("relation +\\| +relfilenode \\| dead_tuples \\| .*"), garbage.toString());
        assertTrue(garbage.get(2).matches("most +\\| +\\d+ \\| +1000 \\| .*"), garbage.toString());
        assertEquals("(2 rows)", garbage.get(garbage.size() - 1));
        List<String> heatmap = command("heatmap", target, "public.most", "--ranges", "2");
        assertEquals(5, heatmap.size(), heatmap.toString());

        String row = command("status", target, "--format", "json").get(0);
        assertEquals("[\"running\"]", json(row, "$.state"));
        assertEquals("[\"heatmap\"]", json(row, "$.plugins[*].name"));
        List<String> rows = command("garbage", target, "--format", "json", "-n", "2");
        assertEquals("[1000]", json(rows.get(0), "$.dead_tuples"));
        assertEquals("[\"less\"]", json(rows.get(1), "$.relation"));
        List<String> pages = command("heatmap", target, "most", "--pages", "--format", "json");
        assertEquals("[0]", json(pages.get(0), "$.block"));
        assertEquals("[true]", json(pages.get(0), "$.known"));
        offline(pages);
        assertEquals(
                "[\"heatmap\"]",
                json(command("plugins", target, "--format", "json").get(0), "$.name"));
    }

    /** The map that is made of the files alone is the same. */
    private static void offline(List<String> pages) {
        String[] files = {"--path", server.walDir().toString(), "--source-url", url("postgres")};
        List<String> walked = new ArrayList<>(pages);
        walked.removeIf(page -> page.contains("\"dead_tuples\":0,"));
        List<String> read = command("heatmap", files, "most", "--pages", "--format", "json");
        read.removeIf(page -> page.contains("\"dead_tuples\":0,"));
        assertEquals(walked, read);
        List<String> ranges = command("heatmap", files, "public.most", "--ranges", "1");
        assertTrue(
                ranges.get(2).matches(" +1 \\| +0 \\| +4 \\| +1000 \\| +0 \\| +5 \\| +1 \\| +1 \\| +100"),
                ranges.toString());
        List<String> relations = command("heatmap", files, "--limit", "2");
        assertTrue(relations.get(2).matches("(public\\.)?most +\\| +1000 \\| .*"), relations.toString());
        assertTrue(relations.get(3).matches("(public\\.)?less +\\| +900 \\| .*"), relations.toString());
        Walker nameless =
                Walker.run("heatmap", "most", "--path", server.walDir().toString());
        assertEquals(2, nameless.status());
        assertTrue(nameless.err().contains("wanted TABLESPACE/DATABASE/RELFILENODE"), nameless.err());
    }

    private static List<String> command(String name, String[] target, String... options) {
        List<String> words = new ArrayList<>(List.of(name));
        words.addAll(List.of(target));
        words.addAll(List.of(options));
        return Walker.lines(words.toArray(new String[0]));
    }

    /** How WAL is read changes without an end of the walk. */
    private static void mode(RunningWalker run, Path conf, String... common) throws Exception {
        assertEquals("stream", server.query("SELECT mode FROM walker.status()"));
        Files.write(conf, List.of(common));
        Files.writeString(conf, "metrics_port = 1\nwalker.mode = file\n", StandardOpenOption.APPEND);
        Files.writeString(conf, "walker.plugins = heatmap\nlog_level = debug\n", StandardOpenOption.APPEND);
        run.hangUp();
        run.waitFor("the configuration was read anew", 2);
        run.waitFor("reads WAL out of files", 1);
        // It is told before it is committed, and a walsender takes a moment to end.
        await("file", "SELECT mode FROM walker.status()");
        await("0", "SELECT count(*) FROM pg_stat_replication");
        Files.writeString(conf, "walker.mode = stream\n", StandardOpenOption.APPEND);
        run.hangUp();
        run.waitFor("the configuration was read anew", 3);
        run.waitFor("reads WAL as a stream of replication", 2);
        await("stream", "SELECT mode FROM walker.status()");
    }

    private static void reload(RunningWalker run, Path conf, String... common) throws Exception {
        Files.write(conf, List.of(common));
        Files.writeString(conf, "walker.plugins = heatmap\nwalker.naptime = 5\n", StandardOpenOption.APPEND);
        run.hangUp();
        run.waitFor(
                "the new configuration is not taken, the walk goes on with the old one: " + conf + " line 9: "
                        + "walker.naptime is \\\"5\\\"; wanted",
                1);
        Files.write(conf, List.of(common));
        Files.writeString(conf, "metrics_port = 1\nwalker.plugins = 'heatmap, nemo'\n", StandardOpenOption.APPEND);
        run.hangUp();
        run.waitFor(
                "the new configuration is not taken, the walk goes on with the old one: " + conf + " line 9: "
                        + "walker.plugins names \\\"nemo\\\", which is not known",
                1);
        Files.write(conf, List.of(common));
        Files.writeString(
                conf,
                "metrics_port = 1\nwalker.plugins = heatmap\nwalker.flush_intervall = 7\nlog_level = debug\n",
                StandardOpenOption.APPEND);
        run.hangUp();
        run.waitFor("the configuration was read anew", 1);
        run.waitFor("metrics_port was changed in the configuration file, which has no effect", 1);
        run.waitFor(conf + " line 10: walker.flush_intervall is no setting of WALker", 1);
        mode(run, conf, common);
        server.execute(
                "CREATE TABLE later AS SELECT i FROM generate_series(1, 70) i",
                "DELETE FROM later",
                "SELECT walker.wait_for()");
        assertEquals("70", server.query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'later'::regclass"));
        assertEquals(200, run.get("/health").statusCode());
    }
}
