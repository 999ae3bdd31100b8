package dev.walker.host.report;

import java.io.IOException;

/** The part of the page that is about one table: figures, the map over time, garbage by range. */
final class TableCard {
    private TableCard() {}

    /** Says that a table could not be read. */
    static void writeFailed(Html html, TableRow table, String problem) throws IOException {
        html.markup("<section class=\"card\" id=\"" + table.id() + "\"><h3>")
                .name(table.name())
                .markup("</h3>");
        html.markup("<div class=\"note bad\">").text(problem).markup("</div></section>\n");
    }

    static void write(Html html, TableRow table, TableData data) throws IOException {
        String dataId = "data-" + table.id();
        html.markup("<section class=\"card\" id=\"" + table.id() + "\" aria-labelledby=\"name-" + table.id()
                + "\" data-table=\"" + dataId + "\"><div class=\"head\">");
        html.markup("<h3 id=\"name-" + table.id() + "\">")
                .name(table.name())
                .markup("</h3><a class=\"small\" href=\"#tables\">all tables</a></div>");
        writeFacts(html, table);
        if (data.hasHistory()) {
            html.markup("<div class=\"tools\"><label>show <select aria-label=\"what the map shows\">");
            for (Metric metric : Metric.values()) {
                html.markup("<option value=\"" + metric.key() + "\">")
                        .text(metric.label())
                        .markup("</option>");
            }
            html.markup("</select></label><button type=\"button\">whole map</button><span class=\"legend\"></span>"
                    + "<span class=\"hint\">drag to zoom in</span></div>"
                    + "<div class=\"plot map\" role=\"img\" aria-label=\"map: time across, blocks down\"></div>");
        } else {
            html.markup("<div class=\"nothing\">No history of this table.</div>");
        }
        if (data.hasGarbage()) {
            html.markup("<div class=\"two\"><div><h4>dead tuples along the table</h4>"
                    + "<div class=\"plot ranges\" role=\"img\" aria-label=\"dead tuples by range of blocks\"></div></div>"
                    + "<div><h4>ranges sorted by garbage, and their cumulative share</h4>"
                    + "<div class=\"plot pareto\" role=\"img\" aria-label=\"share of garbage by share of table\"></div>"
                    + "</div></div>");
        }
        html.markup("</section>\n");
        Json.element(html, dataId, data::write);
    }

    private static void writeFacts(Html html, TableRow table) throws IOException {
        TableRow.Changes changes = table.changes();
        html.markup("<dl class=\"facts\">");
        fact(
                html,
                "size",
                table.isSizeKnown()
                        ? Format.size(table.bytes()) + " in " + Format.count(table.pages()) + " pages"
                        : "not known");
        fact(
                html,
                "dead tuples",
                Format.count(table.deadTuples()) + " on " + Format.count(table.dirtyPages()) + " pages"
                        + (table.isSizeKnown() ? ", about " + Format.size(table.deadBytes()) : ""));
        if (table.statDeadTuples() >= 0) {
            fact(html, "n_dead_tup", Format.count(table.statDeadTuples()));
        }
        if (table.deadTuples() > 0) {
            fact(html, "hottest of 64 ranges", Format.percent(table.hottestShare()) + " of it");
        }
        fact(html, "inserts", Format.count(changes.inserts()));
        fact(
                html,
                "updates",
                Format.count(changes.updates())
                        + (changes.updates() == 0
                                ? ""
                                : ", " + Format.percent(changes.hotUpdates(), changes.updates()) + " of them HOT"));
        fact(html, "deletes", Format.count(changes.deletes()));
        fact(html, "rolled back inserts", Format.count(changes.aborted()));
        fact(html, "reclaimed", Format.count(changes.pruned()));
        if (table.walBytes() > 0) {
            fact(
                    html,
                    "WAL",
                    Format.size(table.walBytes()) + ", " + Format.count(table.images()) + " full-page images");
        }
        if (!table.complete()) {
            fact(html, "not complete", "not all pages are known yet");
        }
        html.markup("</dl>");
    }

    private static void fact(Html html, String name, String value) throws IOException {
        html.markup("<div>").element("dt", name).element("dd", value).markup("</div>");
    }
}
