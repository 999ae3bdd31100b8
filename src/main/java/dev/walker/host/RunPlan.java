package dev.walker.host;

import java.util.Optional;
import java.util.function.Function;

/**
 * What {@code run} was told to do.
 *
 * @param sourceUrl the server whose WAL is walked
 * @param targetUrl the database that has schema {@code walker}
 * @param sourceName name of the server in {@code walker.source}, when it is new there
 * @param settings texts of settings by full name, before those of the server; empty where there is none
 * @param classLoader where plugins are looked for
 * @param untilLsn where the walk is to end; {@link dev.walker.wal.Lsn#INVALID} for nowhere
 * @param acceptGap whether to go on where WAL is missing
 */
record RunPlan(
        String sourceUrl,
        String targetUrl,
        String sourceName,
        Function<String, Optional<String>> settings,
        ClassLoader classLoader,
        long untilLsn,
        boolean acceptGap) {}
