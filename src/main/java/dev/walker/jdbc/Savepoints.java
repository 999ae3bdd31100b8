package dev.walker.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.Optional;

/** Runs SQL that may fail without losing the transaction that it is part of. */
final class Savepoints {
    /** Something that talks to the database. */
    interface Action<T> {
        T run() throws SQLException;
    }

    /** Makes an answer of what the server refused, or throws it again. */
    interface Refusal<T> {
        T answer(SQLException refused) throws SQLException;
    }

    private Savepoints() {}

    /** A savepoint, where there is a transaction. */
    static Optional<Savepoint> set(Connection connection) throws SQLException {
        return connection.getAutoCommit() ? Optional.empty() : Optional.of(connection.setSavepoint());
    }

    /**
     * Undoes what was done since a savepoint, and gives the savepoint up: PL/Java leaves it open where the server refuses what
     * comes next, so that its end is taken for that of the step, and {@code walker.run()} cannot commit any more.
     */
    static void undo(Connection connection, Savepoint savepoint) throws SQLException {
        connection.rollback(savepoint);
        connection.releaseSavepoint(savepoint);
    }

    /** The answer of {@code action}, or, after undoing it, of {@code otherwise} if the server refuses it. */
    static <T> T attempt(Connection connection, Action<T> action, Action<T> otherwise) throws SQLException {
        return attempt(connection, action, refused -> otherwise.run());
    }

    /** The answer of {@code action}, or, after undoing it, what {@code refusal} makes of the error. */
    static <T> T attempt(Connection connection, Action<T> action, Refusal<T> refusal) throws SQLException {
        if (connection.getAutoCommit()) {
            try {
                return action.run();
            } catch (SQLException e) {
                return refusal.answer(e);
            }
        }
        Savepoint savepoint = connection.setSavepoint();
        T answer;
        try {
            answer = action.run();
        } catch (SQLException e) {
            undo(connection, savepoint);
            return refusal.answer(e);
        }
        connection.releaseSavepoint(savepoint);
        return answer;
    }
}
