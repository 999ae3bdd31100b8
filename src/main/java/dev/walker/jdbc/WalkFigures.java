package dev.walker.jdbc;

import java.util.List;

/**
 * What can be told of a walk at one moment. Counts are those of one session.
 *
 * @param session what tells one session from another
 * @param position LSN of the next record: all before it is walked
 * @param savedPosition LSN before which all is walked and saved
 * @param readable LSN at which the WAL of the source ended
 * @param caughtUp whether all of that was walked
 * @param recordsByRmgr records walked, by the id of their resource manager
 * @param bytesByRmgr bytes of these records
 * @param lastXactTime when the last transaction ended whose end was walked: microseconds since 2000-01-01 UTC, by the
 *     clock of the server; 0 for none
 * @param saves how often state was saved
 * @param saveNanos nanoseconds that took, without the commits
 * @param maxLagBytes {@code walker.max_lag}; {@link Long#MAX_VALUE} for any
 * @param plugins in the order in which they are called
 */
public record WalkFigures(
        Object session,
        long position,
        long savedPosition,
        long readable,
        boolean caughtUp,
        long[] recordsByRmgr,
        long[] bytesByRmgr,
        long lastXactTime,
        long saves,
        long saveNanos,
        long maxLagBytes,
        List<Plugin> plugins) {
    /**
     * A plugin.
     *
     * @param name as it stands in {@code walker.plugins}
     * @param records how many it was given, in earlier sessions too
     * @param active whether it takes part, that is was not set aside
     */
    public record Plugin(String name, long records, boolean active) {}
}
