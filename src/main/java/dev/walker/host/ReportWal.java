package dev.walker.host;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.walker.host.report.WalSummary;
import dev.walker.jdbc.JdbcWalSource;
import dev.walker.jdbc.RelationCatalog;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSourceException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts what the newest WAL of a server consists of, as {@code stats} does. */
final class ReportWal {
    private final RecordStatistics types;
    private final RelationStatistics relations;
    private long firstLsn;
    private long endLsn;

    private ReportWal(RelationNames names) {
        RecordFilter everything = new RecordFilter();
        everything.prepare();
        types = new RecordStatistics(true, everything, 0);
        relations = new RelationStatistics(everything, names, 0);
    }

    /**
     * Reads the newest segments.
     *
     * @param connection to the server
     * @param segments how many of them, at least 1; the last one counts though it is not full
     */
    static WalSummary read(Connection connection, int segments) throws InterruptedException {
        try {
            ReportWal sums = new ReportWal(WalInput.names(new RelationCatalog(connection)));
            sums.count(connection, segments);
            return sums.summary();
        } catch (SQLException | WalSourceException | WalFormatException e) {
            return WalSummary.failed(e.getMessage());
        }
    }

    private void count(Connection connection, int segments) throws SQLException, InterruptedException {
        JdbcWalSource source = new JdbcWalSource(connection);
        long end = source.readableUpTo();
        long oldest = WalInput.oldest(connection, source);
        long first =
                end - 1 - Lsn.segmentOffset(end - 1, source.segmentSize()) - (segments - 1L) * source.segmentSize();
        long start = first < 0 || Lsn.isBefore(first, oldest) ? oldest : first;
        WalRecord record = new WalRecord();
        try (LiveStream records = new LiveStream(source, start, end, false, () -> {})) {
            while (records.next(record)) {
                firstLsn = firstLsn == 0 ? record.lsn() : firstLsn;
                endLsn = record.endLsn();
                types.add(record);
                relations.add(record);
            }
        }
    }

    private WalSummary summary() {
        return new WalSummary(
                Lsn.format(firstLsn),
                Lsn.format(endLsn),
                rows(types, "resource_manager", "record_type"),
                rows(relations, "relation"),
                "");
    }

    private List<WalSummary.Row> rows(Statistics<?> statistics, String... keys) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        ByteOutput out = new ByteOutput(lines);
        statistics.report(DumpCommand.Format.json, true, firstLsn, out);
        out.flush();
        List<WalSummary.Row> rows = new ArrayList<>();
        try (JsonParser parser = new JsonFactory().createParser(lines.toByteArray())) {
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                rows.add(row(parser, keys));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // The last one is the sum of all.
        return List.copyOf(rows.subList(0, rows.size() - 1));
    }

    private static WalSummary.Row row(JsonParser parser, String... keys) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            fields.put(name, parser.getText());
        }
        List<String> name = new ArrayList<>();
        for (String key : keys) {
            name.add(fields.get(key));
        }
        return new WalSummary.Row(
                String.join(" ", name),
                Long.parseLong(fields.get("count")),
                Long.parseLong(fields.get("record_size")),
                Long.parseLong(fields.get("fpi_size")));
    }
}
