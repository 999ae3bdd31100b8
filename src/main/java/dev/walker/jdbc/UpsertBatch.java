package dev.walker.jdbc;

import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Column;
import dev.walker.wal.Lsn;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Rows that are sent in one statement, as one array for each column, since what PL/Java and the server do for each
 * statement and each parameter costs more than the rows themselves. The values of all columns of type bytea go together
 * into one parameter, of which each row takes its part.
 */
final class UpsertBatch {
    private static final int MOST_ROWS = 1024;
    private static final int MOST_BYTES = 4 << 20;

    private final TableSpec spec;
    private final String sql;
    /** By key, since a statement may not touch a row twice. */
    private final Map<List<Object>, Object[]> rows = new LinkedHashMap<>();

    private int bytes;

    UpsertBatch(TableSpec spec) {
        this.spec = spec;
        this.sql = sql(spec);
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    void clear() {
        rows.clear();
        bytes = 0;
    }

    /**
     * Takes a row, in the place of one with the same key; tells whether it is time to send.
     *
     * @throws IllegalArgumentException if a value is not of the type of its column
     */
    boolean add(Object[] row) {
        for (int i = 0; i < row.length; i++) {
            check(spec.columns().get(i), row[i]);
            bytes += row[i] instanceof byte[] value ? value.length : 0;
        }
        rows.put(key(row), row.clone());
        return rows.size() >= MOST_ROWS || bytes >= MOST_BYTES;
    }

    private List<Object> key(Object[] row) {
        Object[] key = Arrays.copyOf(row, spec.keyColumns());
        for (int i = 0; i < key.length; i++) {
            if (key[i] instanceof byte[] value) {
                key[i] = ByteBuffer.wrap(value);
            } else if (key[i] instanceof short[] value) {
                key[i] = Arrays.toString(value);
            } else if (key[i] instanceof long[] value) {
                key[i] = Arrays.toString(value);
            }
        }
        return Arrays.asList(key);
    }

    private void check(Column column, Object value) {
        if (value != null && !javaClass(column.type()).isInstance(value)) {
            throw new IllegalArgumentException("column " + column.name() + " of table " + spec.name() + " is of type "
                    + column.type() + ", the value is a " + value.getClass().getName());
        }
    }

    private static Class<?> javaClass(TableSpec.Type type) {
        return switch (type) {
            case BIGINT, OID, PG_LSN -> Long.class;
            case INTEGER -> Integer.class;
            case BOOLEAN -> Boolean.class;
            case TEXT, JSONB -> String.class;
            case BYTEA -> byte[].class;
            case SMALLINT_ARRAY -> short[].class;
            case BIGINT_ARRAY -> long[].class;
            case TIMESTAMPTZ -> Instant.class;
        };
    }

    /** Sends all rows. */
    void send(Connection connection, int sourceId) throws SQLException {
        if (rows.isEmpty()) {
            return;
        }
        List<String> arrays = new ArrayList<>();
        ByteArrayOutputStream allBytes = new ByteArrayOutputStream(bytes);
        for (int i = 0; i < spec.columns().size(); i++) {
            if (spec.columns().get(i).type() == TableSpec.Type.BYTEA) {
                addByteStrings(i, arrays, allBytes);
            } else {
                arrays.add(array(i));
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, sourceId);
            statement.setBytes(2, allBytes.toByteArray());
            for (int i = 0; i < arrays.size(); i++) {
                statement.setString(i + 3, arrays.get(i));
            }
            statement.executeUpdate();
        } finally {
            clear();
        }
    }

    /** Where the value of each row is among all, from 1 on, and how long it is; no length stands for null. */
    private void addByteStrings(int column, List<String> arrays, ByteArrayOutputStream allBytes) {
        StringBuilder begins = new StringBuilder("{");
        StringBuilder lengths = new StringBuilder("{");
        for (Object[] row : rows.values()) {
            byte[] value = (byte[]) row[column];
            begins.append(begins.length() > 1 ? "," : "").append(allBytes.size() + 1);
            lengths.append(lengths.length() > 1 ? "," : "");
            if (value == null) {
                lengths.append("NULL");
            } else {
                lengths.append(value.length);
                allBytes.writeBytes(value);
            }
        }
        arrays.add(begins.append('}').toString());
        arrays.add(lengths.append('}').toString());
    }

    private String array(int column) {
        boolean isLsn = spec.columns().get(column).type() == TableSpec.Type.PG_LSN;
        StringBuilder array = new StringBuilder("{");
        for (Object[] row : rows.values()) {
            if (array.length() > 1) {
                array.append(',');
            }
            append(array, isLsn && row[column] != null ? Lsn.format((Long) row[column]) : row[column]);
        }
        return array.append('}').toString();
    }

    private void append(StringBuilder array, Object value) {
        if (value == null) {
            array.append("NULL");
        } else if (value instanceof String text) {
            appendQuoted(array, text);
        } else if (value instanceof short[] numbers) {
            array.append("\"{");
            for (int i = 0; i < numbers.length; i++) {
                if (numbers[i] >= 0 && numbers[i] < 10) {
                    // Nearly all, and there are many: short ways for them.
                    array.append((char) ('0' + numbers[i]));
                } else {
                    array.append(numbers[i]);
                }
                array.append(',');
            }
            array.setLength(array.length() - (numbers.length > 0 ? 1 : 0));
            array.append("}\"");
        } else if (value instanceof long[] numbers) {
            array.append("\"{");
            for (int i = 0; i < numbers.length; i++) {
                array.append(i == 0 ? "" : ",").append(numbers[i]);
            }
            array.append("}\"");
        } else {
            // Numbers, truth values and points in time need no quotes.
            array.append(value);
        }
    }

    private static void appendQuoted(StringBuilder array, String text) {
        array.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                array.append('\\');
            }
            array.append(c);
        }
        array.append('"');
    }

    private static String sql(TableSpec spec) {
        List<Column> columns = spec.columns();
        List<String> arrays = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<String> values = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            String name = "c" + i;
            switch (columns.get(i).type()) {
                case BYTEA -> {
                    arrays.add(unnest("integer"));
                    arrays.add(unnest("integer"));
                    names.add(name + "b");
                    names.add(name + "l");
                    values.add("pg_catalog.substr(b.b, r." + name + "b, r." + name + "l)");
                }
                case SMALLINT_ARRAY, BIGINT_ARRAY, JSONB, TIMESTAMPTZ -> {
                    arrays.add(unnest("text"));
                    names.add(name);
                    values.add("r." + name + "::" + columns.get(i).type().sqlName());
                }
                default -> {
                    arrays.add(unnest(columns.get(i).type().sqlName()));
                    names.add(name);
                    values.add("r." + name);
                }
            }
        }
        String keys = names(columns.subList(0, spec.keyColumns()));
        String updates = columns.subList(spec.keyColumns(), columns.size()).stream()
                .map(column -> column.name() + " = EXCLUDED." + column.name())
                .collect(Collectors.joining(", "));
        return "INSERT INTO walker." + spec.name() + " (source_id, " + names(columns) + ") SELECT b.s, "
                + String.join(", ", values) + " FROM (SELECT ?::integer AS s, ?::bytea AS b) b, ROWS FROM ("
                + String.join(", ", arrays) + ") AS r (" + String.join(", ", names) + ") ON CONFLICT (source_id, "
                + keys + ") DO " + (updates.isEmpty() ? "NOTHING" : "UPDATE SET " + updates);
    }

    private static String unnest(String type) {
        return "pg_catalog.unnest(?::text::" + type + "[])";
    }

    private static String names(List<Column> columns) {
        return columns.stream().map(Column::name).collect(Collectors.joining(", "));
    }
}
