package dev.walker.host.metrics;

import dev.walker.jdbc.WalkFigures;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts over all sessions of this program: each session counts from zero. Not thread safe, but {@link #now} is. */
final class WalkTotals {
    /**
     * Sums at one moment.
     *
     * @param last figures of the last session
     * @param recordsByRmgr records, by the id of their resource manager
     * @param bytesByRmgr their bytes
     * @param saves how often state was saved
     * @param saveNanos nanoseconds that took
     * @param failures how often a plugin was set aside, by its name
     * @param pluginRecords records given to a plugin, by its name; what a session that begins anew has lost stays counted
     */
    record Now(
            WalkFigures last,
            long[] recordsByRmgr,
            long[] bytesByRmgr,
            long saves,
            long saveNanos,
            Map<String, Long> failures,
            Map<String, Long> pluginRecords) {}

    private Now before;
    private final Map<String, Long> failures = new LinkedHashMap<>();
    private final Map<String, Long> pluginRecords = new LinkedHashMap<>();
    private final Map<String, Long> toldRecords = new HashMap<>();
    private volatile Now now;

    /** The sums, null before the first session. */
    Now now() {
        return now;
    }

    void add(WalkFigures figures) {
        WalkFigures last = now == null ? null : now.last;
        if (last != null && last.session() != figures.session()) {
            before = now;
        }
        for (WalkFigures.Plugin plugin : figures.plugins()) {
            boolean knew = last != null
                    && last.session() == figures.session()
                    && last.plugins().stream().anyMatch(each -> each.name().equals(plugin.name()) && !each.active());
            failures.merge(plugin.name(), plugin.active() || knew ? 0L : 1L, Long::sum);
            // A session counts on from what was saved, which is less than the one before had told if it did not end in
            // order.
            Long told = toldRecords.put(plugin.name(), plugin.records());
            pluginRecords.merge(
                    plugin.name(), told == null ? plugin.records() : Math.max(0, plugin.records() - told), Long::sum);
        }
        now = new Now(
                figures,
                sum(figures.recordsByRmgr(), before == null ? null : before.recordsByRmgr),
                sum(figures.bytesByRmgr(), before == null ? null : before.bytesByRmgr),
                figures.saves() + (before == null ? 0 : before.saves),
                figures.saveNanos() + (before == null ? 0 : before.saveNanos),
                Collections.unmodifiableMap(new LinkedHashMap<>(failures)),
                Collections.unmodifiableMap(new LinkedHashMap<>(pluginRecords)));
    }

    private static long[] sum(long[] these, long[] those) {
        if (those == null) {
            return these;
        }
        long[] sum = new long[these.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = these[i] + those[i];
        }
        return sum;
    }
}
