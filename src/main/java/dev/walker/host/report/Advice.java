package dev.walker.host.report;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What {@code walker.advice()} says. */
final class Advice {
    private static final String THERE = "SELECT pg_catalog.count(*) > 0 FROM pg_catalog.pg_proc p"
            + " WHERE p.pronamespace = 'walker'::pg_catalog.regnamespace AND p.proname = 'advice'";
    private static final String SQL = "SELECT a.relation::oid::bigint, a.relation::text, a.action, a.reason, a.command"
            + " FROM walker.advice() a";
    private static final String NOTHING = "nothing";

    private record Line(long oid, String relation, String action, String reason, String command) {}

    private final boolean there;
    private final List<Line> lines;
    private final String problem;

    private Advice(boolean there, List<Line> lines, String problem) {
        this.there = there;
        this.lines = lines;
        this.problem = problem;
    }

    /** Asks for advice; leaves the transaction usable whatever comes of it. */
    static Advice read(Connection connection, Attempt attempt) throws SQLException {
        boolean there = Query.one(connection, THERE, row -> row.getBoolean(1));
        List<Line> lines = new ArrayList<>();
        String problem = there ? attempt.run(c -> lines.addAll(Query.list(c, SQL, Advice::line))) : "";
        return new Advice(there, lines, problem);
    }

    private static Line line(ResultSet row) throws SQLException {
        return new Line(row.getLong(1), row.getString(2), row.getString(3), row.getString(4), row.getString(5));
    }

    void write(Html html, List<TableRow> shown) throws IOException {
        if (!there) {
            return;
        }
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
        Map<Long, List<Line>> byTable =
                todo.stream().collect(Collectors.groupingBy(Line::oid, LinkedHashMap::new, Collectors.toList()));
        html.markup("<ol class=\"advice\">\n");
        for (Map.Entry<Long, List<Line>> table : byTable.entrySet()) {
            boolean linked = shown.stream().anyMatch(each -> each.oid() == table.getKey());
            html.markup("<li><h3>" + (linked ? "<a href=\"#t" + table.getKey() + "\">" : ""))
                    .text(table.getValue().get(0).relation())
                    .markup((linked ? "</a>" : "") + "</h3>");
            for (Line line : table.getValue()) {
                writeItem(html, line);
            }
            html.markup("</li>\n");
        }
        html.markup("</ol>\n");
        List<String> calm = lines.stream()
                .filter(line -> NOTHING.equals(line.action()))
                .map(Line::relation)
                .toList();
        if (!calm.isEmpty()) {
            html.markup("<p class=\"mute\">")
                    .text("To be left alone: " + String.join(", ", calm) + ".")
                    .markup("</p>\n");
        }
    }

    private static void writeItem(Html html, Line line) throws IOException {
        html.markup("<div class=\"item\"><p><span class=\"action ")
                .text(line.action())
                .markup("\">")
                .text(line.action())
                .markup("</span>")
                .text(line.reason())
                .markup("</p>");
        if (line.command() != null) {
            html.markup("<pre><code>").text(line.command()).markup("</code></pre>");
        }
        html.markup("</div>");
    }
}
