package dev.walker.host.metrics;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Where the time goes, by plugin: a thread looks fifty times a second which plugin is being called. To measure each call
 * would take longer than many a call does.
 */
final class PluginTimes {
    private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Map<String, LongAdder> nanos = new ConcurrentHashMap<>();
    private volatile Supplier<Optional<String>> busy = Optional::empty;

    /** Looks at a walk from now on, and no longer at another one. */
    void watch(Supplier<Optional<String>> busyPlugin) {
        busy = busyPlugin;
    }

    void start() {
        Thread thread = new Thread(this::look, "walker-plugin-times");
        thread.setDaemon(true);
        thread.start();
    }

    private void look() {
        long last = System.nanoTime();
        while (!Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(INTERVAL_NANOS);
            long now = System.nanoTime();
            Optional<String> plugin = busy.get();
            if (plugin.isPresent()) {
                nanos.computeIfAbsent(plugin.get(), name -> new LongAdder()).add(now - last);
            }
            last = now;
        }
    }

    double seconds(String plugin) {
        LongAdder sum = nanos.get(plugin);
        return sum == null ? 0 : sum.sum() / 1e9;
    }
}
