package dev.walker.engine;

/** A plugin that cannot be found, made or started. */
public class PluginException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With the whole message. */
    public PluginException(String message) {
        super(message);
    }

    /** With the whole message and what the plugin threw. */
    public PluginException(String message, Throwable cause) {
        super(message, cause);
    }
}
