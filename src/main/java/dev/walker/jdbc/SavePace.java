package dev.walker.jdbc;

/** How soon a walk saves again when saving takes long: the more often, the sooner SQL shows what it has learnt. */
public enum SavePace {
    /** For a walk that takes its processor time from the server: saving takes a hundredth of the time. */
    SPARING(100),
    /** For a walk in a process of its own: saving may take a quarter of the time. */
    PROMPT(4);

    /** However long saving takes, the next save is put off by no more than so many times {@code walker.flush_interval}. */
    private static final int MOST_INTERVALS = 5;

    private final int share;

    SavePace(int share) {
        this.share = share;
    }

    /**
     * Time to be left between two saves.
     *
     * @param tookNanos how long the last save took
     * @param flushIntervalNanos {@code walker.flush_interval}
     * @return nanoseconds
     */
    long pauseNanos(long tookNanos, long flushIntervalNanos) {
        return Math.min(tookNanos * share, flushIntervalNanos * MOST_INTERVALS);
    }
}
