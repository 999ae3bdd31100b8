package dev.walker.jdbc;

import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Column;
import dev.walker.wal.Lsn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A table of schema {@code walker} whose rows belong to one source. */
final class JdbcStateTable implements StateTable {
    /** Rows that are read, or deletes that are sent, at once. */
    private static final int BATCH = 256;

    private final Connection connection;
    private final int sourceId;
    private final TableSpec spec;
    /** Rows that are still held back; never together with deletes. */
    private final UpsertBatch pending;
    /** Deletes that are still held back. */
    private PreparedStatement deleting;

    private String deletingWhere;
    private int deletingRows;
    private boolean writable;

    JdbcStateTable(Connection connection, int sourceId, TableSpec spec) {
        this.connection = connection;
        this.sourceId = sourceId;
        this.spec = spec;
        this.pending = new UpsertBatch(spec);
    }

    /** Makes the table if it does not exist; an error if it exists with other columns. */
    void ensureExists() throws SQLException {
        List<String> found = Jdbc.all(
                connection,
                "SELECT a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a"
                        + " WHERE a.attrelid = pg_catalog.to_regclass(?::text) AND a.attnum > 0 AND NOT a.attisdropped"
                        + " ORDER BY a.attnum",
                row -> row.getString(1),
                "walker." + spec.name());
        List<String> wanted = Stream.concat(
                        Stream.of("source_id integer"),
                        spec.columns().stream()
                                .map(column ->
                                        column.name() + " " + column.type().sqlName()))
                .map(column -> column.replace(" timestamptz", " timestamp with time zone"))
                .toList();
        if (found.isEmpty()) {
            String columns = spec.columns().stream()
                    .map(column -> column.name() + " " + column.type().sqlName())
                    .collect(Collectors.joining(", "));
            Jdbc.update(
                    connection,
                    "CREATE TABLE walker." + spec.name()
                            + " (source_id integer REFERENCES walker.source ON DELETE CASCADE, " + columns
                            + ", PRIMARY KEY (source_id, " + keys(spec) + "))");
            Jdbc.update(connection, "GRANT SELECT ON walker." + spec.name() + " TO pg_monitor");
            if (Jdbc.one(
                    connection,
                    "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'walker')",
                    row -> row.getBoolean(1))) {
                // So that DROP EXTENSION takes it along.
                Jdbc.update(connection, "ALTER EXTENSION walker ADD TABLE walker." + spec.name());
            }
        } else if (!found.equals(wanted)) {
            throw new IllegalStateException(
                    "table walker." + spec.name() + " has the columns (" + String.join(", ", found)
                            + "), wanted (" + String.join(", ", wanted)
                            + "); ALTER EXTENSION walker UPDATE if it is one of WALker's own; a plugin that wants other columns"
                            + " than before wants a table of another name, or ALTER TABLE walker." + spec.name()
                            + " RENAME TO ...");
        }
    }

    /** Lets the plugin write, or no longer. */
    void writable(boolean allowed) {
        writable = allowed;
    }

    @Override
    public void put(Object... row) {
        checkWritable();
        if (row.length != spec.columns().size()) {
            throw new IllegalArgumentException(
                    "table " + spec.name() + " has " + spec.columns().size() + " columns, the row has " + row.length);
        }
        try {
            sendDeletes();
            if (pending.add(row)) {
                sendRows();
            }
        } catch (SQLException e) {
            throw failed("write", e);
        }
    }

    @Override
    public void delete(Object... keyPrefix) {
        delete(keyPrefix, where(keyPrefix.length));
    }

    @Override
    public void deleteFrom(Object... keyPrefix) {
        delete(keyPrefix, whereFrom(keyPrefix.length));
    }

    private void delete(Object[] keyPrefix, String where) {
        checkWritable();
        try {
            sendRows();
            if (deleting == null || !where.equals(deletingWhere)) {
                sendDeletes();
                deleting = connection.prepareStatement("DELETE FROM walker." + spec.name() + where);
                deletingWhere = where;
            }
            setKeys(deleting, keyPrefix);
            deleting.addBatch();
            if (++deletingRows == BATCH) {
                sendDeletes();
            }
        } catch (SQLException e) {
            throw failed("delete from", e);
        }
    }

    @Override
    public void scan(Consumer<Object[]> rows, Object... keyPrefix) {
        scan(rows, keyPrefix, where(keyPrefix.length));
    }

    @Override
    public void scanFrom(Consumer<Object[]> rows, Object... keyPrefix) {
        scan(rows, keyPrefix, whereFrom(keyPrefix.length));
    }

    private void scan(Consumer<Object[]> rows, Object[] keyPrefix, String where) {
        String columns =
                spec.columns().stream().map(JdbcStateTable::selectExpression).collect(Collectors.joining(", "));
        try {
            send();
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT " + columns + " FROM walker." + spec.name() + where + " ORDER BY " + keys(spec))) {
                setKeys(statement, keyPrefix);
                // A table may have more rows than fit in memory at once.
                statement.setFetchSize(BATCH);
                try (ResultSet result = statement.executeQuery()) {
                    while (result.next()) {
                        Object[] row = new Object[spec.columns().size()];
                        for (int i = 0; i < row.length; i++) {
                            row[i] = get(result, i + 1, spec.columns().get(i));
                        }
                        rows.accept(row);
                    }
                }
            }
        } catch (SQLException e) {
            throw failed("read", e);
        }
    }

    /** Sends what is still held back. */
    void send() throws SQLException {
        sendDeletes();
        sendRows();
    }

    private void sendDeletes() throws SQLException {
        if (deleting == null) {
            return;
        }
        try (PreparedStatement statement = deleting) {
            if (deletingRows > 0) {
                statement.executeBatch();
            }
        } finally {
            deleting = null;
            deletingRows = 0;
        }
    }

    private void sendRows() throws SQLException {
        pending.send(connection, sourceId);
    }

    /** Drops what is still held back. */
    void forget() {
        pending.clear();
        deleting = null;
        deletingRows = 0;
    }

    private void checkWritable() {
        if (!writable) {
            throw new IllegalStateException("table " + spec.name() + " may be written in onStartup and onFlush only");
        }
    }

    private RuntimeException failed(String what, SQLException e) {
        return StoreErrors.of("cannot " + what + " walker." + spec.name(), e);
    }

    private void setKeys(PreparedStatement statement, Object[] keyPrefix) throws SQLException {
        statement.setInt(1, sourceId);
        for (int i = 0; i < keyPrefix.length; i++) {
            set(statement, i + 2, spec.columns().get(i), keyPrefix[i]);
        }
    }

    private String whereFrom(int keyColumns) {
        if (keyColumns == 0) {
            throw new IllegalArgumentException("table " + spec.name() + ": no value to begin from");
        }
        Column last = spec.columns().get(keyColumns - 1);
        return where(keyColumns - 1) + " AND " + last.name() + " >= " + parameter(last);
    }

    private String where(int keyColumns) {
        if (keyColumns > spec.keyColumns()) {
            throw new IllegalArgumentException("the key of table " + spec.name() + " has " + spec.keyColumns()
                    + " columns, found " + keyColumns + " values");
        }
        StringBuilder sql = new StringBuilder(" WHERE source_id = ?");
        for (Column column : spec.columns().subList(0, keyColumns)) {
            sql.append(" AND ").append(column.name()).append(" = ").append(parameter(column));
        }
        return sql.toString();
    }

    private static String keys(TableSpec spec) {
        return spec.columns().subList(0, spec.keyColumns()).stream()
                .map(Column::name)
                .collect(Collectors.joining(", "));
    }

    /** How a parameter stands in SQL. */
    private static String parameter(Column column) {
        return switch (column.type()) {
            case BIGINT -> "?::bigint";
            case OID -> "?::bigint::oid";
            case INTEGER -> "?::integer";
            case BOOLEAN -> "?::boolean";
            case TEXT -> "?::text";
            case BYTEA -> "?::bytea";
            case SMALLINT_ARRAY, BIGINT_ARRAY, PG_LSN, TIMESTAMPTZ, JSONB ->
                "?::text::" + column.type().sqlName();
        };
    }

    /** How a column is asked for. */
    private static String selectExpression(Column column) {
        return switch (column.type()) {
            case BIGINT, INTEGER, BOOLEAN, TEXT, BYTEA -> column.name();
            case OID -> column.name() + "::bigint";
            case SMALLINT_ARRAY, BIGINT_ARRAY, PG_LSN, JSONB -> column.name() + "::text";
            case TIMESTAMPTZ -> "pg_catalog.to_json(" + column.name() + ") #>> '{}'";
        };
    }

    private void set(PreparedStatement statement, int index, Column column, Object value) throws SQLException {
        try {
            switch (column.type()) {
                case BIGINT, OID -> setNullable(statement, index, (Long) value, java.sql.Types.BIGINT);
                case INTEGER -> setNullable(statement, index, (Integer) value, java.sql.Types.INTEGER);
                case BOOLEAN -> setNullable(statement, index, (Boolean) value, java.sql.Types.BOOLEAN);
                case TEXT, JSONB -> setNullable(statement, index, (String) value, java.sql.Types.VARCHAR);
                case BYTEA -> setNullable(statement, index, (byte[]) value, java.sql.Types.BINARY);
                case SMALLINT_ARRAY ->
                    setNullable(
                            statement,
                            index,
                            value == null ? null : arrayText((short[]) value),
                            java.sql.Types.VARCHAR);
                case BIGINT_ARRAY ->
                    setNullable(
                            statement, index, value == null ? null : arrayText((long[]) value), java.sql.Types.VARCHAR);
                case PG_LSN ->
                    setNullable(
                            statement, index, value == null ? null : Lsn.format((Long) value), java.sql.Types.VARCHAR);
                case TIMESTAMPTZ ->
                    setNullable(
                            statement,
                            index,
                            value == null ? null : ((Instant) value).toString(),
                            java.sql.Types.VARCHAR);
            }
        } catch (ClassCastException e) {
            throw new IllegalArgumentException(
                    "column " + column.name() + " of table " + spec.name() + " is of type " + column.type()
                            + ", the value is a " + value.getClass().getName(),
                    e);
        }
    }

    private static void setNullable(PreparedStatement statement, int index, Object value, int nullType)
            throws SQLException {
        if (value == null) {
            statement.setNull(index, nullType);
        } else if (value instanceof Long number) {
            statement.setLong(index, number);
        } else if (value instanceof Integer number) {
            statement.setInt(index, number);
        } else if (value instanceof Boolean truth) {
            statement.setBoolean(index, truth);
        } else if (value instanceof byte[] bytes) {
            statement.setBytes(index, bytes);
        } else {
            statement.setString(index, (String) value);
        }
    }

    private static Object get(ResultSet result, int index, Column column) throws SQLException {
        Object value =
                switch (column.type()) {
                    case BIGINT, OID -> result.getLong(index);
                    case INTEGER -> result.getInt(index);
                    case BOOLEAN -> result.getBoolean(index);
                    case BYTEA -> result.getBytes(index);
                    case TEXT, JSONB, SMALLINT_ARRAY, BIGINT_ARRAY, PG_LSN, TIMESTAMPTZ -> result.getString(index);
                };
        if (value == null || result.wasNull()) {
            return null;
        }
        return switch (column.type()) {
            case SMALLINT_ARRAY -> parseArray((String) value);
            case BIGINT_ARRAY -> parseLongArray((String) value);
            case PG_LSN -> Lsn.parse((String) value);
            case TIMESTAMPTZ -> OffsetDateTime.parse((String) value).toInstant();
            default -> value;
        };
    }

    private static String arrayText(short[] values) {
        StringBuilder text = new StringBuilder(2 + values.length * 2).append('{');
        for (int i = 0; i < values.length; i++) {
            if (i > 0) {
                text.append(',');
            }
            text.append(values[i]);
        }
        return text.append('}').toString();
    }

    private static String arrayText(long[] values) {
        StringBuilder text = new StringBuilder(2 + values.length * 2).append('{');
        for (int i = 0; i < values.length; i++) {
            if (i > 0) {
                text.append(',');
            }
            text.append(values[i]);
        }
        return text.append('}').toString();
    }

    private static long[] parseLongArray(String text) {
        String inner = text.substring(1, text.length() - 1);
        return inner.isEmpty()
                ? new long[0]
                : Arrays.stream(inner.split(",")).mapToLong(Long::parseLong).toArray();
    }

    private static short[] parseArray(String text) {
        String inner = text.substring(1, text.length() - 1);
        if (inner.isEmpty()) {
            return new short[0];
        }
        String[] parts = inner.split(",");
        short[] values = new short[parts.length];
        for (int i = 0; i < parts.length; i++) {
            values[i] = Short.parseShort(parts[i]);
        }
        return values;
    }
}
