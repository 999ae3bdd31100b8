package dev.walker.remote;

import java.util.regex.Pattern;

/** Keeps passwords out of what people read. */
public final class Secrets {
    private static final String MASK = "***";

    /** A parameter of a URL or of a connection string. */
    private static final Pattern PARAMETER =
            Pattern.compile("(?i)((?:ssl|truststore|keystore)?password\\s*=\\s*)('(?:[^'\\\\]|\\\\.)*'|[^&\\s\"';]+)");

    /** {@code //USER:PASSWORD@HOST}; the password may have an @ of its own. */
    private static final Pattern USER_INFO = Pattern.compile("(//[^/?#\\s:@]*:)[^/?#\\s]*(@)");

    private Secrets() {}

    /** The text with every password in a URL or a connection string replaced. */
    public static String mask(String text) {
        if (text == null) {
            return null;
        }
        String masked = PARAMETER.matcher(text).replaceAll("$1" + MASK.replace("$", "\\$"));
        return USER_INFO.matcher(masked).replaceAll("$1" + MASK + "$2");
    }

    /** The text without a password that is known, wherever it stands, and without those that look like one. */
    static String mask(String text, String password) {
        if (text == null) {
            return null;
        }
        String known = password == null || password.isEmpty() ? text : text.replace(password, MASK);
        return mask(known);
    }
}
