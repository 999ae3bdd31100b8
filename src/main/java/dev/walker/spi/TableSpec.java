package dev.walker.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Name and columns of a {@link StateTable}. Key columns come first.
 *
 * @param name lower-case SQL identifier, in schema {@code walker}
 * @param columns all columns, in order
 * @param keyColumns how many of them, from the first on, make the key
 */
public record TableSpec(String name, List<Column> columns, int keyColumns) {
    /** Column types and the Java classes of their values. */
    public enum Type {
        /** {@code bigint}, {@link Long}. */
        BIGINT("bigint"),
        /** {@code oid}, {@link Long}, unsigned 32-bit. */
        OID("oid"),
        /** {@code integer}, {@link Integer}. */
        INTEGER("integer"),
        /** {@code boolean}, {@link Boolean}. */
        BOOLEAN("boolean"),
        /** {@code text}, {@link String}. */
        TEXT("text"),
        /** {@code bytea}, {@code byte[]}. */
        BYTEA("bytea"),
        /** {@code smallint[]}, {@code short[]}. */
        SMALLINT_ARRAY("smallint[]"),
        /** {@code bigint[]}, {@code long[]}. */
        BIGINT_ARRAY("bigint[]"),
        /** {@code pg_lsn}, {@link Long}, unsigned. */
        PG_LSN("pg_lsn"),
        /** {@code timestamptz}, {@link java.time.Instant}. */
        TIMESTAMPTZ("timestamptz"),
        /** {@code jsonb}, {@link String}. */
        JSONB("jsonb");

        private final String sqlName;

        Type(String sqlName) {
            this.sqlName = sqlName;
        }

        /** The type's name in SQL. */
        public String sqlName() {
            return sqlName;
        }
    }

    /**
     * A column.
     *
     * @param name lower-case SQL identifier
     * @param type its type
     */
    public record Column(String name, Type type) {
        /** Checks the name. */
        public Column {
            checkIdentifier(name);
            Objects.requireNonNull(type);
        }
    }

    /** Checks the names and the number of key columns. */
    public TableSpec {
        checkIdentifier(name);
        columns = List.copyOf(columns);
        if (keyColumns < 1 || keyColumns > columns.size()) {
            throw new IllegalArgumentException(
                    "table " + name + " has " + columns.size() + " columns, so it cannot have a key of " + keyColumns);
        }
    }

    private static void checkIdentifier(String name) {
        if (!name.matches("[a-z_][a-z0-9_]{0,62}")) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is no name for a table or column; wanted lower-case letters, digits and _");
        }
    }

    /** The order of two values of the same column. */
    @SuppressWarnings("unchecked")
    static int compareValues(Object left, Object right) {
        return ((Comparable<Object>) left).compareTo(right);
    }

    /** Starts a table. */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /** Collects columns. */
    public static final class Builder {
        private final String name;
        private final List<Column> keys = new ArrayList<>();
        private final List<Column> values = new ArrayList<>();

        private Builder(String name) {
            this.name = name;
        }

        /** Adds a key column. */
        public Builder key(String column, Type type) {
            keys.add(new Column(column, type));
            return this;
        }

        /** Adds a column that is no part of the key. */
        public Builder value(String column, Type type) {
            values.add(new Column(column, type));
            return this;
        }

        /** The finished table. */
        public TableSpec build() {
            List<Column> all = new ArrayList<>(keys);
            all.addAll(values);
            return new TableSpec(name, all, keys.size());
        }
    }
}
