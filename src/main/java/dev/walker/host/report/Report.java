package dev.walker.host.report;

import java.io.IOException;
import java.io.Writer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Writes the report on a database that has schema {@code walker}. */
public final class Report {
    /** No script runs but these two, nothing is fetched. */
    private static final String POLICY =
            "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline';" + " script-src ";

    /** A table that is rewritten, which may take hours, is told as such instead of waited for. */
    private static final String LOCK_TIMEOUT = "SELECT pg_catalog.set_config('lock_timeout', '3s', true)"
            + " WHERE pg_catalog.current_setting('lock_timeout') = '0'";

    private final Connection connection;
    private final ReportOptions options;

    /**
     * A report.
     *
     * @param connection to the database; it is read in one transaction, which is left open
     * @param options what the report is to have
     */
    public Report(Connection connection, ReportOptions options) {
        this.connection = connection;
        this.options = options;
    }

    /**
     * Writes it, table by table.
     *
     * @param wal what recent WAL consists of
     * @param writer where to, in UTF-8; it is not closed
     * @throws IOException if it cannot be written
     * @throws SQLException if the database does not answer, or refuses
     */
    public void write(WalSummary wal, Writer writer) throws IOException, SQLException {
        Html html = new Html(writer);
        // One snapshot, so that all figures are of the same moment.
        connection.setAutoCommit(false);
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        Query.each(connection, LOCK_TIMEOUT, row -> {});
        Scope scope = Scope.of(connection, options);
        ServerFacts facts = ServerFacts.read(connection, scope);
        Attempt attempt = new Attempt(connection);
        List<TableRow> tables = TableRow.worst(connection, scope, options.top());
        writeHead(html, facts);
        facts.writeHead(html);
        html.markup("<main>\n");
        Overview.write(html, attempt, scope, facts, tables);
        Advice.read(scope, attempt).write(html, tables, options.top());
        html.markup("<h2 id=\"maps\">The maps</h2>\n"
                + "<noscript><div class=\"note\">The charts need JavaScript.</div></noscript>\n");
        for (TableRow table : tables) {
            writeTable(html, attempt, scope, table);
        }
        if (tables.isEmpty()) {
            html.markup("<div class=\"nothing\">There is nothing to show.</div>\n");
        }
        WalSection.write(html, wal);
        html.markup("</main>\n");
        writeFoot(html, facts);
        writer.flush();
    }

    private void writeTable(Html html, Attempt attempt, Scope scope, TableRow table) throws IOException, SQLException {
        TableData[] data = new TableData[1];
        String problem = attempt.run(c -> data[0] = TableData.read(c, scope, table, options));
        if (problem.isEmpty()) {
            TableCard.write(html, table, data[0]);
        } else {
            TableCard.writeFailed(html, table, problem);
        }
    }

    private static void writeHead(Html html, ServerFacts facts) throws IOException {
        html.markup("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .markup("<meta http-equiv=\"Content-Security-Policy\" content=\"")
                .text(POLICY + Assets.hash(Assets.inScript(Assets.CHARTS)) + " "
                        + Assets.hash(Assets.inScript(Assets.SCRIPT)))
                .markup("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
                // FIRST STRONG ISOLATE and its end: a title has no markup.
                .text("Garbage in \u2068" + facts.name() + "\u2069, " + facts.madeAt())
                .markup("</title>\n<style>\n" + Assets.CHARTS_STYLE + "\n" + Assets.STYLE
                        + "</style>\n</head>\n<body>\n");
    }

    private static void writeFoot(Html html, ServerFacts facts) throws IOException {
        html.markup(
                        "<footer>Made by WALker. The charts are drawn by uPlot, which is under the MIT License;"
                                + " its text is in the source of this page.</footer>\n<!--\nuPlot, https://github.com/leeoniya/uPlot\n\n")
                .markup(Assets.CHARTS_LICENCE)
                .markup("\n-->\n");
        Json.element(html, "page", json -> {
            json.writeStartObject();
            json.writeStringField("zone", facts.zone());
            json.writeEndObject();
        });
        html.markup("<script>" + Assets.inScript(Assets.CHARTS) + "</script>\n<script>" + Assets.inScript(Assets.SCRIPT)
                + "</script>\n</body>\n</html>\n");
    }
}
