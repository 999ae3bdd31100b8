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

/** A walker that runs as a program of its own. */
final class RemoteServer extends WalkedServer {
    private String sourceUrl;
    private Process walker;
    private Path log;

    /** With more lines for the configuration. */
    RemoteServer(String version, String... conf) throws Exception {
        super(TestServer.version(version).conf(SETTINGS).conf(conf).start());
        sourceUrl = url();
        server().execute("CREATE EXTENSION pgstattuple");
        assertEquals(0, command("init", "--target-url", url()).start().waitFor());
        assertEquals(0, command("init", "--target-url", url()).start().waitFor());
    }

    /** The WAL is to be taken from elsewhere, from the next start on. */
    void source(String url) {
        sourceUrl = url;
    }

    /** Makes the schema in a database, or updates it; what the program has printed. */
    String init(String database) throws Exception {
        ProcessBuilder init = command("init", "--target-url", server().url(database) + "?user=postgres");
        Path printed = log;
        assertEquals(0, init.start().waitFor(), () -> "init failed, see " + printed);
        return Files.readString(printed);
    }

    private String url() {
        return server().url("postgres") + "?user=postgres";
    }

    /** Waits until the walker has ended by itself; its exit status. */
    int exitStatus() throws InterruptedException {
        assertTrue(walker.waitFor(60, TimeUnit.SECONDS), "the walker has not ended");
        return walker.exitValue();
    }

    /** What the last walker has printed. */
    String output() throws IOException {
        return Files.readString(log);
    }

    private ProcessBuilder command(String... arguments) throws IOException {
        List<String> words = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", JAR.toString()));
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
    String gapHint() {
        return "\"run --accept-gap\" goes on from there and records the gap in walker.gaps";
    }

    @Override
    void start(boolean acceptGap) throws Exception {
        List<String> words = new ArrayList<>(List.of("run", "--source-url", sourceUrl, "--target-url", url()));
        if (acceptGap) {
            words.add("--accept-gap");
        }
        walker = command(words.toArray(new String[0])).start();
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
        Process refused = command("run", "--source-url", sourceUrl, "--target-url", url(), "--plugins", plugins)
                .start();
        assertEquals(1, refused.waitFor());
        return Files.readString(log);
    }

    @Override
    public void close() {
        if (walker != null) {
            walker.destroyForcibly();
        }
        super.close();
    }
}
