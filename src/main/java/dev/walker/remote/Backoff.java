package dev.walker.remote;

/** How long to wait before the next attempt: twice as long after each that failed. */
public final class Backoff {
    private static final long FIRST_MILLIS = 250;
    private static final long MOST_MILLIS = 30_000;

    private int failures;

    /** No attempt has failed yet. */
    public Backoff() {}

    /** One more has failed; milliseconds to wait. */
    public long next() {
        long millis = Math.min(MOST_MILLIS, FIRST_MILLIS << Math.min(failures, 20));
        failures++;
        return millis;
    }

    /** One went well. */
    public void reset() {
        failures = 0;
    }
}
