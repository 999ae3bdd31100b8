package dev.walker.heatmap;

/** How long buckets are, by age. Times are seconds since 1970. */
enum HistoryLayer {
    /** Buckets of a minute, for an hour. */
    MINUTES(60, 15 * 60, 3600),
    /** Buckets of five minutes, for a day. */
    FIVES(300, 6 * 3600, 86400),
    /** Buckets of an hour, for as long as the setting says. */
    HOURS(3600, 86400, Long.MAX_VALUE / 2);

    /** Length of a bucket. */
    final int seconds;
    /** Length of what is merged or dropped as a whole. */
    final int partSeconds;
    /** How long buckets are kept before they are merged into those of the next layer. */
    final long keepSeconds;

    HistoryLayer(int seconds, int partSeconds, long keepSeconds) {
        this.seconds = seconds;
        this.partSeconds = partSeconds;
        this.keepSeconds = keepSeconds;
    }

    /** Begin of the bucket of a time. */
    long bucket(long time) {
        return Math.floorDiv(time, seconds) * seconds;
    }

    /** Begin of the part of a time. */
    long part(long time) {
        return Math.floorDiv(time, partSeconds) * partSeconds;
    }

    /** The layer that takes what gets too old for this one. */
    HistoryLayer coarser() {
        return values()[ordinal() + 1];
    }

    boolean isCoarsest() {
        return this == HOURS;
    }

    /** At most so many rows of a relation are of this layer, unless its share of a sweep is still to come. */
    long mostRows(long historySeconds) {
        return (Math.min(keepSeconds, historySeconds) + partSeconds) / seconds + 1;
    }
}
