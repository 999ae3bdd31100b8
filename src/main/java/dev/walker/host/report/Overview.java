package dev.walker.host.report;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** All tables at a glance: sums, and a line for each of the worst. */
final class Overview {
    private static final int STRIP_RANGES = 64;
    private static final String SUMS = "SELECT pg_catalog.count(*) FILTER (WHERE g.dead_tuples > 0),"
            + " coalesce(pg_catalog.sum(g.dead_tuples), 0)::bigint,"
            + " coalesce(pg_catalog.sum(g.dead_bytes_estimate), 0)::bigint,"
            + " coalesce(pg_catalog.sum(g.pages_with_garbage), 0)::bigint,"
            + " pg_catalog.count(*) FILTER (WHERE NOT g.complete) FROM ";

    private record Sums(long tables, long deadTuples, long deadBytes, long pages, long incomplete) {}

    private Overview() {}

    static void write(Html html, Attempt attempt, Scope scope, ServerFacts facts, List<TableRow> tables)
            throws IOException, SQLException {
        Sums sums = Query.one(
                attempt.connection(),
                SUMS + scope.garbage(),
                row -> new Sums(row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5)));
        html.markup("<div class=\"tiles\">");
        ServerFacts.tile(
                html, Format.count(sums.deadTuples), "dead tuples in " + Format.count(sums.tables) + " tables");
        ServerFacts.tile(html, Format.size(sums.deadBytes), "that they take, estimated");
        ServerFacts.tile(html, Format.count(sums.pages), "pages with garbage");
        facts.writeTiles(html);
        html.markup("</div>\n<h2 id=\"tables\">The worst tables</h2>");
        if (tables.isEmpty() && sums.tables == 0) {
            html.markup("<div class=\"nothing\">No garbage is known.</div>\n");
            return;
        }
        if (!tables.isEmpty()) {
            writeTables(html, attempt, scope, tables);
        }
        writeNotes(html, sums, tables);
    }

    private static void writeTables(Html html, Attempt attempt, Scope scope, List<TableRow> tables)
            throws IOException, SQLException {
        html.table("the worst tables")
                .heading(
                        "table",
                        "where the garbage is",
                        "#dead tuples",
                        "#n_dead_tup",
                        "#their bytes",
                        "#of the table",
                        "#pages with garbage",
                        "#size",
                        "#last vacuum")
                .markup("<tbody>\n");
        for (TableRow table : tables) {
            html.markup("<tr><td class=\"name\"><a href=\"#" + table.id() + "\">")
                    .name(table.name())
                    .markup("</a>"
                            + (table.complete() ? "" : "<br><span class=\"mute small\">not all pages known</span>")
                            + "</td><td>");
            writeStrip(html, attempt, scope, table);
            html.markup("</td>")
                    .cell("n", Format.count(table.deadTuples()))
                    .cell("n", table.statDeadTuples() < 0 ? "" : Format.count(table.statDeadTuples()))
                    .cell("n", table.isSizeKnown() ? Format.size(table.deadBytes()) : "")
                    .cell("n", Format.percent(table.deadBytes(), table.bytes()))
                    .cell(
                            "n",
                            Format.count(table.dirtyPages())
                                    + (table.isSizeKnown()
                                            ? " (" + Format.percent(table.dirtyPages(), table.pages()) + ")"
                                            : ""))
                    .cell("n", table.isSizeKnown() ? Format.size(table.bytes()) : "not known")
                    .cell("n", table.lastVacuum())
                    .markup("</tr>\n");
        }
        html.markup("</tbody></table></div>");
    }

    private static void writeStrip(Html html, Attempt attempt, Scope scope, TableRow table)
            throws IOException, SQLException {
        List<Heat.Range> ranges = new ArrayList<>();
        String problem = attempt.run(c -> ranges.addAll(Heat.read(c, scope, table.key(), STRIP_RANGES)));
        if (problem.isEmpty()) {
            Heat.writeStrip(html, ranges);
        } else {
            html.markup("<span class=\"mute small\">").text(problem).markup("</span>");
        }
    }

    private static void writeNotes(Html html, Sums sums, List<TableRow> tables) throws IOException {
        long shown = tables.stream().filter(table -> table.deadTuples() > 0).count();
        if (shown < sums.tables) {
            html.element("p", "Not shown: " + Format.count(sums.tables - shown) + " with garbage; see --top.");
        }
        html.markup(
                "<p class=\"mute small\">Dead tuples are counted exactly, as pgstattuple does; n_dead_tup is the estimate"
                        + " of the server. The strip is the table from its first block to its last, the hottest place darkest"
                        + " (brightest on a dark page).");
        if (sums.incomplete > 0) {
            html.text(" Of " + Format.count(sums.incomplete)
                    + " tables not all pages are known: garbage from before the walk is not counted until"
                    + " walker.baseline() has read them.");
        }
        html.markup("</p>\n");
    }
}
