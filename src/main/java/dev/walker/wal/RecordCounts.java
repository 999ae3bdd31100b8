package dev.walker.wal;

import dev.walker.rmgr.Rmgr;
import dev.walker.version.WalLayout;
import java.util.Arrays;
import java.util.Objects;

/**
 * Number and size of records, by resource manager and by the upper four bits of {@code xl_info}. Filled from records, or by
 * a {@link PageTally} without them. Not thread safe.
 */
public final class RecordCounts {
    /** How many values the upper four bits of {@code xl_info} have. */
    public static final int TYPES = 16;

    private static final int COLUMNS = 3;

    /**
     * By resource manager, as far as there are records of it: number of records, bytes without images, and bytes of images, by
     * type.
     */
    private final long[][] sums = new long[Rmgr.MAX_ID + 1][];

    private WalLayout layout;
    private long firstLsn;
    private long endLsn;

    /** No records. */
    public RecordCounts() {}

    /** Takes in a record that comes after those before. */
    public void add(WalRecord record) {
        add(record.rmgrId, record.info, record.totalLength, record.fpiLength);
        extend(record.layout, record.lsn, record.endLsn);
    }

    /** Takes in a record, but not where it is. */
    void add(int rmgrId, int info, long totalLength, int images) {
        long[] row = sums[rmgrId];
        if (row == null) {
            row = newRow(rmgrId);
        }
        int at = COLUMNS * (info >>> 4);
        row[at]++;
        row[at + 1] += totalLength - images;
        row[at + 2] += images;
    }

    private long[] newRow(int rmgrId) {
        sums[rmgrId] = new long[COLUMNS * TYPES];
        return sums[rmgrId];
    }

    /** Tells where records begin and end that are counted already. */
    void extend(WalLayout ofThem, long first, long end) {
        if (layout == null) {
            layout = ofThem;
            firstLsn = first;
        }
        endLsn = end;
    }

    /** Adds those of WAL that comes after. */
    public void add(RecordCounts later) {
        if (later.layout == null) {
            return;
        }
        extend(later.layout, later.firstLsn, later.endLsn);
        for (int rmgrId = 0; rmgrId < sums.length; rmgrId++) {
            if (later.sums[rmgrId] != null) {
                long[] row = sums[rmgrId] == null ? newRow(rmgrId) : sums[rmgrId];
                addRow(later.sums[rmgrId], row);
            }
        }
    }

    private static void addRow(long[] from, long[] to) {
        for (int at = 0; at < from.length; at += COLUMNS) {
            // Most resource managers have few types.
            if (from[at] != 0) {
                to[at] += from[at];
                to[at + 1] += from[at + 1];
                to[at + 2] += from[at + 2];
            }
        }
    }

    /** Forgets all. */
    public void clear() {
        Arrays.fill(sums, null);
        layout = null;
        firstLsn = Lsn.INVALID;
        endLsn = Lsn.INVALID;
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return layout == null;
    }

    /**
     * That of the first record.
     *
     * @throws NullPointerException if there is none
     */
    public WalLayout layout() {
        return Objects.requireNonNull(layout, "no records were counted");
    }

    /** LSN of the first record; 0 if there is none. */
    public long firstLsn() {
        return firstLsn;
    }

    /** LSN after the last record; 0 if there is none. */
    public long endLsn() {
        return endLsn;
    }

    private long sum(int rmgrId, int info, int column) {
        return sums[rmgrId] == null ? 0 : sums[rmgrId][COLUMNS * (info >>> 4) + column];
    }

    /** Number of records of a resource manager with these upper four bits of {@code xl_info}. */
    public long count(int rmgrId, int info) {
        return sum(rmgrId, info, 0);
    }

    /** Bytes of them without images. */
    public long recordBytes(int rmgrId, int info) {
        return sum(rmgrId, info, 1);
    }

    /** Bytes of their images. */
    public long imageBytes(int rmgrId, int info) {
        return sum(rmgrId, info, 2);
    }
}
