package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.heatmap.RandomLoad;
import dev.walker.testing.Command;
import dev.walker.testing.TestServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever dies, the map is exact afterwards. Each way of dying is tried once; {@code -Dwalker.kills=50} kills more often,
 * {@code -Dwalker.seed=N} chooses the same loads, ways and moments as a run that printed this seed, {@code
 * -Dwalker.mode=file} has the remote host read files, {@code -Dwalker.server=16.15.0} another server, {@code
 * -Dwalker.standby=true} a standby.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("dev.walker.contract.Hosts#present")
class KillIT {
    private static final int SESSIONS = 6;

    /** What is killed, and how. */
    private enum Way {
        /** SIGKILL for the backend or the JVM that walks. */
        WALKER,
        /** SIGKILL for the postmaster alone. */
        POSTMASTER,
        /** SIGQUIT for the server: no checkpoint. */
        IMMEDIATE_STOP,
        /** {@code pg_terminate_backend} for the sessions of the walker. */
        TERMINATE,
        /** The connection to the source breaks, without a word: the remote host. */
        CUT
    }

    private static final boolean FROM_STANDBY = Boolean.getBoolean("walker.standby");

    @RegisterExtension
    static final SharedServer<Hosts, WalkedServer> SHARED = new SharedServer<>();

    private static TestServer standby;
    private static WalkedServer walked;
    private static CutConnection network;

    @Parameter
    Hosts host;

    @BeforeEach
    void serverOfThisHost() throws Exception {
        walked = SHARED.of(
                host,
                () -> host.start(
                        "max_prepared_transactions = 200",
                        "deadlock_timeout = 50ms",
                        "walker.flush_interval = 100",
                        "wal_keep_size = 2GB",
                        "allow_in_place_tablespaces = " + FROM_STANDBY),
                fresh -> {
                    fresh.server().execute("CREATE EXTENSION pageinspect");
                    if (fresh instanceof RemoteServer remote) {
                        remote.options("--mode", System.getProperty("walker.mode", "stream"));
                        if (FROM_STANDBY) {
                            standby = fresh.server().standby();
                        }
                        network = new CutConnection((FROM_STANDBY ? standby : fresh.server()).port());
                        remote.source("jdbc:postgresql://127.0.0.1:" + network.port() + "/postgres?user=postgres");
                    }
                    fresh.start();
                });
    }

    @AfterAll
    static void close() {
        if (network != null) {
            network.close();
            network = null;
        }
        if (standby != null) {
            standby.close();
            standby = null;
        }
    }

    private static void sql(String... statements) throws SQLException {
        walked.server().execute(statements);
    }

    private static String query(String sql) throws SQLException {
        return walked.server().query(sql);
    }

    @Test
    void killsUnderLoadLeaveTheMapExact() throws Exception {
        long seed = Long.getLong("walker.seed", new Random().nextInt(1_000_000));
        List<Way> ways = new ArrayList<>(List.of(Way.values()));
        if (host == Hosts.SERVER) {
            ways.remove(Way.CUT);
        }
        int kills = Integer.getInteger("walker.kills", ways.size());
        System.out.println("KillIT " + host + " " + walked.server() + ", " + kills + " kills, seed " + seed);
        Random random = new Random(seed);
        RandomLoad load = new RandomLoad(walked.server(), seed);
        load.createTables();
        Map<Way, Integer> counts = new EnumMap<>(Way.class);
        try {
            for (int i = 0; i < kills; i++) {
                Way way = i < ways.size() ? ways.get(i) : ways.get(random.nextInt(ways.size()));
                counts.merge(way, 1, Integer::sum);
                double seconds = 0.3 + random.nextDouble() * 1.2;
                CompletableFuture<Void> loading = CompletableFuture.runAsync(() -> run(load, seconds + 0.5));
                Thread.sleep((long) (seconds * 1000));
                int beginnings = walked instanceof RemoteServer remote ? remote.beginnings() : 0;
                kill(way);
                loading.join();
                if (walked instanceof RemoteServer remote && way != Way.WALKER) {
                    if (!walked.server().isRunning()) {
                        walked.server().start();
                    }
                    remote.awaitBeginning(beginnings);
                    assertTrue(
                            remote.output().matches("(?s).*the connection to the (source|target) was lost: .*"),
                            remote.output());
                } else {
                    restart();
                }
                if (i % 5 == 4 || i == kills - 1) {
                    MapCheck check = check();
                    System.out.println("  after " + (i + 1) + " kills " + counts + ": " + check);
                }
            }
        } catch (Throwable e) {
            throw new AssertionError(
                    "seed " + seed + ", " + counts + "\n" + walked.server().endOfLog(), e);
        }
        assertEquals("0", query("SELECT count(*) FROM walker.gaps"));
    }

    private static void run(RandomLoad load, double seconds) {
        try {
            load.run(SESSIONS, seconds, true);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private void kill(Way way) throws Exception {
        switch (way) {
            case WALKER -> walked.kill();
            case POSTMASTER -> walked.server().killPostmaster();
            case IMMEDIATE_STOP -> walked.server().stopImmediately();
            case TERMINATE ->
                sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'walker%'");
            case CUT -> network.cut();
            default -> throw new AssertionError(way);
        }
    }

    private static void restart() throws Exception {
        if (!walked.server().isRunning()) {
            walked.server().start();
        }
        awaitEndOfWalker();
        walked.start();
    }

    /** Takes part of the time that a crashed server needs to be back. */
    private static void awaitEndOfWalker() throws Exception {
        long giveUp = System.nanoTime() + 60_000_000_000L;
        while (true) {
            try {
                if (!"running".equals(query("SELECT state FROM walker.status()"))) {
                    return;
                }
            } catch (SQLException e) {
                if (!RandomLoad.isBroken(e)) {
                    throw e;
                }
            }
            assertTrue(System.nanoTime() < giveUp, "the killed walker still runs");
            Thread.sleep(50);
        }
    }

    /** All tables were made during the walk, so all of their pages must be known. */
    private static MapCheck check() throws Exception {
        endPrepared();
        MapCheck check = MapCheck.of(walked);
        Set<String> unknown = check.unknownHeaps().stream()
                .filter(name -> !name.startsWith("sqlj.") && !name.startsWith("pg_toast."))
                .collect(Collectors.toSet());
        assertEquals(Set.of(), unknown);
        assertTrue(check.dead() > 0, check.toString());
        return check;
    }

    private static void endPrepared() throws SQLException {
        List<String> names = new ArrayList<>();
        try (Connection connection = walked.server().jdbc();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT gid FROM pg_prepared_xacts ORDER BY 1")) {
            while (rows.next()) {
                names.add(rows.getString(1));
            }
        }
        for (int i = 0; i < names.size(); i++) {
            sql((i % 2 == 0 ? "COMMIT" : "ROLLBACK") + " PREPARED '" + names.get(i) + "'");
        }
    }

    @Test
    void openAndPreparedTransactionsOutliveRestartsOfWalkerAndServer() throws Exception {
        sql(
                "CREATE TABLE ledger (id int, v int, pad text)",
                "INSERT INTO ledger SELECT i, 0, repeat('x', 50) FROM generate_series(1, 20000) i");
        sql("BEGIN; DELETE FROM ledger WHERE id % 10 = 1; SAVEPOINT s;"
                + " UPDATE ledger SET v = 1 WHERE id % 10 = 2; ROLLBACK TO SAVEPOINT s;"
                + " INSERT INTO ledger SELECT i, 1, 'prepared' FROM generate_series(1, 500) i;"
                + " PREPARE TRANSACTION 'committed later'");
        sql("BEGIN; INSERT INTO ledger SELECT i, 2, 'prepared' FROM generate_series(1, 700) i;"
                + " UPDATE ledger SET v = 2 WHERE id % 10 = 3; PREPARE TRANSACTION 'rolled back later'");
        try (Connection open = walked.server().jdbc();
                Statement statement = open.createStatement()) {
            for (String sql : List.of(
                    "BEGIN",
                    "DELETE FROM ledger WHERE id % 10 = 4",
                    "SAVEPOINT a",
                    "UPDATE ledger SET v = 3 WHERE id % 10 = 5",
                    "SAVEPOINT b",
                    "INSERT INTO ledger SELECT i, 3, 'open' FROM generate_series(1, 6000) i")) {
                statement.execute(sql);
                walked.waitFor();
                walked.kill();
                if (host == Hosts.SERVER) {
                    // It took the open transaction with it.
                    break;
                }
                walked.start();
            }
            if (host == Hosts.REMOTE) {
                statement.execute("ROLLBACK TO SAVEPOINT b");
                statement.execute("DELETE FROM ledger WHERE id % 10 = 6");
                walked.stop();
                statement.execute("COMMIT");
                walked.start();
            } else {
                walked.start();
            }
        }
        MapCheck.of(walked);
        walked.stop();
        walked.server().restart();
        walked.start();
        MapCheck.of(walked);
        walked.stop();
        sql("COMMIT PREPARED 'committed later'");
        walked.start();
        walked.kill();
        walked.server().crash();
        walked.server().start();
        sql("ROLLBACK PREPARED 'rolled back later'");
        walked.start();
        MapCheck check = MapCheck.of(walked);
        assertTrue(!check.unknownHeaps().contains("ledger"), check.toString());
        assertTrue(Long.parseLong(query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 'ledger'::regclass"))
                >= 2000 + 500 + 700 + 2000);
        sql("DROP TABLE ledger");
    }

    @Test
    void fullDiskStopsTheWalkAndNothingIsLost() throws Exception {
        assumeTrue(
                "root".equals(System.getProperty("user.name")), "A FULL DISK WAS NOT TESTED: only root can mount one");
        assumeTrue(standby == null, "A FULL DISK WAS NOT TESTED: a standby would have its files in the same place");
        Path disk = walked.server().directory("small");
        assumeTrue(isMounted(disk), "A FULL DISK WAS NOT TESTED: this machine does not allow to mount a tmpfs");
        Path filler = disk.resolve("filler");
        try {
            Files.setOwner(disk, Files.getOwner(walked.server().dataDir()));
            sql("CREATE TABLESPACE small LOCATION '" + disk + "'");
            walked.waitFor();
            walked.stop();
            sql(
                    "ALTER TABLE walker.heatmap_chunk SET TABLESPACE small",
                    "ALTER TABLE walker.heatmap_pending SET TABLESPACE small");
            walked.start();
            sql("CREATE TABLE wide_garbage (id int)", "INSERT INTO wide_garbage SELECT generate_series(1, 150000)");
            walked.waitFor();
            fill(filler);
            sql("DELETE FROM wide_garbage WHERE hashint4(id) % 3 = 0");
            walked.waitForState("failed");
            String status = query("SELECT last_error FROM walker.status()");
            assertTrue(status.contains("No space left on device"), status);
            sql("DELETE FROM wide_garbage WHERE hashint4(id) % 7 = 0");
            Files.delete(filler);
            walked.start();
            MapCheck check = MapCheck.of(walked);
            assertTrue(!check.unknownHeaps().contains("wide_garbage"), check.toString());
            walked.stop();
            sql(
                    "ALTER TABLE walker.heatmap_chunk SET TABLESPACE pg_default",
                    "ALTER TABLE walker.heatmap_pending SET TABLESPACE pg_default",
                    "CHECKPOINT",
                    "DROP TABLESPACE small",
                    "DROP TABLE wide_garbage");
            walked.start();
        } finally {
            Command.of("umount", "-l", disk.toString()).run();
        }
    }

    private static boolean isMounted(Path disk) {
        try {
            Command.of("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.toString())
                    .run();
            return true;
        } catch (IllegalStateException | UncheckedIOException e) {
            return false;
        }
    }

    private static void fill(Path filler) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
            byte[] page = new byte[4096];
            for (int i = 0; i < 4096; i++) {
                file.write(page);
            }
            throw new AssertionError("the small disk takes 16 MB");
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains("No space left")) {
                throw e;
            }
        }
    }
}
