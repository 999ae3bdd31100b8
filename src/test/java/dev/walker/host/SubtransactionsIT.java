package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums by transaction of what real servers log of savepoints, compared with what the ends of transactions list. */
@Tag("server")
class SubtransactionsIT {
    private static final Pattern LINE =
            Pattern.compile(".* tx: +(\\d+), .* desc: (COMMIT|ABORT)?.*?(subxacts: ([\\d ]+).*)?");

    /** Savepoints in savepoints, some of them rolled back, with many rows: segments end in the middle of them. */
    private static final String[] WORK = {
        "CREATE TABLE public.t (a int, b text)",
        "BEGIN",
        "INSERT INTO t VALUES (0, 'x')",
        "SAVEPOINT one",
        "INSERT INTO t SELECT i, repeat('x', 300) FROM generate_series(1, 9000) i",
        "SAVEPOINT two",
        "INSERT INTO t SELECT i, repeat('x', 300) FROM generate_series(1, 9000) i",
        "RELEASE two",
        "SAVEPOINT three",
        "INSERT INTO t SELECT i, repeat('x', 300) FROM generate_series(1, 9000) i",
        "ROLLBACK TO one",
        "INSERT INTO t VALUES (1, 'x')",
        "COMMIT",
        "DO $$ BEGIN FOR i IN 1..1000 LOOP"
                + " BEGIN INSERT INTO t SELECT j, repeat('x', 300) FROM generate_series(1, 10) j;"
                + " BEGIN INSERT INTO t VALUES (-i, 'x'); PERFORM 1 / (i % 7); EXCEPTION WHEN division_by_zero THEN END;"
                + " PERFORM 1 / (i % 3); EXCEPTION WHEN division_by_zero THEN END; END LOOP; END $$",
        "BEGIN",
        "SAVEPOINT one",
        "SAVEPOINT two",
        "INSERT INTO t VALUES (2, 'x')",
        "RELEASE two",
        "ROLLBACK TO one",
        "INSERT INTO t VALUES (3, 'x')",
        "ROLLBACK",
    };

    @ParameterizedTest
    @ValueSource(strings = {"minimal", "replica", "logical"})
    void whatIsRolledBackByItselfStandsForItself(String level) throws Exception {
        try (TestServer server = TestServer.major(TestServer.majors().get(0))
                .initdb("--wal-segsize=1")
                .conf("wal_level = " + level, "max_wal_senders = 0", "wal_keep_size = 1GB", "autovacuum = off")
                .start()) {
            String start = server.query("SELECT pg_current_wal_insert_lsn()");
            server.execute(WORK);
            String end = server.query("SELECT pg_current_wal_insert_lsn()");
            server.stop();
            String wal = server.walDir().toString();
            Map<Long, Long> counts = new HashMap<>();
            Map<Long, String> expected = new TreeMap<>();
            for (String line : Walker.lines("dump", "--path", wal, "--start", start, "--end", end)) {
                Matcher matcher = LINE.matcher(line);
                assertTrue(matcher.matches(), line);
                long xid = Long.parseLong(matcher.group(1));
                counts.merge(xid, 1L, Long::sum);
                if (matcher.group(2) != null) {
                    long sum = counts.remove(xid);
                    for (String child : matcher.group(4) == null
                            ? new String[0]
                            : matcher.group(4).trim().split(" +")) {
                        Long theirs = counts.remove(Long.parseLong(child));
                        sum += theirs == null ? 0 : theirs;
                    }
                    String outcome = matcher.group(2).equals("COMMIT") ? "committed" : "aborted";
                    expected.put(xid, xid + " " + outcome + " " + sum);
                }
            }
            List<String> rows = Walker.lines(
                            "stats",
                            "--path",
                            wal,
                            "--start",
                            start,
                            "--end",
                            end,
                            "--by",
                            "transaction",
                            "--top",
                            "0",
                            "--format",
                            "csv")
                    .stream()
                    .filter(line -> line.matches("\\d.*"))
                    .map(line -> line.split(","))
                    .sorted((left, right) -> Long.compare(Long.parseLong(left[0]), Long.parseLong(right[0])))
                    .map(row -> row[0] + " " + row[1] + " " + row[3])
                    .toList();
            assertEquals(String.join("\n", expected.values()), String.join("\n", rows));
            assertTrue(rows.size() > 400, rows.toString());
            assertTrue(rows.stream().anyMatch(row -> row.matches("\\d+ aborted 18\\d{3}")), rows.toString());
        }
    }
}
