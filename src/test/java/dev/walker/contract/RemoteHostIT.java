package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The remote host: a program of its own beside servers of each major that have nothing of WALker installed. */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("versions")
class RemoteHostIT extends HostContract {
    private static String running;
    private static RemoteServer walked;

    @Parameter
    String version;

    static Stream<String> versions() {
        // The newest of each major; what differs between minors is for the tests of decoder and heat map.
        return TestServer.majors().stream().map(major -> TestServer.versions().stream()
                .filter(candidate -> candidate.startsWith(major + "."))
                .reduce((older, newer) -> newer)
                .orElseThrow());
    }

    @BeforeEach
    void serverOfThisVersion() throws Exception {
        if (!version.equals(running)) {
            close();
            walked = new RemoteServer(version);
            running = version;
        }
        walked.ensureStarted();
    }

    @AfterAll
    static void close() throws Exception {
        if (walked != null) {
            walked.close();
            walked = null;
            running = null;
        }
    }

    @Override
    WalkedServer walked() {
        return walked;
    }

    @Test
    void endsAtABatchBoundaryOnSigterm() throws Exception {
        walked.waitFor();
        assertEquals(0, walked.terminate());
        assertEquals("stopped", walked.server().query("SELECT state FROM walker.status()"));
        walked.start();
    }

    @Test
    void secondWalkerIsRefused() throws Exception {
        String message = walked.startFailing("heatmap");
        assertTrue(message.contains("a walker already runs"), message);
        walked.waitFor();
    }

    /** A walker that runs as a program of its own. */
    private static final class RemoteServer extends WalkedServer {
        private Process walker;
        private Path log;

        RemoteServer(String version) throws Exception {
            super(TestServer.version(version).conf(SETTINGS).start());
            server().execute("CREATE EXTENSION pgstattuple");
            assertEquals(0, command("init", "--target-url", url()).start().waitFor());
            assertEquals(0, command("init", "--target-url", url()).start().waitFor());
        }

        private String url() {
            return server().url("postgres") + "?user=postgres";
        }

        private ProcessBuilder command(String... arguments) throws IOException {
            List<String> words = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", JAR.toString()));
            words.addAll(List.of(arguments));
            log = Files.createTempFile("walker-run", ".log");
            log.toFile().deleteOnExit();
            return new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log.toFile());
        }

        void ensureStarted() throws Exception {
            if (walker == null || !walker.isAlive()) {
                start();
            }
        }

        @Override
        void start() throws Exception {
            walker = command("run", "--source-url", url()).start();
            long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!Files.readString(log).contains("walking from")) {
                if (!walker.isAlive() || System.nanoTime() > giveUp) {
                    throw new AssertionError("the walker did not start: " + Files.readString(log));
                }
                Thread.sleep(20);
            }
        }

        @Override
        void kill() throws Exception {
            walker.destroyForcibly().waitFor();
            // Its backend holds the lock until it notices.
            long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while ("running".equals(server().query("SELECT state FROM walker.status()"))) {
                if (System.nanoTime() > giveUp) {
                    throw new AssertionError("the killed walker's lock is still there");
                }
                Thread.sleep(20);
            }
        }

        int terminate() throws InterruptedException {
            walker.destroy();
            return walker.waitFor();
        }

        @Override
        void stop() throws SQLException {
            super.stop();
            walker.onExit().join();
            assertEquals(0, walker.exitValue());
        }

        @Override
        String startFailing(String plugins) throws Exception {
            Process refused =
                    command("run", "--source-url", url(), "--plugins", plugins).start();
            assertEquals(1, refused.waitFor());
            return Files.readString(log);
        }

        @Override
        public void close() {
            walker.destroyForcibly();
            super.close();
        }
    }
}
