package dev.walker.host.report;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the charts of a table are drawn from, as JSON:
 *
 * <pre>
 * blockSize, blocks (of the table), extent (blocks that history knows of), rangeBlocks (blocks in a range of history)
 * from, to              seconds since 1970 between which there is history
 * dead                  garbage there was: begin and duration (seconds, from "from"), block (the first one), value
 * events                what happened: begin, duration, block, and a column for each other {@link Metric}
 * ranges                garbage there is: first, last, dead, aborted, pages
 * </pre>
 */
final class TableData {
    private static final List<Metric> EVENT_METRICS =
            Arrays.stream(Metric.values()).filter(Metric::isEvent).toList();
    /** Columns before those of metrics. */
    private static final List<String> PLACE = List.of("begin", "duration", "block");

    private static final int MOST_COLUMNS = 240;

    private static final String SINCE = "coalesce(pg_catalog.now() - nullif(?, '')::interval, '-infinity')";

    private static final String EXTENT =
            "WITH e AS (SELECT f.first, greatest(f.last, pg_catalog.now()) AS last, f.blocks"
                    + " FROM walker._history_extent(%1$s, " + SINCE
                    + ") f WHERE f.first IS NOT NULL),"
                    + " s AS (SELECT e.*, walker._history_step(e.first, e.last, " + MOST_COLUMNS + ") AS step FROM e)"
                    + " SELECT pg_catalog.extract('epoch', walker._history_column(s.first, s.step, s.step))::bigint,"
                    + " pg_catalog.ceil(pg_catalog.extract('epoch', s.last))::bigint, s.blocks, s.step::text,"
                    + " walker._history_range_blocks(%1$s, " + SINCE
                    + ", ?) FROM s WHERE s.blocks > 0";

    private static final String DEAD = "SELECT pg_catalog.extract('epoch', l.begin)::bigint,"
            + " pg_catalog.extract('epoch', l.finish)::bigint, l.first_block, l.value::bigint"
            + " FROM walker._history_levels(%1$s, " + SINCE + ", ?, ?::interval,"
            + " pg_catalog.to_timestamp(?)) l";

    private record Extent(long from, long to, long blocks, String step, long rangeBlocks) {}

    private final TableRow table;
    private final long blockSize;
    private final List<Heat.Range> ranges;
    private final Extent extent;
    private final LongTable dead;
    private final LongTable events;

    private TableData(Connection connection, Scope scope, TableRow table, ReportOptions options) throws SQLException {
        this.table = table;
        blockSize =
                Query.one(connection, "SELECT pg_catalog.current_setting('block_size')::bigint", row -> row.getLong(1));
        ranges = Heat.read(connection, scope, table.key(), options.ranges());
        extent = Query.list(
                        connection,
                        String.format(EXTENT, scope.heap()),
                        row -> new Extent(
                                row.getLong(1), row.getLong(2), row.getLong(3), row.getString(4), row.getLong(5)),
                        table.key(),
                        options.since(),
                        table.key(),
                        options.since(),
                        options.ranges())
                .stream()
                .findFirst()
                .orElse(null);
        dead = new LongTable("begin", "duration", "block", "value");
        events = new LongTable(
                Stream.concat(PLACE.stream(), EVENT_METRICS.stream().map(Metric::key))
                        .toArray(String[]::new));
        if (extent != null) {
            readHistory(connection, scope, options);
        }
    }

    /** Reads what there is about a table. It is all read before any of it is written. */
    static TableData read(Connection connection, Scope scope, TableRow table, ReportOptions options)
            throws SQLException {
        return new TableData(connection, scope, table, options);
    }

    private static String events(Scope scope) {
        StringBuilder sql = new StringBuilder("SELECT pg_catalog.extract('epoch', walker._history_column(h.bucket,"
                + " h.duration, s.step))::bigint, pg_catalog.extract('epoch', greatest(h.duration, s.step))::bigint,"
                + " h.first_block");
        for (Metric metric : EVENT_METRICS) {
            sql.append(", pg_catalog.sum(h.").append(metric.column()).append(")::bigint");
        }
        return sql.append(" FROM (SELECT ?::interval AS step) s, ")
                .append(scope.ofTable("heatmap_history", ", " + SINCE + ", ?"))
                .append(" h GROUP BY 1, 2, 3 ORDER BY 1, 3")
                .toString();
    }

    private void readHistory(Connection connection, Scope scope, ReportOptions options) throws SQLException {
        Query.each(
                connection,
                String.format(DEAD, scope.heap()),
                row -> {
                    long begin = row.getLong(1);
                    dead.add(begin - extent.from, row.getLong(2) - begin, row.getLong(3), row.getLong(4));
                },
                table.key(),
                options.since(),
                options.ranges(),
                extent.step,
                extent.to);
        Query.each(
                connection,
                events(scope),
                row -> {
                    long[] values = new long[PLACE.size() + EVENT_METRICS.size()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = row.getLong(i + 1);
                    }
                    values[0] -= extent.from;
                    events.add(values);
                },
                extent.step,
                table.key(),
                options.since(),
                options.ranges());
    }

    boolean hasHistory() {
        return extent != null;
    }

    boolean hasGarbage() {
        return ranges.stream().anyMatch(range -> range.dead() > 0);
    }

    void write(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeNumberField("blockSize", blockSize);
        // The map may know of more blocks than the size that was seen last, which may not be known at all.
        long mapped = ranges.isEmpty() ? 0 : ranges.get(ranges.size() - 1).last() + 1;
        json.writeNumberField("blocks", Math.max(table.pages(), mapped));
        if (extent != null) {
            json.writeNumberField("from", extent.from);
            json.writeNumberField("to", extent.to);
            json.writeNumberField("extent", extent.blocks);
            json.writeNumberField("rangeBlocks", extent.rangeBlocks);
            json.writeFieldName("dead");
            dead.write(json);
            json.writeFieldName("events");
            events.write(json);
        }
        LongTable columns = new LongTable("first", "last", "dead", "aborted", "pages");
        for (Heat.Range range : ranges) {
            columns.add(range.first(), range.last(), range.dead(), range.aborted(), range.pages());
        }
        json.writeFieldName("ranges");
        columns.write(json);
        json.writeEndObject();
    }
}
