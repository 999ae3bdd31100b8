package dev.walker.host.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.jdbc.WalkFigures;
import dev.walker.rmgr.Rmgr;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RunMetricsTest {
    private static final long MAX_LAG = 1000;

    private final RunMetrics metrics = new RunMetrics();

    private static WalkFigures figures(Object session, long position, boolean caughtUp, long heap, boolean active) {
        long[] records = new long[Rmgr.MAX_ID + 1];
        records[Rmgr.HEAP.id()] = heap;
        Instant hourAgo = Instant.now().minusSeconds(3600);
        long xactTime =
                Duration.between(Instant.parse("2000-01-01T00:00:00Z"), hourAgo).toMillis() * 1000;
        return new WalkFigures(
                session,
                position,
                position,
                5000,
                caughtUp,
                records,
                records.clone(),
                xactTime,
                heap,
                heap,
                MAX_LAG,
                List.of(new WalkFigures.Plugin("p", heap, active)));
    }

    private HttpResponse<String> get(MetricsServer server, String path, String method) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(
                                        "http://localhost:" + server.address().getPort() + path))
                                .method(method, HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void healthIsTrouble503() throws Exception {
        try (MetricsServer server = MetricsServer.start(metrics, "localhost", 0, "1.0", text -> text)) {
            assertTrue(get(server, "/health", "GET").body().contains("\"status\":\"starting\",\"position\":null"));
            assertEquals(503, get(server, "/health", "GET").statusCode());
            Object session = new Object();
            metrics.source("shop \"1\"");
            metrics.walked(figures(session, 4000, false, 1, true));
            assertEquals(200, get(server, "/health", "HEAD").statusCode());
            metrics.walked(figures(session, 3999, false, 1, false));
            HttpResponse<String> lagging = get(server, "/health", "GET");
            assertEquals(503, lagging.statusCode());
            assertTrue(
                    lagging.body()
                            .contains(
                                    "\"status\":\"lagging\",\"position\":\"0/F9F\",\"lag_bytes\":1001,\"lag_seconds\":"),
                    lagging.body());
            assertTrue(lagging.body().contains("\"failed_plugins\":[\"p\"]"), lagging.body());
            metrics.walked(figures(session, 5000, true, 1, false));
            assertEquals(200, get(server, "/health", "GET").statusCode());
            metrics.state(WalkState.RECONNECTING);
            assertTrue(get(server, "/health", "GET").body().contains("\"reconnecting\""));
            metrics.state(WalkState.FAILED);
            assertEquals(503, get(server, "/health", "GET").statusCode());
            assertEquals(405, get(server, "/health", "POST").statusCode());
            assertTrue(get(server, "/metrics", "GET").body().contains("source=\"shop \\\"1\\\"\""));
        }
    }

    /** As behind a lock in the target that is not given back: nothing tells how much WAL there is meanwhile. */
    @Test
    void whoComesToNoEndIsStuck() {
        AtomicLong seconds = new AtomicLong();
        RunMetrics stuck = new RunMetrics(() -> TimeUnit.SECONDS.toNanos(seconds.get()));
        seconds.set(1000);
        assertEquals(WalkState.STARTING, stuck.state());
        stuck.walked(figures(new Object(), 5000, true, 1, true));
        seconds.addAndGet((long) RunMetrics.STUCK_SECONDS);
        assertTrue(stuck.health().isWell());
        seconds.incrementAndGet();
        assertFalse(stuck.health().isWell());
        assertEquals(WalkState.STUCK, stuck.health().state());
        assertEquals(RunMetrics.STUCK_SECONDS + 1, stuck.lagSeconds());
        stuck.walked(figures(new Object(), 5000, true, 1, true));
        assertTrue(stuck.health().isWell());
    }

    @Test
    void countsGoOnOverSessions() {
        Object first = new Object();
        metrics.walked(figures(first, 4000, true, 10, true));
        metrics.walked(figures(first, 4000, true, 15, false));
        metrics.walked(figures(first, 4000, true, 15, false));
        Object second = new Object();
        metrics.walked(figures(second, 4000, true, 2, true));
        metrics.walked(figures(second, 4000, true, 3, false));
        Object third = new Object();
        metrics.walked(figures(third, 4000, true, 1, false));
        WalkTotals.Now now = metrics.totals().orElseThrow();
        assertEquals(19, now.recordsByRmgr()[Rmgr.HEAP.id()]);
        assertEquals(19, now.saves());
        assertEquals(3, now.failures().get("p"));
    }

    /** What was not saved is walked again after a lost connection; a counter that went down would look like a new one. */
    @Test
    void recordsOfPluginsNeverGoDown() {
        Object first = new Object();
        metrics.walked(figures(first, 4000, true, 1000, true));
        metrics.walked(figures(first, 4000, true, 1500, true));
        Object second = new Object();
        metrics.walked(figures(second, 4000, true, 1200, true));
        assertEquals(1500, metrics.totals().orElseThrow().pluginRecords().get("p"));
        metrics.walked(figures(second, 4000, true, 1300, true));
        assertEquals(1600, metrics.totals().orElseThrow().pluginRecords().get("p"));
        metrics.walked(figures(new Object(), 4000, true, 1300, true));
        assertEquals(1600, metrics.totals().orElseThrow().pluginRecords().get("p"));
    }

    /** Clients that never send the end of a request, more of them than there are threads. */
    @Test
    void slowClientsDoNotSilenceIt() throws Exception {
        try (MetricsServer server = MetricsServer.start(metrics, "localhost", 0, "1.0", text -> text)) {
            List<Socket> clients = new ArrayList<>();
            try {
                for (int i = 0; i < 20; i++) {
                    Socket client = new Socket(
                            server.address().getAddress(), server.address().getPort());
                    clients.add(client);
                    client.getOutputStream().write("GET /he".getBytes(StandardCharsets.US_ASCII));
                }
                HttpRequest request = HttpRequest.newBuilder(URI.create(
                                "http://localhost:" + server.address().getPort() + "/health"))
                        .timeout(Duration.ofSeconds(30))
                        .build();
                HttpResponse<String> answer =
                        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
                assertEquals(503, answer.statusCode());
                clients.get(0).setSoTimeout(30_000);
                assertEquals(-1, clients.get(0).getInputStream().read(), "the slow client is sent away");
            } finally {
                for (Socket client : clients) {
                    client.close();
                }
            }
        }
    }

    @Test
    void lagIsTheAgeOfWhatIsNotWalked() {
        Object session = new Object();
        metrics.walked(figures(session, 4000, false, 1, true));
        // Never caught up: since the end of the last transaction walked.
        assertEquals(3600, metrics.lagSeconds(), 60);
        assertEquals(1000, metrics.lagBytes());
        metrics.walked(figures(session, 5000, true, 1, true));
        assertEquals(0, metrics.lagSeconds());
        assertEquals(0, metrics.lagBytes());
        // The server was idle for an hour, so an hour-old transaction is no lag.
        metrics.walked(figures(session, 4500, false, 1, true));
        assertTrue(metrics.lagSeconds() < 60, () -> String.valueOf(metrics.lagSeconds()));
        assertFalse(metrics.health().lags());
    }
}
