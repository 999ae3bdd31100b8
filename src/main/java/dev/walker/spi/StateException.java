package dev.walker.spi;

/**
 * The store of state cannot be read or written: a lost connection, a full disk. That is no fault of the plugin which
 * happened to use it, so it ends the walk, which goes on from the last commit when it is started again; plugins let it
 * through.
 */
public class StateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With what was tried and what the store said. */
    public StateException(String message) {
        super(message);
    }

    /** With what was tried and what the store said. */
    public StateException(String message, Throwable cause) {
        super(message, cause);
    }
}
