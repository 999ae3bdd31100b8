package dev.walker.heatmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.jdbc.JdbcSourceServer;
import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.heap.HeapDelete;
import dev.walker.rmgr.heap.HeapOp;
import dev.walker.rmgr.multixact.MultixactCreate;
import dev.walker.spi.SourceServer;
import dev.walker.testing.PlJava;
import dev.walker.testing.TestServer;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The map against pageinspect and pgstattuple, page by page, after a random load. The seed is printed; {@code
 * -Dwalker.seed=N} repeats it, {@code -Dwalker.seconds=N} makes the load longer.
 */
@Tag("server")
class HeatmapIT {
    private static final int SESSIONS = 7;
    /** What each load writes for certain; what it writes besides is printed. */
    private static final List<String> COVERED = List.of(
            "Heap INSERT",
            "Heap INSERT+INIT",
            "Heap DELETE",
            "Heap UPDATE",
            "Heap HOT_UPDATE",
            "Heap LOCK",
            "Heap2 MULTI_INSERT",
            "Heap2 VISIBLE",
            "Storage CREATE",
            "Transaction ABORT",
            "Transaction COMMIT",
            "Transaction PREPARE",
            "Transaction ABORT_PREPARED",
            "multixact with an updater");

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '"',
            value = {
                "15.19.0; wal_level = replica; --data-checksums",
                "16.15.0; wal_level = logical; --wal-segsize=1",
                "17.7.0; full_page_writes = off; --wal-segsize=16",
                "17.11.0; wal_log_hints = on; --wal-segsize=64",
                "18.1.0; wal_level = logical; --data-checksums",
                "18.6.0; wal_level = minimal; --no-data-checksums",
                "18.6.0; wal_consistency_checking = 'heap,heap2'; --data-checksums"
            })
    void agreesWithTheServerAfterRandomLoad(String version, String setting, String initdb) throws Exception {
        run(TestServer.version(version), setting, initdb);
    }

    /** The servers from Maven Central are built without LZ4 and Zstandard; all sessions use one of pglz, lz4 and zstd. */
    @Test
    void agreesWithAServerThatCompressesImagesInAllWays() throws Exception {
        Optional<TestServer.Builder> installed = PlJava.installed().stream()
                .findFirst()
                .flatMap(server -> TestServer.installed(server.binDir().resolve("pg_config")));
        assumeTrue(installed.isPresent(), "LZ4 AND ZSTANDARD WERE NOT TESTED: no PostgreSQL is installed");
        Map<String, Integer> coverage = run(installed.get(), "wal_log_hints = on", "--data-checksums --wal-segsize=4");
        for (String method : List.of("PGLZ", "LZ4", "ZSTD")) {
            assertTrue(coverage.getOrDefault("image " + method, 0) > 10, method + " in " + coverage);
        }
    }

    private static Map<String, Integer> run(TestServer.Builder builder, String setting, String initdb)
            throws Exception {
        long seed = Long.getLong("walker.seed", new Random().nextInt(1_000_000));
        double seconds = Double.parseDouble(System.getProperty("walker.seconds", "4"));
        try (TestServer server = builder.initdb(initdb.split(" "))
                .conf(
                        setting,
                        "autovacuum = off",
                        "max_prepared_transactions = 100",
                        "deadlock_timeout = 50ms",
                        "wal_keep_size = 4GB",
                        setting.contains("minimal") ? "max_wal_senders = 0" : "max_wal_senders = 10",
                        "max_wal_size = 4GB")
                .start()) {
            System.out.println("HeatmapIT " + server.version() + " seed " + seed);
            return new Run(server, seed, seconds, setting.contains("minimal"), segmentSize(initdb)).run();
        }
    }

    private static int segmentSize(String initdb) {
        return initdb.contains("segsize=") ? Integer.parseInt(initdb.split("segsize=")[1]) << 20 : 16 << 20;
    }

    /** What the server says. */
    private static final class Truth {
        final long end;
        final Map<RelFileLocator, PageOracle.Heap> heaps;
        final Set<Long> files;
        final Set<Long> databases;
        /** The database that the load and the walkers are connected to. */
        final long home;

        /**
         * @param end up to where WAL is walked
         */
        Truth(TestServer server, long end) throws SQLException {
            this.end = end;
            try (Connection connection = server.jdbc();
                    Connection other = server.jdbc("other", "postgres")) {
                List<PageOracle.Heap> all = new ArrayList<>(PageOracle.heaps(connection));
                all.addAll(PageOracle.heaps(other));
                heaps = PageOracle.byLocator(all);
                files = numbers(connection, "SELECT pg_relation_filenode(oid) FROM pg_class");
                files.addAll(numbers(other, "SELECT pg_relation_filenode(oid) FROM pg_class"));
                home = numbers(connection, "SELECT oid FROM pg_database WHERE datname = current_database()")
                        .iterator()
                        .next();
                databases = numbers(connection, "SELECT oid FROM pg_database UNION SELECT 0");
            }
        }

        private static Set<Long> numbers(Connection connection, String sql) throws SQLException {
            Set<Long> numbers = new HashSet<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(sql)) {
                while (rows.next()) {
                    numbers.add(rows.getLong(1));
                }
            }
            return numbers;
        }
    }

    private static final class Run {
        private final TestServer server;
        private final long seed;
        private final double seconds;
        private final RandomLoad load;
        /** Some changes are not in the WAL. */
        private final boolean minimal;

        private final int segmentSize;
        private long start;

        Run(TestServer server, long seed, double seconds, boolean minimal, int segmentSize) {
            this.minimal = minimal;
            this.segmentSize = segmentSize;
            this.server = server;
            this.seed = seed;
            this.seconds = seconds;
            this.load = new RandomLoad(server, seed);
        }

        /** What the load has written, and how often. */
        Map<String, Integer> run() throws Exception {
            server.execute("CHECKPOINT");
            start = Lsn.parse(server.query("SELECT redo_lsn FROM pg_control_checkpoint()"));
            load.createTables();
            load.writeOneOfEach();
            load.run(SESSIONS, seconds / 2);

            long middle = flushed();
            try (LiveWalk live = new LiveWalk(middle)) {
                load.run(SESSIONS, seconds / 2);
                try (Connection open = server.jdbc()) {
                    leaveOpen(open);
                    compareAll("with open transactions", middle, live);
                    open.createStatement().execute("ROLLBACK TO SAVEPOINT a");
                    open.createStatement().execute("COMMIT");
                    server.execute("ROLLBACK PREPARED 'left'");
                    compareAll("after they ended", middle, live);
                }
            }
            try (Connection open = server.jdbc()) {
                leaveOpen(open);
                flushed();
                server.crash();
            }
            server.start();
            // For a lock with which to give blocks back it would wait for the prepared transaction, five seconds long.
            server.execute("VACUUM (TRUNCATE off) plain");
            long end = settled();
            Map<String, Integer> coverage = coverage(end);
            System.out.println("  " + load.statements + " statements, " + coverage);
            for (String type : COVERED) {
                assertTrue(coverage.containsKey(type), type + " was not written, seed " + seed);
            }
            try (Connection connection = server.jdbc()) {
                Truth truth = new Truth(server, end);
                compare("after a crash", walked(start, end, SourceServer.none()), truth, !minimal);
                compare(
                        "after a crash, from the middle",
                        walked(middle, end, new JdbcSourceServer(connection)),
                        truth,
                        false);
            }
            return coverage;
        }

        /** Transactions that stay open: one in a session, one prepared; each with subtransactions. */
        private void leaveOpen(Connection open) throws SQLException {
            try (Statement statement = open.createStatement()) {
                for (String sql : List.of(
                        "BEGIN",
                        "INSERT INTO plain SELECT i, 0, 'left' FROM generate_series(1, 30) i",
                        "DELETE FROM parent WHERE id > 95 AND NOT EXISTS (SELECT FROM child WHERE id = parent.id)",
                        "PREPARE TRANSACTION 'left'",
                        "BEGIN",
                        "UPDATE wide SET pad = pad || '!' WHERE id < 50",
                        "SAVEPOINT a",
                        "INSERT INTO plain SELECT i, 0, 'open' FROM generate_series(1, 300) i",
                        "SAVEPOINT b",
                        "DELETE FROM plain WHERE id < 100",
                        "ROLLBACK TO SAVEPOINT b",
                        "UPDATE hot SET v = v + 1 WHERE id % 7 = 0")) {
                    statement.execute(sql);
                }
            }
        }

        /** Forces everything out, and gives the LSN up to where WAL is complete and nothing changes any more. */
        private long flushed() throws SQLException {
            server.execute("SELECT pg_logical_emit_message(true, 'walker', 'flush')");
            return Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()"));
        }

        /** Like {@link #flushed}, after the oracle has written all the hint bits that it wants to write. */
        private long settled() throws SQLException {
            // Hint bits are not set for commits that are not flushed, such as those of unlogged tables alone.
            flushed();
            try (Connection connection = server.jdbc();
                    Connection other = server.jdbc("other", "postgres")) {
                PageOracle.heaps(connection);
                PageOracle.heaps(other);
            }
            return flushed();
        }

        private void compareAll(String when, long middle, LiveWalk live) throws Exception {
            long end = settled();
            HeatmapPlugin all = walked(start, end, SourceServer.none());
            HeatmapPlugin restarted = restarted(end);
            assertSame(when, all, restarted);
            try (Connection connection = server.jdbc()) {
                Truth truth = new Truth(server, end);
                compare(when, all, truth, !minimal);
                compare(when + ", with restarts", restarted, truth, !minimal);
                compare(
                        when + ", from the middle",
                        walked(middle, end, new JdbcSourceServer(connection)),
                        truth,
                        false);
                compare(when + ", from the middle, offline", walked(middle, end, SourceServer.none()), truth, false);
                compare(when + ", walked live with a baseline", live.upTo(end), truth, true);
            }
        }

        private HeatmapPlugin walked(long from, long end, SourceServer source) throws Exception {
            return walked(from, end, source, (record, same) -> same);
        }

        private HeatmapPlugin walked(long from, long end, SourceServer source, WalkLoop.AfterRecord after)
                throws Exception {
            WalkLoop loop = new WalkLoop(server.walDir(), segmentSize, from);
            HeatmapPlugin plugin = loop.walk(end, new MemoryStore().start(source, Map.of()), after);
            loop.close();
            return plugin;
        }

        /** What the load has written, and how often. */
        private Map<String, Integer> coverage(long end) throws Exception {
            Map<String, Integer> counts = new TreeMap<>();
            HeapDelete delete = new HeapDelete();
            MultixactCreate multixact = new MultixactCreate();
            walked(start, end, SourceServer.none(), (record, same) -> {
                String type = record.rmgrName() + " " + record.typeName();
                if (record.rmgrId() == Rmgr.HEAP.id()
                        && HeapOp.of(record) == HeapOp.DELETE
                        && delete.wrap(record).isSuper()) {
                    type = "super-delete";
                }
                if (type.equals("MultiXact CREATE_ID") && multixact.wrap(record).updater() != 0) {
                    type = "multixact with an updater";
                }
                counts.merge(type, 1, Integer::sum);
                for (int id = 0; id <= record.maxBlockId(); id++) {
                    if (record.hasBlock(id) && record.block(id).imageApplies()) {
                        counts.merge("image " + record.block(id).imageCompression(), 1, Integer::sum);
                    }
                }
                return same;
            });
            return counts;
        }

        /** Saves and starts anew again and again, with little memory. */
        private HeatmapPlugin restarted(long end) throws Exception {
            Random random = new Random(seed);
            MemoryStore[] store = {new MemoryStore()};
            Map<String, String> settings = Map.of("walker.memory", "1");
            WalkLoop loop = new WalkLoop(server.walDir(), segmentSize, start);
            HeatmapPlugin plugin = loop.walk(end, store[0].start(SourceServer.none(), settings), (record, same) -> {
                if (random.nextInt(300) == 0) {
                    store[0].flush(same, record.endLsn());
                    if (random.nextInt(3) == 0) {
                        store[0] = store[0].copy();
                        return store[0].start(SourceServer.none(), settings);
                    }
                }
                return same;
            });
            loop.close();
            store[0].flush(plugin, end);
            HistoryCheck.check(store[0], plugin);
            return store[0].copy().start(SourceServer.none(), settings);
        }

        private void compare(String when, HeatmapPlugin plugin, Truth truth, boolean complete) {
            List<String> differences = new ArrayList<>();
            int knownPages = 0;
            int pages = 0;
            long dead = 0;
            for (PageOracle.Heap heap : truth.heaps.values()) {
                boolean allKnown = true;
                for (Map.Entry<Long, PageOracle.Page> entry : heap.pages().entrySet()) {
                    long block = entry.getKey();
                    PageOracle.Page page = entry.getValue();
                    PageHeat heat = plugin.page(heap.locator(), block);
                    List<Integer> items = plugin.deadItems(heap.locator(), block);
                    pages++;
                    knownPages += heat.known() ? 1 : 0;
                    allKnown &= heat.known();
                    if (Lsn.isBefore(truth.end, page.lsn())) {
                        if (!heap.catalog() && !heap.name().startsWith("pg_toast")) {
                            differences.add(heap.name() + " block " + block + " changed meanwhile");
                        }
                        allKnown = false;
                        continue;
                    }
                    dead += page.dead().size();
                    boolean same = heat.known()
                            ? items.equals(page.dead())
                            : page.dead().containsAll(items);
                    if (!same || items.size() != heat.deadTuples()) {
                        differences.add(heap.name() + " " + heap.locator() + " block " + block + ", known "
                                + heat.known() + ": found " + items + ", wanted " + page.dead());
                    }
                    if (complete && !heap.catalog() && heap.locator().dbOid() == truth.home && !heat.known()) {
                        differences.add(heap.name() + " " + heap.locator() + " block " + block + " is not known");
                    }
                }
                long sum = sum(plugin, heap.locator());
                if (allKnown && !heap.pages().isEmpty() && sum != heap.pgstattupleDead()) {
                    differences.add(heap.name() + " has " + sum + ", pgstattuple counts " + heap.pgstattupleDead());
                }
            }
            checkNoneIsLeft(plugin, truth, differences);
            System.out.printf(
                    "  %s: %d of %d pages known, %d dead tuples in %d heaps%n",
                    when, knownPages, pages, dead, truth.heaps.size());
            assertTrue(
                    differences.isEmpty(),
                    () -> when + ", seed " + seed + ": " + differences.size() + " differences\n"
                            + String.join("\n", differences.subList(0, Math.min(20, differences.size()))));
            assertTrue(dead > 0 && knownPages > 0, "nothing was compared");
        }

        private static long sum(HeatmapPlugin plugin, RelFileLocator locator) {
            return plugin.relations().stream()
                    .filter(heat -> heat.locator().equals(locator))
                    .mapToLong(RelationHeat::deadTuples)
                    .sum();
        }

        /** Files that were dropped must be gone from the map too. */
        private void checkNoneIsLeft(HeatmapPlugin plugin, Truth truth, List<String> differences) {
            for (RelationHeat heat : plugin.relations()) {
                RelFileLocator locator = heat.locator();
                if (!truth.databases.contains(locator.dbOid())) {
                    differences.add("there is no database of " + locator + " any more");
                } else if (locator.relNumber() >= 16384 && !truth.files.contains(locator.relNumber())) {
                    differences.add("there is no " + locator + " any more");
                } else if (locator.relNumber() >= 16384 && !truth.heaps.containsKey(locator)) {
                    differences.add(locator + " is no heap");
                }
            }
        }

        /** What was saved and read again must be all that there was. */
        private void assertSame(String when, HeatmapPlugin left, HeatmapPlugin right) {
            Comparator<RelationHeat> order =
                    Comparator.comparing(heat -> heat.locator().toString());
            List<RelationHeat> relations = new ArrayList<>(left.relations());
            List<RelationHeat> others = new ArrayList<>(right.relations());
            for (List<RelationHeat> list : List.of(relations, others)) {
                list.sort(order);
                list.removeIf(heat -> heat.lastChange() == 0);
            }
            for (int i = 0; i < Math.min(relations.size(), others.size()); i++) {
                assertEquals(relations.get(i), others.get(i), when + ", seed " + seed);
                RelFileLocator locator = relations.get(i).locator();
                assertEquals(left.pages(locator), right.pages(locator), when + ", seed " + seed);
            }
            assertEquals(relations.size(), others.size(), when + ", seed " + seed);
        }

        /** Walks while the load runs, like a host. */
        private final class LiveWalk implements AutoCloseable {
            private final Connection connection = server.jdbc();
            private final WalkLoop loop;
            private final AtomicBoolean stopped = new AtomicBoolean();
            private final Thread thread;
            private final MemoryStore store = new MemoryStore();
            private HeatmapPlugin plugin;
            private Throwable failure;

            LiveWalk(long from) throws SQLException {
                loop = new WalkLoop(server.walDir(), segmentSize, from);
                plugin = store.start(new JdbcSourceServer(connection), Map.of("walker.baseline_rate", "4"));
                store.requestBaseline(1);
                thread = new Thread(this::walk);
                thread.start();
            }

            private void walk() {
                try {
                    while (!stopped.get()) {
                        walkOn();
                    }
                } catch (Throwable e) {
                    failure = e;
                }
            }

            private void walkOn() throws Exception {
                long lsn = position();
                plugin = loop.walk(lsn, plugin);
                plugin.onPause(lsn);
                store.flush(plugin, lsn);
            }

            private long position() throws SQLException {
                try (Statement statement = connection.createStatement();
                        ResultSet rows = statement.executeQuery("SELECT pg_current_wal_flush_lsn()")) {
                    rows.next();
                    return Lsn.parse(rows.getString(1));
                }
            }

            /** The map when the baseline is done and everything before an LSN is walked. */
            HeatmapPlugin upTo(long end) throws Exception {
                stop();
                plugin = loop.walk(end, plugin);
                // Relations that came meanwhile and were filled without WAL need another one.
                store.requestBaseline(2);
                plugin.onPause(end);
                store.flush(plugin, end);
                while (!store.baselineIsDone()) {
                    walkOn();
                }
                store.flush(plugin, end);
                HistoryCheck.check(store, plugin);
                return plugin;
            }

            private void stop() {
                stopped.set(true);
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                if (failure != null) {
                    throw new AssertionError("the live walk failed, seed " + seed, failure);
                }
            }

            @Override
            public void close() throws IOException, SQLException {
                stop();
                loop.close();
                connection.close();
            }
        }
    }
}
