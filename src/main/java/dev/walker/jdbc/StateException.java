package dev.walker.jdbc;

/** State that cannot be read or saved. */
public class StateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With what was tried and what the server said. */
    public StateException(String message) {
        super(message);
    }

    /** With what was tried and what the server said. */
    public StateException(String message, Throwable cause) {
        super(message, cause);
    }
}
