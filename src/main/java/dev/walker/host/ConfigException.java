package dev.walker.host;

/** A configuration file that cannot be used: which line, what was found, what was wanted. */
final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ConfigException(String message) {
        super(message);
    }
}
