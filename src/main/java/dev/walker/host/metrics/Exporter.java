package dev.walker.host.metrics;

import dev.walker.jdbc.WalkFigures;
import dev.walker.rmgr.Rmgr;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/** The metrics as Prometheus gets them; each is read when it is asked for. */
final class Exporter {
    private static final List<String> NONE = List.of();
    private static final List<String> VERSION = List.of("version");
    private static final List<String> RMGR = List.of("rmgr");
    private static final List<String> PLUGIN = List.of("plugin");
    private static final List<String> RELATION = List.of("database", "relation");

    /** Takes a value for each combination of labels. */
    private interface Samples {
        void add(double value, String... labels);
    }

    private final RunMetrics metrics;
    private final PrometheusRegistry registry = new PrometheusRegistry();

    private Exporter(RunMetrics metrics) {
        this.metrics = metrics;
    }

    /** All metrics of a walker, and those of its JVM. */
    static PrometheusRegistry registry(RunMetrics metrics, String version) {
        Exporter exporter = new Exporter(metrics);
        exporter.program(version);
        exporter.lag();
        exporter.records();
        exporter.saves();
        exporter.plugins();
        exporter.garbage();
        JvmMetrics.builder().register(exporter.registry);
        return exporter.registry;
    }

    private void program(String version) {
        gauge("walker_build_info", "The version of WALker; always 1.", VERSION, samples -> samples.add(1, version));
        gauge(
                "walker_walking",
                "1 while the walker walks, 0 while it starts, is stuck, reconnects or ends.",
                NONE,
                samples -> samples.add(metrics.state() == WalkState.WALKING ? 1 : 0));
        counter(
                "walker_reconnects_total",
                "How often a lost connection was made anew.",
                NONE,
                samples -> samples.add(metrics.reconnects()));
    }

    private void lag() {
        gauge(
                "walker_lag_bytes",
                "WAL of the source that is not walked yet.",
                NONE,
                samples -> samples.add(metrics.lagBytes()));
        gauge(
                "walker_lag_seconds",
                "Age of the oldest WAL that is not walked yet.",
                NONE,
                samples -> samples.add(metrics.lagSeconds()));
        figure("walker_max_lag_bytes", "The setting walker.max_lag, +Inf for any.", Exporter::maxLag);
        figure("walker_position_lsn_bytes", "LSN before which all is walked.", WalkFigures::position);
        figure("walker_saved_lsn_bytes", "LSN before which all is walked and saved.", WalkFigures::savedPosition);
        figure("walker_source_lsn_bytes", "LSN at which the WAL of the source ends.", WalkFigures::readable);
    }

    private static double maxLag(WalkFigures figures) {
        return figures.maxLagBytes() == Long.MAX_VALUE ? Double.POSITIVE_INFINITY : figures.maxLagBytes();
    }

    private void figure(String name, String help, ToDoubleFunction<WalkFigures> figure) {
        gauge(name, help, NONE, samples -> metrics.totals()
                .ifPresent(now -> samples.add(figure.applyAsDouble(now.last()))));
    }

    private void records() {
        counter("walker_records_total", "Records walked, by resource manager.", RMGR, samples -> metrics.totals()
                .ifPresent(now -> byRmgr(now.recordsByRmgr(), samples)));
        counter("walker_record_bytes_total", "Bytes of these records.", RMGR, samples -> metrics.totals()
                .ifPresent(now -> byRmgr(now.bytesByRmgr(), samples)));
    }

    private static void byRmgr(long[] counts, Samples samples) {
        for (int id = 0; id < counts.length; id++) {
            // Those of core always, so that a rate has a beginning; of others those that there are.
            if (id < Rmgr.CORE_COUNT || counts[id] > 0) {
                samples.add(counts[id], Rmgr.name(id));
            }
        }
    }

    private void saves() {
        counter("walker_saves_total", "How often state was saved.", NONE, samples -> metrics.totals()
                .ifPresent(now -> samples.add(now.saves())));
        counter(
                "walker_save_seconds_total",
                "Time it took to save state, without the commits.",
                NONE,
                samples -> metrics.totals().ifPresent(now -> samples.add(now.saveNanos() / 1e9)));
    }

    private void plugins() {
        counter(
                "walker_plugin_records_total",
                "Records given to a plugin, in earlier walks too.",
                PLUGIN,
                samples -> metrics.totals().ifPresent(now -> now.last()
                        .plugins()
                        .forEach(plugin -> samples.add(now.pluginRecords().get(plugin.name()), plugin.name()))));
        counter(
                "walker_plugin_seconds_total",
                "Time in calls of a plugin, from samples.",
                PLUGIN,
                samples -> each(plugin -> samples.add(metrics.pluginTimes().seconds(plugin.name()), plugin.name())));
        counter("walker_plugin_failures_total", "How often a plugin was set aside.", PLUGIN, samples -> metrics.totals()
                .ifPresent(now -> now.failures().forEach((name, count) -> samples.add(count, name))));
        gauge(
                "walker_plugin_active",
                "1 for a plugin that takes part, 0 for one that was set aside.",
                PLUGIN,
                samples -> each(plugin -> samples.add(plugin.active() ? 1 : 0, plugin.name())));
    }

    private void each(Consumer<WalkFigures.Plugin> plugins) {
        metrics.totals().ifPresent(now -> now.last().plugins().forEach(plugins));
    }

    private void garbage() {
        gauge(
                "walker_relations",
                "Tables on the heat map.",
                NONE,
                samples -> samples.add(metrics.relations().relations()));
        gauge(
                "walker_dead_tuples",
                "Dead tuples of the tables that have most; relation \"other\" is the sum of the rest.",
                RELATION,
                samples -> garbage(RelationFigures.Relation::deadTuples, samples));
        gauge(
                "walker_pages_with_garbage",
                "Pages with dead tuples of the same tables.",
                RELATION,
                samples -> garbage(RelationFigures.Relation::pagesWithGarbage, samples));
    }

    private void garbage(ToDoubleFunction<RelationFigures.Relation> figure, Samples samples) {
        RelationFigures now = metrics.relations();
        for (RelationFigures.Relation each : now.most()) {
            samples.add(figure.applyAsDouble(each), each.database(), each.relation());
        }
        RelationFigures.Relation others = now.others();
        samples.add(figure.applyAsDouble(others), others.database(), others.relation());
    }

    private void gauge(String name, String help, List<String> labels, Consumer<Samples> reader) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(withSource("source", labels.toArray(new String[0])))
                .callback(callback ->
                        reader.accept((value, texts) -> callback.call(value, withSource(metrics.source(), texts))))
                .register(registry);
    }

    /** The server whose WAL is walked comes first; its name is known only when the walk begins. */
    private static String[] withSource(String source, String... labels) {
        String[] all = new String[labels.length + 1];
        all[0] = source;
        System.arraycopy(labels, 0, all, 1, labels.length);
        return all;
    }

    private void counter(String name, String help, List<String> labels, Consumer<Samples> reader) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(withSource("source", labels.toArray(new String[0])))
                .callback(callback ->
                        reader.accept((value, texts) -> callback.call(value, withSource(metrics.source(), texts))))
                .register(registry);
    }
}
