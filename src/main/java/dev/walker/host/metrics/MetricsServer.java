package dev.walker.host.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.exporter.httpserver.MetricsHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Serves {@code /metrics} for Prometheus and {@code /health} for whoever looks after the walker, over HTTP. */
public final class MetricsServer implements AutoCloseable {
    private static final int THREADS = 2;
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    private static final int METHOD_NOT_ALLOWED = 405;
    private static final int UNAVAILABLE = 503;

    private final RunMetrics metrics;
    private final UnaryOperator<String> escape;
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS, task -> {
        Thread thread = new Thread(task, "walker-metrics");
        thread.setDaemon(true);
        return thread;
    });
    private final HttpServer server;

    private MetricsServer(RunMetrics metrics, HttpServer server, UnaryOperator<String> escape, String version) {
        this.metrics = metrics;
        this.server = server;
        this.escape = escape;
        server.setExecutor(threads);
        server.createContext("/metrics", new MetricsHandler(Exporter.registry(metrics, version)));
        server.createContext("/health", this::health);
        server.createContext("/", this::other);
        metrics.pluginTimes().start();
        server.start();
    }

    /**
     * Begins to serve.
     *
     * @param address host name or IP address to listen at
     * @param port TCP port; 0 for any that is free
     * @param version of WALker
     * @param escape writes text as it stands between the quotation marks of JSON
     * @throws IOException if it cannot listen there
     */
    public static MetricsServer start(
            RunMetrics metrics, String address, int port, String version, UnaryOperator<String> escape)
            throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName(address), port), 0);
        return new MetricsServer(metrics, server, escape, version);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    private void health(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestURI().getPath().equals("/health")) {
            other(exchange);
            return;
        }
        RunMetrics.Health health = metrics.health();
        String status = health.lags() ? "lagging" : health.state().name().toLowerCase(Locale.ROOT);
        String body = "{\"status\":\"" + (health.isWell() ? "ok" : status) + "\",\"position\":"
                + health.position().map(lsn -> '"' + lsn + '"').orElse("null") + ",\"lag_bytes\":" + health.lagBytes()
                + ",\"lag_seconds\":" + String.format(Locale.ROOT, "%.3f", health.lagSeconds())
                + ",\"failed_plugins\":" + list(health.failedPlugins()) + "}\n";
        answer(exchange, health.isWell() ? OK : UNAVAILABLE, "application/json", body);
    }

    private String list(List<String> texts) {
        return texts.stream().map(text -> '"' + escape.apply(text) + '"').collect(Collectors.joining(",", "[", "]"));
    }

    private void other(HttpExchange exchange) throws IOException {
        boolean root = exchange.getRequestURI().getPath().equals("/");
        answer(exchange, root ? OK : NOT_FOUND, "text/plain; charset=utf-8", "WALker: see /metrics and /health\n");
    }

    private static void answer(HttpExchange exchange, int status, String type, String body) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            boolean head = method.equals("HEAD");
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", type);
            if (!head && !method.equals("GET")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                exchange.sendResponseHeaders(METHOD_NOT_ALLOWED, -1);
            } else if (head) {
                exchange.sendResponseHeaders(status, -1);
            } else {
                exchange.sendResponseHeaders(status, bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
