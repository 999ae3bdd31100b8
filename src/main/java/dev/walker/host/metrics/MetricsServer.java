package dev.walker.host.metrics;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Serves {@code /metrics} for Prometheus and {@code /health} for whoever looks after the walker, over HTTP. */
public final class MetricsServer implements AutoCloseable {
    private static final int THREADS = 8;
    /** So long may a client take to ask and to take the answer. */
    private static final int PATIENCE_SECONDS = 5;

    private static final String TEXT = "text/plain; charset=utf-8";
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
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "walker-metrics-clock");
        thread.setDaemon(true);
        return thread;
    });
    private final HttpServer server;
    private final PrometheusRegistry registry;
    private final ExpositionFormats formats = ExpositionFormats.init();

    private MetricsServer(RunMetrics metrics, HttpServer server, UnaryOperator<String> escape, String version) {
        this.metrics = metrics;
        this.server = server;
        this.escape = escape;
        clock.setRemoveOnCancelPolicy(true);
        server.setExecutor(request -> threads.execute(() -> serve(request)));
        this.registry = Exporter.registry(metrics, version);
        server.createContext("/", this::handle);
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

    /**
     * Serves a request, but a client that stands still does not keep a thread: its connection, which is an interruptible
     * channel, is closed then.
     */
    private void serve(Runnable request) {
        FutureTask<Void> task = new FutureTask<>(request, null);
        Future<?> end = clock.schedule(() -> task.cancel(true), PATIENCE_SECONDS, TimeUnit.SECONDS);
        task.run();
        end.cancel(false);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            switch (exchange.getRequestURI().getPath()) {
                case "/metrics" -> metrics(exchange);
                case "/health" -> health(exchange);
                case "/" -> answer(exchange, OK, TEXT, "WALker: see /metrics and /health\n".getBytes(US_ASCII));
                default -> answer(exchange, NOT_FOUND, TEXT, "there are /metrics and /health\n".getBytes(US_ASCII));
            }
        }
    }

    private void metrics(HttpExchange exchange) throws IOException {
        // Protobuf is offered first where native histograms are wanted, which are not here.
        String accepted = exchange.getRequestHeaders().getOrDefault("Accept", List.of()).stream()
                .flatMap(header -> Stream.of(header.split(",")))
                .filter(type -> !type.contains("protobuf"))
                .collect(Collectors.joining(","));
        ExpositionFormatWriter writer = formats.findWriter(accepted);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        writer.write(body, registry.scrape());
        answer(exchange, OK, writer.getContentType(), body.toByteArray());
    }

    private void health(HttpExchange exchange) throws IOException {
        RunMetrics.Health health = metrics.health();
        String status = health.lags() ? "lagging" : health.state().name().toLowerCase(Locale.ROOT);
        String body = "{\"status\":\"" + (health.isWell() ? "ok" : status) + "\",\"position\":"
                + health.position().map(lsn -> '"' + lsn + '"').orElse("null") + ",\"lag_bytes\":" + health.lagBytes()
                + ",\"lag_seconds\":" + String.format(Locale.ROOT, "%.3f", health.lagSeconds())
                + ",\"failed_plugins\":" + list(health.failedPlugins()) + "}\n";
        answer(exchange, health.isWell() ? OK : UNAVAILABLE, "application/json", body.getBytes(UTF_8));
    }

    private String list(List<String> texts) {
        return texts.stream().map(text -> '"' + escape.apply(text) + '"').collect(Collectors.joining(",", "[", "]"));
    }

    private static void answer(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        String method = exchange.getRequestMethod();
        boolean head = method.equals("HEAD");
        exchange.getResponseHeaders().set("Content-Type", type);
        if (!head && !method.equals("GET")) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            exchange.sendResponseHeaders(METHOD_NOT_ALLOWED, -1);
        } else if (head) {
            exchange.sendResponseHeaders(status, -1);
        } else {
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        clock.shutdownNow();
    }
}
