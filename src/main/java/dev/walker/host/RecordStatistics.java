package dev.walker.host;

import dev.walker.rmgr.Rmgr;
import dev.walker.wal.RecordCounts;
import dev.walker.wal.WalRecord;
import java.util.List;
import java.util.Optional;

/** Number and size of records by resource manager, or by record type: what {@code pg_waldump --stats} counts. */
final class RecordStatistics implements Statistics<RecordStatistics> {
    /** Bit 0x80 of {@code xl_info} of transaction records is not of the type. */
    private static final int XACT_FLAG = 0x80;

    private final boolean byRecord;
    private final RecordFilter filter;
    private final int top;
    private final RecordCounts counts = new RecordCounts();

    RecordStatistics(boolean byRecord, RecordFilter filter, int top) {
        this.byRecord = byRecord;
        this.filter = filter;
        this.top = top;
    }

    @Override
    public void add(WalRecord record) {
        if (filter.accepts(record)) {
            counts.add(record);
        }
    }

    @Override
    public Optional<RecordCounts> counts() {
        return filter.acceptsEverything() ? Optional.of(counts) : Optional.empty();
    }

    @Override
    public void merge(RecordStatistics later) {
        counts.add(later.counts);
    }

    @Override
    public void clear() {
        counts.clear();
    }

    @Override
    public void report(DumpCommand.Format format, boolean sorted, long firstLsn, ByteOutput out) {
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
        table.write(format, firstLsn, counts.endLsn(), out);
    }

    private void addRows(StatisticsTable table, int rmgr) {
        long[] all = new long[3];
        for (int type = 0; type < RecordCounts.TYPES; type++) {
            int info = type << 4;
            if (rmgr == Rmgr.XACT.id() && (info & XACT_FLAG) != 0) {
                continue;
            }
            long[] row = sums(rmgr, info);
            if (byRecord && row[0] > 0) {
                table.add(List.of(Rmgr.name(rmgr), Rmgr.typeName(counts.layout(), rmgr, info)), row[0], row[1], row[2]);
            }
            for (int i = 0; i < row.length; i++) {
                all[i] += row[i];
            }
        }
        // As pg_waldump: those of core have a row even without records.
        if (!byRecord && (rmgr < Rmgr.CORE_COUNT || all[0] > 0)) {
            table.add(List.of(Rmgr.name(rmgr)), all[0], all[1], all[2]);
        }
    }

    /** Number, bytes without images and bytes of images of the records of a type. */
    private long[] sums(int rmgr, int info) {
        long[] row = {counts.count(rmgr, info), counts.recordBytes(rmgr, info), counts.imageBytes(rmgr, info)};
        if (rmgr == Rmgr.XACT.id()) {
            row[0] += counts.count(rmgr, info | XACT_FLAG);
            row[1] += counts.recordBytes(rmgr, info | XACT_FLAG);
            row[2] += counts.imageBytes(rmgr, info | XACT_FLAG);
        }
        return row;
    }
}
