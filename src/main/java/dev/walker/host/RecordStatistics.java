package dev.walker.host;

import dev.walker.rmgr.Rmgr;
import dev.walker.version.WalLayout;
import dev.walker.wal.WalRecord;
import java.util.Arrays;
import java.util.List;

/** Number and size of records by resource manager, or by record type: what {@code pg_waldump --stats} counts. */
final class RecordStatistics implements Statistics<RecordStatistics> {
    private static final int TYPES = 16;
    /** Bit 0x80 of {@code xl_info} of transaction records is not of the type. */
    private static final int XACT_TYPE_MASK = 0x07;

    private final boolean byRecord;
    private final RecordFilter filter;
    private final int top;
    /**
     * By resource manager, as far as there are records of it: number of records, bytes without images, and bytes of images,
     * by type.
     */
    private final long[][] sums = new long[Rmgr.MAX_ID + 1][];

    private WalLayout layout;
    private long firstLsn;
    private long endLsn;

    RecordStatistics(boolean byRecord, RecordFilter filter, int top) {
        this.byRecord = byRecord;
        this.filter = filter;
        this.top = top;
    }

    @Override
    public void add(WalRecord record) {
        if (!filter.accepts(record)) {
            return;
        }
        if (layout == null) {
            layout = record.layout();
            firstLsn = record.lsn();
        }
        endLsn = record.endLsn();
        int rmgr = record.rmgrId();
        int type = record.info() >> 4;
        if (rmgr == Rmgr.XACT.id()) {
            type &= XACT_TYPE_MASK;
        }
        long[] row = sums[rmgr] == null ? newRow(rmgr) : sums[rmgr];
        int images = record.fpiLength();
        row[3 * type]++;
        row[3 * type + 1] += record.totalLength() - images;
        row[3 * type + 2] += images;
    }

    private long[] newRow(int rmgr) {
        sums[rmgr] = new long[3 * TYPES];
        return sums[rmgr];
    }

    @Override
    public void merge(RecordStatistics later) {
        if (later.layout == null) {
            return;
        }
        if (layout == null) {
            layout = later.layout;
            firstLsn = later.firstLsn;
        }
        endLsn = later.endLsn;
        for (int rmgr = 0; rmgr < sums.length; rmgr++) {
            if (later.sums[rmgr] != null) {
                long[] row = sums[rmgr] == null ? newRow(rmgr) : sums[rmgr];
                for (int i = 0; i < row.length; i++) {
                    row[i] += later.sums[rmgr][i];
                }
            }
        }
    }

    @Override
    public void clear() {
        for (long[] row : sums) {
            if (row != null) {
                Arrays.fill(row, 0);
            }
        }
        layout = null;
        firstLsn = 0;
        endLsn = 0;
    }

    @Override
    public void report(DumpCommand.Format format, boolean sorted, ByteOutput out) {
        StatisticsTable table = byRecord
                ? new StatisticsTable(List.of("resource_manager", "record_type"), "Type", false)
                : new StatisticsTable(List.of("resource_manager"), "Type", false);
        for (int rmgr = 0; rmgr <= Rmgr.MAX_ID; rmgr++) {
            if (rmgr >= Rmgr.CORE_COUNT && rmgr < Rmgr.MIN_CUSTOM_ID) {
                continue;
            }
            addRows(table, rmgr);
        }
        if (sorted) {
            table.sort(top);
        }
        table.write(format, firstLsn, endLsn, out);
    }

    private void addRows(StatisticsTable table, int rmgr) {
        long[] row = sums[rmgr] == null ? new long[3 * TYPES] : sums[rmgr];
        long[] all = new long[3];
        for (int type = 0; type < TYPES; type++) {
            int at = 3 * type;
            if (byRecord && row[at] > 0) {
                table.add(
                        List.of(Rmgr.name(rmgr), Rmgr.typeName(layout, rmgr, type << 4)),
                        row[at],
                        row[at + 1],
                        row[at + 2]);
            }
            for (int i = 0; i < 3; i++) {
                all[i] += row[at + i];
            }
        }
        // As pg_waldump: those of core have a row even without records.
        if (!byRecord && (rmgr < Rmgr.CORE_COUNT || all[0] > 0)) {
            table.add(List.of(Rmgr.name(rmgr)), all[0], all[1], all[2]);
        }
    }
}
