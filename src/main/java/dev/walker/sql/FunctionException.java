package dev.walker.sql;

import java.sql.SQLException;

/** An error for the SQL caller; PL/Java shows what {@link #toString} gives, so that is the bare message. */
final class FunctionException extends SQLException {
    private static final long serialVersionUID = 1L;

    FunctionException(String message, String sqlState, Throwable cause) {
        super(message, sqlState, cause);
    }

    @Override
    public String toString() {
        return getMessage();
    }
}
