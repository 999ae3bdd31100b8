package dev.walker.host;

/**
 * What {@code run} was told to do.
 *
 * @param sourceUrl the server whose WAL is walked
 * @param targetUrl the database that has schema {@code walker}
 * @param sourceName name of the server in {@code walker.source}; null for that which it has or is given there
 * @param settings come before those of the server
 * @param pluginPath where plugins are looked for beside WALker's own
 * @param untilLsn where the walk is to end; {@link dev.walker.wal.Lsn#INVALID} for nowhere
 * @param acceptGap whether to go on where WAL is missing
 */
record RunPlan(
        String sourceUrl,
        String targetUrl,
        String sourceName,
        RunSettings settings,
        PluginPath pluginPath,
        long untilLsn,
        boolean acceptGap) {}
