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
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A walker that runs as a program of its own. */
final class RemoteServer extends WalkedServer {
    private String sourceUrl;
    private List<String> options = List.of();
    private Map<String, String> environment = Map.of();
    private int heapMegabytes = 512;
    private Process walker;
    private final List<Process> others = new ArrayList<>();
    private Path log;

    /** With more lines for the configuration. */
    RemoteServer(String version, String... conf) throws Exception {
        this(TestServer.version(version).conf(SETTINGS).conf(conf).start());
    }

    /** Makes the schema in a server, which is this object's from now on. */
    RemoteServer(TestServer server) throws Exception {
        super(server);
        sourceUrl = url();
        server().execute("CREATE EXTENSION pgstattuple");
        init("postgres");
        init("postgres");
    }

    /** Variables of the environment of programs from now on. */
    void environment(Map<String, String> variables) {
        environment = Map.copyOf(variables);
    }

    /** The WAL is to be taken from elsewhere, from the next start on; null: the environment tells all. */
    void source(String url) {
        sourceUrl = url;
    }

    /** Options of {@code run} from the next start on. */
    void options(String... words) {
        options = List.of(words);
    }

    /** Another walker that keeps its map in the same database. */
    Process startAnother(String... words) throws Exception {
        Process first = walker;
        Path firstLog = log;
        List<String> before = options;
        options = List.of(words);
        try {
            start();
            others.add(walker);
            return walker;
        } finally {
            options = before;
            walker = first;
            log = firstLog;
        }
    }

    /** How often the walker has begun to walk: once, and once more after each lost connection. */
    int beginnings() throws IOException {
        return Files.readString(log).split("walking from", -1).length - 1;
    }

    /** Waits until the walker has connected again after it had begun to walk so many times. */
    void awaitBeginning(int after) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        while (beginnings() <= after) {
            assertTrue(walker.isAlive(), () -> "the walker has ended: " + read(log));
            assertTrue(System.nanoTime() < giveUp, () -> "the walker does not connect again: " + read(log));
            Thread.sleep(20);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Makes the schema in a database, or updates it; what the program has printed. */
    String init(String database) throws Exception {
        return succeed("init", "--target-url", server().url(database) + "?user=postgres");
    }

    /** Runs a command that ends well; what it has printed. */
    String succeed(String... arguments) throws Exception {
        ProcessBuilder builder = command(arguments);
        Path printed = log;
        assertEquals(0, builder.start().waitFor(), () -> arguments[0] + " failed: " + read(printed));
        return Files.readString(printed);
    }

    /** The database that has schema {@code walker}. */
    String url() {
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
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx" + heapMegabytes + "m",
                "-jar",
                JAR.toString()));
        words.addAll(List.of(arguments));
        log = Files.createTempFile("walker-run", ".log");
        log.toFile().deleteOnExit();
        ProcessBuilder builder =
                new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        return builder;
    }

    void ensureStarted() throws Exception {
        if (walker == null || !walker.isAlive()) {
            start();
        }
    }

    @Override
    void limitHeap(int megabytes) {
        heapMegabytes = megabytes;
    }

    @Override
    String told() throws IOException {
        return output();
    }

    @Override
    long walkerPid() {
        return walker.pid();
    }

    @Override
    String gapHint() {
        return "\"run --accept-gap\" goes on from there and records the gap in walker.gaps";
    }

    @Override
    void start(boolean acceptGap) throws Exception {
        List<String> words = new ArrayList<>(
                sourceUrl == null ? List.of("run") : List.of("run", "--source-url", sourceUrl, "--target-url", url()));
        words.addAll(options);
        if (acceptGap) {
            words.add("--accept-gap");
        }
        walker = command(words.toArray(new String[0])).start();
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
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
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while ("running".equals(server().query("SELECT state FROM walker.status()"))) {
            if (System.nanoTime() > giveUp) {
                throw new AssertionError("the killed walker's lock is still there");
            }
            Thread.sleep(20);
        }
    }

    int terminate() {
        walker.destroy();
        return exitCode(walker);
    }

    /** The exit code of a process that is to end by itself; -1 if it does not, and is killed. */
    static int exitCode(Process process) {
        int code = process.onExit()
                .thenApply(Process::exitValue)
                .completeOnTimeout(-1, 60, TimeUnit.SECONDS)
                .join();
        process.destroyForcibly();
        return code;
    }

    @Override
    void stop() throws SQLException {
        super.stop();
        assertEquals(0, exitCode(walker));
    }

    @Override
    String startFailing(String plugins) throws Exception {
        List<String> words =
                new ArrayList<>(List.of("run", "--source-url", sourceUrl, "--target-url", url(), "--plugins", plugins));
        words.addAll(options);
        Process refused = command(words.toArray(new String[0])).start();
        assertEquals(1, exitCode(refused));
        return Files.readString(log);
    }

    @Override
    public void close() {
        if (walker != null) {
            walker.destroyForcibly();
        }
        others.forEach(Process::destroyForcibly);
        super.close();
    }
}
