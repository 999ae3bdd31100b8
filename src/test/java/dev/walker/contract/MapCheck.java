package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.heatmap.PageOracle;
import dev.walker.testing.TestServer;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.roaringbitmap.RoaringBitmap;

/**
 * The map in the tables against pageinspect and pgstattuple, item by item: what is known must be equal, and of what is not
 * known nothing may be wrong. Nothing may be running on the server.
 *
 * @param pages compared pages
 * @param knownPages those of them that the map says it knows
 * @param dead dead tuples of all compared pages
 * @param unknownHeaps tables of users that have a page which is not known
 */
record MapCheck(int pages, int knownPages, long dead, Set<String> unknownHeaps) {
    private static final int BLOCKS_OF_CHUNK = 128;
    private static final int OFFNUM_BITS = 9;
    private static final int ATTEMPTS = 5;
    private static final int SHOWN = 20;

    /** What the tables have of a heap. */
    private static final class Mapped {
        boolean createdInWal;
        long deadTuples;
        final Map<Integer, byte[]> known = new HashMap<>();
        final Map<Integer, RoaringBitmap> dead = new HashMap<>();

        boolean isKnown(long block) {
            byte[] bits = known.get((int) (block / BLOCKS_OF_CHUNK));
            int bit = (int) (block % BLOCKS_OF_CHUNK);
            return createdInWal || bits != null && (bits[bit / 8] >> bit % 8 & 1) != 0;
        }

        List<Integer> deadItems(long block) {
            List<Integer> items = new ArrayList<>();
            RoaringBitmap bitmap = dead.get((int) (block / BLOCKS_OF_CHUNK));
            if (bitmap != null) {
                int first = (int) (block % BLOCKS_OF_CHUNK) << OFFNUM_BITS;
                for (int item = 1; item < 1 << OFFNUM_BITS; item++) {
                    if (bitmap.contains(first + item)) {
                        items.add(item);
                    }
                }
            }
            return items;
        }
    }

    /** Compares a server that keeps its own map. */
    static MapCheck of(WalkedServer walked) throws SQLException, IOException {
        return of(walked.server(), walked.server());
    }

    /**
     * Waits for the walk, and compares.
     *
     * @param truth the server that is walked
     * @param map the server that has schema {@code walker}
     */
    static MapCheck of(TestServer truth, TestServer map) throws SQLException, IOException {
        for (int attempt = 1; ; attempt++) {
            // The walker may save in the server that it walks, without waiting for its commits to be flushed; until
            // they are, hint bits are not set for transactions beside them either, and comparing sets them.
            walkToEnd(truth, map);
            heaps(truth);
            String end = walkToEnd(truth, map);
            try {
                return compare(truth, map, end);
            } catch (ChangedMeanwhile e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Pages were changed after the LSN of the comparison; those that were not are equal. */
    private static final class ChangedMeanwhile extends AssertionError {
        private static final long serialVersionUID = 1;

        ChangedMeanwhile(List<String> pages) {
            super("changed meanwhile: " + pages.subList(0, Math.min(SHOWN, pages.size())));
        }
    }

    private static String walkToEnd(TestServer truth, TestServer map) throws SQLException {
        truth.execute("SELECT pg_logical_emit_message(true, 'test', 'flushes what is before it')");
        String end = truth.query("SELECT pg_current_wal_insert_lsn()");
        assertEquals(
                "t",
                map.query("SELECT walker.wait_for('" + end + "', '2 min')"),
                () -> "the walk does not get to " + end + "\n" + status(map));
        return end;
    }

    /** Reads all pages as the comparison does, so that hint bits are set before. */
    static void heaps(TestServer truth) throws SQLException, IOException {
        try (Connection connection = truth.jdbc()) {
            PageOracle.heaps(connection);
        }
    }

    /** Compares as of an LSN up to which everything is walked. */
    static MapCheck compare(TestServer truth, TestServer map, String end) throws SQLException, IOException {
        return compare(truth, map, Lsn.parse(end));
    }

    private static String status(TestServer map) {
        try {
            return map.query("SELECT s::text FROM walker.status() s");
        } catch (SQLException e) {
            return e.toString();
        }
    }

    private static MapCheck compare(TestServer truth, TestServer map, long end) throws SQLException, IOException {
        Map<RelFileLocator, Mapped> mapped =
                read(map, truth.query("SELECT system_identifier FROM pg_control_system()"));
        List<String> differences = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        Set<String> unknownHeaps = new TreeSet<>();
        int pages = 0;
        int knownPages = 0;
        long dead = 0;
        try (Connection connection = truth.jdbc()) {
            Set<Long> own = own(connection);
            for (PageOracle.Heap heap : PageOracle.heaps(connection)) {
                if (own.contains(heap.locator().relNumber())) {
                    continue;
                }
                Mapped found = mapped.getOrDefault(heap.locator(), new Mapped());
                boolean allKnown = true;
                for (Map.Entry<Long, PageOracle.Page> entry : heap.pages().entrySet()) {
                    PageOracle.Page page = entry.getValue();
                    boolean known = found.isKnown(entry.getKey());
                    List<Integer> items = found.deadItems(entry.getKey());
                    pages++;
                    knownPages += known ? 1 : 0;
                    dead += page.dead().size();
                    allKnown &= known;
                    if (Lsn.isBefore(end, page.lsn())) {
                        allKnown = false;
                        if (!heap.catalog() && !heap.name().startsWith("pg_toast")) {
                            changed.add(heap.name() + " block " + entry.getKey());
                        }
                    } else if (known ? !items.equals(page.dead()) : !page.dead().containsAll(items)) {
                        differences.add(heap.name() + " " + heap.locator() + " block " + entry.getKey() + ", known "
                                + known + ": found " + items + ", wanted " + page.dead());
                    }
                }
                if (!allKnown && !heap.catalog()) {
                    unknownHeaps.add(heap.name());
                }
                if (allKnown && !heap.pages().isEmpty() && found.deadTuples != heap.pgstattupleDead()) {
                    differences.add(heap.name() + " has " + found.deadTuples + ", pgstattuple counts "
                            + heap.pgstattupleDead());
                }
            }
        }
        assertTrue(
                differences.isEmpty(),
                () -> differences.size() + " differences\n"
                        + String.join("\n", differences.subList(0, Math.min(SHOWN, differences.size()))));
        if (!changed.isEmpty()) {
            throw new ChangedMeanwhile(changed);
        }
        assertTrue(pages > 0, "nothing was compared");
        return new MapCheck(pages, knownPages, dead, unknownHeaps);
    }

    private static Set<Long> own(Connection connection) throws SQLException {
        Set<Long> files = new HashSet<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("WITH own AS (SELECT oid, reltoastrelid FROM pg_class"
                        + " WHERE relnamespace::regnamespace::text = 'walker')"
                        + " SELECT pg_relation_filenode(oid) FROM own"
                        + " UNION SELECT pg_relation_filenode(reltoastrelid) FROM own WHERE reltoastrelid <> 0")) {
            while (rows.next()) {
                files.add(rows.getLong(1));
            }
        }
        return files;
    }

    private static Map<RelFileLocator, Mapped> read(TestServer map, String systemIdentifier)
            throws SQLException, IOException {
        Map<RelFileLocator, Mapped> heaps = new HashMap<>();
        String source = " WHERE source_id = (SELECT source_id FROM walker.source WHERE system_identifier = "
                + systemIdentifier + ")";
        try (Connection connection = map.jdbc();
                Statement statement = connection.createStatement()) {
            try (ResultSet rows = statement.executeQuery("SELECT spc_oid, db_oid, relfilenode, created_in_wal,"
                    + " dead_tuples FROM walker.heatmap_relation" + source)) {
                while (rows.next()) {
                    Mapped heap = new Mapped();
                    heap.createdInWal = rows.getBoolean(4);
                    heap.deadTuples = rows.getLong(5);
                    heaps.put(new RelFileLocator(rows.getLong(1), rows.getLong(2), rows.getLong(3)), heap);
                }
            }
            try (ResultSet rows = statement.executeQuery(
                    "SELECT spc_oid, db_oid, relfilenode, chunk, known, dead FROM walker.heatmap_chunk" + source)) {
                while (rows.next()) {
                    Mapped heap = heaps.get(new RelFileLocator(rows.getLong(1), rows.getLong(2), rows.getLong(3)));
                    heap.known.put(rows.getInt(4), rows.getBytes(5));
                    if (rows.getBytes(6) != null) {
                        RoaringBitmap dead = new RoaringBitmap();
                        dead.deserialize(ByteBuffer.wrap(rows.getBytes(6)));
                        heap.dead.put(rows.getInt(4), dead);
                    }
                }
            }
        }
        return heaps;
    }
}
