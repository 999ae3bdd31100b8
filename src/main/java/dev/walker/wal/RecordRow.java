package dev.walker.wal;

import java.util.List;

/**
 * A record as a row of {@code pg_get_wal_records_info} (contrib/pg_walinspect), all columns but the description. The
 * columns and values are the same for all majors that have the function, 15 and later.
 */
public final class RecordRow {
    /** Names of the columns, in order. */
    public static final List<String> COLUMNS = List.of(
            "start_lsn",
            "end_lsn",
            "prev_lsn",
            "xid",
            "resource_manager",
            "record_type",
            "record_length",
            "main_data_length",
            "fpi_length",
            "block_ref");
    /** SQL types of the columns, in order. */
    public static final List<String> TYPES =
            List.of("pg_lsn", "pg_lsn", "pg_lsn", "xid", "text", "text", "int4", "int4", "int4", "text");

    private RecordRow() {}

    /**
     * The values in the order of {@link #COLUMNS}, as text that SQL can cast to {@link #TYPES}; null is SQL's NULL.
     *
     * <p>{@code record_length} is {@code xl_tot_len}, {@code fpi_length} the bytes of images as they stand in the record;
     * {@code block_ref} is null if there are no block references, empty in 15.
     */
    public static String[] of(WalRecord record) {
        return new String[] {
            Lsn.format(record.lsn()),
            Lsn.format(record.endLsn()),
            Lsn.format(record.prevLsn()),
            Long.toString(record.xid()),
            record.rmgrName(),
            record.typeName(),
            Integer.toString(record.totalLength()),
            Integer.toString(record.mainData().length()),
            Integer.toString(record.fpiLength()),
            record.maxBlockId() < 0 && record.layout().version().major() >= 16 ? null : BlockRefText.format(record)
        };
    }
}
