package dev.walker.heatmap;

import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What pageinspect, pg_xact_status and pg_get_multixact_members say about the dead tuples of a database. */
public final class PageOracle {
    /** A page. */
    public record Page(long lsn, List<Integer> dead) {}

    /** A heap. */
    public record Heap(
            RelFileLocator locator, String name, boolean catalog, Map<Long, Page> pages, long pgstattupleDead) {}

    private static final String HEAPS = "SELECT c.oid, c.oid::regclass::text, c.oid < 16384,"
            + " CASE WHEN c.relisshared THEN 1664 WHEN c.reltablespace = 0 THEN d.dattablespace ELSE c.reltablespace END,"
            + " CASE WHEN c.relisshared THEN 0 ELSE d.oid END, pg_relation_filenode(c.oid),"
            + " (pgstattuple(c.oid)).dead_tuple_count, pg_relation_size(c.oid) / 8192"
            + " FROM pg_class c, pg_database d WHERE d.datname = current_database() AND c.relkind IN ('r', 'm', 't')"
            + " AND c.relpersistence = 'p' AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'heap') ORDER BY c.oid";

    // HeapTupleSatisfiesDirty: first the inserter, then the deleter.
    private static final String PAGES = "SELECT b, (SELECT lsn FROM page_header(p)), array("
            + "SELECT lp FROM heap_page_items(p), LATERAL (SELECT t_infomask AS im, t_infomask & 768 AS xmin_hint) h"
            + " WHERE lp_flags = 1 AND CASE"
            + " WHEN xmin_hint = 512 THEN true"
            + " WHEN xmin_hint = 0 AND t_xmin::text = '0' THEN true"
            + " WHEN xmin_hint = 0 AND t_xmin::text::int > 2 AND pg_xact_status(t_xmin::text::xid8) = 'aborted' THEN true"
            + " WHEN xmin_hint = 0 AND t_xmin::text::int > 2 AND pg_xact_status(t_xmin::text::xid8) = 'in progress'"
            + " THEN false"
            + " WHEN im & 2048 <> 0 OR im & 128 <> 0 OR im & 4176 = 64 THEN false"
            + " WHEN im & 1024 <> 0 THEN true"
            + " WHEN im & 4096 <> 0 THEN EXISTS (SELECT FROM pg_get_multixact_members(t_xmax) m"
            + " WHERE m.mode IN ('upd', 'nokeyupd') AND pg_xact_status(m.xid::text::xid8) = 'committed')"
            + " ELSE pg_xact_status(t_xmax::text::xid8) = 'committed' END ORDER BY lp)"
            + " FROM (SELECT b, get_raw_page(?, 'main', b::int) AS p FROM generate_series(0, ?::bigint - 1) b"
            + " OFFSET 0) x WHERE octet_length(p) > 0";

    private PageOracle() {}

    /** All heaps of the database that have storage, page by page. */
    public static List<Heap> heaps(Connection connection) throws SQLException {
        List<Object[]> found = new ArrayList<>();
        List<Heap> heaps = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(HEAPS)) {
            while (rows.next()) {
                RelFileLocator locator = new RelFileLocator(rows.getLong(4), rows.getLong(5), rows.getLong(6));
                found.add(new Object[] {locator, rows.getString(2), rows.getBoolean(3), rows.getLong(7), rows.getLong(8)
                });
            }
        }
        try (var statement = connection.prepareStatement(PAGES)) {
            for (Object[] heap : found) {
                Map<Long, Page> pages = new TreeMap<>();
                statement.setString(1, (String) heap[1]);
                statement.setLong(2, (Long) heap[4]);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        List<Integer> dead = new ArrayList<>();
                        Array array = rows.getArray(3);
                        for (Object item : (Object[]) array.getArray()) {
                            dead.add(((Number) item).intValue());
                        }
                        pages.put(rows.getLong(1), new Page(Lsn.parse(rows.getString(2)), dead));
                    }
                }
                heaps.add(
                        new Heap((RelFileLocator) heap[0], (String) heap[1], (Boolean) heap[2], pages, (Long) heap[3]));
            }
        }
        return heaps;
    }

    public static Map<RelFileLocator, Heap> byLocator(List<Heap> heaps) {
        Map<RelFileLocator, Heap> map = new HashMap<>();
        heaps.forEach(heap -> map.put(heap.locator(), heap));
        return map;
    }
}
