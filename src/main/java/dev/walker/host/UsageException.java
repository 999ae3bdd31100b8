package dev.walker.host;

/** An option is wrong: what was given and what was wanted. */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
