package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code walker.jar run} as a program of its own. */
final class RunningWalker implements AutoCloseable {
    private static final Pattern METRICS = Pattern.compile("metrics at (http://\\S+:\\d+)/metrics");
    private static final Path JAR = Path.of(System.getProperty("walker.jar", "target/walker.jar"));

    private final Process process;
    private final Path log;

    private RunningWalker(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    static RunningWalker start(Path dir, String... options) throws IOException {
        Path log = Files.createTempFile(dir, "run", ".log");
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", JAR.toString(), "run"));
        words.addAll(List.of(options));
        return new RunningWalker(
                new ProcessBuilder(words)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start(),
                log);
    }

    String log() throws IOException {
        return Files.readString(log);
    }

    /** Waits until the log has this so many times. */
    void waitFor(String text, int times) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (log().split(Pattern.quote(text), -1).length <= times) {
            assertTrue(process.isAlive() && System.nanoTime() < giveUp, () -> "no \"" + text + "\" in " + unreadable());
            Thread.sleep(20);
        }
    }

    private String unreadable() {
        try {
            return log();
        } catch (IOException e) {
            return e.toString();
        }
    }

    void hangUp() throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-HUP", Long.toString(process.pid()))
                        .start()
                        .waitFor());
    }

    /** Ends it with SIGTERM, or waits for its own end; the exit status. */
    int end(boolean terminate) throws InterruptedException {
        if (terminate) {
            process.destroy();
        }
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the walker does not end");
        return process.exitValue();
    }

    HttpResponse<String> get(String path) throws Exception {
        Matcher url = METRICS.matcher(log());
        assertTrue(url.find(), log());
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(url.group(1) + path))
                                // What Prometheus sends.
                                .header(
                                        "Accept",
                                        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                                                + "encoding=delimited;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.1")
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
