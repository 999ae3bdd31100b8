package dev.walker.heatmap;

import dev.walker.spi.PluginContext;
import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Type;
import java.time.Instant;
import java.util.function.Consumer;

/** Rows of the history. */
final class HistoryTables {
    static final TableSpec RELATION = TableSpec.named("heatmap_history_relation")
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .value("history_id", Type.BIGINT)
            .value("relation_oid", Type.OID)
            .value("oldest_minutes", Type.TIMESTAMPTZ)
            .value("oldest_fives", Type.TIMESTAMPTZ)
            .value("oldest_hours", Type.TIMESTAMPTZ)
            .build();
    static final TableSpec BUCKET = bucketSpec();

    private static final int KEYS = 4;
    private static final int FIRST_METRIC = KEYS + 4;

    /** Receives a row. */
    interface Rows {
        void accept(HistoryLayer layer, long bucket, HistoryCells cells);
    }

    private final StateTable relations;
    private final StateTable buckets;

    HistoryTables(PluginContext context) {
        relations = context.table(RELATION);
        buckets = context.table(BUCKET);
    }

    private static TableSpec bucketSpec() {
        TableSpec.Builder spec = TableSpec.named("heatmap_history")
                .key("history_id", Type.BIGINT)
                .key("seconds", Type.INTEGER)
                .key("part", Type.TIMESTAMPTZ)
                .key("bucket", Type.TIMESTAMPTZ)
                .value("range_blocks", Type.BIGINT)
                .value("first_range", Type.INTEGER)
                .value("ranges", Type.INTEGER)
                .value("totals", Type.BIGINT_ARRAY);
        HistoryMetric.COLUMNS.forEach(column -> spec.value(column, Type.BIGINT_ARRAY));
        return spec.build();
    }

    // Files

    /** Gives all rows. */
    void loadRelations(Consumer<Object[]> rows) {
        relations.scan(rows);
    }

    /** Takes identity and parts from a row. */
    static void fill(RelationHistory history, Object[] row) {
        history.id = (Long) row[3];
        history.oid = (Long) row[4];
        for (int layer = 0; layer < history.oldest.length; layer++) {
            Instant oldest = (Instant) row[5 + layer];
            history.oldest[layer] = oldest == null ? RelationHistory.NONE : oldest.getEpochSecond();
        }
        history.newestMinute = RelationHistory.UNKNOWN;
    }

    void putRelation(RelationHistory history) {
        Relation relation = history.relation;
        relations.put(
                relation.spcOid,
                relation.dbOid,
                relation.relNumber,
                history.id,
                history.oid,
                instantOrNull(history.oldest[0]),
                instantOrNull(history.oldest[1]),
                instantOrNull(history.oldest[2]));
    }

    void deleteRelation(Relation relation) {
        relations.delete(relation.spcOid, relation.dbOid, relation.relNumber);
    }

    private static Instant instantOrNull(long time) {
        return time == RelationHistory.NONE ? null : instant(time);
    }

    private static Instant instant(long time) {
        return Instant.ofEpochSecond(time);
    }

    // Buckets

    /** Gives the rows of a part. */
    void readPart(long id, HistoryLayer layer, long part, Rows rows) {
        buckets.scan(row -> give(layer, row, rows), id, layer.seconds, instant(part));
    }

    /** Gives all rows of a layer. */
    void readLayer(long id, HistoryLayer layer, Rows rows) {
        buckets.scan(row -> give(layer, row, rows), id, layer.seconds);
    }

    /** Adds what the row of a bucket has; nothing if there is no such row. */
    void addTo(HistoryCells cells, long id, HistoryLayer layer, long bucket) {
        buckets.scan(row -> cells.addAll(cells(row)), id, layer.seconds, instant(layer.part(bucket)), instant(bucket));
    }

    private static void give(HistoryLayer layer, Object[] row, Rows rows) {
        rows.accept(layer, ((Instant) row[3]).getEpochSecond(), cells(row));
    }

    private static HistoryCells cells(Object[] row) {
        long rangeBlocks = (Long) row[KEYS];
        int first = (Integer) row[KEYS + 1];
        int ranges = (Integer) row[KEYS + 2];
        if (Long.bitCount(rangeBlocks) != 1 || first < 0 || ranges < 1 || first + ranges > HistoryCells.MOST_RANGES) {
            throw damaged(row, "range_blocks " + rangeBlocks + ", first_range " + first + " and ranges " + ranges);
        }
        HistoryCells cells = new HistoryCells(Long.numberOfTrailingZeros(rangeBlocks));
        for (int metric = 0; metric < HistoryMetric.COUNT; metric++) {
            long[] column = (long[]) row[FIRST_METRIC + metric];
            if (column != null && column.length != ranges) {
                throw damaged(
                        row,
                        column.length + " elements in column " + HistoryMetric.COLUMNS.get(metric) + ", wanted "
                                + ranges);
            }
            for (int i = 0; column != null && i < ranges; i++) {
                if (column[i] != 0) {
                    cells.add((first + i) * rangeBlocks, metric, column[i]);
                }
            }
        }
        return cells;
    }

    private static IllegalStateException damaged(Object[] row, String what) {
        return new IllegalStateException("the row of walker." + BUCKET.name() + " with history_id " + row[0]
                + ", seconds " + row[1] + ", bucket " + row[3] + " has " + what + "; reset the heatmap");
    }

    /** Writes the row of a bucket, in place of the one that is there. */
    void write(long id, HistoryLayer layer, long bucket, HistoryCells cells) {
        int first = cells.firstRange();
        if (first < 0) {
            buckets.delete(id, layer.seconds, instant(layer.part(bucket)), instant(bucket));
            return;
        }
        int last = cells.lastRange();
        Object[] row = new Object[FIRST_METRIC + HistoryMetric.COUNT];
        row[0] = id;
        row[1] = layer.seconds;
        row[2] = instant(layer.part(bucket));
        row[3] = instant(bucket);
        row[KEYS] = cells.rangeBlocks();
        row[KEYS + 1] = first;
        row[KEYS + 2] = last - first + 1;
        row[KEYS + 3] = cells.totals();
        for (int metric = 0; metric < HistoryMetric.COUNT; metric++) {
            row[FIRST_METRIC + metric] = cells.column(metric, first, last);
        }
        buckets.put(row);
    }

    void deletePart(long id, HistoryLayer layer, long part) {
        buckets.delete(id, layer.seconds, instant(part));
    }

    void deleteAll(long id) {
        buckets.delete(id);
    }
}
