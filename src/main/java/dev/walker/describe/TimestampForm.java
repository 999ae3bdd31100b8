package dev.walker.describe;

/** How timestamps are written. */
public enum TimestampForm {
    /**
     * As the server and so {@code pg_get_wal_records_info} do: ISO 8601 with the offset from UTC, without zeros at the
     * end, such as {@code 2026-11-22 16:24:31.5+00}.
     */
    SERVER,
    /**
     * As pg_waldump does: six digits and the short name of the time zone, such as
     * {@code 2026-11-22 16:24:31.500000 UTC}. Short names are those that Java has; where the time zone database has
     * none pg_waldump writes the offset.
     */
    WALDUMP
}
