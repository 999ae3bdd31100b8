package dev.walker.host;

import dev.walker.wal.Lsn;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;

/** Rows of sums, and how they are written: as pg_waldump does, as JSON, or as CSV. */
final class StatisticsTable {
    private static final String[] COLUMNS = {
        "count",
        "count_percentage",
        "record_size",
        "record_size_percentage",
        "fpi_size",
        "fpi_size_percentage",
        "combined_size",
        "combined_size_percentage",
        "fpi_share_percentage"
    };
    private static final String[] HEADINGS = {
        "N", "(%)", "Record size", "(%)", "FPI size", "(%)", "Combined size", "(%)", "FPI share"
    };
    private static final String[] UNDERLINES = {
        "-", "---", "-----------", "---", "--------", "---", "-------------", "---", "---------"
    };
    private static final int NAME_WIDTH = 27;
    private static final int NUMBER_WIDTH = 20;
    private static final int SHARE_WIDTH = 8;

    /** What it is about, how many records there are, and their bytes without and of images. */
    record Row(List<String> keys, long count, long recordBytes, long imageBytes) {
        long bytes() {
            return recordBytes + imageBytes;
        }

        String name(String separator) {
            return Printable.of(String.join(separator, keys).strip());
        }
    }

    private static final Comparator<Row> LARGEST_FIRST = new Comparator<>() {
        @Override
        public int compare(Row left, Row right) {
            int byBytes = Long.compare(right.bytes(), left.bytes());
            return byBytes != 0 ? byBytes : Long.compare(right.count(), left.count());
        }
    };

    private final List<String> keyNames;
    private final String title;
    private final boolean withShare;
    private final List<Row> rows = new ArrayList<>();
    private long count;
    private long recordBytes;
    private long imageBytes;
    private long notShown;
    private Iterator<Row> streamed;
    private final StringBuilder lineText = new StringBuilder(256);
    private int widest = NAME_WIDTH;

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
        rows.add(new Row(keys, number, withoutImages, ofImages));
        addToTotal(number, withoutImages, ofImages);
    }

    /** Takes the rows, which {@link #addToTotal} has counted, from elsewhere: in order, and the names no longer than told. */
    void stream(Iterator<Row> shown, int longestName) {
        streamed = shown;
        widest = Math.max(NAME_WIDTH, longestName);
    }

    private Iterator<Row> shown() {
        return streamed == null ? rows.iterator() : streamed;
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
        rows.sort(LARGEST_FIRST);
        if (most > 0 && rows.size() > most) {
            notShown += rows.size() - most;
            rows.subList(most, rows.size()).clear();
        }
    }

    /**
     * Writes it.
     *
     * @param firstLsn LSN of the first record that was read
     * @param endLsn LSN after the last one that was counted; 0 if there is none
     */
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

    /** As C prints it with two decimals; {@code String.format} would load the data of all locales for a number. */
    private static String number(double value) {
        double hundredths = value * 100;
        long below = (long) hundredths;
        double rest = hundredths - below;
        if (Math.abs(rest - 0.5) > 1e-6) {
            long rounded = rest > 0.5 ? below + 1 : below;
            long digits = rounded % 100;
            return rounded / 100 + (digits < 10 ? ".0" : ".") + digits;
        }
        return new BigDecimal(value).setScale(2, RoundingMode.HALF_EVEN).toPlainString();
    }

    // Text

    private void writeText(long firstLsn, long endLsn, ByteOutput out) {
        if (endLsn == Lsn.INVALID) {
            // As pg_waldump where no record counts.
            return;
        }
        out.put("WAL statistics between " + Lsn.format(firstLsn) + " and " + Lsn.format(endLsn) + ":\n");
        String separator = withShare ? " " : "/";
        int width = widest;
        for (Row row : rows) {
            width = Math.max(width, row.name(separator).length());
        }
        int cells = withShare ? HEADINGS.length : HEADINGS.length - 1;
        line(out, width, title, Arrays.copyOf(HEADINGS, cells));
        line(out, width, "-".repeat(title.length()), Arrays.copyOf(UNDERLINES, cells));
        for (Iterator<Row> each = shown(); each.hasNext(); ) {
            Row row = each.next();
            String[] texts = {
                Long.toString(row.count()),
                inBrackets(row.count(), count),
                Long.toString(row.recordBytes()),
                inBrackets(row.recordBytes(), recordBytes),
                Long.toString(row.imageBytes()),
                inBrackets(row.imageBytes(), imageBytes),
                Long.toString(row.bytes()),
                inBrackets(row.bytes(), recordBytes + imageBytes),
                number(percent(row.imageBytes(), row.bytes())) + '%'
            };
            line(out, width, row.name(separator), Arrays.copyOf(texts, cells));
        }
        if (notShown > 0) {
            out.put("(" + notShown + " more)\n");
        }
        String dashes = "--------";
        line(out, width, "", dashes, "", dashes, "", dashes, "", dashes);
        long all = recordBytes + imageBytes;
        StringBuilder total = new StringBuilder();
        left(total, "Total", width).append(' ');
        left(right(total, Long.toString(count), NUMBER_WIDTH).append(' '), "", 9);
        left(right(total, Long.toString(recordBytes), NUMBER_WIDTH).append(' '), share(recordBytes, all), 9);
        left(right(total, Long.toString(imageBytes), NUMBER_WIDTH).append(' '), share(imageBytes, all), 9);
        right(total, Long.toString(all), NUMBER_WIDTH).append(" [100%]\n");
        out.put(total);
    }

    private static String inBrackets(long part, long whole) {
        String number = number(percent(part, whole));
        return (number.length() < 5 ? "(  " : number.length() == 5 ? "( " : "(") + number + ')';
    }

    private static String share(long part, long whole) {
        return '[' + number(percent(part, whole)) + "%]";
    }

    /** A line of a name and of cells, which are numbers and shares by turns. */
    private void line(ByteOutput out, int width, String name, String... cells) {
        lineText.setLength(0);
        StringBuilder line = left(lineText, name, width);
        for (int i = 0; i < cells.length; i++) {
            int cellWidth = i == HEADINGS.length - 1 ? 9 : i % 2 == 0 ? NUMBER_WIDTH : SHARE_WIDTH;
            right(line.append(' '), cells[i], cellWidth);
        }
        out.put(line.append('\n'));
    }

    private static StringBuilder left(StringBuilder line, String text, int width) {
        return spaces(line.append(text), width - text.length());
    }

    private static StringBuilder right(StringBuilder line, String text, int width) {
        return spaces(line, width - text.length()).append(text);
    }

    private static StringBuilder spaces(StringBuilder line, int number) {
        for (int i = 0; i < number; i++) {
            line.append(' ');
        }
        return line;
    }

    // CSV and JSON

    private void writeCsv(ByteOutput out) {
        out.put(String.join(",", keyNames));
        for (int i = 0; i < (withShare ? COLUMNS.length : COLUMNS.length - 1); i++) {
            out.put(',').put(COLUMNS[i]);
        }
        out.put('\n');
        shown().forEachRemaining(row -> writeCsv(row, out));
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
        putNumbers(row, false, out);
        out.put('\n');
    }

    /** The numbers of a row, with their names or without. */
    private void putNumbers(Row row, boolean named, ByteOutput out) {
        putPair(0, row.count(), count, named, out);
        putPair(2, row.recordBytes(), recordBytes, named, out.put(','));
        putPair(4, row.imageBytes(), imageBytes, named, out.put(','));
        putPair(6, row.bytes(), recordBytes + imageBytes, named, out.put(','));
        if (withShare) {
            putName(8, named, out.put(','));
            out.put(number(percent(row.imageBytes(), row.bytes())));
        }
    }

    private static void putPair(int column, long value, long whole, boolean named, ByteOutput out) {
        putName(column, named, out);
        out.putDecimal(value).put(',');
        putName(column + 1, named, out);
        out.put(number(percent(value, whole)));
    }

    private static void putName(int column, boolean named, ByteOutput out) {
        if (named) {
            out.put('"').put(COLUMNS[column]).put("\":");
        }
    }

    private void writeJson(ByteOutput out) {
        shown().forEachRemaining(row -> writeJson(row, out));
        writeJson(total(), out);
    }

    private void writeJson(Row row, ByteOutput out) {
        StringBuilder line = new StringBuilder("{");
        for (int i = 0; i < keyNames.size(); i++) {
            line.append('"').append(keyNames.get(i)).append("\":\"");
            JsonPrinter.escape(row.keys().get(i), line).append("\",");
        }
        out.put(line);
        putNumbers(row, true, out);
        out.put("}\n");
    }
}
