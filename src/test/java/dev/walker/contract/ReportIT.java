package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.testing.Browser;
import dev.walker.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code walker.jar report}: figures, names, and what a browser makes of the page. */
class ReportIT {
    private static final String HOSTILE = "x</script><img src=\"https://walker.invalid/\" onerror='alert(1)'><script>";

    private static RemoteServer walked;

    @TempDir
    private static Path dir;

    private static Path page;
    private static String html;

    @BeforeAll
    static void load() throws Exception {
        List<String> versions = TestServer.versions();
        walked = new RemoteServer(versions.get(versions.size() - 1));
        walked.start();
        String hostile = PicturesIT.quoted(HOSTILE.substring(0, 63));
        walked.server()
                .execute(
                        "CREATE TABLE orders (id int PRIMARY KEY, state int, note text)",
                        "INSERT INTO orders SELECT i, 0, repeat('x', 60) FROM generate_series(1, 30000) i",
                        "UPDATE orders SET state = 1 WHERE id BETWEEN 4000 AND 9000",
                        "CREATE SCHEMA " + hostile,
                        "CREATE TABLE " + hostile + "." + hostile + " (id int)",
                        "INSERT INTO " + hostile + "." + hostile + " SELECT generate_series(1, 5000)",
                        "DELETE FROM " + hostile + "." + hostile + " WHERE id <= 2500",
                        "CREATE TABLE " + PicturesIT.quoted(PicturesIT.HOSTILE) + " (id int)",
                        "INSERT INTO " + PicturesIT.quoted(PicturesIT.HOSTILE) + " SELECT generate_series(1, 4000)",
                        "DELETE FROM " + PicturesIT.quoted(PicturesIT.HOSTILE) + " WHERE id <= 2000");
        walked.waitFor();
        page = dir.resolve("report.html");
        walked.succeed("report", "--url", walked.url(), "--out", page.toString(), "--top", "3");
        html = Files.readString(page);
    }

    @AfterAll
    static void close() {
        walked.close();
    }

    /** The sum of the numbers of an array in the data of a table. */
    private static String sum(String table, String array) throws Exception {
        String id = "data-t" + walked.server().query("SELECT '" + table + "'::regclass::oid");
        String data = html.substring(html.indexOf("id=\"" + id + "\""));
        Matcher numbers = Pattern.compile("\"" + array + "\":\\[([0-9,]*)]").matcher(data);
        assertTrue(numbers.find(), array);
        return String.valueOf(Stream.of(numbers.group(1).split(","))
                .mapToLong(Long::parseLong)
                .sum());
    }

    @Test
    void dataOfChartsAreThoseOfTheDatabase() throws Exception {
        for (String metric : List.of("dead_tuples_born", "inserts", "updates", "wal_bytes")) {
            assertEquals(
                    walked.server().query("SELECT sum(" + metric + ") FROM walker.heatmap_history('orders')"),
                    sum("orders", metric.equals("dead_tuples_born") ? "born" : metric));
        }
        assertEquals("5001", sum("orders", "dead"));
        assertEquals("5001", walked.server().query("SELECT dead_tuple_count FROM pgstattuple('orders')"));
    }

    @Test
    void figuresStandInThePage() {
        assertTrue(html.contains("5,001 on "), "dead tuples of orders");
        assertTrue(html.contains("walker running"), "state");
        assertTrue(html.contains("Heap INSERT"), "what WAL consists of");
        assertTrue(html.contains("public.orders"), "WAL by relation");
        assertTrue(html.contains("VACUUM orders"), "advice");
        assertEquals(3, html.split("<section class=\"card\"", -1).length - 1, "--top 3");
    }

    @Test
    void namesAreText() {
        assertFalse(html.contains("<img"));
        assertFalse(html.contains("alert(1)</script>"));
        // The data of three tables and of the page, the library, and what draws.
        assertEquals(6, html.split("<script", -1).length - 1);
        assertEquals(6, html.split("</script>", -1).length - 1);
        assertTrue(html.contains("&lt;img src="));
        assertTrue(html.contains("Permission is hereby granted, free of charge"), "licence of the charts");
    }

    @Test
    void writesToStandardOutputToo() throws Exception {
        String printed =
                walked.succeed("report", "--url", walked.url(), "--out", "-", "--wal-segments", "0", "--top", "1");
        assertTrue(printed.startsWith("<!DOCTYPE html>"), printed.substring(0, 100));
        assertTrue(printed.endsWith("</html>\n"), printed.substring(printed.length() - 100));
    }

    @Test
    void noTableInFullIsNotNoGarbage() throws Exception {
        String printed =
                walked.succeed("report", "--url", walked.url(), "--out", "-", "--wal-segments", "0", "--top", "0");
        assertFalse(printed.contains("No garbage is known"), "there is some");
        assertTrue(printed.contains("with garbage; see --top."), "how many are not shown");
    }

    /** Who may only look gets all but what only superusers may read. */
    @Test
    void monitorsMayMakeIt() throws Exception {
        walked.server().execute("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
        String printed = walked.succeed(
                "report", "--url", walked.url().replace("user=postgres", "user=watcher"), "--out", "-", "--top", "1");
        assertTrue(printed.contains("<section class=\"card\""), "map");
        assertTrue(printed.contains("WAL could not be read: "), "right to read WAL");
        assertTrue(printed.endsWith("</html>\n"), printed.substring(printed.length() - 100));
    }

    /** All charts are drawn, nothing is fetched, nothing is complained about. */
    @Test
    void browserShowsItWithoutNetwork() throws Exception {
        Optional<Browser> browser = Browser.installed();
        assumeTrue(browser.isPresent(), "no Chromium or Chrome on the PATH");
        Browser.Page shown = browser.get().open(page, dir.resolve("profile"));
        assertEquals(List.of(), shown.requests());
        assertEquals(List.of(), shown.console());
        assertTrue(shown.dom().contains("data-charts=\"9\""), () -> shown.dom().substring(0, 500));
        assertEquals(9, shown.dom().split("<canvas", -1).length - 1);
    }

    /** A canvas takes megabytes, and a browser has but so much memory: that of what is far from the window is not there. */
    @Test
    void browserDrawsOnlyWhatIsNearOfVeryManyTables() throws Exception {
        Optional<Browser> browser = Browser.installed();
        assumeTrue(browser.isPresent(), "no Chromium or Chrome on the PATH");
        int tables = 60;
        walked.server()
                .execute(
                        "CREATE SCHEMA many",
                        "DO $$BEGIN FOR i IN 1.." + tables
                                + " LOOP EXECUTE format('CREATE TABLE many.t%s AS SELECT generate_series(1, 2000) AS id', i);"
                                + " EXECUTE format('DELETE FROM many.t%s', i); END LOOP; END$$");
        walked.waitFor();
        Path many = dir.resolve("many.html");
        walked.succeed("report", "--url", walked.url(), "--out", many.toString(), "--top", "60", "--wal-segments", "0");
        walked.server().execute("DROP SCHEMA many CASCADE");
        assertEquals(tables, Files.readString(many).split("<section class=\"card\"", -1).length - 1, "cards");
        Browser.Page shown = browser.get().open(many, dir.resolve("profile-many"));
        assertEquals(List.of(), shown.console());
        int charts = shown.dom().split("<canvas", -1).length - 1;
        assertTrue(shown.dom().contains("data-charts=\"" + charts + "\""), charts + " charts");
        assertTrue(charts >= 24 * 3 && charts < 40 * 3, charts + " charts");
    }

    /** Marks for writing from right to left end with the name that has them. */
    @Test
    void directionOfNamesEndsWithThem() throws Exception {
        walked.server()
                .execute(
                        "CREATE TABLE \"turn\u202ed\" AS SELECT generate_series(1, 9000) AS id",
                        "DELETE FROM \"turn\u202ed\"");
        walked.waitFor();
        String printed = walked.succeed("report", "--url", walked.url(), "--out", "-", "--top", "5");
        walked.server().execute("DROP TABLE \"turn\u202ed\"");
        assertTrue(printed.contains("<bdi>\"turn\u202ed\"</bdi>".replace("\"", "&quot;")), "name of a table");
        assertTrue(printed.contains("<title>Garbage in \u2068postgres\u2069, "), "title");
    }

    /** A table may be rewritten for hours, which is no reason to wait for it. */
    @Test
    void tableThatIsLockedIsNotWaitedFor() throws Exception {
        walked.server()
                .execute(
                        "CREATE TABLE locked AS SELECT generate_series(1, 9500) AS id",
                        "DELETE FROM locked WHERE id > 500");
        walked.waitFor();
        try (Connection locker = walked.server().jdbc()) {
            locker.setAutoCommit(false);
            locker.createStatement().execute("LOCK TABLE locked");
            String printed = assertTimeoutPreemptively(
                    Duration.ofMinutes(3),
                    () -> walked.succeed(
                            "report", "--url", walked.url(), "--out", "-", "--top", "9", "--wal-segments", "0"));
            assertTrue(printed.contains(" is locked by pid "), "the table that is locked");
            assertTrue(printed.contains("5,001 on "), "other tables");
            assertTrue(printed.endsWith("</html>\n"), "end");
        }
        walked.server().execute("DROP TABLE locked");
    }
}
