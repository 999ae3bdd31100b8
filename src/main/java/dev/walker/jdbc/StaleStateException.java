package dev.walker.jdbc;

import dev.walker.spi.StateException;

/** State was changed behind the walker's back, by {@code walker.reset()}: it is to be loaded anew. */
public class StaleStateException extends StateException {
    private static final long serialVersionUID = 1L;

    StaleStateException() {
        super("the state of the walk was changed by another session");
    }
}
