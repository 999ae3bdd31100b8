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
import java.sql.SQLException;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The disk of the server itself is full: it panics, or refuses to write; when there is room again, the map is exact.
 * Takes minutes, so only with {@code -Dwalker.all=true}.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("dev.walker.contract.Hosts#present")
@EnabledIfSystemProperty(named = "walker.all", matches = "true")
class FullDiskIT {
    private static final long SECOND = 1_000_000_000L;
    private static final int SESSIONS = 5;
    private static final int ROUNDS = 3;

    @Parameter
    Hosts host;

    private WalkedServer walked;
    private Path disk;

    @Test
    void aFullDiskLosesNothing() throws Exception {
        onDisk(TestServer::walDir, 160);
        onDisk(TestServer::dataDir, 330);
    }

    private interface Place {
        Path in(TestServer server);
    }

    private void onDisk(Place place, int megabytes) throws Exception {
        assumeTrue(
                "root".equals(System.getProperty("user.name")), "A FULL DISK WAS NOT TESTED: only root can mount one");
        try (WalkedServer started = host.start(
                "max_prepared_transactions = 200",
                "deadlock_timeout = 50ms",
                "max_wal_size = 64MB",
                "min_wal_size = 32MB",
                "walker.flush_interval = 100")) {
            walked = started;
            disk = place.in(started.server());
            try {
                assumeTrue(moveToDisk(megabytes), "A FULL DISK WAS NOT TESTED: this machine does not allow to mount");
                fillOrTell();
            } finally {
                if (hasPostmaster()) {
                    started.server().stopImmediately();
                }
                Command.of("umount", "-l", disk.toString()).run();
            }
        }
    }

    /** Puts a directory of the stopped server onto a small file system of its own. */
    private boolean moveToDisk(int megabytes) {
        TestServer server = walked.server();
        server.stop();
        Path copy = server.root().resolve("moved");
        Command.of("cp", "-a", disk.toString(), copy.toString()).run();
        try {
            Command.of("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "tmpfs", disk.toString())
                    .run();
        } catch (IllegalStateException | UncheckedIOException e) {
            return false;
        }
        Command.of("cp", "-a", "-T", copy.toString(), disk.toString()).run();
        server.start();
        return true;
    }

    private void fillOrTell() {
        try {
            fillWhileWalking();
        } catch (Exception | AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n" + tail(), e);
        }
    }

    private void fillWhileWalking() throws Exception {
        walked.server().execute("CREATE EXTENSION pageinspect");
        walked.start();
        RandomLoad load = new RandomLoad(walked.server(), 1);
        load.createTables();
        load.run(SESSIONS, 1);
        walked.server()
                .execute(
                        "CREATE TABLE victim (id int, v int)",
                        "INSERT INTO victim SELECT i, 0 FROM generate_series(1, 20000) i");
        check();
        Path filler = disk.resolve("filler");
        for (int round = 0; round < ROUNDS; round++) {
            prepare("DELETE FROM victim WHERE id / 1000 = " + round);
            fill(filler);
            assertTrue(writeUntilItIsFull(), () -> "the disk takes everything");
            Files.delete(filler);
            goOn();
            walked.server().execute("COMMIT PREPARED 'over it'");
            load.run(SESSIONS, 0.5);
            check();
        }
        assertEquals("0", walked.server().query("SELECT count(*) FROM walker.gaps"));
        assertTrue(walked.server().log().contains("No space left on device"));
    }

    private void prepare(String sql) throws SQLException {
        walked.server().execute("BEGIN; " + sql + "; PREPARE TRANSACTION 'over it'");
    }

    private static void fill(Path filler) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
            byte[] page = new byte[1 << 16];
            while (true) {
                file.write(page);
            }
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains("No space left")) {
                throw e;
            }
        }
    }

    /** Whether the server has come to say so, or is gone. */
    private boolean writeUntilItIsFull() throws Exception {
        int refused = 0;
        for (int i = 0; i < 400; i++) {
            try {
                walked.server()
                        .execute(
                                "SET statement_timeout = '20s'",
                                "UPDATE victim SET v = v + 1 WHERE id > 5000 AND id % 7 = " + i % 7,
                                "INSERT INTO victim SELECT i, 1 FROM generate_series(5001, 8000) i");
            } catch (SQLException e) {
                if (RandomLoad.isBroken(e)) {
                    return true;
                }
                assertEquals("53100", e.getSQLState(), e.getMessage());
                if (++refused == 5) {
                    // Some more, which the walker meets too.
                    Thread.sleep(500);
                    return true;
                }
            }
        }
        return false;
    }

    private void goOn() throws Exception {
        long giveUp = System.nanoTime() + 60 * SECOND;
        while (true) {
            assertTrue(System.nanoTime() < giveUp, () -> "the server does not come back\n" + tail());
            if (!hasPostmaster()) {
                walked.server().start();
            }
            try {
                String state = walked.server().query("SELECT state FROM walker.status()");
                if (!state.equals("running")) {
                    startAgain();
                }
                // It may have to find out yet that it is lost.
                walked.server().execute("CREATE TABLE room AS SELECT 1", "DROP TABLE room");
                if ("t".equals(walked.server().query("SELECT walker.wait_for(timeout => '5 s')"))) {
                    return;
                }
            } catch (SQLException e) {
                if (!RandomLoad.isBroken(e)) {
                    throw e;
                }
            }
            Thread.sleep(100);
        }
    }

    /** A program beside the server connects again by itself. */
    private void startAgain() throws Exception {
        if (walked instanceof RemoteServer remote) {
            remote.ensureStarted();
        } else {
            walked.start();
        }
    }

    /** It may have given up by itself. */
    private boolean hasPostmaster() {
        try {
            walked.server().run("pg_ctl", "-D", walked.server().dataDir().toString(), "status");
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    private String tail() {
        String log = walked.server().log();
        return log.substring(Math.max(0, log.length() - 4000));
    }

    private void check() throws Exception {
        MapCheck check = MapCheck.of(walked);
        Set<String> unknown = check.unknownHeaps().stream()
                .filter(name -> !name.startsWith("sqlj.") && !name.startsWith("pg_toast."))
                .collect(Collectors.toSet());
        assertEquals(Set.of(), unknown);
        assertTrue(check.dead() > 0, check.toString());
        System.out.println("FullDiskIT " + host + " " + disk.getFileName() + ": " + check);
    }
}
