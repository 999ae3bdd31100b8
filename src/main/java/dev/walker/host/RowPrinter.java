package dev.walker.host;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** Rows of a query: as a table or a list for people, as JSON for programs. The option that chooses is part of it. */
final class RowPrinter {
    /** What can be written. */
    enum Format {
        text,
        json
    }

    private static final Set<Integer> NUMBERS =
            Set.of(Types.SMALLINT, Types.INTEGER, Types.BIGINT, Types.NUMERIC, Types.REAL, Types.DOUBLE);

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "How to write: text, or json for an object a line (default: ${DEFAULT-VALUE}).")
    private Format format;

    RowPrinter() {}

    /** Whether programs are to read it. */
    boolean isJson() {
        return format == Format.json;
    }

    /** Writes the rows of a query, as a table under the names of its columns. */
    void table(Connection connection, ByteOutput out, String sql, Object... parameters) throws SQLException {
        if (isJson()) {
            objects(connection, out, sql, parameters);
            return;
        }
        List<String[]> rows = new ArrayList<>();
        boolean[] right;
        try (PreparedStatement statement = prepare(connection, sql, parameters);
                ResultSet result = statement.executeQuery()) {
            ResultSetMetaData columns = result.getMetaData();
            right = new boolean[columns.getColumnCount()];
            String[] names = new String[right.length];
            for (int i = 0; i < right.length; i++) {
                names[i] = columns.getColumnLabel(i + 1);
                right[i] = NUMBERS.contains(columns.getColumnType(i + 1));
            }
            rows.add(names);
            while (result.next()) {
                rows.add(values(result, right.length));
            }
        }
        table(rows, right, out);
    }

    /** Writes rows that do not come from a database, as {@link #table} does. */
    void rows(List<String> columns, List<Object[]> rows, ByteOutput out) {
        if (isJson()) {
            for (Object[] row : rows) {
                out.put(object(columns, row)).put("\n");
            }
            return;
        }
        List<String[]> texts = new ArrayList<>();
        texts.add(columns.toArray(new String[0]));
        boolean[] right = new boolean[columns.size()];
        for (Object[] row : rows) {
            String[] values = new String[row.length];
            for (int i = 0; i < row.length; i++) {
                right[i] |= row[i] instanceof Number;
                values[i] = Printable.of(asServer(row[i]));
            }
            texts.add(values);
        }
        table(texts, right, out);
    }

    private static String asServer(Object value) {
        if (value instanceof Boolean truth) {
            return truth ? "t" : "f";
        }
        return value instanceof Double number && number == Math.rint(number)
                ? Long.toString(number.longValue())
                : value.toString();
    }

    private static String object(List<String> columns, Object[] row) {
        StringBuilder object = new StringBuilder("{");
        for (int i = 0; i < row.length; i++) {
            object.append(i == 0 ? "\"" : ",\"").append(columns.get(i)).append("\":");
            if (row[i] instanceof String text) {
                JsonPrinter.escape(text, object.append('"')).append('"');
            } else {
                object.append(row[i] instanceof Boolean ? row[i] : asServer(row[i]));
            }
        }
        return object.append('}').toString();
    }

    /** Writes rows, the first of which has the names of the columns. */
    static void table(List<String[]> rows, boolean[] right, ByteOutput out) {
        int[] widths = new int[right.length];
        for (String[] row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], width(row[i]));
            }
        }
        line(rows.get(0), widths, new boolean[right.length], out);
        for (int i = 0; i < widths.length; i++) {
            out.put(i == 0 ? "" : "-+-").put("-".repeat(widths[i]));
        }
        out.put("\n");
        for (String[] row : rows.subList(1, rows.size())) {
            line(row, widths, right, out);
        }
        int count = rows.size() - 1;
        out.put("(" + count + (count == 1 ? " row)\n" : " rows)\n"));
    }

    private static void line(String[] values, int[] widths, boolean[] right, ByteOutput out) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String blanks = " ".repeat(widths[i] - width(values[i]));
            line.append(i == 0 ? "" : " | ");
            line.append(right[i] ? blanks : "").append(values[i]).append(right[i] ? "" : blanks);
        }
        out.put(line.toString().stripTrailing()).put("\n");
    }

    /** Writes the rows of a query each as a list, a column a line; without rows it writes nothing. */
    void list(Connection connection, ByteOutput out, String sql, Object... parameters) throws SQLException {
        if (isJson()) {
            objects(connection, out, sql, parameters);
            return;
        }
        try (PreparedStatement statement = prepare(connection, sql, parameters);
                ResultSet result = statement.executeQuery()) {
            ResultSetMetaData columns = result.getMetaData();
            String[] names = new String[columns.getColumnCount()];
            for (int i = 0; i < names.length; i++) {
                names[i] = columns.getColumnLabel(i + 1);
            }
            int width = Arrays.stream(names).mapToInt(String::length).max().orElse(0);
            while (result.next()) {
                String[] values = values(result, names.length);
                for (int i = 0; i < names.length; i++) {
                    String line = names[i] + " ".repeat(width - names[i].length()) + " | " + values[i];
                    out.put(line.stripTrailing()).put("\n");
                }
            }
        }
    }

    /** Objects with the columns as the server writes them: numbers as numbers, times with their offset. */
    private static void objects(Connection connection, ByteOutput out, String sql, Object... parameters)
            throws SQLException {
        try (PreparedStatement statement =
                        prepare(connection, "SELECT pg_catalog.row_to_json(t)::text FROM (" + sql + ") t", parameters);
                ResultSet result = statement.executeQuery()) {
            while (result.next()) {
                out.put(result.getString(1)).put("\n");
            }
        }
    }

    private static PreparedStatement prepare(Connection connection, String sql, Object... parameters)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }

    private static String[] values(ResultSet result, int count) throws SQLException {
        String[] values = new String[count];
        for (int i = 0; i < count; i++) {
            String value = result.getString(i + 1);
            values[i] = value == null ? "" : Printable.of(value);
        }
        return values;
    }

    private static int width(String text) {
        return text.codePointCount(0, text.length());
    }
}
