package dev.walker.host.report;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;

/** Parts of a transaction that may fail without ending it. */
final class Attempt {
    private final Connection connection;

    Attempt(Connection connection) {
        this.connection = connection;
    }

    Connection connection() {
        return connection;
    }

    /** What may fail. */
    interface Work {
        void run(Connection connection) throws SQLException;
    }

    /** Does it; why it failed, empty if it did not. A connection that is lost is an error. */
    String run(Work work) throws SQLException {
        Savepoint before = connection.setSavepoint();
        try {
            work.run(connection);
            connection.releaseSavepoint(before);
            return "";
        } catch (SQLException e) {
            String state = e.getSQLState();
            if (state == null || state.startsWith("08") || state.startsWith("57P")) {
                throw e;
            }
            connection.rollback(before);
            return e.getMessage();
        }
    }
}
