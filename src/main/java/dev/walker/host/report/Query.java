package dev.walker.host.report;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Queries with parameters of type text, bigint or integer. */
final class Query {
    private static final int FETCH = 2000;

    private Query() {}

    /** Takes the current row of a result. */
    interface Reader {
        void read(ResultSet row) throws SQLException;
    }

    /** Turns the current row of a result into something. */
    interface Mapper<T> {
        T map(ResultSet row) throws SQLException;
    }

    static void each(Connection connection, String sql, Reader reader, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setFetchSize(FETCH);
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    reader.read(row);
                }
            }
        }
    }

    static <T> List<T> list(Connection connection, String sql, Mapper<T> mapper, Object... parameters)
            throws SQLException {
        List<T> rows = new ArrayList<>();
        each(connection, sql, row -> rows.add(mapper.map(row)), parameters);
        return rows;
    }

    static <T> T one(Connection connection, String sql, Mapper<T> mapper, Object... parameters) throws SQLException {
        List<T> rows = list(connection, sql, mapper, parameters);
        if (rows.isEmpty()) {
            throw new SQLException("no row from: " + sql, "02000");
        }
        return rows.get(0);
    }
}
