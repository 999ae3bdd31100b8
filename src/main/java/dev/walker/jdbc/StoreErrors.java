package dev.walker.jdbc;

import dev.walker.spi.StateException;
import java.sql.SQLException;

/** Tells what a plugin has done wrong from what has happened to the store. */
public final class StoreErrors {
    private StoreErrors() {}

    /** The exception to be thrown where a plugin uses the store. */
    static RuntimeException of(String what, SQLException e) {
        String message = what + ": " + e.getMessage();
        String state = String.valueOf(e.getSQLState());
        // Class 22 data exception, 23 constraint violation, 42 syntax error or access rule violation.
        boolean isOfPlugin = state.startsWith("22") || state.startsWith("23") || state.startsWith("42");
        return isOfPlugin ? new IllegalArgumentException(message, e) : new StateException(message, e);
    }
}
