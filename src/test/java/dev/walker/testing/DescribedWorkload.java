package dev.walker.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Little work of many kinds: each record type that core writes without a crash, and each part that its description may
 * have, on servers from 10 on. {@link WalWorkload} does more of fewer kinds.
 */
public final class DescribedWorkload {
    private static final String[] CONF = {
        "wal_level = logical",
        "track_commit_timestamp = on",
        "max_prepared_transactions = 10",
        "wal_log_hints = on",
        "max_wal_size = 4GB",
        "checkpoint_timeout = 1h",
        "wal_writer_delay = 10s",
        "bgwriter_delay = 10s",
        "autovacuum = off",
        "statement_timeout = 60s",
    };

    private final TestServer server;
    private final int major;

    /** For a server that was started with {@link #prepared}. */
    public DescribedWorkload(TestServer server) {
        this.server = server;
        this.major = server.major();
    }

    /** A server with the settings that the workload needs, and segments as small as its major can have them. */
    public static TestServer.Builder prepared(TestServer.Builder builder, int major) {
        builder.conf(CONF).conf(major >= 13 ? "wal_keep_size = 4GB" : "wal_keep_segments = 4000");
        return major >= 11 ? builder.initdb("--wal-segsize=1") : builder;
    }

    /** Bytes of a segment of a server of {@link #prepared}. */
    public static int segmentSize(int major) {
        return major >= 11 ? 1 << 20 : 16 << 20;
    }

    /** Does all of it. */
    public void run() throws SQLException, IOException {
        heap();
        locks();
        transactions();
        origins();
        btree();
        if (major >= 11) {
            included();
        }
        hashAndGist();
        gin();
        spgistAndBrin();
        files();
        freezing();
        standby();
    }

    private void heap() throws SQLException {
        server.execute(
                "CREATE TABLE h (id int PRIMARY KEY, a int, b text) WITH (fillfactor = 90)",
                "INSERT INTO h SELECT i, i, repeat('x', i % 50) FROM generate_series(1, 2000) i",
                "UPDATE h SET a = a + 1 WHERE id < 300",
                "UPDATE h SET a = a + 1 WHERE id < 300",
                "UPDATE h SET id = -id, b = repeat('y', 90) WHERE id % 7 = 0",
                "SELECT count(*) FROM h WHERE id < 300",
                "DELETE FROM h WHERE id % 5 = 1",
                "VACUUM h",
                "INSERT INTO h VALUES (1, 1), (10001, 1) ON CONFLICT (id) DO UPDATE SET a = excluded.a",
                "CREATE TABLE k (id int)",
                "COPY k FROM PROGRAM 'seq 1 300'",
                "COPY h (id, b) FROM PROGRAM 'seq 20000 20400 | awk ''{print $1 \"\\tx\" $1}'''",
                "CHECKPOINT",
                "COPY h (id, b) FROM PROGRAM 'seq 30000 30100 | awk ''{print $1 \"\\tx\" $1}'''",
                "UPDATE h SET a = a - 1 WHERE id BETWEEN 20000 AND 20100",
                "SELECT count(*) FROM h",
                "DELETE FROM h WHERE id BETWEEN 20101 AND 20200",
                "CHECKPOINT",
                "VACUUM (FREEZE) h",
                "CREATE SEQUENCE s",
                "SELECT nextval('s') FROM generate_series(1, 40)",
                "CREATE TABLE child (id int REFERENCES h, n serial)",
                "TRUNCATE h, child RESTART IDENTITY",
                "TRUNCATE h CASCADE",
                "TRUNCATE k");
        // Frozen in more than one way: some rows were locked, some deleted in vain.
        server.execute(
                "INSERT INTO h SELECT i, i, '' FROM generate_series(1, 100) i",
                "SELECT * FROM h WHERE id % 3 = 0 FOR UPDATE",
                "SELECT * FROM h WHERE id % 3 = 1 FOR KEY SHARE",
                "VACUUM (FREEZE) h");
    }

    private void locks() throws SQLException {
        try (Connection one = server.jdbc();
                Connection two = server.jdbc()) {
            one.setAutoCommit(false);
            two.setAutoCommit(false);
            Statement first = one.createStatement();
            Statement second = two.createStatement();
            for (String strength : new String[] {"KEY SHARE", "SHARE", "NO KEY UPDATE"}) {
                first.execute("SELECT * FROM h WHERE id < 5 FOR KEY SHARE");
                second.execute("SELECT * FROM h WHERE id < 5 FOR " + strength);
                second.execute("SAVEPOINT s");
                second.execute("UPDATE h SET a = -1 WHERE id = 3");
                one.commit();
                two.commit();
            }
            first.execute("UPDATE h SET a = -1 WHERE id = 50");
            second.execute("SELECT * FROM h WHERE id = 50 FOR KEY SHARE");
            // What runs at a checkpoint, with a list of subtransactions and with one that is too long.
            for (int subxacts : new int[] {3, 70}) {
                for (int i = 0; i < subxacts; i++) {
                    first.execute("SAVEPOINT s" + i);
                    first.execute("INSERT INTO h VALUES (" + (100_000 + 100 * subxacts + i) + ")");
                }
                server.execute("CHECKPOINT");
            }
            one.rollback();
            two.commit();
            first.execute("LOCK TABLE h, k");
            server.execute("CHECKPOINT");
            one.commit();
        }
    }

    private void transactions() throws SQLException {
        String many = IntStream.range(0, 5).mapToObj(i -> "DROP TABLE d" + i).collect(Collectors.joining("; "));
        for (int i = 0; i < 5; i++) {
            server.execute("CREATE TABLE d" + i + " (a int PRIMARY KEY, b text)");
        }
        server.execute(
                "DO $$ BEGIN FOR i IN 1..5 LOOP"
                        + " BEGIN INSERT INTO k VALUES (i + 9000); INSERT INTO k VALUES (1 / (i % 2));"
                        + " EXCEPTION WHEN OTHERS THEN END; END LOOP; END $$",
                "SET synchronous_commit = remote_apply; BEGIN; SAVEPOINT a; INSERT INTO k VALUES (77);"
                        + " SAVEPOINT b; DELETE FROM k WHERE id = 77; COMMIT",
                "BEGIN; CREATE TABLE never (a int); SAVEPOINT s; INSERT INTO never VALUES (1); ROLLBACK",
                "BEGIN; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMIT",
                "DROP FUNCTION f",
                "SELECT pg_logical_emit_message(true, 'gr\u00f6\u00dfe', 'hello'), pg_logical_emit_message(false, '', '')",
                "SELECT pg_create_restore_point('Wiederherstellung \u00fc')");
        for (String end : new String[] {"COMMIT", "ROLLBACK"}) {
            server.execute(
                    "BEGIN; " + (end.equals("COMMIT") ? many : "DROP TABLE h CASCADE")
                            + "; CREATE TABLE p_" + end + " (a int); SAVEPOINT s; INSERT INTO k VALUES (5);"
                            + " RELEASE SAVEPOINT s; PREPARE TRANSACTION '\u00fcber " + end + "'",
                    "CHECKPOINT",
                    end + " PREPARED '\u00fcber " + end + "'");
        }
    }

    private void origins() throws SQLException {
        server.execute(
                "SELECT pg_replication_origin_create('o')", "SELECT pg_replication_origin_advance('o', '1/1234')");
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_replication_origin_session_setup('o')");
            for (String end : new String[] {"COMMIT", "ROLLBACK"}) {
                String begin = "BEGIN; INSERT INTO k VALUES (60);"
                        + " SELECT pg_replication_origin_xact_setup('2/4321', '2001-02-03 04:05:06.070+10:30'); ";
                statement.execute(begin + end);
                statement.execute(begin + "PREPARE TRANSACTION 'o'");
                statement.execute(end + " PREPARED 'o'");
                statement.execute("DELETE FROM k WHERE id = 60");
            }
            statement.execute("SELECT pg_replication_origin_session_reset()");
        }
        server.execute("SELECT pg_replication_origin_drop('o')");
    }

    private void btree() throws SQLException {
        // Not so wide that it is compressed.
        String wide = "md5(i::text) || md5('a' || i) || md5('b' || i) || md5('c' || i) || md5('d' || i)";
        server.execute(
                "CREATE TABLE t (a int, b text)",
                "CREATE INDEX ta ON t (a)",
                "CREATE INDEX tb ON t (b)",
                "INSERT INTO t SELECT i % 10, repeat(chr(65 + i % 26), 600) || i FROM generate_series(1, 1500) i",
                // Posting lists that are split, and that lose a part.
                "INSERT INTO t SELECT 5, 'z' FROM generate_series(1, 600) i",
                "DELETE FROM t WHERE ctid IN (SELECT ctid FROM t WHERE a = 5 LIMIT 40)",
                "VACUUM t",
                "UPDATE t SET b = b || 'x' WHERE a = 5",
                "UPDATE t SET b = b || 'x' WHERE a = 5",
                "UPDATE t SET b = b || 'x' WHERE a = 5",
                "UPDATE t SET b = b || 'x' WHERE a = 5",
                // One page is left on the lowest level, and divides again.
                "CREATE TABLE l (b text)",
                "CREATE INDEX lb ON l (b)",
                "INSERT INTO l SELECT " + wide + " FROM generate_series(1, 600) i",
                "DELETE FROM l",
                "VACUUM l",
                "INSERT INTO k VALUES (90)",
                "VACUUM l",
                "INSERT INTO k VALUES (91)",
                "VACUUM l",
                "INSERT INTO l SELECT 'z' || " + wide + " FROM generate_series(1, 60) i",
                // Pruned and removed while they are read and written.
                "SET enable_seqscan = off; SET enable_bitmapscan = off; DELETE FROM t WHERE a = 3;"
                        + " SELECT count(b) FROM t WHERE a = 3",
                "SET enable_seqscan = off; SET enable_bitmapscan = off; SELECT count(b) FROM t WHERE a = 3",
                "INSERT INTO t SELECT 3, 'q' FROM generate_series(1, 600) i");
    }

    /** Pages whose high key is not the first key of the next. */
    private void included() throws SQLException {
        server.execute(
                "CREATE TABLE o (a int, b text)",
                "CREATE INDEX oa ON o (a) INCLUDE (b)",
                "INSERT INTO o SELECT i, repeat('x', 100) FROM generate_series(1, 500) i",
                "INSERT INTO o SELECT -i, repeat('x', 100) FROM generate_series(1, 500) i");
    }

    private void hashAndGist() throws SQLException {
        String byIndex = "SET enable_seqscan = off; SET enable_bitmapscan = off; ";
        server.execute(
                "CREATE TABLE g (a int, p point)",
                "CREATE INDEX gh ON g USING hash (a)",
                "CREATE INDEX gp ON g USING gist (p)",
                "INSERT INTO g SELECT i % 50, point(i % 60, i % 17) FROM generate_series(1, 4000) i",
                "DELETE FROM g WHERE a = 7",
                byIndex + "SELECT count(p) FROM g WHERE a = 7",
                byIndex + "SELECT count(*) FROM g WHERE p <@ box '((0,0),(100,100))'",
                byIndex + "SELECT count(*) FROM g WHERE p <@ box '((0,0),(100,100))'",
                "INSERT INTO g SELECT 7, point(7, i % 17) FROM generate_series(1, 1500) i",
                "DELETE FROM g WHERE p <@ box '((0,0),(30,100))'",
                "VACUUM g",
                "INSERT INTO k VALUES (92)",
                "VACUUM g",
                "INSERT INTO k VALUES (93)",
                "VACUUM g",
                "INSERT INTO g SELECT i, point(i % 60 / 2.0, i % 17 / 3.0) FROM generate_series(1, 3000) i",
                "DELETE FROM g",
                "VACUUM g");
    }

    private void gin() throws SQLException {
        server.execute(
                "CREATE TABLE n (c int[], filler char(20) DEFAULT 'x')",
                "INSERT INTO n SELECT ARRAY[1] FROM generate_series(1, 30000) i",
                "CREATE INDEX nf ON n USING gin (c) WITH (fastupdate = off)",
                "INSERT INTO n SELECT ARRAY[i % 40, 1] FROM generate_series(1, 3000) i",
                "INSERT INTO n SELECT ARRAY[i, 1] FROM generate_series(1, 6000) i",
                "DELETE FROM n WHERE ctid < '(30,1)' OR ctid > '(40,1)' AND ctid < '(200,1)' AND ctid <> '(195,7)'",
                "VACUUM n",
                "CHECKPOINT",
                "INSERT INTO n SELECT ARRAY[i, 1] FROM generate_series(1, 100) i",
                "SET wal_consistency_checking = 'gin'; INSERT INTO n SELECT ARRAY[i, 1] FROM generate_series(1, 30) i",
                "CREATE INDEX nl ON n USING gin (c) WITH (fastupdate = on)",
                "INSERT INTO n SELECT ARRAY[i, 1] FROM generate_series(1, 100) i",
                "SELECT gin_clean_pending_list('nl')");
    }

    private void spgistAndBrin() throws SQLException {
        server.execute(
                "CREATE TABLE q (b text, p point)",
                "CREATE INDEX qs ON q USING spgist (b)",
                "INSERT INTO q VALUES ('a'), (NULL), ('b')",
                "DELETE FROM q",
                "VACUUM q",
                "CREATE INDEX qp ON q USING spgist (p)",
                "INSERT INTO q SELECT 'common prefix ' || i, point(i, i % 31) FROM generate_series(1, 3000) i",
                "INSERT INTO q SELECT 'common x' || i FROM generate_series(1, 3) i",
                "INSERT INTO q SELECT chr(100 + i % 20) || repeat('y', i) FROM generate_series(1, 100) i",
                "DELETE FROM q WHERE b < 'common prefix 2'",
                "VACUUM q",
                "INSERT INTO k VALUES (94)",
                "VACUUM q",
                "CREATE TABLE r (a int, b text) WITH (fillfactor = 10)",
                "INSERT INTO r SELECT i, 'x' FROM generate_series(1, 3000) i",
                "CREATE INDEX ra ON r USING brin (a) WITH (pages_per_range = 1)",
                "CREATE INDEX rb ON r USING brin (b) WITH (pages_per_range = 1)",
                "UPDATE r SET b = (SELECT string_agg(md5(i::text || r.a), '') FROM generate_series(1, 20) i)"
                        + " WHERE a % 100 = 0",
                "INSERT INTO r SELECT i, 'y' FROM generate_series(1, 6000) i",
                "SELECT brin_summarize_new_values('ra'), brin_summarize_new_values('rb')",
                "SELECT brin_desummarize_range('ra', 0)");
        server.execute(
                "CREATE EXTENSION bloom",
                "CREATE INDEX rbloom ON h USING bloom (id, a)",
                "INSERT INTO h VALUES (777777, 1)");
    }

    private void files() throws SQLException {
        server.execute(
                "CREATE TABLESPACE space LOCATION '" + server.directory("space") + "'",
                "CREATE TABLE elsewhere (a int, b text) TABLESPACE space",
                "CREATE UNLOGGED TABLE unlogged (a int) TABLESPACE space",
                "INSERT INTO elsewhere SELECT i, repeat('x', 300) FROM generate_series(1, 100) i",
                "DELETE FROM elsewhere",
                "VACUUM elsewhere",
                "DROP TABLE elsewhere, unlogged",
                major >= 15 ? "CREATE DATABASE by_log STRATEGY wal_log" : "CREATE DATABASE by_log",
                "CREATE DATABASE by_copy " + (major >= 15 ? "STRATEGY file_copy " : "") + "TABLESPACE space",
                "DROP DATABASE by_copy",
                "DROP DATABASE by_log",
                "DROP TABLESPACE space",
                "VACUUM FULL pg_class",
                "VACUUM FULL pg_authid",
                "VACUUM pg_attribute",
                "ALTER TABLE t ADD COLUMN c int DEFAULT 1",
                "SELECT pg_switch_wal()");
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    major >= 15 ? "SELECT pg_backup_start('b', true)" : "SELECT pg_start_backup('b', true, false)");
            statement.execute(major >= 15 ? "SELECT pg_backup_stop(false)" : "SELECT pg_stop_backup(false)");
        }
        server.reload("full_page_writes = off");
        server.execute("CHECKPOINT");
        server.configure("max_connections = 111");
        server.reload("full_page_writes = on");
        server.execute("CHECKPOINT");
    }

    /** Old commit timestamps and multixacts go once no database has older ones. */
    private void freezing() throws SQLException {
        server.execute(
                "CREATE TEMP TABLE xids (a int); DO $$ BEGIN FOR i IN 1..33000 LOOP"
                        + " BEGIN INSERT INTO xids VALUES (1); EXCEPTION WHEN OTHERS THEN END; END LOOP; END $$",
                "ALTER DATABASE template0 ALLOW_CONNECTIONS true",
                "CHECKPOINT");
        for (String database : List.of("template0", "template1", "postgres")) {
            try (Connection connection = server.jdbc(database, "postgres");
                    Statement statement = connection.createStatement()) {
                statement.execute("VACUUM (FREEZE)");
            }
        }
    }

    /** The server goes on as a standby, which is promoted, and gives out its first OID. */
    private void standby() throws SQLException, IOException {
        server.stop();
        if (major >= 12) {
            Files.createFile(server.dataDir().resolve("standby.signal"));
        } else {
            Files.writeString(server.dataDir().resolve("recovery.conf"), "standby_mode = on\n");
        }
        server.start();
        server.run("pg_ctl", "-D", server.dataDir().toString(), "-w", "promote");
        server.execute("CREATE TABLE after_promotion (a int)", "CHECKPOINT");
    }
}
