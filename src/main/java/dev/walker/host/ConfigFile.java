package dev.walker.host;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A file like {@code postgresql.conf}: lines {@code name = value}, the sign may be left out, {@code #} begins a comment,
 * values with other signs than letters, digits and {@code . _ - + / :} stand between {@code '}. Of two lines with one
 * name the later one counts. Names with a dot are settings, of WALker or of plugins, the others are long options of
 * {@code run} with {@code _} for {@code -}. There is no {@code include}.
 */
final class ConfigFile {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_$.]*");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._+/:-]+");
    /** Possessive, so that a long value takes no stack. */
    private static final Pattern QUOTED = Pattern.compile("'((?:[^'\\\\]++|''|\\\\.)*+)'");

    private static final Pattern ESCAPE = Pattern.compile("''|\\\\([0-7]{1,3}|.)");
    private static final Pattern SETTING = Pattern.compile("[a-z_][a-z0-9_]*\\.[a-z0-9_.]*[a-z0-9_]");

    /** Some editors put it in front of text in UTF-8. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private record Entry(String value, int line) {}

    private final Path file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private ConfigFile(Path file) {
        this.file = file;
    }

    /**
     * Reads a file.
     *
     * @param options names that are allowed beside settings
     * @throws ConfigException if it cannot be read, or a line cannot be understood
     */
    static ConfigFile read(Path file, Set<String> options) {
        try {
            return parse(file, Files.readAllLines(file), options);
        } catch (NoSuchFileException e) {
            throw new ConfigException("there is no file " + file + " (--config)");
        } catch (MalformedInputException e) {
            throw new ConfigException(file + " (--config) is no text in UTF-8");
        } catch (IOException e) {
            throw new ConfigException("cannot read " + file + " (--config): " + e);
        }
    }

    /** Reads lines; see {@link #read}. */
    static ConfigFile parse(Path file, List<String> lines, Set<String> options) {
        ConfigFile config = new ConfigFile(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            config.line(i == 0 && line.startsWith(BYTE_ORDER_MARK) ? line.substring(1) : line, i + 1, options);
        }
        return config;
    }

    private void line(String text, int line, Set<String> options) {
        Matcher matcher = NAME.matcher(text);
        int at = skipBlanks(text, 0);
        if (isEnd(text, at)) {
            return;
        }
        if (!matcher.region(at, text.length()).lookingAt()) {
            throw wrong(line, "found " + text.strip() + "; wanted name = 'value'");
        }
        String name = matcher.group().toLowerCase(Locale.ROOT);
        if (name.startsWith("include")) {
            throw wrong(line, "found " + name + "; this file cannot include others");
        }
        if (!isSetting(name) && !options.contains(name)) {
            throw wrong(
                    line,
                    "found " + name + "; wanted a setting walker.NAME, or one of "
                            + options.stream().sorted().collect(Collectors.joining(", ")));
        }
        at = skipBlanks(text, matcher.end());
        if (at < text.length() && text.charAt(at) == '=') {
            at = skipBlanks(text, at + 1);
        }
        if (isEnd(text, at)) {
            throw wrong(line, name + " has no value; wanted " + name + " = 'value', with '' for an empty one");
        }
        entries.put(name, new Entry(value(text, at, name, line), line));
    }

    private String value(String text, int at, String name, int line) {
        boolean quoted = text.charAt(at) == '\'';
        Matcher matcher = (quoted ? QUOTED : PLAIN).matcher(text).region(at, text.length());
        if (!matcher.lookingAt() || !isEnd(text, skipBlanks(text, matcher.end()))) {
            throw wrong(
                    line,
                    name + " is " + text.substring(at).strip() + "; wanted "
                            + (quoted ? "text that ends with ', and nothing after it" : "one word, or text in ' '"));
        }
        if (!quoted) {
            return matcher.group();
        }
        return ESCAPE.matcher(matcher.group(1))
                .replaceAll(escape -> Matcher.quoteReplacement(unescape(escape.group(1))));
    }

    private static String unescape(String escaped) {
        if (escaped == null) {
            return "'";
        }
        return switch (escaped.charAt(0)) {
            case 'b' -> "\b";
            case 'f' -> "\f";
            case 'n' -> "\n";
            case 'r' -> "\r";
            case 't' -> "\t";
            case '0', '1', '2', '3', '4', '5', '6', '7' -> String.valueOf((char) (Integer.parseInt(escaped, 8) & 0xFF));
            default -> escaped;
        };
    }

    private static int skipBlanks(String text, int from) {
        int at = from;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static boolean isEnd(String text, int at) {
        return at == text.length() || text.charAt(at) == '#';
    }

    private ConfigException wrong(int line, String message) {
        return new ConfigException(file + " line " + line + ": " + message);
    }

    /** The text of a setting or an option; empty if it is not there. */
    Optional<String> get(String name) {
        return Optional.ofNullable(entries.get(name)).map(Entry::value);
    }

    /** Names of settings and options that are there. */
    Set<String> names() {
        return entries.keySet();
    }

    /** Whether a name is one of a setting. */
    static boolean isSetting(String name) {
        return name.indexOf('.') > 0;
    }

    /** Where a name stands: {@code FILE line N}. */
    String place(String name) {
        return file + " line " + entries.get(name).line;
    }

    /**
     * A message, with the place of the first setting that it names in front.
     *
     * @param elsewhere settings that are taken from elsewhere, whatever the file says
     */
    String locate(String message, Set<String> elsewhere) {
        return SETTING.matcher(message)
                .results()
                .map(found -> found.group())
                .filter(name -> entries.containsKey(name) && !elsewhere.contains(name))
                .findFirst()
                .map(name -> place(name) + ": " + message)
                .orElse(message);
    }
}
