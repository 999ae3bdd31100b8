package dev.walker.host.report;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/**
 * The figures of a table, from {@code walker.garbage()}, {@code walker.garbage_history()} and the server's statistics.
 *
 * @param oid its OID
 * @param name as SQL has it
 * @param bytes size of its heap
 * @param pages blocks of its heap
 * @param deadTuples exact number of dead tuples, as far as its pages are known
 * @param statDeadTuples {@code n_dead_tup}, an estimate; -1 if there is none
 * @param deadBytes estimate of the bytes they take
 * @param dirtyPages pages with garbage
 * @param hottestShare share of the garbage that is in the hottest of 64 ranges
 * @param complete whether all pages are known
 * @param changes inserts, updates, HOT updates, deletes, tuples of rolled back inserts, tuples reclaimed; since the walk began
 * @param lastVacuum when it was vacuumed last, as text; null if never
 * @param walBytes WAL in its history
 * @param images full-page images in its history
 */
record TableRow(
        long oid,
        String name,
        long bytes,
        long pages,
        long deadTuples,
        long statDeadTuples,
        long deadBytes,
        long dirtyPages,
        double hottestShare,
        boolean complete,
        Changes changes,
        String lastVacuum,
        long walBytes,
        long images) {

    /** What happened since the walk began, in rows. */
    record Changes(long inserts, long updates, long hotUpdates, long deletes, long aborted, long pruned) {}

    private static final String SQL = "SELECT g.*, g.relation::oid::bigint AS oid, g.relation::text AS name,"
            + " coalesce(pg_catalog.pg_relation_size(g.relation), 0) AS bytes,"
            + " coalesce(pg_catalog.pg_relation_size(g.relation), 0)"
            + " / pg_catalog.current_setting('block_size')::bigint AS pages,"
            + " coalesce(s.n_dead_tup, -1) AS n_dead_tup,"
            + " pg_catalog.to_char(greatest(s.last_vacuum, s.last_autovacuum), 'YYYY-MM-DD HH24:MI') AS vacuumed,"
            + " coalesce(h.wal_bytes, 0) AS wal_bytes, coalesce(h.fpi, 0) AS fpi"
            + " FROM walker.garbage() g"
            + " LEFT JOIN walker.garbage_history() h USING (relation)"
            + " LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = g.relation"
            + " WHERE g.dead_tuples > 0 OR h.dead_tuples_born > 0"
            + " ORDER BY g.dead_bytes_estimate DESC, g.dead_tuples DESC, h.dead_tuples_born DESC NULLS LAST, name"
            + " LIMIT ?";

    /** The worst tables, the worst first: those with the most bytes of garbage. */
    static List<TableRow> worst(Connection connection, int top) throws SQLException {
        return Query.list(connection, SQL, TableRow::of, top);
    }

    private static TableRow of(ResultSet row) throws SQLException {
        return new TableRow(
                row.getLong("oid"),
                row.getString("name"),
                row.getLong("bytes"),
                row.getLong("pages"),
                row.getLong("dead_tuples"),
                row.getLong("n_dead_tup"),
                row.getLong("dead_bytes_estimate"),
                row.getLong("pages_with_garbage"),
                row.getDouble("hottest_range_share"),
                row.getBoolean("complete"),
                new Changes(
                        row.getLong("inserts"),
                        row.getLong("updates"),
                        row.getLong("hot_updates"),
                        row.getLong("deletes"),
                        row.getLong("aborted_tuples"),
                        row.getLong("pruned_tuples")),
                row.getString("vacuumed"),
                row.getLong("wal_bytes"),
                row.getLong("fpi"));
    }

    /** The id of its part of the page. */
    String id() {
        return "t" + oid;
    }
}
