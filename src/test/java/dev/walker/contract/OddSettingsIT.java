package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Defaults of a server that no walk goes by. */
class OddSettingsIT {
    private static final String[] ODD = {
        "DateStyle = 'German, DMY'",
        "IntervalStyle = sql_standard",
        "TimeZone = 'Asia/Kathmandu'",
        "array_nulls = off",
        "bytea_output = escape",
        "default_transaction_isolation = serializable",
        "escape_string_warning = off",
        "extra_float_digits = -5",
        "idle_in_transaction_session_timeout = 100ms",
        "idle_session_timeout = 3s",
        "lock_timeout = 200ms",
        "quote_all_identifiers = on",
        "row_security = off",
        "standard_conforming_strings = off",
        "statement_timeout = 20s",
        "transform_null_equals = on",
        "wal_level = logical",
        "walker.plugins = 'heatmap, walstats, rollbacks, changed_blocks'",
        "work_mem = 64kB",
    };

    private static final int FIRST_WITH_TRANSACTION_TIMEOUT = 17;

    static Stream<Hosts> hosts() {
        return Hosts.present();
    }

    private static String[] settings(Hosts host) {
        List<String> settings = new ArrayList<>(Arrays.asList(ODD));
        if (host.major() >= FIRST_WITH_TRANSACTION_TIMEOUT) {
            settings.add("transaction_timeout = 20s");
        }
        return settings.toArray(new String[0]);
    }

    /** Calls in sessions whose transactions are read-only by default. */
    private static void nothingIsWrittenButByTheWalker(WalkedServer walked) throws Exception {
        assertEquals("f", walked.server().query("SELECT autostart FROM walker.source"));
        assertEquals("f", walked.server().query("SELECT walker.stop()"));
        walked.server()
                .execute(
                        "SET default_transaction_read_only = off",
                        "INSERT INTO odd SELECT i, 'x' FROM generate_series(1, 30000) i",
                        "SET default_transaction_read_only = on",
                        "CALL walker.run(pg_current_wal_insert_lsn())",
                        "SET default_transaction_read_only = off",
                        "UPDATE walker.source SET autostart = true",
                        "INSERT INTO odd SELECT i, 'x' FROM generate_series(1, 30000) i");
        SQLException e = assertThrows(SQLException.class, () -> walked.server().query("SELECT walker.stop()"));
        assertTrue(e.getMessage().contains("BEGIN READ WRITE; SELECT walker.stop(); COMMIT;"), e.getMessage());
        walked.server().execute("SET default_transaction_read_only = off", "SELECT walker.stop()");
        walked.configure("walker.max_lag = 1MB");
        walked.server().execute("SELECT walker.ensure_running()");
        assertEquals("0", walked.server().query("SELECT count(*) FROM pg_replication_slots"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hosts")
    void defaultsOfTheServerDoNotHoldForTheWalk(Hosts host) throws Exception {
        try (WalkedServer walked = host.start(settings(host))) {
            walked.server().execute("CREATE PUBLICATION everything FOR ALL TABLES");
            walked.configure("default_transaction_read_only = on");
            walked.start();
            assertTrue(walked.told().contains("publication \"everything\" is for all tables"), walked.told());
            if (host == Hosts.SERVER) {
                assertEquals("t", walked.server().query("SELECT autostart FROM walker.source"));
            }
            walked.server()
                    .execute(
                            "SET default_transaction_read_only = off",
                            "CREATE TABLE odd (id int, pad text)",
                            "ALTER TABLE odd REPLICA IDENTITY FULL",
                            "INSERT INTO odd SELECT i, 'x' FROM generate_series(1, 1000) i",
                            "BEGIN; DELETE FROM odd WHERE id < 100; ROLLBACK",
                            "DELETE FROM odd WHERE id % 4 = 0",
                            "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT walker.wait_for(); COMMIT");
            assertEquals(
                    "250",
                    walked.server().query("SELECT dead_tuples FROM walker.garbage('local') WHERE dead_tuples = 250"));
            assertEquals(
                    "250", walked.server().query("SELECT sum(dead_tuples_born) FROM walker.heatmap_history('odd')"));
            assertEquals("4", walked.server().query("SELECT count(*) FROM walker.plugins() WHERE state = 'active'"));
            walked.server().execute("SELECT walker.stop()");
            if (host == Hosts.SERVER) {
                nothingIsWrittenButByTheWalker(walked);
            }
        }
    }
}
