package dev.walker.host;

/** A connection was lost, or a server refuses for the moment: another attempt may go well. */
final class LostConnectionException extends CommandException {
    private static final long serialVersionUID = 1L;

    LostConnectionException(String message, Throwable cause) {
        super(message, cause);
    }
}
