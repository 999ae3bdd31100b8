package dev.walker.host.report;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/**
 * The figures of a table, from {@code walker.garbage()}, {@code walker.garbage_history()} and the server's statistics.
 *
 * @param key what it goes by, see {@link Scope}
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
 * @param lastVacuum when it was vacuumed last, as text; empty if that is not known
 * @param walBytes WAL in its history
 * @param images full-page images in its history
 */
record TableRow(
        String key,
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

    private static final String HERE = "SELECT g.*, g.relation::oid::text AS key, g.relation::text AS name,"
            + " f.bytes, f.bytes / pg_catalog.current_setting('block_size')::bigint AS pages,"
            // The view of these would be made anew for each table.
            + " coalesce(pg_catalog.pg_stat_get_dead_tuples(g.relation), -1) AS n_dead_tup, coalesce(pg_catalog.to_char("
            + "greatest(pg_catalog.pg_stat_get_last_vacuum_time(g.relation),"
            + " pg_catalog.pg_stat_get_last_autovacuum_time(g.relation)), 'YYYY-MM-DD HH24:MI'), 'never') AS vacuumed,"
            + " coalesce(h.wal_bytes, 0) AS wal_bytes, coalesce(h.fpi, 0) AS fpi"
            + " FROM walker.garbage() g"
            // Nobody is to wait for a table that is locked.
            + " CROSS JOIN LATERAL (SELECT coalesce(CASE WHEN g.relation::oid NOT IN (SELECT l.relation"
            + " FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'"
            + " AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid())"
            + " THEN pg_catalog.pg_relation_size(g.relation) END, (SELECT c.relpages FROM pg_catalog.pg_class c"
            + " WHERE c.oid = g.relation) * pg_catalog.current_setting('block_size')::bigint, 0) AS bytes) f"
            + " LEFT JOIN walker.garbage_history() h USING (relation)";

    /** Sizes are those that were seen last, of statistics there are none. */
    private static final String ELSEWHERE = "SELECT g.*, coalesce(n.key, g.relation) AS key, pg_catalog.concat_ws('.',"
            + " g.database, g.schema, g.relation) || coalesce(' (of ' || g.toast_of || ')', '') AS name,"
            + " coalesce(n.blocks, 0) * pg_catalog.current_setting('block_size')::bigint AS bytes,"
            + " coalesce(n.blocks, 0) AS pages, -1 AS n_dead_tup, '' AS vacuumed,"
            + " coalesce(h.wal_bytes, 0)::bigint AS wal_bytes, coalesce(h.fpi, 0)::bigint AS fpi"
            + " FROM %1$s"
            + " LEFT JOIN LATERAL (SELECT r.spc_oid || '/' || r.db_oid || '/' || r.relfilenode AS key, r.blocks"
            + " FROM walker.relation r WHERE r.source_id = %2$s AND r.relfilenode = g.relfilenode"
            + " AND (r.schema, r.name) = (g.schema, g.relation) AND r.database IS NOT DISTINCT FROM g.database LIMIT 1) n"
            + " ON true"
            + " LEFT JOIN (SELECT o.database, o.schema, o.relation, pg_catalog.sum(o.wal_bytes) AS wal_bytes,"
            + " pg_catalog.sum(o.fpi) AS fpi, pg_catalog.sum(o.dead_tuples_born) AS dead_tuples_born"
            + " FROM %3$s o GROUP BY 1, 2, 3) h ON (h.database, h.schema, h.relation)"
            + " IS NOT DISTINCT FROM (g.database, g.schema, g.relation)";

    private static final String WORST = " WHERE g.dead_tuples > 0 OR h.dead_tuples_born > 0"
            + " ORDER BY g.dead_bytes_estimate DESC NULLS LAST, g.dead_tuples DESC, h.dead_tuples_born DESC NULLS LAST, name"
            + " LIMIT ?";

    /** The worst tables, the worst first: those with the most bytes of garbage. */
    static List<TableRow> worst(Connection connection, Scope scope, int top) throws SQLException {
        String sql = scope.source().isEmpty()
                ? HERE
                : String.format(ELSEWHERE, scope.garbage(), scope.id(), scope.history());
        return Query.list(connection, sql + WORST, TableRow::of, top);
    }

    private static TableRow of(ResultSet row) throws SQLException {
        return new TableRow(
                row.getString("key"),
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

    /** Whether the size is known, which that of a table in a database that the walker may not enter is not. */
    boolean isSizeKnown() {
        return pages > 0 || dirtyPages == 0;
    }

    /** The id of its part of the page. */
    String id() {
        return "t" + key.replace('/', '-');
    }
}
