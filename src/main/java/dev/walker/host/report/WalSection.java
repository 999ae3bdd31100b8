package dev.walker.host.report;

import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** What WAL consists of, by record type and by relation. */
final class WalSection {
    private static final int MOST_ROWS = 20;

    private WalSection() {}

    static void write(Html html, WalSummary wal) throws IOException {
        html.markup("<h2 id=\"wal\">What WAL consists of</h2>");
        if (!wal.problem().isEmpty()) {
            html.markup("<div class=\"note\">")
                    .text("WAL could not be read: " + wal.problem())
                    .markup("</div>\n");
            return;
        }
        long records = 0;
        long recordBytes = 0;
        long imageBytes = 0;
        for (WalSummary.Row row : wal.types()) {
            records += row.records();
            recordBytes += row.recordBytes();
            imageBytes += row.imageBytes();
        }
        long all = recordBytes + imageBytes;
        html.element(
                "p",
                Format.count(records) + " records between " + wal.from() + " and " + wal.to() + " take "
                        + Format.size(all) + ", of which " + Format.percent(imageBytes, all)
                        + " are full-page images.");
        html.markup("<p class=\"mute small\"><span class=\"key\"></span>records without images &nbsp; "
                + "<span class=\"key fpi\"></span>full-page images</p>");
        table(html, "record type", wal.types(), all);
        table(html, "relation", wal.relations(), all);
    }

    private static void table(Html html, String about, List<WalSummary.Row> rows, long all) throws IOException {
        long most = rows.stream().mapToLong(WalSummary.Row::bytes).max().orElse(0);
        if (most == 0) {
            return;
        }
        html.table("WAL by " + about)
                .heading(about, "beside the largest", "#records", "#bytes", "#share", "#of it images")
                .markup("<tbody>\n");
        for (WalSummary.Row row : rows.subList(0, Math.min(rows.size(), MOST_ROWS))) {
            html.markup("<tr><td class=\"name\">").name(row.name()).markup("</td><td>");
            meter(html, row, most);
            html.markup("</td>")
                    .cell("n", Format.count(row.records()))
                    .cell("n", Format.size(row.bytes()))
                    .cell("n", Format.percent(row.bytes(), all))
                    .cell("n", row.imageBytes() == 0 ? "" : Format.percent(row.imageBytes(), row.bytes()))
                    .markup("</tr>\n");
        }
        html.markup("</tbody></table></div>");
        if (rows.size() > MOST_ROWS) {
            html.element("p", "and " + Format.count(rows.size() - MOST_ROWS) + " more");
        }
    }

    private static void meter(Html html, WalSummary.Row row, long most) throws IOException {
        double records = 100.0 * row.recordBytes() / most;
        double images = 100.0 * row.imageBytes() / most;
        html.markup(String.format(
                Locale.ROOT,
                "<svg class=\"meter\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                        + "<rect width=\"%.2f\" height=\"1\"/><rect class=\"fpi\" x=\"%.2f\" width=\"%.2f\" height=\"1\"/>"
                        + "</svg>",
                records,
                records,
                images));
    }
}
