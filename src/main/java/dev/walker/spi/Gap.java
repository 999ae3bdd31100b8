package dev.walker.spi;

import dev.walker.wal.Lsn;
import java.util.Objects;

/**
 * WAL that a plugin was not given and never will be: it was removed before it was walked, or was walked while the plugin
 * was set aside or not named in {@code walker.plugins}. Anything may have happened in it.
 *
 * @param fromLsn the plugin was given everything before it
 * @param toLsn the walk goes on here; the next record begins at or after it
 * @param fromTimeline the timeline on which {@code fromLsn} is
 * @param toTimeline the timeline on which {@code toLsn} is
 * @param reason why, for people
 */
public record Gap(long fromLsn, long toLsn, int fromTimeline, int toTimeline, String reason) {
    /** Checks that there is a reason. */
    public Gap {
        Objects.requireNonNull(reason, "reason");
    }

    /** The gap in one line, for logs. */
    @Override
    public String toString() {
        return "gap from LSN " + Lsn.format(fromLsn) + " on timeline " + Integer.toUnsignedString(fromTimeline)
                + " to LSN " + Lsn.format(toLsn) + " on timeline " + Integer.toUnsignedString(toTimeline) + ": "
                + reason;
    }
}
