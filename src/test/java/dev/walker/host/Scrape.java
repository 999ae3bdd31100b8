package dev.walker.host;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.skywalking.oap.server.library.util.prometheus.metrics.Counter;
import org.apache.skywalking.oap.server.library.util.prometheus.metrics.Gauge;
import org.apache.skywalking.oap.server.library.util.prometheus.metrics.Metric;
import org.apache.skywalking.oap.server.library.util.prometheus.metrics.MetricFamily;
import org.apache.skywalking.oap.server.library.util.prometheus.parser.TextParser;

/** What a scraper understands of what is served for it. */
final class Scrape {
    private final Map<String, Double> values = new LinkedHashMap<>();
    private final Set<String> names = new HashSet<>();

    Scrape(String text) throws IOException {
        TextParser parser = new TextParser(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        for (MetricFamily family = parser.parse(System.currentTimeMillis());
                family != null;
                family = parser.parse(System.currentTimeMillis())) {
            for (Metric metric : family.getMetrics()) {
                names.add(metric.getName());
                Map<String, String> labels = new LinkedHashMap<>(metric.getLabels());
                labels.remove("source");
                String key = metric.getName() + labels;
                if (metric instanceof Counter counter) {
                    values.put(key, counter.getValue());
                } else if (metric instanceof Gauge gauge) {
                    values.put(key, gauge.getValue());
                }
            }
        }
    }

    /** Names of all metrics. */
    Set<String> names() {
        return names;
    }

    boolean has(String metric) {
        return values.containsKey(metric);
    }

    /** A counter or gauge, such as {@code walker_records_total{rmgr=Heap}}; label source is left out. */
    double value(String metric) {
        Double value = values.get(metric);
        if (value == null) {
            throw new AssertionError("no " + metric + " among " + values);
        }
        return value;
    }
}
