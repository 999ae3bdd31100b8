package dev.walker.heatmap;

import java.util.List;

/** What is counted in the history: indexes of counters, in the order of the columns of {@code heatmap_history}. */
final class HistoryMetric {
    /** Tuples that a committed delete made dead. */
    static final int BORN_DELETE = 0;
    /** Old versions that a committed update left, other than a HOT update. */
    static final int BORN_UPDATE = 1;
    /** Old versions that a committed HOT update left. */
    static final int BORN_HOT_UPDATE = 2;
    /** Tuples of inserts that were rolled back. */
    static final int BORN_ABORTED_INSERT = 3;
    /** New versions of updates that were rolled back, HOT or not. */
    static final int BORN_ABORTED_UPDATE = 4;
    /** Dead tuples whose storage was taken by pruning outside of vacuum. */
    static final int RECLAIMED_ON_ACCESS = 5;
    /** Dead tuples whose storage vacuum took in its first pass. */
    static final int RECLAIMED_VACUUM_SCAN = 6;
    /** Dead tuples whose storage vacuum took in its second pass, which mostly finds items without storage. */
    static final int RECLAIMED_VACUUM_CLEANUP = 7;
    /** Dead tuples whose storage was taken by pruning, where the WAL does not tell by whom (before 17). */
    static final int RECLAIMED_PRUNE = 8;
    /** Dead tuples that went with their block or file. */
    static final int RECLAIMED_TRUNCATE = 9;
    /** Dead tuples that were there before, as a page showed; less those that turned out not to be there. */
    static final int LEARNED = 10;
    /** Tuples inserted, whatever became of them. */
    static final int INSERTS = 11;
    /** Tuples updated, HOT or not; in the block of the new version. */
    static final int UPDATES = 12;
    /** Those of the updates that were HOT. */
    static final int HOT_UPDATES = 13;
    /** Tuples deleted. */
    static final int DELETES = 14;
    /** Prune records. */
    static final int PRUNES = 15;
    /** Items that vacuum's second pass made free for new tuples. */
    static final int ITEMS_FREED = 16;
    /** Full-page images. */
    static final int FPI = 17;
    /** Bytes of records that change the heap, without those of its indexes. */
    static final int WAL_BYTES = 18;

    /** The columns. */
    static final List<String> COLUMNS = List.of(
            "born_delete",
            "born_update",
            "born_hot_update",
            "born_aborted_insert",
            "born_aborted_update",
            "reclaimed_on_access",
            "reclaimed_vacuum_scan",
            "reclaimed_vacuum_cleanup",
            "reclaimed_prune",
            "reclaimed_truncate",
            "learned",
            "inserts",
            "updates",
            "hot_updates",
            "deletes",
            "prunes",
            "items_freed",
            "fpi",
            "wal_bytes");

    /** How many there are. */
    static final int COUNT = 19;

    private HistoryMetric() {}

    /** What counts a pending deletion that has committed; {@link OpenXacts} says what is beside the key. */
    static int bornByCommit(int item) {
        if ((item & OpenXacts.BY_HOT_UPDATE) != 0) {
            return BORN_HOT_UPDATE;
        }
        return (item & OpenXacts.BY_UPDATE) != 0 ? BORN_UPDATE : BORN_DELETE;
    }

    /** What counts a pending insertion that was rolled back. */
    static int bornByRollback(int item) {
        return (item & (OpenXacts.BY_UPDATE | OpenXacts.BY_HOT_UPDATE)) != 0
                ? BORN_ABORTED_UPDATE
                : BORN_ABORTED_INSERT;
    }
}
