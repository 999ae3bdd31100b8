package dev.walker.host.report;

/** What the map of a table can show. */
enum Metric {
    /** Garbage there was: a number at each time, not a sum. */
    DEAD("dead", "dead_tuples", "dead tuples"),
    BORN("born", "dead_tuples_born", "tuples that became garbage"),
    RECLAIMED("reclaimed", "dead_tuples_reclaimed", "dead tuples reclaimed"),
    INSERTS("inserts", "inserts", "inserts"),
    UPDATES("updates", "updates", "updates"),
    HOT_UPDATES("hot_updates", "hot_updates", "HOT updates"),
    DELETES("deletes", "deletes", "deletes"),
    PRUNES("prunes", "prunes", "prunes"),
    FPI("fpi", "fpi", "full-page images"),
    WAL_BYTES("wal_bytes", "wal_bytes", "bytes of WAL");

    private final String key;
    private final String column;
    private final String label;

    Metric(String key, String column, String label) {
        this.key = key;
        this.column = column;
        this.label = label;
    }

    /** Its name in the page. */
    String key() {
        return key;
    }

    /** The column of {@code walker.heatmap_history()}. */
    String column() {
        return column;
    }

    /** Its name for people. */
    String label() {
        return label;
    }

    /** Whether it counts what happened. */
    boolean isEvent() {
        return this != DEAD;
    }
}
