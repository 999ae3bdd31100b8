package dev.walker.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;

/** Runs SQL that may fail without losing the transaction that it is part of. */
final class Savepoints {
    /** Something that talks to the database. */
    interface Action<T> {
        T run() throws SQLException;
    }

    private Savepoints() {}

    /** The answer of {@code action}, or, after undoing it, of {@code otherwise} if the server refuses it. */
    static <T> T attempt(Connection connection, Action<T> action, Action<T> otherwise) throws SQLException {
        if (connection.getAutoCommit()) {
            try {
                return action.run();
            } catch (SQLException e) {
                return otherwise.run();
            }
        }
        Savepoint savepoint = connection.setSavepoint();
        T answer;
        try {
            answer = action.run();
        } catch (SQLException e) {
            connection.rollback(savepoint);
            return otherwise.run();
        }
        connection.releaseSavepoint(savepoint);
        return answer;
    }
}
