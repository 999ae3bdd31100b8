package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A server with schema {@code walker} in database {@code postgres}, and a walker of some host that can be started. */
abstract class WalkedServer implements AutoCloseable {
    /** The jar that was packaged before the integration tests. */
    static final Path JAR = Path.of(System.getProperty("walker.jar", "target/walker.jar"));
    /** The one that goes into the server. */
    static final Path SERVER_JAR = Path.of(System.getProperty("walker.server.jar", "target/walker-server.jar"));
    /** The extension files. */
    static final Path SQL = Path.of(System.getProperty("walker.sql", "sql"));

    /** Settings of all test servers: no vacuum behind the test's back. */
    static final String[] SETTINGS = {
        "autovacuum = off", "checkpoint_timeout = 1h", "max_prepared_transactions = 10", "walker.plugins = 'heatmap'",
    };

    private final TestServer server;

    WalkedServer(TestServer server) {
        this.server = server;
    }

    TestServer server() {
        return server;
    }

    /** Starts the walker and returns when it walks. */
    void start() throws Exception {
        start(false);
    }

    /** Starts the walker and returns when it walks. */
    abstract void start(boolean acceptGap) throws Exception;

    /** The JVMs of walkers that are started from now on have no more heap than this. */
    abstract void limitHeap(int megabytes) throws Exception;

    /** What the walker has logged. */
    abstract String told() throws IOException;

    /** The process that walks. */
    abstract long walkerPid() throws SQLException;

    /** The most memory that the walker's process has had, in MB, of which the server's has shared buffers too. */
    long peakResident() throws SQLException, IOException {
        String line = Files.readAllLines(Path.of("/proc", Long.toString(walkerPid()), "status")).stream()
                .filter(each -> each.startsWith("VmHWM:"))
                .findFirst()
                .orElseThrow();
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
    }

    /** The message of a start that is refused because WAL is missing ends with this. */
    abstract String gapHint();

    /** Kills the walker with SIGKILL, and returns when the server takes connections. */
    abstract void kill() throws Exception;

    /** Starts the walker, which is expected to fail; the message. */
    abstract String startFailing(String plugins) throws Exception;

    /** Sets something in the configuration file, and returns when new sessions have it. */
    void configure(String line) throws SQLException {
        server.reload(line);
    }

    void waitForState(String state) throws SQLException, InterruptedException {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!state.equals(server.query("SELECT state FROM walker.status()"))) {
            if (System.nanoTime() > giveUp) {
                throw new AssertionError("the walker is not " + state + ": "
                        + server.query("SELECT string_agg(p::text, E'\\n') FROM walker.plugins() p") + "\n"
                        + server.endOfLog());
            }
            Thread.sleep(50);
        }
    }

    void stop() throws SQLException {
        assertEquals("t", server.query("SELECT walker.stop()"));
    }

    /** Drops all slots, as soon as nobody streams from them or advances them. */
    void dropSlots() throws SQLException, InterruptedException {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try {
                server.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
                return;
            } catch (SQLException e) {
                if (!"55006".equals(e.getSQLState()) || System.nanoTime() > giveUp) {
                    throw e;
                }
                Thread.sleep(20);
            }
        }
    }

    void waitFor() throws SQLException {
        String done = server.query("SELECT walker.wait_for(timeout => '2 min')");
        if (!"t".equals(done)) {
            throw new AssertionError("wait_for() gave " + done + "; status: "
                    + server.query("SELECT s::text FROM walker.status() s") + "\n" + server.endOfLog());
        }
    }

    /** All heaps of the database that the map should know, with the counts of pgstattuple. */
    private Map<String, Long> oracle() throws SQLException {
        return counts("SELECT c.oid::regclass::text, (public.pgstattuple(c.oid)).dead_tuple_count FROM pg_class c"
                + " WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence = 'p'"
                + " AND c.relnamespace NOT IN ('walker'::regnamespace, 'pg_catalog'::regnamespace,"
                + " 'information_schema'::regnamespace)"
                + " AND c.oid NOT IN (SELECT reltoastrelid FROM pg_class"
                + " WHERE relnamespace IN ('walker'::regnamespace, 'pg_catalog'::regnamespace,"
                + " 'information_schema'::regnamespace)) AND c.relnamespace::regnamespace::text <> 'sqlj' AND c.oid NOT IN"
                + " (SELECT reltoastrelid FROM pg_class WHERE relnamespace::regnamespace::text = 'sqlj')"
                + " ORDER BY 1");
    }

    private Map<String, Long> counts(String sql) throws SQLException {
        Map<String, Long> counts = new LinkedHashMap<>();
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                counts.put(rows.getString(1), rows.getLong(2));
            }
        }
        return counts;
    }

    /**
     * Compares the map with pgstattuple, for all tables of the user, and with its history. Nothing may be running, and the
     * history must be as old as the map.
     */
    void assertExact() throws SQLException {
        assertMapExact();
        assertEquals(
                Map.of(),
                counts(
                        "SELECT g.relation::text, g.dead_tuples - coalesce(h.dead_tuples_born - h.dead_tuples_reclaimed"
                                + " + h.learned, 0) FROM walker.garbage() g LEFT JOIN walker.garbage_history() h USING (relation)"
                                + " WHERE g.dead_tuples <> coalesce(h.dead_tuples_born - h.dead_tuples_reclaimed + h.learned, 0)"),
                "dead tuples that the history does not tell of");
    }

    /** Compares the map with pgstattuple, for all tables of the user. Nothing may be running. */
    void assertMapExact() throws SQLException {
        waitFor();
        Map<String, Long> expected = oracle();
        Map<String, Long> garbage =
                counts("SELECT relation::text, dead_tuples FROM walker.garbage() ORDER BY relation::text");
        Map<String, Long> found = new LinkedHashMap<>();
        expected.keySet().forEach(relation -> found.put(relation, garbage.getOrDefault(relation, 0L)));
        assertEquals(expected, found);
        for (String relation : expected.keySet()) {
            if (expected.get(relation) > 0) {
                assertEquals(
                        expected.get(relation).toString(),
                        server.query("SELECT sum(dead_tuples) FROM walker.heatmap('" + relation + "', 7)"),
                        "sum of ranges of " + relation);
                assertEquals(
                        expected.get(relation).toString(),
                        server.query("SELECT sum(dead_tuples) FROM walker.heatmap_pages('" + relation + "')"),
                        "sum of pages of " + relation);
            }
        }
        assertTrue(expected.values().stream().anyMatch(dead -> dead > 0), "no garbage anywhere: " + expected);
    }

    @Override
    public void close() {
        server.close();
    }
}
