package dev.walker.heatmap;

import java.util.function.LongSupplier;

/**
 * The time of records, in microseconds since 1970. It is that of the last commit or rollback; while none comes it goes on
 * with the clock of this machine, which is looked at between batches. So what is walked late lies where it happened.
 */
final class HistoryClock {
    /** Microseconds from 1970 to 2000, the epoch of {@code TimestampTz}. */
    private static final long POSTGRES_EPOCH_MICROS = 946_684_800_000_000L;
    /** Commits come a little out of order; what is earlier by more than this is a clock that was set back. */
    private static final long TOLERANCE_MICROS = 60_000_000;

    private static final long NEVER = Long.MIN_VALUE;

    private final LongSupplier wallMicros;
    private final LongSupplier nanos;
    private long time = NEVER;
    private boolean heard;
    private long lastTickNanos;

    /**
     * A clock that has not heard anything yet.
     *
     * @param wallMicros microseconds since 1970
     * @param nanos nanoseconds from wherever, which never go back
     */
    HistoryClock(LongSupplier wallMicros, LongSupplier nanos) {
        this.wallMicros = wallMicros;
        this.nanos = nanos;
    }

    /** Whether a commit or rollback has told the time. */
    boolean isSet() {
        return time != NEVER;
    }

    /** Whether a commit or rollback has told the time, and it is in a range of microseconds since 1970. */
    boolean isWithin(long fromMicros, long toMicros) {
        return time >= fromMicros && time < toMicros;
    }

    /** Seconds since 1970; of this machine if nothing else has told the time. */
    long seconds() {
        return Math.floorDiv(isSet() ? time : wallMicros.getAsLong(), 1_000_000);
    }

    /** The same, but not later than this machine believes: what may be dropped is not judged by a clock gone wrong. */
    long carefulSeconds() {
        return Math.min(seconds(), Math.floorDiv(wallMicros.getAsLong(), 1_000_000));
    }

    /** A transaction has ended: {@code TimestampTz} of the record. */
    void heard(long timestamp) {
        long micros = timestamp + POSTGRES_EPOCH_MICROS;
        if (micros > time || micros < time - TOLERANCE_MICROS) {
            time = micros;
        }
        heard = true;
    }

    /** All that there was to be walked for now has been walked. */
    void tick() {
        long now = nanos.getAsLong();
        if (isSet() && !heard) {
            time += (now - lastTickNanos) / 1000;
        }
        heard = false;
        lastTickNanos = now;
    }
}
