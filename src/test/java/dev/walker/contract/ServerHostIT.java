package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.PlJava;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The server host, on every installed server that has PL/Java; see {@link ContainerHostIT} for machines that have none.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("installed")
class ServerHostIT extends HostContract {
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
        walked = SHARED.of(host, () -> new PlJavaServer(host), fresh -> {});
        walked.ensureStarted();
    }

    @Override
    WalkedServer walked() {
        return walked;
    }

    private static String query(String sql) throws SQLException {
        return walked.server().query(sql);
    }

    @Test
    void startIsRefusedWhileAWalkerRuns() throws SQLException {
        for (String call : List.of("SELECT walker.start()", "CALL walker.run()")) {
            SQLException e =
                    assertThrows(SQLException.class, () -> walked.server().execute(call));
            assertEquals("55006", e.getSQLState());
            assertTrue(e.getMessage().contains("a walker already runs in database \"postgres\""), e.getMessage());
        }
    }

    @Test
    void wrongConnectionStringIsRefused() throws Exception {
        walked.stop();
        SQLException e = assertThrows(
                SQLException.class, () -> query("SELECT walker.start('host=/nonexistent dbname=postgres')"));
        assertTrue(e.getMessage().contains("could not establish connection"), e.getMessage());
        String elsewhere = "host=" + walked.server().root() + " port="
                + walked.server().port() + " dbname=template1 user=postgres";
        e = assertThrows(SQLException.class, () -> query("SELECT walker.start('" + elsewhere + "')"));
        assertTrue(e.getMessage().contains("another database"), e.getMessage());
        assertEquals("stopped", query("SELECT state FROM walker.status()"));
        walked.start();
    }

    private static final String SLOT_AT_POSITION = "SELECT r.restart_lsn = s.position FROM walker.status() s"
            + " JOIN pg_replication_slots r ON r.slot_name = s.slot_name";

    /** As one leaves it that dies after a commit. */
    @Test
    void slotThatWasLeftBehindIsMovedThoughThereIsNothingToSave() throws Exception {
        walked.waitFor();
        walked.stop();
        assertEquals("t", query(SLOT_AT_POSITION));
        // A new one keeps WAL from the last checkpoint on.
        walked.server()
                .execute(
                        "SELECT pg_drop_replication_slot('walker')",
                        "SELECT pg_create_physical_replication_slot('walker', true)");
        assertEquals("f", query(SLOT_AT_POSITION));
        String saved = query("SELECT saved_at FROM walker.progress");
        walked.start();
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!"t".equals(query(SLOT_AT_POSITION))) {
            assertTrue(System.nanoTime() < giveUp, "the slot stays behind");
            Thread.sleep(50);
        }
        assertEquals(saved, query("SELECT saved_at FROM walker.progress"));
    }

    @Test
    void runWalksToAnLsnAndEnds() throws Exception {
        walked.stop();
        walked.server()
                .execute(
                        "CREATE TABLE walked_by_hand AS SELECT generate_series(1, 100) id",
                        "DELETE FROM walked_by_hand WHERE id <= 10");
        String end = query("SELECT pg_current_wal_insert_lsn()");
        walked.server().execute("CALL walker.run('" + end + "')");
        assertEquals("t", query("SELECT position >= '" + end + "' FROM walker.status()"));
        assertEquals(
                "10", query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'walked_by_hand'::regclass"));
        assertEquals("t", query(SLOT_AT_POSITION));
        walked.start();
    }

    @Test
    void recordsEqualPgWalinspect() throws Exception {
        String start = query("SELECT pg_current_wal_flush_lsn()");
        walked.server()
                .execute(
                        "CREATE TABLE inspected (id int PRIMARY KEY, t text)",
                        "INSERT INTO inspected SELECT i, repeat('z', 3000) FROM generate_series(1, 200) i",
                        "UPDATE inspected SET t = 'u' WHERE id % 3 = 0",
                        "CHECKPOINT",
                        "DELETE FROM inspected WHERE id % 5 = 0",
                        "SELECT pg_switch_wal()",
                        "VACUUM inspected",
                        "DROP TABLE inspected");
        String end = query("SELECT pg_current_wal_flush_lsn()");
        String columns = "start_lsn, end_lsn, prev_lsn, xid, resource_manager, record_type, record_length,"
                + " main_data_length, fpi_length, description, block_ref";
        String range = "('" + start + "', '" + end + "')";
        assertEquals(
                "0",
                query("SELECT count(*) FROM ((SELECT " + columns + " FROM walker.records" + range
                        + " EXCEPT ALL SELECT " + columns + " FROM pg_get_wal_records_info" + range
                        + ") UNION ALL (SELECT "
                        + columns + " FROM pg_get_wal_records_info" + range + " EXCEPT ALL SELECT " + columns
                        + " FROM walker.records" + range + ")) d"));
        assertTrue(Long.parseLong(query("SELECT count(*) FROM walker.records" + range)) > 400);
    }

    @Test
    void wrongRangesOfRecordsAreRefused() throws Exception {
        // So that there is WAL up to the second segment.
        walked.server().execute("SELECT pg_switch_wal()", "SELECT pg_logical_emit_message(true, 'test', '')");
        SQLException e = assertThrows(SQLException.class, () -> query("SELECT * FROM walker.records('FFFF/0')"));
        assertTrue(e.getMessage().contains("beyond the end of the flushed WAL"), e.getMessage());
        e = assertThrows(SQLException.class, () -> query("SELECT * FROM walker.records('0/2000000', '0/1000100')"));
        assertTrue(e.getMessage().contains("is before the start LSN"), e.getMessage());
        assertTrue(e.getMessage().startsWith("ERROR: the end LSN"), e.getMessage());
        e = assertThrows(SQLException.class, () -> query("SELECT * FROM walker.records('0/10')"));
        assertTrue(e.getMessage().startsWith("ERROR: WAL segment 000000010000000000000000"), e.getMessage());
        assertTrue(e.getMessage().contains("000000010000000000000000 is not there any more"), e.getMessage());
        assertEquals("58P01", e.getSQLState());
        e = assertThrows(SQLException.class, () -> query("SELECT * FROM walker.records(null)"));
        assertTrue(e.getMessage().startsWith("ERROR: start_lsn is null, wanted an LSN"), e.getMessage());
    }

    @Test
    void jarThatIsThereAlreadyStays() throws Exception {
        String entries = "SELECT min(e.entryid) FROM sqlj.jar_entry e JOIN sqlj.jar_repository r USING (jarid)"
                + " WHERE r.jarname = 'walker'";
        String before = query(entries);
        walked.server().execute("SELECT walker.install_jar()");
        assertEquals(before, query(entries));
        walked.stop();
        walked.server()
                .execute(
                        "UPDATE sqlj.jar_repository SET jarorigin = replace(jarorigin, '#', '#old') WHERE jarname = 'walker'",
                        "SELECT walker.install_jar()");
        assertNotEquals(before, query(entries));
        walked.start();
    }

    @Test
    void tableOfAnotherAccessMethodIsNoHeapForAnybody() throws Exception {
        walked.server()
                .execute(
                        // A handler of its own, be it that it does what heap's does.
                        "CREATE FUNCTION handler(internal) RETURNS table_am_handler LANGUAGE internal"
                                + " AS 'heap_tableam_handler'",
                        "CREATE ACCESS METHOD other TYPE TABLE HANDLER handler",
                        "CREATE TABLE unlike USING other AS SELECT generate_series(1, 3000) id",
                        "DELETE FROM unlike");
        try {
            walked.waitFor();
            assertEquals("0", query("SELECT count(*) FROM walker.garbage() WHERE relation = 'unlike'::regclass"));
            assertEquals("0", query("SELECT count(*) FROM walker.advice() WHERE relation = 'unlike'::regclass"));
        } finally {
            walked.server().execute("DROP FUNCTION handler CASCADE");
        }
    }

    @Test
    void roleThatTheDatabaseIsSetToIsNotTheWalkers() throws Exception {
        walked.stop();
        walked.server().execute("ALTER DATABASE postgres SET role = pg_monitor");
        try {
            walked.server().execute("SET role = none", "SELECT walker.start()");
        } finally {
            walked.server().execute("SET role = none", "ALTER DATABASE postgres RESET role");
        }
    }

    @Test
    void tableOfTheWalkerThatIsDroppedMeanwhileHidesNoOthers() throws Exception {
        walked.server()
                .execute(
                        "CREATE TABLE shown AS SELECT generate_series(1, 10) id",
                        "DELETE FROM shown",
                        "CREATE TABLE walker.passing (id int PRIMARY KEY)");
        walked.waitFor();
        String sql =
                "SELECT dead_tuples FROM walker.garbage('local') WHERE relfilenode = pg_relation_filenode('shown')";
        try (Connection session = walked.server().jdbc();
                Statement statement = session.createStatement()) {
            statement.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
            statement.execute("SELECT 1");
            walked.server().execute("DROP TABLE walker.passing");
            try (ResultSet row = statement.executeQuery(sql)) {
                assertTrue(row.next());
                assertEquals(10, row.getLong(1));
            }
        }
    }

    @Test
    void damagedSegmentStopsTheWalkerAndIsNotSkipped() throws Exception {
        walked.waitFor();
        walked.stop();
        walked.server().execute("CREATE TABLE IF NOT EXISTS damaged (id int)", "SELECT pg_switch_wal()");
        String lsn = query("SELECT pg_current_wal_insert_lsn()");
        walked.server()
                .execute("INSERT INTO damaged SELECT generate_series(1, 1000)", "DELETE FROM damaged WHERE id <= 7");
        Path segment = walked.server().walDir().resolve(query("SELECT pg_walfile_name('" + lsn + "'::pg_lsn + 8192)"));
        long place = 3 * 8192 + 4000;
        byte[] original = flip(segment, place);
        String message = walked.startFailing("heatmap");
        if (message.isEmpty()) {
            // The damage lies behind the first batch: the walker stopped after it had started.
            waitForState("failed");
            message = query("SELECT last_error FROM walker.status()");
        }
        assertTrue(message.contains(segment.getFileName().toString()), message);
        assertTrue(message.contains("LSN "), message);
        assertEquals("failed", query("SELECT state FROM walker.status()"));
        assertEquals("t", query("SELECT error_lsn >= '" + lsn + "' AND position <= error_lsn FROM walker.status()"));
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(place);
            file.write(original);
        }
        walked.start();
        walked.waitFor();
        assertEquals("7", query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'damaged'::regclass"));
        assertEquals("t", query("SELECT last_error IS NULL FROM walker.status()"));
    }

    @Test
    void damageInTheFirstBatchOfAllIsAnErrorOfTheStart() throws Exception {
        walked.waitFor();
        walked.stop();
        walked.dropSlots();
        walked.server()
                .execute(
                        "CREATE EXTENSION IF NOT EXISTS pageinspect",
                        "DELETE FROM walker.source",
                        "CREATE TABLE IF NOT EXISTS damaged (id int)",
                        "SELECT pg_switch_wal()",
                        "CHECKPOINT");
        String lsn = query("SELECT redo_lsn FROM pg_control_checkpoint()");
        walked.server().execute("INSERT INTO damaged SELECT generate_series(1, 1000)");
        Path segment = walked.server().walDir().resolve(query("SELECT pg_walfile_name('" + lsn + "')"));
        long place = 3 * 8192 + 4000;
        byte[] original = flip(segment, place);
        String message = walked.startFailing("heatmap");
        assertTrue(message.contains(segment.getFileName().toString()), message);
        assertEquals("t", query("SELECT state = 'failed' AND error_lsn >= '" + lsn + "' FROM walker.status()"));
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(place);
            file.write(original);
        }
        walked.start();
        // The garbage of the other tests is older than this walk.
        walked.server().execute("SELECT walker.baseline()");
        assertEquals("t", query("SELECT walker.wait_for_baseline()"));
        walked.server().execute("DELETE FROM damaged");
        walked.assertExact();
    }

    private static byte[] flip(Path file, long at) throws IOException {
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            byte[] original = new byte[16];
            access.seek(at);
            access.readFully(original);
            byte[] damaged = new byte[16];
            for (int i = 0; i < damaged.length; i++) {
                damaged[i] = (byte) ~original[i];
            }
            access.seek(at);
            access.write(damaged);
            return original;
        }
    }

    private static void waitForState(String state) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!state.equals(query("SELECT state FROM walker.status()"))) {
            assertTrue(
                    System.nanoTime() < giveUp,
                    "the walker is not " + state + "\n" + walked.server().endOfLog());
            Thread.sleep(50);
        }
    }

    @Test
    void pluginsOfAThirdPartyAreLoadedFromTheirJar(@TempDir Path dir) throws Exception {
        walked.stop();
        Path jar = PluginJar.of(dir, "DeleteCounter", "Stumbler", "Unborn");
        walked.server().execute("SELECT walker.install_plugin('third_party', 'file:" + jar + "')");
        walked.configure("walker.plugins = 'heatmap, delete_counter, example.Stumbler'");
        walked.start();
        walked.server()
                .execute(
                        "CREATE TABLE counted (id int)",
                        "INSERT INTO counted SELECT generate_series(1, 50)",
                        "DELETE FROM counted WHERE id <= 12");
        walked.waitFor();
        assertEquals(
                "{heatmap,delete_counter,example.Stumbler}",
                query("SELECT array_agg(name ORDER BY ordinal) FROM walker.plugins()"));
        assertEquals("{active,active,failed}", query("SELECT array_agg(state ORDER BY ordinal) FROM walker.plugins()"));
        assertTrue(query("SELECT last_error FROM walker.plugins() WHERE state = 'failed'")
                .contains("stumbled"));
        assertEquals("t", query("SELECT error_lsn IS NOT NULL FROM walker.plugins() WHERE state = 'failed'"));
        assertEquals("t", query("SELECT (r ->> 'deletes')::int >= 12 FROM walker.results('delete_counter') r"));
        assertEquals("12", query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'counted'::regclass"));
        walked.stop();
        String message = walked.startFailing("heatmap, example.Unborn");
        assertTrue(message.contains("its constructor threw java.lang.IllegalStateException: not today"), message);
        walked.configure("walker.plugins = 'heatmap'");
        walked.start();
        assertEquals("1", query("SELECT count(*) FROM walker.plugins()"));
    }

    @Test
    void rolesCanDoWhatTheyShouldAndNoMore() throws Exception {
        walked.server()
                .execute(
                        "DROP ROLE IF EXISTS watcher, stranger",
                        "CREATE ROLE watcher LOGIN IN ROLE pg_monitor",
                        "CREATE ROLE stranger LOGIN");
        List<String> readers = List.of(
                "SELECT * FROM walker.status()",
                "SELECT * FROM walker.status('local')",
                "SELECT * FROM walker.settings()",
                "SELECT * FROM walker.plugins()",
                "SELECT * FROM walker.results('heatmap')",
                "SELECT * FROM walker.fleet()",
                "SELECT * FROM walker.garbage()",
                "SELECT * FROM walker.garbage('local')",
                "SELECT * FROM walker.heatmap('pg_class')",
                "SELECT * FROM walker.heatmap_pages('pg_class')",
                "SELECT * FROM walker.heatmap_text('pg_class')",
                "SELECT * FROM walker.heatmap_history('pg_class')",
                "SELECT * FROM walker.heatmap_history_text('pg_class')",
                "SELECT * FROM walker.garbage_history()",
                "SELECT walker.heatmap_svg('pg_class')",
                "SELECT walker.heatmap_ranges_svg('pg_class')",
                "SELECT walker.heatmap_pareto_svg('pg_class')",
                "SELECT * FROM walker.advice()",
                "SELECT * FROM walker.horizon()",
                "SELECT * FROM walker.walstats()",
                "SELECT * FROM walker.rollbacks()",
                "CALL walker.reclaim('pg_class')",
                "SELECT walker.wait_for_baseline()",
                "SELECT walker.wait_for()");
        // They may call it, but the plugin is not there.
        List<String> callable = List.of("SELECT * FROM walker.changed_blocks('0/1')");
        List<String> forSuperusers = List.of(
                "SELECT walker.start()",
                "SELECT walker.stop()",
                "SELECT walker.stop('local')",
                "SELECT walker.forget('local')",
                "CALL walker.run()",
                "SELECT walker.reset()",
                "SELECT walker.retry('heatmap')",
                "SELECT walker.reload()",
                "SELECT walker.ensure_running()",
                "SELECT walker.enable_autostart()",
                "SELECT walker.disable_autostart()",
                "SELECT walker.baseline()",
                "SELECT walker.remove_plugin('x')",
                "SELECT walker.install_jar()",
                "SELECT walker.install_plugin('x', 'file:/x')",
                "SELECT * FROM walker.records('0/1000000')",
                "SELECT walker._step(1, true, null, false)",
                "SELECT * FROM walker._record_rows('0/1000000', null)");
        assertEquals(
                query("SELECT string_agg(DISTINCT proname, ',' ORDER BY proname) FROM pg_proc"
                        + " WHERE pronamespace = 'walker'::regnamespace AND proname NOT LIKE '\\_%'"),
                Stream.of(readers, callable, forSuperusers)
                        .flatMap(List::stream)
                        .map(sql -> sql.replaceFirst(".*?walker\\.(\\w+).*", "$1"))
                        .filter(name -> !name.startsWith("_"))
                        .distinct()
                        .sorted()
                        .collect(Collectors.joining(",")));
        for (String sql : readers) {
            asRole("watcher", sql);
        }
        for (String sql : callable) {
            SQLException e = assertThrows(SQLException.class, () -> asRole("watcher", sql), sql);
            assertFalse(e.getMessage().contains("permission denied for"), e.getMessage());
        }
        List<String> all = new ArrayList<>(readers);
        all.addAll(callable);
        all.addAll(forSuperusers);
        for (String table : query("SELECT string_agg(relname, ',') FROM pg_class"
                        + " WHERE relnamespace = 'walker'::regnamespace AND relkind IN ('r', 'v')")
                .split(",")) {
            asRole("watcher", "SELECT * FROM walker." + table);
            all.add("SELECT * FROM walker." + table);
            for (String sql : List.of("DELETE FROM walker." + table, "TRUNCATE walker." + table + " CASCADE")) {
                SQLException e = assertThrows(SQLException.class, () -> asRole("watcher", sql), sql);
                assertEquals("42501", e.getSQLState(), sql);
            }
        }
        for (String sql : all) {
            SQLException e = assertThrows(SQLException.class, () -> asRole("stranger", sql), sql);
            assertEquals("42501", e.getSQLState(), sql);
        }
        for (String sql : forSuperusers) {
            SQLException e = assertThrows(SQLException.class, () -> asRole("watcher", sql), sql);
            assertEquals("42501", e.getSQLState(), sql);
        }
    }

    @Test
    void nothingIsOpenToEverybody() throws Exception {
        walked.server().execute("DROP ROLE IF EXISTS anybody", "CREATE ROLE anybody");
        String functions = "SELECT count(*) FROM pg_proc p WHERE p.pronamespace = 'walker'::regnamespace AND ";
        assertEquals("0", query(functions + "has_function_privilege('anybody', p.oid, 'EXECUTE')"));
        assertEquals(
                "0",
                query("SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'walker'::regnamespace"
                        + " AND c.relkind IN ('r', 'v') AND has_table_privilege('anybody', c.oid,"
                        + " 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')"));
        // Who runs with the rights of the owner must not find somebody else's operators and functions.
        assertEquals(
                "0", query(functions + "p.prosecdef AND NOT coalesce(p.proconfig::text LIKE '%search_path%', false)"));
        assertEquals(
                "0",
                query("SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'walker'::regnamespace"
                        + " AND c.relkind IN ('r', 'v') AND has_table_privilege('pg_monitor', c.oid,"
                        + " 'INSERT, UPDATE, DELETE, TRUNCATE')"));
    }

    private static void asRole(String role, String sql) throws SQLException {
        try (var connection = walked.server().jdbc("postgres", role);
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void compressedImagesAreRead() throws Exception {
        for (String method : List.of("pglz", "lz4", "zstd")) {
            walked.server()
                    .execute(
                            "DROP TABLE IF EXISTS squeezed",
                            "CREATE TABLE squeezed (id int, filler text)",
                            "INSERT INTO squeezed SELECT i, repeat('x', 100) FROM generate_series(1, 500) i");
            walked.configure("wal_compression = " + method);
            walked.server().execute("CHECKPOINT", "DELETE FROM squeezed WHERE id % 2 = 0");
            walked.waitFor();
            assertEquals(
                    "250",
                    query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'squeezed'::regclass"),
                    method);
        }
        walked.configure("wal_compression = off");
    }

    @Test
    void dropExtensionLeavesNothingBehind() throws Exception {
        walked.stop();
        walked.server().execute("SELECT pg_drop_replication_slot('walker')", "DROP EXTENSION walker");
        assertEquals("0", query("SELECT count(*) FROM pg_namespace WHERE nspname = 'walker'"));
        walked.server().execute("CREATE EXTENSION walker", "SELECT walker.install_jar()");
        walked.start();
        walked.waitFor();
    }
}
