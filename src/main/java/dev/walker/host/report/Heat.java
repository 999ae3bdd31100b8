package dev.walker.host.report;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** The garbage along a table: {@code walker.heatmap()}. */
final class Heat {
    private static final int LEVELS = 10;

    /** A range of blocks. */
    record Range(long first, long last, long dead, long aborted, long pages) {}

    private Heat() {}

    static List<Range> read(Connection connection, Scope scope, String key, int ranges) throws SQLException {
        return Query.list(
                connection,
                "SELECT m.first_block, m.last_block, m.dead_tuples, m.aborted_tuples, m.pages_with_garbage FROM "
                        + scope.ofTable("heatmap", ", ?") + " m ORDER BY m.range_no",
                row -> new Range(row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5)),
                key,
                ranges);
    }

    /** Draws the table as a strip, its beginning at the left. */
    static void writeStrip(Html html, List<Range> ranges) throws IOException {
        double hottest = ranges.stream()
                .mapToDouble(range -> (double) range.dead() / (range.last() - range.first() + 1))
                .max()
                .orElse(0);
        html.markup("<svg class=\"strip\" viewBox=\"0 0 " + Math.max(ranges.size(), 1)
                + " 1\" preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\" aria-hidden=\"true\">");
        for (int i = 0; i < ranges.size(); i++) {
            Range range = ranges.get(i);
            if (range.dead() > 0) {
                // Ranges may differ by a page in size. Small numbers, too, are to be told from none.
                double heat = range.dead() / (range.last() - range.first() + 1.0) / hottest;
                int level = Math.max(1, (int) Math.ceil(LEVELS * Math.sqrt(heat)));
                html.markup("<rect class=\"l" + level + "\" x=\"" + i + "\" width=\"1\" height=\"1\"/>");
            }
        }
        html.markup("</svg>");
    }
}
