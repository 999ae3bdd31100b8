package dev.walker.host.metrics;

import dev.walker.jdbc.WalkFigures;
import dev.walker.wal.Lsn;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** What can be told of a walker that runs. The thread of the walk says what there is, any thread may ask. */
public final class RunMetrics {
    private static final Instant POSTGRES_EPOCH = Instant.parse("2000-01-01T00:00:00Z");
    /** The walk says something at least every second or two; if it does not it is stuck. */
    private static final double SILENCE_SECONDS = 10;
    /** Nothing that heals by itself takes so long. */
    static final double STUCK_SECONDS = 300;

    private final WalkTotals totals = new WalkTotals();
    private final PluginTimes pluginTimes = new PluginTimes();
    private final LongAdder reconnects = new LongAdder();
    private final LongSupplier nanoClock;
    private final long startNanos;
    private volatile String source = "";
    private volatile WalkState state = WalkState.STARTING;
    private volatile RelationFigures relations = RelationFigures.NONE;
    private volatile long toldNanos;
    private volatile long caughtUpNanos;

    /** Metrics of a walker that has yet to begin. */
    public RunMetrics() {
        this(System::nanoTime);
    }

    RunMetrics(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        startNanos = nanoClock.getAsLong();
        toldNanos = startNanos;
        caughtUpNanos = startNanos;
    }

    /** Names the server whose WAL is walked. */
    public void source(String name) {
        source = name;
    }

    /** Name of the server whose WAL is walked; empty before it is known. */
    String source() {
        return source;
    }

    /** The walker is at something else. */
    public void state(WalkState now) {
        state = now;
    }

    /** A connection was lost and made anew. */
    public void reconnected() {
        reconnects.increment();
    }

    /** A session begins; its plugins are watched. */
    public void watch(Supplier<Optional<String>> busyPlugin) {
        pluginTimes.watch(busyPlugin);
    }

    /** A step was made and committed. */
    public void walked(WalkFigures figures) {
        totals.add(figures);
        long now = nanoClock.getAsLong();
        if (figures.caughtUp()) {
            caughtUpNanos = now;
        }
        toldNanos = now;
        state = WalkState.WALKING;
    }

    /** The garbage is this now. */
    public void relations(RelationFigures figures) {
        relations = figures;
    }

    WalkState state() {
        WalkState said = state;
        return said == WalkState.WALKING && silenceSeconds() > STUCK_SECONDS ? WalkState.STUCK : said;
    }

    private double silenceSeconds() {
        return (nanoClock.getAsLong() - toldNanos) / 1e9;
    }

    Optional<WalkTotals.Now> totals() {
        return Optional.ofNullable(totals.now());
    }

    RelationFigures relations() {
        return relations;
    }

    long reconnects() {
        return reconnects.sum();
    }

    PluginTimes pluginTimes() {
        return pluginTimes;
    }

    /** Bytes of WAL that the source has and that are not walked. */
    long lagBytes() {
        return totals().map(now -> lagBytes(now.last())).orElse(0L);
    }

    private static long lagBytes(WalkFigures last) {
        return Lsn.isBefore(last.position(), last.readable()) ? last.readable() - last.position() : 0;
    }

    /**
     * How old the oldest WAL is that is not walked, in seconds: since the end of the last transaction that was walked, or
     * since all was walked, what is less.
     */
    double lagSeconds() {
        long now = nanoClock.getAsLong();
        double silence = silenceSeconds();
        Optional<WalkFigures> last = totals().map(WalkTotals.Now::last);
        if (last.isEmpty()) {
            return silence;
        }
        if (last.get().caughtUp()) {
            return silence < SILENCE_SECONDS ? 0 : silence;
        }
        double sinceCaughtUp = (now - caughtUpNanos) / 1e9;
        if (last.get().lastXactTime() == 0) {
            return sinceCaughtUp;
        }
        Instant xact = POSTGRES_EPOCH.plusNanos(last.get().lastXactTime() * 1000);
        double sinceXact = Duration.between(xact, Instant.now()).toNanos() / 1e9;
        // A walk that begins far behind was never caught up.
        return caughtUpNanos == startNanos ? Math.max(0, sinceXact) : Math.max(0, Math.min(sinceXact, sinceCaughtUp));
    }

    /** Whether the walker does what it should, and what it is at. */
    Health health() {
        Optional<WalkFigures> last = totals().map(WalkTotals.Now::last);
        boolean lags = last.isPresent() && lagBytes() > last.get().maxLagBytes();
        return new Health(
                state(),
                lags,
                lagBytes(),
                lagSeconds(),
                last.map(figures -> Lsn.format(figures.position())),
                last.stream()
                        .flatMap(figures -> figures.plugins().stream())
                        .filter(plugin -> !plugin.active())
                        .map(WalkFigures.Plugin::name)
                        .toList());
    }

    /**
     * Health at one moment.
     *
     * @param lags whether the lag is more than {@code walker.max_lag}
     * @param failedPlugins plugins that were set aside; the others go on, so this is no illness of the walker
     */
    record Health(
            WalkState state,
            boolean lags,
            long lagBytes,
            double lagSeconds,
            Optional<String> position,
            List<String> failedPlugins) {
        boolean isWell() {
            return state == WalkState.WALKING && !lags;
        }
    }
}
