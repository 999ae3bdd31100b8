package dev.walker.engine;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Settings {@code walker.*} that are set and that nobody reads, such as one with a slip of the pen in its name. */
public final class UnreadSettings {
    private UnreadSettings() {}

    /**
     * What of the settings that are set nobody reads.
     *
     * @param set names of settings
     * @param known those that WALker reads
     * @param read those that were read, by plugins too
     * @return their names, and the known name that is so like it that it may be meant
     */
    public static Map<String, Optional<String>> of(
            Collection<String> set, Collection<String> known, Collection<String> read) {
        Map<String, Optional<String>> unread = new TreeMap<>();
        for (String name : set) {
            if (!known.contains(name) && !read.contains(name)) {
                unread.put(name, like(name, known));
            }
        }
        return unread;
    }

    /** As a JSON object: each name with the known one, or null. */
    public static String json(Map<String, Optional<String>> unread) {
        return unread.entrySet().stream()
                .map(entry -> quote(entry.getKey()) + ": "
                        + entry.getValue().map(UnreadSettings::quote).orElse("null"))
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private static String quote(String name) {
        return '"' + name.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static Optional<String> like(String name, Collection<String> known) {
        String wanted = bare(name);
        Optional<String> best = Optional.empty();
        int least = Math.max(2, wanted.length() / 3) + 1;
        for (String candidate : known) {
            int distance = distance(wanted, bare(candidate));
            if (distance < least) {
                least = distance;
                best = Optional.of(candidate);
            }
        }
        return best;
    }

    private static String bare(String name) {
        return name.substring(name.indexOf('.') + 1).toLowerCase(Locale.ROOT).replaceAll("[._-]", "");
    }

    /** How many letters are to be added, removed or replaced to make one text of the other. */
    private static int distance(String from, String to) {
        int[] before = new int[to.length() + 1];
        for (int i = 0; i < before.length; i++) {
            before[i] = i;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] now = new int[before.length];
            now[0] = i;
            for (int j = 1; j < now.length; j++) {
                int replaced = before[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                now[j] = Math.min(replaced, 1 + Math.min(before[j], now[j - 1]));
            }
            before = now;
        }
        return before[to.length()];
    }
}
