package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.heatmap.RandomLoad;
import dev.walker.testing.TestServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The map is exact whichever way WAL comes: as a stream or out of files, from a primary or a standby. Each major has one
 * of these ways; {@code -Dwalker.all=true} tries all, {@code -Dwalker.seconds=N} makes the load longer.
 */
class StreamIT {
    private static final int SESSIONS = 6;

    static Stream<Arguments> ways() {
        List<Arguments> ways = new ArrayList<>();
        List<Integer> majors = TestServer.majors();
        for (int i = 0; i < majors.size(); i++) {
            for (int way = 0; way < 4; way++) {
                if (Boolean.getBoolean("walker.all") || way == i % 4) {
                    ways.add(Arguments.of(majors.get(i), way % 3 == 0 ? "stream" : "file", way >= 2));
                }
            }
        }
        return ways.stream();
    }

    @ParameterizedTest(name = "{0}, {1}, from a standby: {2}")
    @MethodSource("ways")
    void mapIsExact(int major, String mode, boolean fromStandby) throws Exception {
        long seed = Long.getLong("walker.seed", new Random().nextInt(1_000_000));
        double seconds = Double.parseDouble(System.getProperty("walker.seconds", "2"));
        System.out.println("StreamIT " + major + " " + mode + (fromStandby ? " standby" : "") + " seed " + seed);
        TestServer primary = TestServer.major(major)
                .conf(WalkedServer.SETTINGS)
                .conf(
                        "max_prepared_transactions = 200",
                        "deadlock_timeout = 50ms",
                        "wal_keep_size = 2GB",
                        "allow_in_place_tablespaces = " + fromStandby)
                .start();
        try (RemoteServer walked = new RemoteServer(primary);
                TestServer standby = fromStandby ? primary.standby() : null) {
            if (fromStandby) {
                walked.source(standby.url("postgres") + "?user=postgres");
            }
            walked.options("--mode", mode);
            walked.start();
            assertEquals(mode, primary.query("SELECT mode FROM walker.status()"));
            RandomLoad load = new RandomLoad(primary, seed);
            load.createTables();
            load.run(SESSIONS, seconds / 2);
            walked.kill();
            load.run(SESSIONS, seconds / 2);
            walked.start();
            load.run(SESSIONS, seconds / 4);
            endPrepared(primary);
            MapCheck check = MapCheck.of(walked);
            System.out.println("  " + check);
            assertEquals(
                    Set.of(),
                    check.unknownHeaps().stream()
                            .filter(name -> !name.startsWith("pg_toast."))
                            .collect(Collectors.toSet()),
                    "seed " + seed);
            assertTrue(check.dead() > 0, check.toString());
            walked.stop();
        }
    }

    private static void endPrepared(TestServer server) throws SQLException {
        List<String> names = new ArrayList<>();
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT gid FROM pg_prepared_xacts ORDER BY 1")) {
            while (rows.next()) {
                names.add(rows.getString(1));
            }
        }
        for (int i = 0; i < names.size(); i++) {
            server.execute((i % 2 == 0 ? "COMMIT" : "ROLLBACK") + " PREPARED '" + names.get(i) + "'");
        }
    }
}
