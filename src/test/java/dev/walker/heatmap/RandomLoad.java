package dev.walker.heatmap;

import dev.walker.testing.TestServer;
import java.io.IOException;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.postgresql.PGConnection;

/** Concurrent sessions that do at random everything that makes or removes garbage. */
public final class RandomLoad {
    /** What sessions that disturb each other run into: conflicts, deadlocks, lock timeouts, tables just dropped. */
    private static final Set<String> EXPECTED = Set.of(
            "40001", "40P01", "55P03", "23505", "23503", "23514", "42P01", "42P07", "55006", "XX000", "25P02", "42710");

    private static final Pattern FROZEN_TOO_LATE =
            Pattern.compile("^ERROR: multixact \\d+ from before multi freeze cutoff \\d+ found to be still running");

    private static final List<String> TABLES =
            List.of("plain", "hot", "toasted", "part", "part_1", "part_2", "spec", "parent", "child", "wide", "flip");

    private final TestServer server;
    private final long seed;
    private final List<String> compressions = new ArrayList<>();
    private final AtomicInteger prepared = new AtomicInteger();
    private final AtomicInteger races = new AtomicInteger();
    final AtomicInteger statements = new AtomicInteger();

    /** A load that is the same for the same seed, as far as the scheduler lets it be. */
    public RandomLoad(TestServer server, long seed) {
        this.server = server;
        this.seed = seed;
    }

    /** Makes what it works on. */
    public void createTables() throws SQLException {
        // In place if there is a standby, which would otherwise have its files where the primary has them.
        boolean inPlace = server.query("SHOW allow_in_place_tablespaces").equals("on");
        server.execute(
                "CREATE TABLESPACE space LOCATION '" + (inPlace ? "" : server.directory("space")) + "'",
                "CREATE EXTENSION IF NOT EXISTS pageinspect",
                "CREATE EXTENSION IF NOT EXISTS pgstattuple",
                "CREATE TABLE plain (id int, v int, pad text)",
                "CREATE TABLE hot (id int PRIMARY KEY, v int, pad text) WITH (fillfactor = 60)",
                "CREATE TABLE toasted (id int PRIMARY KEY, v int, pad text)",
                "ALTER TABLE toasted ALTER pad SET STORAGE EXTERNAL",
                "CREATE TABLE part (id int, v int, pad text) PARTITION BY RANGE (v)",
                "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (MINVALUE) TO (500)",
                "CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (500) TO (MAXVALUE)",
                "CREATE FUNCTION slowly(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS "
                        + "'BEGIN PERFORM pg_sleep(0.0005); RETURN $1; END'",
                "CREATE TABLE spec (id int, v int, pad text)",
                "CREATE UNIQUE INDEX spec_id ON spec (slowly(id))",
                "CREATE TABLE raced (id int, v int, pad text)",
                "CREATE UNIQUE INDEX raced_id ON raced (slowly(id))",
                "CREATE TABLE locked (id int PRIMARY KEY, v int, pad text)",
                "INSERT INTO locked SELECT i, i, 'l' FROM generate_series(0, 11) i",
                "CREATE TABLE parent (id int PRIMARY KEY, v int, pad text)",
                "CREATE TABLE child (id int REFERENCES parent, v int, pad text)",
                "CREATE TABLE wide (id int, v int, pad text) WITH (autovacuum_enabled = off)",
                "CREATE INDEX wide_v ON wide USING brin (v)",
                "CREATE INDEX wide_id ON wide USING hash (id)",
                "CREATE UNLOGGED TABLE flip (id int, v int, pad text)",
                "CREATE SEQUENCE seq",
                "CREATE MATERIALIZED VIEW mat AS SELECT id, v FROM plain",
                "INSERT INTO parent SELECT i, i, 'p' FROM generate_series(1, 100) i");
        server.execute("CREATE DATABASE other TEMPLATE template0 STRATEGY " + strategy(new Random(seed)));
        try (Connection connection = server.jdbc("other", "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE EXTENSION pageinspect");
            statement.execute("CREATE EXTENSION pgstattuple");
            statement.execute("CREATE TABLE elsewhere (id int PRIMARY KEY, v int, pad text)");
        }
        try (Connection connection = server.jdbc();
                ResultSet rows = connection
                        .createStatement()
                        .executeQuery("SELECT unnest(enumvals) FROM pg_settings WHERE name = 'wal_compression'")) {
            while (rows.next()) {
                compressions.add(rows.getString(1));
            }
        }
    }

    /** What is to be in the WAL whatever chance and the speed of the machine bring. */
    public void writeOneOfEach() throws SQLException {
        server.execute(
                "CREATE TABLE certain (id int PRIMARY KEY, v int, pad text) WITH (fillfactor = 50)",
                "INSERT INTO certain VALUES (0, 0, '')",
                "INSERT INTO certain SELECT i, 0, repeat(chr(97 + i % 26), 200) FROM generate_series(1, 400) i",
                "UPDATE certain SET v = 1 WHERE id % 10 = 1",
                "UPDATE certain SET id = -id WHERE id % 10 = 2",
                "DELETE FROM certain WHERE id % 10 = 3",
                "SELECT count(*) FROM (SELECT FROM certain WHERE id % 10 = 4 FOR UPDATE) x",
                "COPY (SELECT i, i, 'copied' FROM generate_series(500, 520) i) TO '" + server.root() + "/data/certain'",
                "COPY certain FROM '" + server.root() + "/data/certain'",
                "BEGIN; INSERT INTO certain VALUES (1000, 0, ''); ROLLBACK",
                "BEGIN; CREATE TABLE within AS SELECT * FROM certain; SAVEPOINT s;"
                        + " DELETE FROM within WHERE id % 10 = 4; COMMIT",
                "BEGIN; INSERT INTO certain VALUES (1001, 0, ''); PREPARE TRANSACTION 'certain'",
                "ROLLBACK PREPARED 'certain'");
        try (Connection locker = server.jdbc();
                Statement lock = locker.createStatement()) {
            locker.setAutoCommit(false);
            lock.execute("SELECT FROM certain WHERE id = 5 FOR KEY SHARE");
            server.execute("UPDATE certain SET v = 5 WHERE id = 5");
            locker.commit();
        }
        for (String compression : compressions) {
            server.execute(
                    "CHECKPOINT",
                    "SET wal_compression = " + compression,
                    "UPDATE certain SET v = v + 1 WHERE id % 10 = 6");
        }
        server.execute("VACUUM certain");
    }

    private static String strategy(Random random) {
        return random.nextBoolean() ? "wal_log" : "file_copy";
    }

    /** Runs sessions for a time; {@code seconds} of wall clock. */
    public void run(int sessions, double seconds) throws Exception {
        run(sessions, seconds, false);
    }

    /** Whether a session ended because the server did, as classes 08 and 57P say. */
    public static boolean isBroken(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.startsWith("08") || state.startsWith("57P");
    }

    /**
     * Runs sessions for a time.
     *
     * @param mayBreak the server may be killed meanwhile; a session ends then
     */
    public void run(int sessions, double seconds, boolean mayBreak) throws Exception {
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        for (int i = 0; i < sessions; i++) {
            Random random = new Random(seed * 31 + i);
            int role = i;
            Thread thread = new Thread(() -> {
                try {
                    new Session(random, role).run(end);
                } catch (SQLException e) {
                    if (!mayBreak || !isBroken(e)) {
                        synchronized (failures) {
                            failures.add(e);
                        }
                    }
                } catch (Throwable e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (!failures.isEmpty()) {
            throw new AssertionError("the load failed, seed " + seed, failures.get(0));
        }
    }

    private final class Session {
        private final Random random;
        private final int role;
        private Connection connection;

        /** The first two insert the same keys at the same time, the next two lock and update the same rows. */
        Session(Random random, int role) {
            this.random = random;
            this.role = role;
        }

        void run(long end) throws SQLException {
            try (Connection opened = server.jdbc()) {
                connection = opened;
                execute("SET lock_timeout = '40ms'");
                execute("SET client_min_messages = error");
                execute("SET wal_compression = " + compressions.get(role % compressions.size()));
                do {
                    if (role < 2) {
                        attempt(this::race);
                    } else if (role < 4) {
                        attempt(this::lockAndUpdate);
                    } else {
                        attempt(this::step);
                    }
                } while (System.nanoTime() < end);
                // Another session may just rewrite a catalog.
                execute("SET lock_timeout = '30s'");
                resolvePrepared();
            }
        }

        private void execute(String sql) throws SQLException {
            statements.incrementAndGet();
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }

        private void step() throws SQLException, IOException {
            int choice = random.nextInt(100);
            if (choice < 70) {
                transaction();
            } else if (choice < 80) {
                change();
            } else if (choice < 92) {
                vacuum();
            } else {
                definition();
            }
        }

        /** Two sessions that insert the same new keys: one of them has to take its tuple back. */
        private void race() throws SQLException {
            int key = races.incrementAndGet() / 2 * 3;
            boolean transaction = random.nextInt(3) == 0;
            if (transaction) {
                execute("BEGIN");
            }
            execute("INSERT INTO raced SELECT i, 0, " + (random.nextInt(4) == 0 ? "repeat(md5(i::text), 200)" : "''")
                    + " FROM generate_series(" + key + ", " + (key + 5) + ") i ON CONFLICT (slowly(id)) DO "
                    + (random.nextBoolean() ? "NOTHING" : "UPDATE SET v = raced.v + 1"));
            if (transaction) {
                execute(random.nextInt(3) == 0 ? "ROLLBACK" : "COMMIT");
            }
            if (random.nextInt(40) == 0) {
                execute("DELETE FROM raced WHERE id % 3 = 0");
                execute("VACUUM raced");
            }
        }

        /** Row locks that get along with an update make multixacts that have an updater. */
        private void lockAndUpdate() throws SQLException {
            execute("BEGIN");
            for (int i = random.nextInt(4); i >= 0; i--) {
                String rows = " locked WHERE id = " + random.nextInt(12);
                switch (random.nextInt(5)) {
                    case 0 -> execute("SAVEPOINT s");
                    case 1, 2 -> execute("SELECT * FROM" + rows + " FOR KEY SHARE");
                    default -> execute("UPDATE" + rows.replace("WHERE", "SET v = v + 1 WHERE"));
                }
                if (random.nextInt(6) == 0) {
                    execute("SAVEPOINT t");
                    execute("UPDATE" + rows.replace("WHERE", "SET pad = pad || 'x' WHERE"));
                    execute("ROLLBACK TO SAVEPOINT t");
                }
            }
            execute(random.nextInt(3) == 0 ? "ROLLBACK" : "COMMIT");
            if (random.nextInt(50) == 0) {
                execute(random.nextBoolean() ? "VACUUM locked" : "VACUUM (FREEZE) locked");
            }
        }

        private interface Action {
            void run() throws SQLException, IOException;
        }

        private void attempt(Action action) throws SQLException {
            try {
                action.run();
            } catch (SQLException e) {
                if (!EXPECTED.contains(e.getSQLState()) && !isFrozenTooLate(e)) {
                    throw e;
                }
                rollback();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        /**
         * VACUUM (FREEZE) refuses multixacts that have a prepared transaction as a member: 17 up to 17.7 and 18 up to
         * 18.1 keep what is the oldest multixact of a prepared transaction where a session overwrites it. It takes no
         * more than a row that a prepared transaction has updated while another one locked it, and sessions that come
         * and go.
         */
        private boolean isFrozenTooLate(SQLException e) {
            return server.version().matches("17\\.[0-7](\\..*)?|18\\.[01](\\..*)?")
                    && "XX001".equals(e.getSQLState())
                    && FROZEN_TOO_LATE.matcher(e.getMessage()).find();
        }

        private void rollback() throws SQLException {
            execute("ROLLBACK");
        }

        private void transaction() throws SQLException, IOException {
            execute("BEGIN");
            int changes = 1 + random.nextInt(5);
            int depth = 0;
            for (int i = 0; i < changes; i++) {
                switch (random.nextInt(5)) {
                    case 0 -> execute("SAVEPOINT s" + depth++);
                    case 1 -> {
                        if (depth > 0) {
                            depth = random.nextInt(depth);
                            boolean back = random.nextBoolean();
                            execute((back ? "ROLLBACK TO SAVEPOINT s" : "RELEASE SAVEPOINT s") + depth);
                            depth += back ? 1 : 0;
                        }
                    }
                    default -> {}
                }
                if (random.nextInt(12) == 0) {
                    definitionInTransaction();
                } else {
                    change();
                }
            }
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> rollback();
                case 3 -> twoPhase();
                default -> execute("COMMIT");
            }
        }

        private void twoPhase() throws SQLException {
            String name = "p" + prepared.incrementAndGet();
            execute("PREPARE TRANSACTION '" + name + "'");
            if (random.nextInt(3) > 0) {
                endPrepared(name);
            }
        }

        private void endPrepared(String name) throws SQLException {
            try {
                execute((random.nextBoolean() ? "COMMIT" : "ROLLBACK") + " PREPARED '" + name + "'");
            } catch (SQLException e) {
                // Another session was faster.
                if (!Set.of("42704", "55000").contains(e.getSQLState())) {
                    throw e;
                }
            }
        }

        private void resolvePrepared() throws SQLException {
            List<String> names = new ArrayList<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT gid FROM pg_prepared_xacts")) {
                while (rows.next()) {
                    names.add(rows.getString(1));
                }
            }
            for (String name : names) {
                endPrepared(name);
            }
        }

        private String table() {
            return TABLES.get(random.nextInt(TABLES.size()));
        }

        private void change() throws SQLException, IOException {
            String table = table();
            int from = random.nextInt(300);
            int to = from + random.nextInt(random.nextInt(8) == 0 ? 300 : 12);
            String range = " WHERE id BETWEEN " + from + " AND " + to;
            switch (random.nextInt(14)) {
                case 0, 1 -> insert(table, from, to);
                case 2 -> execute("DELETE FROM " + table + range);
                case 3, 4 -> execute("UPDATE " + table + " SET pad = pad || 'x'" + range);
                case 5 ->
                    execute("UPDATE " + table + " SET v = v + 250, pad = repeat('y', " + random.nextInt(600) + ")"
                            + range);
                case 6 -> execute("UPDATE " + table + " SET v = " + random.nextInt(1000) + range);
                case 7 ->
                    execute("SELECT count(*) FROM (SELECT 1 FROM " + table + range + " FOR "
                            + List.of("UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE")
                                    .get(random.nextInt(4)) + ") x");
                case 8, 9 ->
                    execute("INSERT INTO spec SELECT i, 0, '' FROM generate_series(" + from / 8 + ", "
                            + (from / 8 + 12) + ") i ON CONFLICT (slowly(id)) DO "
                            + (random.nextBoolean() ? "NOTHING" : "UPDATE SET v = spec.v + 1"));
                case 10 ->
                    execute("UPDATE toasted SET pad = repeat(md5(random()::text), " + (1 + random.nextInt(300)) + ")"
                            + range);
                case 11 -> execute("INSERT INTO child SELECT 1 + i % 100, i, '' FROM generate_series(1, 5) i");
                case 12 -> copy(table, from, to, "");
                default -> {
                    execute("UPDATE parent SET v = v + 1" + range);
                    execute("SELECT nextval('seq')");
                }
            }
        }

        private void insert(String table, int from, int to) throws SQLException {
            execute("INSERT INTO " + table + " SELECT i, i * 3, repeat('z', " + random.nextInt(300)
                    + ") FROM generate_series(" + from + ", " + to + ") i");
        }

        private void copy(String table, int from, int to, String options) throws SQLException, IOException {
            StringBuilder rows = new StringBuilder();
            for (int i = from; i <= to + 20; i++) {
                rows.append(i).append('\t').append(i).append("\tcopied\n");
            }
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("COPY " + table + " FROM STDIN" + options, new StringReader(rows.toString()));
        }

        private void vacuum() throws SQLException {
            switch (random.nextInt(13)) {
                case 8 -> execute("VACUUM (TRUNCATE off) " + table());
                case 9 -> execute("VACUUM (PARALLEL 2) " + table());
                case 10 -> execute("VACUUM (FREEZE, INDEX_CLEANUP off, PROCESS_TOAST off) " + table());
                case 11 -> cutTail();
                case 0 -> execute("VACUUM (FREEZE) " + table());
                case 1 -> execute("VACUUM (INDEX_CLEANUP off) " + table());
                case 2 -> execute("VACUUM (INDEX_CLEANUP on) " + table());
                case 3 -> execute("VACUUM (FREEZE, DISABLE_PAGE_SKIPPING) " + table());
                case 4 -> execute("ANALYZE " + table());
                case 5 -> execute("SELECT count(*) FROM " + table());
                default -> execute("VACUUM " + table());
            }
        }

        /** Makes blocks at the end empty, so that VACUUM gives them back. */
        private void cutTail() throws SQLException {
            String table = List.of("plain", "wide", "flip", "spec").get(random.nextInt(4));
            execute("DELETE FROM " + table + " WHERE ctid >= '(" + (1 + random.nextInt(4)) + ",0)'");
            execute("VACUUM " + table);
        }

        /** Changes in another database, and databases that come and go. */
        private void databases() throws SQLException {
            if (random.nextInt(4) == 0) {
                String name = "brief" + role;
                // A session that looked into it may have kept the last one from being dropped.
                execute("DROP DATABASE IF EXISTS " + name);
                execute("CREATE DATABASE " + name + " TEMPLATE template0 STRATEGY " + strategy(random));
                inDatabase(name, "CREATE TABLE t AS SELECT 1 AS id", "DELETE FROM t", "VACUUM FULL pg_class");
                execute("DROP DATABASE " + name);
            } else {
                inDatabase(
                        "other",
                        "INSERT INTO elsewhere SELECT i, i, 'e' FROM generate_series(1, 200) i"
                                + " ON CONFLICT (id) DO UPDATE SET v = elsewhere.v + 1",
                        "DELETE FROM elsewhere WHERE id % 5 = " + random.nextInt(5),
                        random.nextInt(3) == 0 ? "VACUUM elsewhere" : "SELECT 1");
            }
        }

        private void inDatabase(String name, String... sqls) throws SQLException {
            try (Connection inside = server.jdbc(name, "postgres");
                    Statement statement = inside.createStatement()) {
                for (String sql : sqls) {
                    statements.incrementAndGet();
                    statement.execute(sql);
                }
            }
        }

        private void definitionInTransaction() throws SQLException, IOException {
            String name = "made" + random.nextInt(3);
            switch (random.nextInt(6)) {
                case 0 ->
                    execute("TRUNCATE "
                            + List.of("plain", "wide", "spec", "part").get(random.nextInt(4)));
                case 1 -> {
                    execute("DROP TABLE IF EXISTS " + name);
                    execute("CREATE TABLE " + name + " AS SELECT * FROM plain");
                    execute("DELETE FROM " + name + " WHERE id % 3 = 0");
                }
                case 2 -> execute("ALTER TABLE wide ALTER v TYPE bigint USING v + 1");
                case 3 -> execute("ALTER TABLE wide ALTER v TYPE int USING v");
                case 4 -> {
                    execute("TRUNCATE plain");
                    copy("plain", 1, 200, " (FREEZE)");
                }
                default -> {
                    execute("CREATE TABLE IF NOT EXISTS " + name + " (id int, v int, pad text)");
                    insert(name, 1, 50);
                    execute("TRUNCATE " + name);
                    insert(name, 1, 20);
                }
            }
        }

        private void definition() throws SQLException, IOException {
            switch (random.nextInt(18)) {
                case 14, 15 -> execute("ALTER TABLE flip SET " + (random.nextBoolean() ? "LOGGED" : "UNLOGGED"));
                case 16 -> databases();
                case 17 -> execute("VACUUM FULL pg_class");
                case 0 ->
                    execute("VACUUM FULL " + List.of("plain", "toasted", "wide").get(random.nextInt(3)));
                case 1 -> execute("CLUSTER hot USING hot_pkey");
                case 2 -> execute("ALTER TABLE wide SET TABLESPACE " + (random.nextBoolean() ? "space" : "pg_default"));
                case 3 -> execute("REFRESH MATERIALIZED VIEW mat");
                case 4, 5 -> execute("CHECKPOINT");
                case 6 -> execute("SET wal_compression = " + compressions.get(random.nextInt(compressions.size())));
                case 7 -> execute("SELECT pg_switch_wal()");
                case 8 -> execute("VACUUM FULL pg_description");
                case 9 -> execute("DROP TABLE IF EXISTS made" + random.nextInt(3));
                case 10 -> execute("SET synchronous_commit = " + (random.nextBoolean() ? "on" : "off"));
                case 11 -> execute("UPDATE part SET v = 1000 - v WHERE id < 20");
                default -> {
                    execute("BEGIN");
                    definitionInTransaction();
                    execute(random.nextBoolean() ? "COMMIT" : "ROLLBACK");
                }
            }
        }
    }
}
