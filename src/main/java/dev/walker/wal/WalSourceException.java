package dev.walker.wal;

/** The source of WAL cannot be reached, or does not have the WAL any more. */
public class WalSourceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With what was wanted, what was found, and what to do. */
    public WalSourceException(String message) {
        super(message);
    }

    /** With what was wanted, what was found, and why. */
    public WalSourceException(String message, Throwable cause) {
        super(message, cause);
    }
}
