package dev.walker.testing;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Work for a server that makes it write records of every resource manager of core, on pages with and without images, in
 * all ways of compression that it was built with, across pages and segments, and through a crash.
 */
public final class WalWorkload {
    /** The settings that the workload needs. */
    public static final String[] CONF = {
        "wal_level = logical",
        "track_commit_timestamp = on",
        "max_prepared_transactions = 10",
        "max_replication_slots = 10",
        "wal_log_hints = on",
        "wal_keep_size = 4GB",
        "max_wal_size = 4GB",
        "checkpoint_timeout = 1h",
        "wal_writer_delay = 10s",
        "bgwriter_delay = 10s",
        "autovacuum = off",
    };

    private final TestServer server;

    /** For a server with {@link #CONF}. */
    public WalWorkload(TestServer server) {
        this.server = server;
    }

    /** Does all of it. */
    public void run() throws SQLException {
        prepare();
        heap();
        transactions();
        indexes();
        catalogs();
        images();
        archive();
        crashInsideARecord();
    }

    private void prepare() throws SQLException {
        server.execute(
                "SELECT pg_create_logical_replication_slot('keep', 'test_decoding')",
                "CREATE EXTENSION bloom",
                "CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int[], p point, n numeric)",
                "CREATE TABLE few (id int PRIMARY KEY, a int)",
                "INSERT INTO few SELECT i, 0 FROM generate_series(1, 3000) i");
    }

    private void heap() throws SQLException {
        server.execute(
                "INSERT INTO t SELECT i, i % 100, repeat(md5(i::text), 1 + i % 5), ARRAY[i, i % 7], point(i, i % 13), i"
                        + " FROM generate_series(1, 4000) i",
                "UPDATE t SET a = a + 1 WHERE id % 10 = 0",
                "UPDATE few SET a = a + 1 WHERE id < 500",
                "UPDATE few SET a = a + 1 WHERE id < 500",
                "UPDATE few SET a = a + 1 WHERE id < 500",
                "SELECT count(*) FROM few WHERE a > 0",
                "DELETE FROM t WHERE id % 7 = 0",
                "INSERT INTO few VALUES (1, 1), (5001, 1) ON CONFLICT (id) DO UPDATE SET a = excluded.a",
                "INSERT INTO t (id, b) SELECT 100000, string_agg(md5(i::text), '') FROM generate_series(1, 3000) i",
                "COPY t (id, b) FROM PROGRAM 'seq 200000 203000 | awk ''{print $1 \"\\tx\" $1}'''",
                "VACUUM t",
                "VACUUM (FREEZE) few",
                "CREATE TABLE gone AS SELECT * FROM t",
                "TRUNCATE gone",
                "DROP TABLE gone",
                "CREATE SEQUENCE s",
                "SELECT sum(nextval('s')) FROM generate_series(1, 100)",
                "CREATE UNLOGGED TABLE u AS SELECT 1 AS a");
    }

    private void transactions() throws SQLException {
        server.execute(
                "CREATE UNLOGGED TABLE xids (i int)",
                // Enough XIDs for a new page of the commit log and several of commit timestamps. Updates are of many
                // rows,
                // since the versions of each are looked through.
                "DO $$ BEGIN FOR i IN 1..34000 LOOP BEGIN IF i % 10 = 0 THEN UPDATE few SET a = i WHERE id = 1 + i % 1000;"
                        + " ELSE INSERT INTO xids VALUES (i); END IF; EXCEPTION WHEN division_by_zero THEN END;"
                        + " END LOOP; END $$",
                "DO $$ BEGIN FOR i IN 1..20 LOOP"
                        + " BEGIN INSERT INTO few VALUES (i + 9000, 1 / (i % 2)); EXCEPTION WHEN division_by_zero THEN END;"
                        + " END LOOP; END $$",
                "SELECT pg_logical_emit_message(true, 'p', 'hello'), pg_logical_emit_message(false, 'p', 'world')",
                "SELECT pg_replication_origin_create('o')",
                "SELECT pg_replication_origin_advance('o', '0/1234')");
        try (Connection one = server.jdbc();
                Connection two = server.jdbc()) {
            one.setAutoCommit(false);
            two.setAutoCommit(false);
            Statement first = one.createStatement();
            Statement second = two.createStatement();
            first.execute("SELECT pg_replication_origin_session_setup('o')");
            first.execute("SELECT pg_replication_origin_xact_setup('0/4321', now())");
            first.execute("INSERT INTO few VALUES (20001, 1)");
            one.commit();
            first.execute("SELECT pg_replication_origin_session_reset()");
            one.commit();
            // Multixacts: each row is locked by a subtransaction of its own.
            first.execute("SELECT * FROM few WHERE id BETWEEN 100 AND 2400 FOR SHARE");
            second.execute(
                    "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM few WHERE id BETWEEN 100 AND 2400 LOOP"
                            + " BEGIN PERFORM 1 FROM few WHERE id = r.id FOR SHARE; EXCEPTION WHEN division_by_zero THEN END;"
                            + " END LOOP; END $$");
            two.commit();
            one.commit();
            // A lock that follows an update that is still open.
            first.execute("UPDATE few SET a = -1 WHERE id = 2500");
            second.execute("SELECT * FROM few WHERE id = 2500 FOR KEY SHARE");
            one.rollback();
            two.commit();
            for (String end : new String[] {"COMMIT", "ROLLBACK"}) {
                first.execute("INSERT INTO few SELECT i, 1 FROM generate_series(30000, 30100) i");
                first.execute("SAVEPOINT x");
                first.execute("DELETE FROM few WHERE id < 10");
                first.execute("RELEASE SAVEPOINT x");
                first.execute("CREATE TABLE prepared_" + end + " (a int)");
                first.execute("PREPARE TRANSACTION 'p" + end + "'");
                one.commit();
                one.setAutoCommit(true);
                first.execute(end + " PREPARED 'p" + end + "'");
                one.setAutoCommit(false);
                first.execute("SELECT 1");
                first.execute("DELETE FROM few WHERE id BETWEEN 30000 AND 30100");
                one.commit();
            }
        }
        server.execute("SELECT pg_replication_origin_drop('o')");
    }

    private void indexes() throws SQLException {
        List<String> kinds = new ArrayList<>(List.of(
                "btree (a)",
                "btree (b) WHERE length(b) < 200",
                "hash (a)",
                "hash (id)",
                "gin (c)",
                "gin (c) WITH (fastupdate = off)",
                "gist (p)",
                "spgist (p)",
                "spgist (b)",
                "brin (id) WITH (pages_per_range = 1, autosummarize = off)",
                "brin (b) WITH (pages_per_range = 2)",
                "bloom (id, a)"));
        int number = 0;
        List<String> statements = new ArrayList<>();
        statements.add("CREATE TABLE x (LIKE t)");
        for (String kind : kinds) {
            statements.add("CREATE INDEX x" + number++ + " ON x USING " + kind);
        }
        statements.addAll(List.of(
                "INSERT INTO x SELECT * FROM t WHERE id < 100000",
                "SELECT brin_summarize_new_values('x9'), brin_summarize_new_values('x10')",
                "INSERT INTO x SELECT id + 1, a, b, c, point(id % 17, id % 11), n FROM t WHERE id % 3 = 0 AND id < 100000",
                "INSERT INTO x SELECT 7, 7, 'same', ARRAY[1, 2], point(1, 1), 7 FROM generate_series(1, 1500)",
                "UPDATE x SET b = b || 'x', a = a + 1, p = point(id, a) WHERE id % 5 = 0",
                "SELECT brin_desummarize_range('x9', 0)",
                "SELECT gin_clean_pending_list('x4')",
                "DELETE FROM x WHERE id BETWEEN 500 AND 3000",
                "VACUUM x",
                "INSERT INTO x SELECT * FROM t WHERE id < 100000",
                "DELETE FROM x WHERE id > 300",
                "VACUUM x",
                "VACUUM x",
                "INSERT INTO x SELECT * FROM t WHERE id < 2000",
                "REINDEX INDEX x0",
                "VACUUM (FREEZE, TRUNCATE) x",
                "VACUUM FULL x",
                "DROP INDEX x3"));
        server.execute(statements.toArray(new String[0]));
    }

    private void catalogs() throws SQLException {
        String space = server.directory("space").toString();
        server.execute(
                "CREATE TABLESPACE space LOCATION '" + space + "'",
                "CREATE DATABASE by_log STRATEGY wal_log",
                "CREATE DATABASE by_copy STRATEGY file_copy TABLESPACE space",
                "CHECKPOINT",
                "DROP DATABASE by_copy",
                "DROP DATABASE by_log",
                "DROP TABLESPACE space",
                "VACUUM FULL pg_class",
                "VACUUM FULL pg_attribute",
                "ALTER TABLE t ADD COLUMN added int DEFAULT 1",
                "ALTER TABLE t ALTER COLUMN a TYPE bigint",
                "ANALYZE t");
    }

    private void images() throws SQLException {
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement()) {
            List<String> ways = new ArrayList<>();
            try (ResultSet rows =
                    statement.executeQuery("SELECT unnest(enumvals) FROM pg_settings WHERE name = 'wal_compression'")) {
                while (rows.next()) {
                    ways.add(rows.getString(1));
                }
            }
            for (String way : ways) {
                statement.execute("SET wal_compression = '" + way + "'");
                statement.execute("CHECKPOINT");
                statement.execute("UPDATE t SET a = a + 1 WHERE id % 20 = 1");
                statement.execute("UPDATE x SET a = a + 1 WHERE id < 120 AND id <> 7");
                statement.execute("INSERT INTO few SELECT 40000 + (SELECT max(id) FROM few) + i, 1"
                        + " FROM generate_series(1, 200) i");
            }
            statement.execute("SET wal_consistency_checking = 'all'");
            statement.execute("UPDATE x SET a = a + 1 WHERE id < 50 AND id <> 7");
            statement.execute("SET wal_compression = off");
            statement.execute("UPDATE x SET a = a + 1 WHERE id < 50 AND id <> 7");
        }
    }

    private void archive() throws SQLException {
        server.execute(
                "SELECT pg_create_restore_point('here')",
                "SELECT pg_switch_wal()",
                "CREATE TABLE after_switch (a int)",
                "SELECT pg_switch_wal()",
                "SELECT pg_switch_wal()",
                "SELECT pg_logical_emit_message(false, 'long', repeat('0123456789', 350000))",
                "SELECT pg_backup_start('b', true)");
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_backup_start('b', true)");
            statement.execute("SELECT pg_backup_stop(false)");
        }
        server.reload("full_page_writes = off");
        server.execute("CHECKPOINT", "UPDATE t SET a = 1 WHERE id < 99");
        server.configure("max_connections = 77");
        server.reload("full_page_writes = on");
        server.execute("CHECKPOINT");
        server.restart();
    }

    /** The buffers are smaller than the record, so that its beginning is written and its end is not. */
    private void crashInsideARecord() throws SQLException {
        try (Connection open = server.jdbc();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            statement.execute("INSERT INTO t (id) VALUES (-1)");
            statement.execute("SELECT pg_logical_emit_message(false, 'long', repeat('abcdefghij', 250000))");
            server.crash();
        }
        server.start();
        server.execute("INSERT INTO t (id) VALUES (-2)", "CHECKPOINT");
    }
}
