package dev.walker.host;

/** Text for a line on a terminal, which a line break would tear, and other control characters might do anything to. */
final class Printable {
    private Printable() {}

    /** The text with a blank instead of control characters that follow each other. */
    static String of(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                return withoutControls(text, i);
            }
        }
        return text;
    }

    private static String withoutControls(String text, int first) {
        StringBuilder clean = new StringBuilder(text.length()).append(text, 0, first);
        boolean before = false;
        for (int i = first; i < text.length(); i++) {
            boolean control = Character.isISOControl(text.charAt(i));
            if (!control) {
                clean.append(text.charAt(i));
            } else if (!before) {
                clean.append(' ');
            }
            before = control;
        }
        return clean.toString();
    }
}
