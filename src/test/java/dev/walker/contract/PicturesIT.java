package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** The pictures are well-formed, and say what the functions say that they are drawn from. */
class PicturesIT {
    /** Everything that could end a string, a tag, an attribute or a script, and what XML does not allow. */
    static final String HOSTILE = "a\"b'c<script>alert(1)</script>]]>&amp;\\ \u0001\n\uFFFE\u202E";

    private static final Pattern CELL = Pattern.compile("(.*) to (.*), blocks (\\d+) to (\\d+): (\\d+)");
    private static final Pattern BAR = Pattern.compile("blocks (\\d+) to (\\d+): (\\d+) dead tuples.*");

    private static RemoteServer walked;

    @BeforeAll
    static void load() throws Exception {
        List<String> versions = TestServer.versions();
        walked = new RemoteServer(versions.get(versions.size() - 1));
        walked.start();
        walked.server()
                .execute(
                        "CREATE TABLE orders (id int PRIMARY KEY, state int, note text)",
                        "INSERT INTO orders SELECT i, 0, repeat('x', 60) FROM generate_series(1, 30000) i",
                        "UPDATE orders SET state = 1 WHERE id BETWEEN 4000 AND 6000",
                        "DELETE FROM orders WHERE id > 28000 OR id % 50 = 0",
                        "BEGIN; INSERT INTO orders SELECT i, 0, 'x' FROM generate_series(40000, 42000) i; ROLLBACK",
                        "VACUUM orders",
                        "UPDATE orders SET state = 2 WHERE id BETWEEN 8000 AND 9000",
                        "CREATE TABLE calm (id int)",
                        "CREATE ROLE watcher LOGIN IN ROLE pg_monitor",
                        "CREATE TABLE " + quoted(HOSTILE) + " (id int)",
                        "INSERT INTO " + quoted(HOSTILE) + " SELECT generate_series(1, 1000)",
                        "DELETE FROM " + quoted(HOSTILE) + " WHERE id <= 500");
        walked.waitFor();
    }

    @AfterAll
    static void close() {
        walked.close();
    }

    static String quoted(String name) {
        return "\"" + name.replace("\"", "\"\"") + "\"";
    }

    private static String picture(String call, Object... parameters) throws SQLException {
        try (Connection connection = walked.server().jdbc("postgres", "watcher");
                PreparedStatement statement = connection.prepareStatement("SELECT walker." + call)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    private static Document parse(String svg) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document document = factory.newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
        Element root = document.getDocumentElement();
        assertEquals("http://www.w3.org/2000/svg svg", root.getNamespaceURI() + " " + root.getLocalName());
        return document;
    }

    /** Titles of the elements of a kind, which browsers show as tooltips. */
    private static List<String> titles(Document svg, String name) {
        List<String> titles = new ArrayList<>();
        NodeList elements = svg.getElementsByTagName(name);
        for (int i = 0; i < elements.getLength(); i++) {
            NodeList inside = ((Element) elements.item(i)).getElementsByTagName("title");
            if (inside.getLength() == 1) {
                titles.add(inside.item(0).getTextContent());
            }
        }
        return titles;
    }

    private static List<String> rows(String sql) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = walked.server().jdbc();
                ResultSet row = connection.createStatement().executeQuery(sql)) {
            while (row.next()) {
                rows.add(row.getString(1));
            }
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "born",
                "reclaimed",
                "inserts",
                "updates",
                "deletes",
                "prunes",
                "wal_bytes",
                "born_aborted_insert"
            })
    void cellsAreTheRowsOfTheHistory(String metric) throws Exception {
        String column = Map.of("born", "dead_tuples_born", "reclaimed", "dead_tuples_reclaimed")
                .getOrDefault(metric, metric);
        String svg = picture("heatmap_svg('orders', ?, ranges => 32)", metric);
        List<String> expected = rows("SELECT format('%s, blocks %s to %s: %s', to_char(h.bucket, 'YYYY-MM-DD HH24:MI'),"
                + " h.first_block, h.last_block, h." + column
                + ") FROM walker.heatmap_history('orders', ranges => 32) h"
                + " WHERE h." + column + " > 0");
        assertTrue(expected.size() > 1, expected.toString());
        List<String> found = titles(parse(svg), "rect").stream()
                .map(title -> title.replaceFirst(" to [^,]*,", ","))
                .collect(Collectors.toList());
        assertEquals(
                expected.stream().sorted().toList(), found.stream().sorted().toList());
    }

    /** The last cells of each range are what the map has now; the others were so at the end of each bucket. */
    @Test
    void cellsOfGarbageAreWhatThereWas() throws Exception {
        Map<Long, Long> last = new HashMap<>();
        List<String> titles = titles(parse(picture("heatmap_svg('orders', ranges => 32)")), "rect");
        String end = titles.stream()
                .map(title -> matched(CELL, title).group(2))
                .max(String::compareTo)
                .orElseThrow();
        for (String title : titles) {
            Matcher cell = matched(CELL, title);
            if (cell.group(2).equals(end)) {
                last.put(Long.valueOf(cell.group(3)), Long.valueOf(cell.group(5)));
            }
        }
        Map<Long, Long> expected = new HashMap<>();
        for (String row : rows("SELECT d.range_no * s.size || ' ' || d.dead_tuples"
                + " FROM (SELECT walker._history_range_blocks(walker._here('orders'), '-infinity', 32) AS size) s,"
                + " walker._history_dead(walker._here('orders'), s.size) d")) {
            String[] parts = row.split(" ");
            expected.put(Long.valueOf(parts[0]), Long.valueOf(parts[1]));
        }
        assertEquals(expected, last);
        assertEquals(
                walked.server().query("SELECT dead_tuple_count FROM pgstattuple('orders')"),
                String.valueOf(last.values().stream().mapToLong(Long::longValue).sum()));
    }

    private static Matcher matched(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        assertTrue(matcher.matches(), text);
        return matcher;
    }

    @ParameterizedTest
    @ValueSource(strings = {"heatmap_ranges_svg", "heatmap_pareto_svg"})
    void barsAreTheRangesWithGarbage(String function) throws Exception {
        List<String> bars = titles(parse(picture(function + "('orders', 50)")), "g");
        List<String> found = new ArrayList<>();
        for (String bar : bars) {
            Matcher matcher = matched(BAR, bar);
            found.add(matcher.group(1) + " " + matcher.group(2) + " " + matcher.group(3));
        }
        assertEquals(
                rows("SELECT first_block || ' ' || last_block || ' ' || dead_tuples FROM walker.heatmap('orders', 50)"
                        + " WHERE dead_tuples > 0 ORDER BY "
                        + (function.contains("pareto") ? "rank" : "range_no")),
                found);
        if (function.contains("pareto")) {
            assertTrue(bars.get(bars.size() - 1).contains("; 100.0% up to here"), bars.get(bars.size() - 1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"heatmap_svg", "heatmap_ranges_svg", "heatmap_pareto_svg"})
    void hostileNamesAreText(String function) throws Exception {
        Document svg = parse(picture(function + "(?::text::regclass)", quoted(HOSTILE)));
        assertEquals(0, svg.getElementsByTagName("script").getLength());
        String name = quoted(HOSTILE).replaceAll("[\u0001\uFFFE]", "?");
        String title = svg.getElementsByTagName("title").item(0).getTextContent();
        assertTrue(title.startsWith(name + ": "), title);
        assertTrue(titles(svg, function.equals("heatmap_svg") ? "rect" : "g").size() > 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"heatmap_svg", "heatmap_ranges_svg", "heatmap_pareto_svg"})
    void tableWithNothingToShowSaysSo(String function) throws Exception {
        Document svg = parse(picture(function + "('calm')"));
        String text = svg.getDocumentElement().getTextContent();
        assertTrue(text.contains(function.equals("heatmap_svg") ? "No history" : "No garbage is known"), text);
    }

    @Test
    void picturesAreNotOfNonsense() {
        assertMessage("metric is 'heat'", "heatmap_svg('orders', 'heat')");
        assertMessage("metric is null", "heatmap_svg('orders', NULL)");
        assertMessage("ranges is 0, wanted a number from 1 to 1024", "heatmap_svg('orders', ranges => 0)");
        assertMessage("width is 100, wanted", "heatmap_ranges_svg('orders', width => 100)");
        assertMessage("height is null, wanted", "heatmap_pareto_svg('orders', height => NULL)");
        assertMessage("\"orders_pkey\" is an index", "heatmap_svg('orders_pkey')");
    }

    private static void assertMessage(String wanted, String call) {
        String message = assertThrows(SQLException.class, () -> picture(call)).getMessage();
        assertTrue(message.contains(wanted), message);
    }
}
