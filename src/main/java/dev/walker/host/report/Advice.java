package dev.walker.host.report;

import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What {@code walker.advice()} says. */
final class Advice {
    private static final String SQL =
            "SELECT a.relation::oid::text, a.relation::text, a.action, a.reason, a.command" + " FROM walker.advice() a";
    private static final String NOTHING = "nothing";
    private static final int LEAST_SHOWN = 100;

    private record Line(String key, String relation, String action, String reason, String command) {}

    private final List<Line> lines;
    private final String problem;

    private Advice(List<Line> lines, String problem) {
        this.lines = lines;
        this.problem = problem;
    }

    /** Asks for advice; leaves the transaction usable whatever comes of it. */
    static Advice read(Scope scope, Attempt attempt) throws SQLException {
        List<Line> lines = new ArrayList<>();
        String problem = scope.source().isPresent()
                ? "it is for the server itself, whose tables, statistics and transactions cannot be seen from here."
                : attempt.run(c -> lines.addAll(Query.list(c, SQL, Advice::line)));
        return new Advice(lines, problem);
    }

    private static Line line(ResultSet row) throws SQLException {
        return new Line(row.getString(1), row.getString(2), row.getString(3), row.getString(4), row.getString(5));
    }

    /**
     * Writes it.
     *
     * @param shown the tables that are shown in full
     * @param top how many of them were wanted; there is advice for a hundred at least
     */
    void write(Html html, List<TableRow> shown, int top) throws IOException {
        html.markup("<h2 id=\"advice\">What to do</h2>");
        if (!problem.isEmpty()) {
            html.markup("<div class=\"note\">")
                    .text("There is no advice: " + problem)
                    .markup("</div>\n");
            return;
        }
        List<Line> todo =
                lines.stream().filter(line -> !NOTHING.equals(line.action())).toList();
        if (todo.isEmpty()) {
            html.markup("<div class=\"nothing\">Nothing: the tables of this database can be left alone.</div>\n");
            return;
        }
        Map<String, List<Line>> byTable =
                todo.stream().collect(Collectors.groupingBy(Line::key, LinkedHashMap::new, Collectors.toList()));
        Set<String> shownKeys = shown.stream().map(TableRow::key).collect(Collectors.toSet());
        int most = Math.max(top, LEAST_SHOWN);
        html.markup("<ol class=\"advice\">\n");
        for (Map.Entry<String, List<Line>> table :
                byTable.entrySet().stream().limit(most).toList()) {
            boolean linked = shownKeys.contains(table.getKey());
            html.markup("<li><h3>" + (linked ? "<a href=\"#t" + table.getKey() + "\">" : ""))
                    .name(table.getValue().get(0).relation())
                    .markup((linked ? "</a>" : "") + "</h3>");
            for (Line line : table.getValue()) {
                writeItem(html, line);
            }
            html.markup("</li>\n");
        }
        html.markup("</ol>\n");
        if (byTable.size() > most) {
            html.element(
                    "p",
                    "Not shown: what to do about " + Format.count(byTable.size() - most)
                            + " more tables; see walker.advice().");
        }
        writeCalm(html, most);
    }

    private void writeCalm(Html html, int most) throws IOException {
        List<String> calm = lines.stream()
                .filter(line -> NOTHING.equals(line.action()))
                .map(Line::relation)
                .toList();
        if (!calm.isEmpty()) {
            html.markup("<p class=\"mute\">To be left alone: ");
            for (int i = 0; i < Math.min(calm.size(), most); i++) {
                html.markup(i == 0 ? "" : ", ").name(calm.get(i));
            }
            html.text(calm.size() > most ? " and " + Format.count(calm.size() - most) + " more." : ".")
                    .markup("</p>\n");
        }
    }

    private static void writeItem(Html html, Line line) throws IOException {
        html.markup("<div class=\"item\"><p><span class=\"action ")
                .text(line.action())
                .markup("\">")
                .text(line.action())
                .markup("</span>")
                .quoting(line.reason())
                .markup("</p>");
        if (line.command() != null) {
            html.markup("<pre><code>").quoting(line.command()).markup("</code></pre>");
        }
        html.markup("</div>");
    }
}
