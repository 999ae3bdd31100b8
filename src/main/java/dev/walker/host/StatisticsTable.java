package dev.walker.host;

import dev.walker.wal.Lsn;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Rows of sums, and how they are written: as pg_waldump does, as JSON, or as CSV. */
final class StatisticsTable {
    private static final String COLUMNS = "count,count_percentage,record_size,record_size_percentage,fpi_size,"
            + "fpi_size_percentage,combined_size,combined_size_percentage";
    private static final int NAME_WIDTH = 27;

    private record Row(List<String> keys, long count, long recordBytes, long imageBytes) {
        long bytes() {
            return recordBytes + imageBytes;
        }

        String name(String separator) {
            return String.join(separator, keys).strip();
        }
    }

    private final List<String> keyNames;
    private final String title;
    private final boolean withShare;
    private final List<Row> rows = new ArrayList<>();
    private long count;
    private long recordBytes;
    private long imageBytes;
    private long notShown;

    /**
     * A table without rows.
     *
     * @param keyNames names of the columns that tell what a row is about
     * @param title heading of these columns in text
     * @param withShare whether there is a column with the share of full-page images in a row
     */
    StatisticsTable(List<String> keyNames, String title, boolean withShare) {
        this.keyNames = keyNames;
        this.title = title;
        this.withShare = withShare;
    }

    /** Adds a row; its sizes are without and of images. */
    void add(List<String> keys, long number, long withoutImages, long ofImages) {
        addShown(keys, number, withoutImages, ofImages);
        addToTotal(number, withoutImages, ofImages);
    }

    /** Adds a row that {@link #addToTotal} has counted. */
    void addShown(List<String> keys, long number, long withoutImages, long ofImages) {
        rows.add(new Row(keys, number, withoutImages, ofImages));
    }

    void addToTotal(long number, long withoutImages, long ofImages) {
        count += number;
        recordBytes += withoutImages;
        imageBytes += ofImages;
    }

    /** Tells that there are rows that were not added. */
    void notShown(long number) {
        notShown += number;
    }

    /** Sorts by size, the largest first, and keeps so many rows; 0 for all. */
    void sort(int most) {
        rows.sort(Comparator.comparingLong(Row::bytes)
                .thenComparingLong(Row::count)
                .reversed());
        if (most > 0 && rows.size() > most) {
            notShown += rows.size() - most;
            rows.subList(most, rows.size()).clear();
        }
    }

    void write(DumpCommand.Format format, long firstLsn, long endLsn, ByteOutput out) {
        switch (format) {
            case csv:
                writeCsv(out);
                break;
            case json:
                writeJson(out);
                break;
            default:
                writeText(firstLsn, endLsn, out);
                break;
        }
    }

    private static double percent(long part, long whole) {
        return whole == 0 ? 0 : 100.0 * part / whole;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    // Text

    private void writeText(long firstLsn, long endLsn, ByteOutput out) {
        out.put("WAL statistics between " + Lsn.format(firstLsn) + " and " + Lsn.format(endLsn) + ":\n");
        String separator = withShare ? " " : "/";
        int width = NAME_WIDTH;
        for (Row row : rows) {
            width = Math.max(width, row.name(separator).length());
        }
        String heading = "%-" + width + "s %20s %8s %20s %8s %20s %8s %20s %8s";
        String share = withShare ? " %9s" : "";
        line(
                out,
                heading + share,
                title,
                "N",
                "(%)",
                "Record size",
                "(%)",
                "FPI size",
                "(%)",
                "Combined size",
                "(%)",
                "FPI share");
        line(
                out,
                heading + share,
                "-".repeat(title.length()),
                "-",
                "---",
                "-----------",
                "---",
                "--------",
                "---",
                "-------------",
                "---",
                "---------");
        for (Row row : rows) {
            line(
                    out,
                    "%-" + width + "s %20d (%6.02f) %20d (%6.02f) %20d (%6.02f) %20d (%6.02f)"
                            + (withShare ? " %8.02f%%" : ""),
                    row.name(separator),
                    row.count(),
                    percent(row.count(), count),
                    row.recordBytes(),
                    percent(row.recordBytes(), recordBytes),
                    row.imageBytes(),
                    percent(row.imageBytes(), imageBytes),
                    row.bytes(),
                    percent(row.bytes(), recordBytes + imageBytes),
                    percent(row.imageBytes(), row.bytes()));
        }
        if (notShown > 0) {
            line(out, "(%d more)", notShown);
        }
        String dashes = "--------";
        line(out, "%-" + width + "s %20s %8s %20s %8s %20s %8s %20s", "", dashes, "", dashes, "", dashes, "", dashes);
        long all = recordBytes + imageBytes;
        line(
                out,
                "%-" + width + "s %20d %-9s%20d %-9s%20d %-9s%20d %-6s",
                "Total",
                count,
                "",
                recordBytes,
                "[" + number(percent(recordBytes, all)) + "%]",
                imageBytes,
                "[" + number(percent(imageBytes, all)) + "%]",
                all,
                "[100%]");
    }

    private static void line(ByteOutput out, String format, Object... values) {
        out.put(String.format(Locale.ROOT, format, values)).put('\n');
    }

    // CSV and JSON

    private void writeCsv(ByteOutput out) {
        out.put(String.join(",", keyNames)).put(',').put(COLUMNS);
        out.put(withShare ? ",fpi_share_percentage\n" : "\n");
        for (Row row : rows) {
            writeCsv(row, out);
        }
        writeCsv(total(), out);
    }

    private Row total() {
        List<String> keys = new ArrayList<>(List.of("Total"));
        while (keys.size() < keyNames.size()) {
            keys.add("");
        }
        return new Row(keys, count, recordBytes, imageBytes);
    }

    private void writeCsv(Row row, ByteOutput out) {
        for (String key : row.keys()) {
            boolean quoted = key.contains(",") || key.contains("\"");
            out.put(quoted ? '"' + key.replace("\"", "\"\"") + '"' : key).put(',');
        }
        out.put(numbers(row, "%2$d,%3$s,%4$d,%5$s,%6$d,%7$s,%8$d,%9$s" + (withShare ? ",%10$s" : "")))
                .put('\n');
    }

    private String numbers(Row row, String format) {
        return String.format(
                Locale.ROOT,
                format,
                "",
                row.count(),
                number(percent(row.count(), count)),
                row.recordBytes(),
                number(percent(row.recordBytes(), recordBytes)),
                row.imageBytes(),
                number(percent(row.imageBytes(), imageBytes)),
                row.bytes(),
                number(percent(row.bytes(), recordBytes + imageBytes)),
                number(percent(row.imageBytes(), row.bytes())));
    }

    private void writeJson(ByteOutput out) {
        for (Row row : rows) {
            writeJson(row, out);
        }
        writeJson(total(), out);
    }

    private void writeJson(Row row, ByteOutput out) {
        StringBuilder line = new StringBuilder("{");
        for (int i = 0; i < keyNames.size(); i++) {
            line.append('"').append(keyNames.get(i)).append("\":\"");
            JsonPrinter.escape(row.keys().get(i), line).append("\",");
        }
        line.append(numbers(
                row,
                "\"count\":%2$d,\"count_percentage\":%3$s,\"record_size\":%4$d,\"record_size_percentage\":%5$s,"
                        + "\"fpi_size\":%6$d,\"fpi_size_percentage\":%7$s,\"combined_size\":%8$d,"
                        + "\"combined_size_percentage\":%9$s" + (withShare ? ",\"fpi_share_percentage\":%10$s" : "")));
        out.put(line).put("}\n");
    }
}
