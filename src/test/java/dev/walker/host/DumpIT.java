package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.DescribedWorkload;
import dev.walker.testing.TestServer;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalSegmentName;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code dump} and {@code stats} of WAL that real servers wrote, compared with what pg_walinspect says of it. */
@Tag("server")
class DumpIT {
    private static final String COLUMNS = "start_lsn, end_lsn, prev_lsn, xid, resource_manager, record_type,"
            + " record_length, main_data_length, fpi_length, description, block_ref";

    private static final String[] WORK = {
        "CREATE EXTENSION pg_walinspect",
        "CREATE TABLE public.accounts (id int PRIMARY KEY, a int, b text)",
        "CREATE INDEX ON accounts (a)",
        "CREATE INDEX ON accounts USING hash (a)",
        "CREATE SEQUENCE s",
        "INSERT INTO accounts SELECT i, i % 10, repeat('x', 100) FROM generate_series(1, 5000) i",
        "SELECT nextval('s')",
        "CHECKPOINT",
        "SET wal_compression = on",
        "UPDATE accounts SET a = a + 1 WHERE id % 3 = 0",
        "SELECT pg_switch_wal()",
        "DELETE FROM accounts WHERE id % 5 = 0",
        "VACUUM accounts",
        "SELECT pg_logical_emit_message(false, 'p', repeat('0123456789', 250000))",
        "DO $$ BEGIN FOR i IN 1..5 LOOP BEGIN INSERT INTO accounts VALUES (-i, 1 / (i % 2));"
                + " EXCEPTION WHEN division_by_zero THEN END; END LOOP; END $$",
        "BEGIN",
        "INSERT INTO accounts VALUES (-100)",
        "ROLLBACK",
        "CREATE TABLE gone AS SELECT 1 AS a",
        "DROP TABLE gone",
        "CHECKPOINT",
    };

    private static TestServer server(int major) throws SQLException {
        TestServer server = TestServer.major(major)
                .initdb("--wal-segsize=1")
                .conf(
                        "wal_keep_size = 1GB",
                        "autovacuum = off",
                        "wal_log_hints = on",
                        "max_prepared_transactions = 5",
                        "bgwriter_delay = 10s",
                        "restore_command = '/bin/false'")
                .start();
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement()) {
            for (String sql : WORK) {
                statement.execute(sql);
            }
        }
        return server;
    }

    /** The rows of pg_get_wal_records_info as COPY writes them. */
    private static List<String> oracle(TestServer server, long start, long end) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT " + COLUMNS + " FROM pg_get_wal_records_info('"
                        + Lsn.format(start) + "', '" + Lsn.format(end) + "')")) {
            while (result.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= 11; i++) {
                    String value = result.getString(i);
                    row.append(i == 1 ? "" : "|").append(value == null ? "null" : value);
                }
                rows.add(row.toString());
            }
        }
        return rows;
    }

    /** Lines of CSV in the form of {@link #oracle}. */
    private static List<String> rows(List<String> csv) {
        assertEquals(
                "start_lsn,end_lsn,prev_lsn,xid,resource_manager,record_type,record_length,main_data_length,fpi_length,"
                        + "description,block_ref",
                csv.get(0));
        List<String> lines = new ArrayList<>();
        for (String line : csv.subList(1, csv.size())) {
            List<String> fields = fields(line);
            assertEquals(11, fields.size(), line);
            lines.add(String.join("|", fields));
        }
        return lines;
    }

    private static List<String> fields(String line) {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        boolean wasQuoted = false;
        for (int i = 0; i <= line.length(); i++) {
            char c = i < line.length() ? line.charAt(i) : ',';
            if (c == '"') {
                if (quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                    field.append('"');
                    i++;
                } else {
                    quoted = !quoted;
                    wasQuoted = true;
                }
            } else if (c == ',' && !quoted) {
                fields.add(field.length() == 0 && !wasQuoted ? "null" : field.toString());
                field.setLength(0);
                wasQuoted = false;
            } else {
                field.append(c);
            }
        }
        return fields;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.walker.testing.TestServer#majors")
    void showsWhatTheServerShows(int major) throws Exception {
        try (TestServer server = server(major)) {
            String first = server.query("SELECT min(name) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'");
            long start = WalSegmentName.parse(first, 1 << 20).startLsn();
            long end = Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()"));
            List<String> expected = oracle(server, start, end);
            assertTrue(expected.size() > 10_000, expected.size() + " records");
            String wal = server.walDir().toString();
            String endText = Lsn.format(end);
            List<String> csv = Walker.lines("dump", "--path", wal, "--end", endText, "--format", "csv");
            assertEquals(String.join("\n", expected), String.join("\n", rows(csv)));

            String url = server.url("postgres") + "?user=postgres";
            List<String> live = Walker.lines(
                    "dump", "--source-url", url, "--start", Lsn.format(start), "--end", endText, "--format", "csv");
            assertEquals(expected.size() + 1, live.size());
            String numbers =
                    server.query("SELECT pg_relation_filepath('accounts')").replace("base", "1663");
            for (int i = 1; i < live.size(); i++) {
                String line = live.get(i);
                assertFalse(line.contains("rel " + numbers + " "), line);
            }
            comparesStatistics(server, start, end);
            findsRelations(server, url, numbers, endText);
            followsTimelines(server);
        }
    }

    /** The rows of records of every type of every resource manager, which is checked where they are described. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.walker.testing.TestServer#majors")
    void showsAllRecordTypesAsTheServerDoes(int major) throws Exception {
        try (TestServer server =
                DescribedWorkload.prepared(TestServer.major(major), major).start()) {
            server.execute("CREATE EXTENSION pg_walinspect", "CHECKPOINT");
            long start = Lsn.parse(server.query("SELECT redo_lsn FROM pg_control_checkpoint()"));
            new DescribedWorkload(server).run();
            long end = Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()"));
            List<String> expected = oracle(server, start, end);
            Set<String> rmgrs = new TreeSet<>();
            for (String row : expected) {
                rmgrs.add(row.split("[|]")[4]);
            }
            assertEquals(22, rmgrs.size(), rmgrs.toString());
            List<String> csv = rows(Walker.lines(
                    "dump",
                    "--path",
                    server.walDir().toString(),
                    "--start",
                    Lsn.format(start),
                    "--end",
                    Lsn.format(end),
                    "--format",
                    "csv"));
            assertEquals(expected.size(), csv.size());
            for (int i = 0; i < csv.size(); i++) {
                assertEquals(expected.get(i), csv.get(i));
            }
        }
    }

    /** In SQL_ASCII a name is just bytes, which the server gives to nobody who wants UTF-8. */
    @Test
    void relationWhoseNameIsNoTextHasNumbers() throws Exception {
        int newest = Collections.max(TestServer.majors());
        try (TestServer server = TestServer.major(newest).start()) {
            server.execute("CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
            String start = server.query("SELECT pg_current_wal_insert_lsn()");
            String file;
            try (Connection connection = server.jdbc("bytes", "postgres");
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE plain (a int)");
                statement.execute("DO $$ DECLARE name text := convert_from('\\xe4ff', 'SQL_ASCII'); BEGIN"
                        + " EXECUTE format('CREATE TABLE %I (a int)', name);"
                        + " EXECUTE format('INSERT INTO %I VALUES (1)', name); END $$");
                statement.execute("INSERT INTO plain VALUES (1)");
                try (ResultSet row = statement.executeQuery("SELECT '1663/' || d.oid || '/' || c.relfilenode"
                        + " FROM pg_class c, pg_database d WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
                        + " AND c.oid <> 'plain'::regclass AND d.datname = current_database()")) {
                    assertTrue(row.next());
                    file = row.getString(1);
                }
            }
            String url = server.url("bytes") + "?user=postgres";
            Walker shown = Walker.run("init", "--target-url", url);
            assertEquals(0, shown.status(), shown.err());
            try (Connection connection = server.jdbc("bytes", "postgres");
                    Statement statement = connection.createStatement()) {
                statement.execute("INSERT INTO walker.source (name, system_identifier)"
                        + " SELECT convert_from('\\xe4ff', 'SQL_ASCII'), system_identifier FROM pg_control_system()");
            }
            shown = Walker.run("fleet", "--target-url", url);
            assertEquals(1, shown.status());
            assertTrue(shown.err().contains("; a name in this database is no UTF-8, as SQL_ASCII allows"), shown.err());
            List<String> text = Walker.lines("dump", "--source-url", url, "--start", start, "--rmgr", "Heap");
            assertTrue(text.stream().anyMatch(line -> line.contains("rel public.plain blk 0")), text.toString());
            assertTrue(text.stream().anyMatch(line -> line.contains("rel " + file + " blk 0")), text.toString());
            List<String> sums =
                    Walker.lines("stats", "--source-url", url, "--start", start, "--by", "relation", "--format", "csv");
            assertTrue(sums.stream().anyMatch(line -> line.startsWith(file + ",1,")), sums.toString());
        }
    }

    private void comparesStatistics(TestServer server, long start, long end) throws SQLException {
        for (boolean byRecord : new boolean[] {false, true}) {
            List<String> expected = new ArrayList<>();
            try (Connection connection = server.jdbc();
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT * FROM pg_get_wal_stats('" + Lsn.format(start)
                            + "', '" + Lsn.format(end) + "', " + byRecord + ") WHERE count > 0")) {
                while (rows.next()) {
                    expected.add(rows.getString(1) + "," + rows.getLong(2) + "," + rows.getLong(4) + ","
                            + rows.getLong(6) + "," + rows.getLong(8));
                }
            }
            List<String> found = new ArrayList<>();
            List<String> lines = Walker.lines(
                    "stats",
                    "--path",
                    server.walDir().toString(),
                    "--end",
                    Lsn.format(end),
                    "--format",
                    "csv",
                    "--by",
                    byRecord ? "record" : "rmgr");
            long before = Long.MAX_VALUE;
            for (String line : lines.subList(1, lines.size() - 1)) {
                String[] fields = line.split(",");
                int at = byRecord ? 2 : 1;
                String name = byRecord ? fields[0] + "/" + fields[1] : fields[0];
                if (!fields[at].equals("0")) {
                    found.add(name + "," + fields[at] + "," + fields[at + 2] + "," + fields[at + 4] + ","
                            + fields[at + 6]);
                }
                assertTrue(Long.parseLong(fields[at + 6]) <= before, line);
                before = Long.parseLong(fields[at + 6]);
            }
            expected.sort(null);
            found.sort(null);
            assertEquals(String.join("\n", expected), String.join("\n", found));
        }
    }

    private void findsRelations(TestServer server, String url, String numbers, String end) throws SQLException {
        String wal = server.walDir().toString();
        List<String> byName = Walker.lines(
                "dump", "--path", wal, "--end", end, "--source-url", url, "--relation", "accounts", "--format", "csv");
        List<String> byNumber =
                Walker.lines("dump", "--path", wal, "--end", end, "--relation", numbers, "--format", "csv");
        assertEquals(byNumber.size(), byName.size());
        assertTrue(byName.size() > 5000, byName.size() + " records");
        for (String line : byName.subList(1, byName.size())) {
            assertTrue(line.contains("rel public.accounts fork "), line);
        }
        List<String> relations = Walker.lines(
                "stats", "--path", wal, "--end", end, "--source-url", url, "--by", "relation", "--format", "csv");
        assertEquals("(none)", relations.get(1).split(",")[0]);
        assertEquals("public.accounts", relations.get(2).split(",")[0]);
        List<String> totals = Walker.lines("stats", "--path", wal, "--end", end, "--format", "csv");
        String total = totals.get(totals.size() - 1);
        assertTrue(relations.get(relations.size() - 1).startsWith(total), total + "\n" + relations);
        List<String> transactions = Walker.lines(
                "stats", "--path", wal, "--end", end, "--by", "transaction", "--top", "0", "--format", "csv");
        assertEquals("xid,outcome,time", transactions.get(0).substring(0, 16));
        assertTrue(
                transactions
                        .get(transactions.size() - 1)
                        .replace("Total,,", "Total")
                        .startsWith(total),
                total + "\n" + transactions.get(transactions.size() - 1));
        String committed = server.query("SELECT xmin FROM accounts WHERE id = 1");
        assertEquals(
                1,
                transactions.stream()
                        .filter(line -> line.startsWith(committed + ",committed,"))
                        .count(),
                committed);
        assertTrue(transactions.stream().anyMatch(line -> line.contains(",aborted,")));
    }

    /** Ends a timeline twice by recovery from what is there, the second time after a crash. */
    private void followsTimelines(TestServer server) throws Exception {
        for (int timeline = 2; timeline <= 3; timeline++) {
            server.execute("INSERT INTO accounts SELECT i + " + timeline * 10000 + " FROM generate_series(1, 3000) i");
            if (timeline == 2) {
                server.stop();
            } else {
                server.crash();
            }
            Files.createFile(server.dataDir().resolve("recovery.signal"));
            server.start();
            while ("t".equals(server.query("SELECT pg_is_in_recovery()"))) {
                Thread.sleep(50);
            }
            server.execute("INSERT INTO accounts SELECT -i - " + timeline * 10000 + " FROM generate_series(1, 300) i");
        }
        long end = Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()"));
        List<String> json = Walker.lines(
                "dump", "--path", server.walDir().toString(), "--end", Lsn.format(end), "--format", "json");
        String last = json.get(json.size() - 1);
        assertTrue(last.contains("\"timeline\":3,"), last);
        assertTrue(json.stream().anyMatch(line -> line.contains("\"timeline\":2,")));
        assertTrue(json.get(0).contains("\"timeline\":1,"));
        long start = Lsn.parse(json.get(0).split("\"")[3]);
        List<String> csv =
                Walker.lines("dump", "--path", server.walDir().toString(), "--end", Lsn.format(end), "--format", "csv");
        assertEquals(String.join("\n", oracle(server, start, end)), String.join("\n", rows(csv)));
        // The first timeline by itself ends where it was left.
        Walker first = Walker.run("dump", "--path", server.walDir().toString(), "--timeline", "1", "--format", "json");
        assertEquals(0, first.status(), first.err());
        assertFalse(first.out().contains("\"timeline\":2"));
    }

    // As a program

    private static Process program(String... args) throws IOException {
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-jar",
                System.getProperty("walker.jar", "target/walker.jar")));
        words.addAll(List.of(args));
        return new ProcessBuilder(words).start();
    }

    @Test
    void endsQuietlyWhenThePipeIsClosedAndFollowsAServer() throws Exception {
        try (TestServer server = TestServer.major(TestServer.majors().get(0))
                .conf("wal_keep_size = 1GB", "autovacuum = off")
                .start()) {
            Process cut = program("dump", "--path", server.dataDir().toString());
            try (BufferedReader out =
                    new BufferedReader(new InputStreamReader(cut.getInputStream(), StandardCharsets.US_ASCII))) {
                assertTrue(out.readLine().startsWith("rmgr: XLOG "));
            }
            assertTrue(cut.waitFor(60, TimeUnit.SECONDS));
            assertEquals("", new String(cut.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
            assertEquals(0, cut.exitValue());

            String start = server.query("SELECT pg_current_wal_insert_lsn()");
            String url = server.url("postgres") + "?user=postgres";
            for (String[] from : new String[][] {{"--path", server.dataDir().toString()}, {"--source-url", url}}) {
                Process follower =
                        program("dump", from[0], from[1], "--follow", "--start", start, "-r", "LogicalMessage");
                try (BufferedReader out =
                        new BufferedReader(new InputStreamReader(follower.getInputStream(), StandardCharsets.UTF_8))) {
                    for (int i = 0; i < 3; i++) {
                        server.execute("SELECT pg_logical_emit_message(true, 'p', 'hello')", "SELECT pg_switch_wal()");
                        String line = out.readLine();
                        assertTrue(line.contains("LogicalMessage") && line.contains("MESSAGE"), line);
                    }
                } finally {
                    follower.destroy();
                }
                assertTrue(follower.waitFor(60, TimeUnit.SECONDS));
                start = server.query("SELECT pg_current_wal_insert_lsn()");
            }
        }
    }
}
