package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** WAL that was removed before it was walked: never passed over in silence, and nothing wrong is shown afterwards. */
@ParameterizedClass(name = "{0}")
@MethodSource("dev.walker.contract.Hosts#present")
class GapIT {
    private static final int FIRST_WITH_IDLE_SLOTS = 18;

    @RegisterExtension
    static final SharedServer<Hosts, WalkedServer> SHARED = new SharedServer<>();

    private static WalkedServer walked;

    @Parameter
    Hosts host;

    @BeforeEach
    void serverOfThisHost() throws Exception {
        walked = SHARED.of(host, host::start, fresh -> {
            fresh.server().execute("CREATE EXTENSION pageinspect");
            fresh.start();
        });
        sql("DELETE FROM walker.gaps");
    }

    private static void sql(String... statements) throws SQLException {
        walked.server().execute(statements);
    }

    private static String query(String sql) throws SQLException {
        return walked.server().query(sql);
    }

    private static void removeWal() throws SQLException {
        for (int i = 0; i < 3; i++) {
            sql("CREATE TABLE gone AS SELECT 1", "DROP TABLE gone", "SELECT pg_switch_wal()", "CHECKPOINT");
        }
    }

    private static void dropSlot() throws Exception {
        walked.dropSlots();
    }

    private static void letTheSlotBeInvalidated() throws Exception {
        walked.configure("idle_replication_slot_timeout = 1s");
        long giveUp = System.nanoTime() + 60_000_000_000L;
        while (!"idle_timeout".equals(query("SELECT invalidation_reason FROM pg_replication_slots"))) {
            assertTrue(System.nanoTime() < giveUp, "the slot was not invalidated");
            Thread.sleep(1100);
            sql("CHECKPOINT");
        }
        walked.configure("idle_replication_slot_timeout = 0");
    }

    /** It is moved after the save that is waited for. */
    private static void awaitSlot() throws Exception {
        long giveUp = System.nanoTime() + 60_000_000_000L;
        String reserved =
                "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'walker' AND wal_status = 'reserved'";
        while (!"1".equals(query(reserved))) {
            assertTrue(System.nanoTime() < giveUp, "no slot");
            Thread.sleep(50);
        }
    }

    private static void makeTable(String name) throws SQLException {
        sql(
                "DROP TABLE IF EXISTS " + name,
                "CREATE TABLE " + name + " (id int, v int, pad text) WITH (autovacuum_enabled = off)",
                "INSERT INTO " + name + " SELECT i, 0, repeat('x', 40) FROM generate_series(1, 3000) i",
                "DELETE FROM " + name + " WHERE id % 5 = 0");
    }

    /**
     * A row lock on each page, the first after a checkpoint, brings an image of each page; an insert that of the last one,
     * where perhaps nothing is visible.
     */
    private static void showAllPages(String table) throws SQLException {
        sql(
                "CHECKPOINT",
                "INSERT INTO " + table + " VALUES (-1, 0, 'last')",
                "SELECT count(*) FROM (SELECT FROM " + table + " FOR UPDATE SKIP LOCKED) x");
    }

    @Test
    void missingWalStopsTheWalkAndIsLeftOutOnlyWhenThatIsAccepted() throws Exception {
        makeTable("kept");
        makeTable("vacuumed");
        try (Connection first = walked.server().jdbc();
                Connection second = walked.server().jdbc();
                Connection third = walked.server().jdbc()) {
            change(first, "kept", 1);
            change(second, "kept", 2);
            change(third, "kept", 3);
            sql("BEGIN; DELETE FROM kept WHERE id % 100 = 51; PREPARE TRANSACTION 'over the gap'");
            assertFalse(MapCheck.of(walked).unknownHeaps().contains("kept"));
            walked.stop();
            dropSlot();
            String position = query("SELECT position FROM walker.progress");
            assertEquals("0", query("SELECT count(*) FROM walker.heatmap_chunk WHERE known IS NULL"));

            // What the walk does not see.
            first.createStatement().execute("COMMIT");
            second.createStatement().execute("ROLLBACK");
            sql("VACUUM vacuumed", "INSERT INTO vacuumed SELECT i, 1, 'reused' FROM generate_series(1, 600) i");
            makeTable("born");
            removeWal();

            String message = walked.startFailing("heatmap");
            assertTrue(message.contains(" is not there any more; wanted LSN " + position), message);
            assertTrue(message.contains(" begins at LSN "), message);
            assertTrue(message.contains("replication slot \"walker\" does not exist"), message);
            assertTrue(message.contains(walked.gapHint()), message);
            assertFalse(message.contains("Detail:"), message);
            assertEquals(position, query("SELECT position FROM walker.progress"));
            assertEquals("0", query("SELECT count(*) FROM walker.gaps"));
            assertEquals("0", query("SELECT count(*) FROM pg_replication_slots"), "a slot for nobody");
            assertEquals(
                    "t",
                    query("SELECT state = 'failed' AND error_lsn = '" + position + "' AND last_error LIKE '%"
                            + walked.gapHint() + "%' FROM walker.status()"));

            walked.start(true);
            assertEquals(
                    "t",
                    query("SELECT count(*) = 1 AND bool_and(from_lsn = '" + position + "' AND to_lsn > from_lsn"
                            + " AND plugin IS NULL AND timeline = 1 AND to_timeline = 1 AND accepted_at <= now()"
                            + " AND reason LIKE '%does not exist') FROM walker.gaps"));
            assertEquals("t", query("SELECT last_error IS NULL AND state = 'running' FROM walker.status()"));
            MapCheck unknown = MapCheck.of(walked);
            assertTrue(unknown.unknownHeaps().contains("kept"), unknown.toString());
            assertTrue(unknown.unknownHeaps().contains("vacuumed"), unknown.toString());
            assertEquals("f", query("SELECT complete FROM walker.garbage() WHERE relation = 'kept'::regclass"));

            // Images ask for transactions that ended before the gap, in it, and those that are still open.
            showAllPages("kept");
            showAllPages("vacuumed");
            showAllPages("born");
            MapCheck open = MapCheck.of(walked);
            assertFalse(open.unknownHeaps().contains("kept"), open.toString());
            assertFalse(open.unknownHeaps().contains("vacuumed"), open.toString());
            assertFalse(open.unknownHeaps().contains("born"), open.toString());
            third.createStatement().execute("COMMIT");
            sql("COMMIT PREPARED 'over the gap'");
            MapCheck ended = MapCheck.of(walked);
            assertTrue(ended.dead() > open.dead(), open + " " + ended);
            assertEquals("t", query("SELECT complete FROM walker.garbage() WHERE relation = 'kept'::regclass"));
        }
        walked.stop();
        walked.start(true);
        assertEquals("1", query("SELECT count(*) FROM walker.gaps"), "nothing was missing this time");
    }

    /** Deletes, inserts and takes back in a transaction that stays open. */
    private static void change(Connection connection, String table, int which) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : new String[] {
                "BEGIN",
                "DELETE FROM " + table + " WHERE id % 100 = " + which * 10 + 2,
                "SAVEPOINT s",
                "UPDATE " + table + " SET v = v + 1 WHERE id % 100 = " + which * 10 + 3,
                "ROLLBACK TO SAVEPOINT s",
                "INSERT INTO " + table + " SELECT i, 1, 'open' FROM generate_series(10001, 10010) i",
                "UPDATE " + table + " SET v = v + 1 WHERE id % 100 = " + which * 10 + 4
            }) {
                statement.execute(sql);
            }
        }
    }

    @Test
    void invalidatedSlotIsMadeAnewAndItsGapRecorded() throws Exception {
        makeTable("behind");
        walked.configure("max_slot_wal_keep_size = 16MB");
        walked.waitFor();
        walked.stop();
        removeWal();
        assertEquals("lost", query("SELECT wal_status FROM pg_replication_slots"));
        String message = walked.startFailing("heatmap");
        assertTrue(message.contains("replication slot \"walker\" was invalidated"), message);
        assertTrue(message.contains(walked.gapHint()), message);
        assertEquals("lost", query("SELECT wal_status FROM pg_replication_slots"), "nothing is changed yet");
        walked.start(true);
        assertEquals("reserved", query("SELECT wal_status FROM pg_replication_slots"));
        assertEquals("1", query("SELECT count(*) FROM walker.gaps WHERE reason LIKE '%was invalidated%'"));
        showAllPages("behind");
        assertFalse(MapCheck.of(walked).unknownHeaps().contains("behind"));
        walked.configure("max_slot_wal_keep_size = -1");
    }

    @Test
    void lostSlotIsNoGapWhereTheWalIsThere() throws Exception {
        walked.configure("max_slot_wal_keep_size = 16MB");
        walked.waitFor();
        walked.stop();
        walked.configure("walker.slot = 'other'");
        walked.start();
        String told = walked instanceof RemoteServer remote
                ? remote.output()
                : walked.server().log();
        assertTrue(
                told.contains("replication slot \"walker\" was that of this walk before walker.slot became \"other\""),
                told);
        assertTrue(told.contains("drop it with pg_drop_replication_slot('walker')"), told);
        makeTable("present");
        for (int i = 0; i < 4; i++) {
            sql("CREATE TABLE gone AS SELECT 1", "DROP TABLE gone", "SELECT pg_switch_wal()");
            walked.waitFor();
            sql("CHECKPOINT");
        }
        walked.stop();
        assertEquals("lost", query("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'walker'"));
        walked.configure("walker.slot = 'walker'");
        walked.start();
        assertEquals("reserved", query("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'walker'"));
        assertEquals("0", query("SELECT count(*) FROM walker.gaps"));
        assertFalse(MapCheck.of(walked).unknownHeaps().contains("present"));
        walked.configure("max_slot_wal_keep_size = -1");
        sql("SELECT pg_drop_replication_slot('other')");
    }

    @Test
    void slotThatIsLostDuringTheWalkIsMadeAnew() throws Exception {
        // A stream keeps its slot from being idle, and from being dropped.
        walked.stop();
        walked.configure("walker.mode = file");
        walked.start();
        walked.waitFor();
        if (host.major() >= FIRST_WITH_IDLE_SLOTS) {
            letTheSlotBeInvalidated();
            makeTable("after_a_pause");
            walked.waitFor();
            awaitSlot();
        }
        dropSlot();
        makeTable("unkept");
        walked.waitFor();
        sql("SELECT pg_switch_wal()");
        walked.waitFor();
        sql("CHECKPOINT", "DELETE FROM unkept WHERE id < 100");
        assertFalse(MapCheck.of(walked).unknownHeaps().contains("unkept"));
        awaitSlot();
        assertTrue(walked.told().contains("replication slot \"walker\" was dropped and is made anew"), walked.told());
        assertEquals("0", query("SELECT count(*) FROM walker.gaps"));
        walked.configure("walker.mode = auto");
    }

    @Test
    void pluginThatWasSetAsideIsToldOfItsGap() throws Exception {
        makeTable("unwatched");
        assertFalse(MapCheck.of(walked).unknownHeaps().contains("unwatched"));
        walked.stop();
        sql("UPDATE walker.heatmap_chunk SET known = '' WHERE relfilenode = pg_relation_filenode('unwatched')");
        walked.start();
        sql("DELETE FROM unwatched WHERE id % 5 = 2");
        walked.waitFor();
        assertEquals("failed", query("SELECT state FROM walker.plugins()"));
        sql("VACUUM unwatched", "INSERT INTO unwatched SELECT i, 1, 'reused' FROM generate_series(1, 500) i");
        walked.waitFor();
        walked.stop();
        walked.start();
        assertEquals("active", query("SELECT state FROM walker.plugins()"));
        assertEquals(
                "1",
                query("SELECT count(*) FROM walker.gaps WHERE plugin = 'heatmap' AND from_lsn < to_lsn"
                        + " AND reason LIKE 'the plugin was set aside: %in column known%'"));
        assertTrue(MapCheck.of(walked).unknownHeaps().contains("unwatched"));
        showAllPages("unwatched");
        assertFalse(MapCheck.of(walked).unknownHeaps().contains("unwatched"));
    }

    @Test
    void aBaselineThatMeetsAGapBeginsAnew() throws Exception {
        makeTable("early");
        sql(
                "INSERT INTO early SELECT i, 0, repeat('x', 900) FROM generate_series(1, 12000) i",
                "DELETE FROM early WHERE id % 7 = 0",
                "CREATE EXTENSION IF NOT EXISTS pageinspect");
        walked.waitFor();
        walked.stop();
        // As if the pages were older than the walk.
        sql("SELECT walker.reset('early')");
        walked.configure("walker.baseline_rate = 1");
        walked.start();
        sql("SELECT walker.baseline('early')");
        awaitBaseline("reading", 300);
        walked.stop();
        dropSlot();
        sql(
                "DELETE FROM early WHERE id % 7 = 1",
                "VACUUM early", "INSERT INTO early SELECT i, 1 FROM generate_series(1, 500) i");
        removeWal();
        walked.configure("walker.baseline_rate = 64");
        assertTrue(walked.startFailing("heatmap").contains(walked.gapHint()));
        walked.start(true);
        sql("DELETE FROM early WHERE id % 7 = 2");
        assertEquals("t", query("SELECT walker.wait_for_baseline('3 min')"));
        assertEquals("t", query("SELECT complete FROM walker.garbage() WHERE relation = 'early'::regclass"));
        assertFalse(MapCheck.of(walked).unknownHeaps().contains("early"));
        assertEquals(
                "t",
                query("SELECT state = 'done' AND next_block = blocks FROM walker.heatmap_baseline"
                        + " WHERE relfilenode = pg_relation_filenode('early')"));
    }

    private static void awaitBaseline(String state, int blocks) throws Exception {
        long giveUp = System.nanoTime() + 60_000_000_000L;
        while (!"t"
                .equals(query("SELECT coalesce(bool_or(state = '" + state + "' AND next_block BETWEEN " + blocks
                        + " AND blocks - 256), false) FROM walker.heatmap_baseline WHERE relfilenode ="
                        + " pg_relation_filenode('early')"))) {
            assertTrue(System.nanoTime() < giveUp, () -> "baseline: " + baselines());
            Thread.sleep(20);
        }
    }

    private static String baselines() {
        try {
            return query("SELECT string_agg(b::text, ' ') FROM walker.heatmap_baseline b");
        } catch (SQLException e) {
            return e.toString();
        }
    }

    /** A copy of a server goes on by itself on the same timeline, with other records. */
    @Test
    void serverWhoseWalDoesNotFollowWhatWasWalkedIsRefused() throws Exception {
        walked.waitFor();
        walked.stop();
        String previous = query("SELECT previous FROM walker.progress");
        String crc = query("SELECT previous_crc FROM walker.progress");
        sql(
                "UPDATE walker.progress SET previous = previous - 8, previous_crc = NULL",
                "SELECT pg_logical_emit_message(true, 'test', '')");
        String message = walked.startFailing("heatmap");
        assertTrue(
                message.contains("follows one at LSN " + previous + ": what was walked is not in the history"),
                message);
        assertTrue(message.contains("wants a --source-name of its own"), message);

        // Another record begins at the same place.
        sql("UPDATE walker.progress SET previous = '" + previous + "', previous_crc = " + crc + " # 1::bigint");
        message = walked.startFailing("heatmap");
        assertTrue(message.contains(" behind a record at LSN " + previous + " with xl_crc 0x"), message);
        assertTrue(message.contains("but this server has one at LSN " + previous + " with xl_crc 0x"), message);
        assertTrue(message.contains("wants a --source-name of its own"), message);
        sql("UPDATE walker.progress SET previous_crc = " + crc);
        walked.start();
        walked.waitFor();
    }

    @Test
    void serverThatWasSetBackIsRefused() throws Exception {
        walked.waitFor();
        walked.stop();
        String position = query("SELECT position FROM walker.progress");
        sql("UPDATE walker.progress SET position = position + 1000000000");
        String message = walked.startFailing("heatmap");
        assertTrue(message.contains("the server was set back to an earlier state"), message);
        assertTrue(
                message.contains(
                        "To begin anew: SELECT walker.forget('" + query("SELECT name FROM walker.source") + "')"),
                message);
        sql("UPDATE walker.progress SET position = '" + position + "'");
        walked.start();
        walked.waitFor();
    }
}
