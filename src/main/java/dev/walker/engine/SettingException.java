package dev.walker.engine;

/** A setting that WALker cannot work with: which, what was found, what was wanted. */
public class SettingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With the whole message. */
    public SettingException(String message) {
        super(message);
    }
}
