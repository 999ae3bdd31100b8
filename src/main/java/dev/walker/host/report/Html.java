package dev.walker.host.report;

import java.io.IOException;
import java.io.Writer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes a page piece by piece. Markup is what the program says, text is what is escaped. */
final class Html {
    private static final Pattern QUOTED = Pattern.compile("\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'");

    private final Writer out;

    Html(Writer out) {
        this.out = out;
    }

    /** Where to write what is neither markup nor text, such as JSON. */
    Writer out() {
        return out;
    }

    /** Markup, as it is. */
    Html markup(String markup) throws IOException {
        out.write(markup);
        return this;
    }

    /** Text, which may be that of an attribute in double quotes. */
    Html text(String text) throws IOException {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&':
                    out.write("&amp;");
                    break;
                case '<':
                    out.write("&lt;");
                    break;
                case '>':
                    out.write("&gt;");
                    break;
                case '"':
                    out.write("&quot;");
                    break;
                default:
                    // Control characters are an error in HTML, however they are written.
                    out.write(c < ' ' && c != '\n' && c != '\t' || c >= 0x7F && c < 0xA0 ? '\uFFFD' : c);
                    break;
            }
        }
        return this;
    }

    /** A name, whose direction of writing and marks of such do not reach what is around it. */
    Html name(String name) throws IOException {
        return markup("<bdi>").text(name).markup("</bdi>");
    }

    /** Text in which names stand between quotes, such as SQL: each of them as {@link #name}. */
    Html quoting(String text) throws IOException {
        Matcher quoted = QUOTED.matcher(text);
        int from = 0;
        while (quoted.find()) {
            text(text.substring(from, quoted.start())).name(quoted.group());
            from = quoted.end();
        }
        return text(text.substring(from));
    }

    /** An element with text alone; {@code null} gives an empty one. */
    Html element(String name, String text) throws IOException {
        return markup("<" + name + ">").text(text == null ? "" : text).markup("</" + name + ">");
    }

    /** A cell of a table. */
    Html cell(String className, String text) throws IOException {
        return markup("<td class=\"" + className + "\">")
                .text(text == null ? "" : text)
                .markup("</td>");
    }

    /** Begins a table, which scrolls by itself, by the keyboard too, where the page is too narrow for it. */
    Html table(String label) throws IOException {
        return markup("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" + label + "\"><table>");
    }

    /** The heading of a table. Names that begin with a hash sign are of columns of numbers. */
    Html heading(String... names) throws IOException {
        markup("<thead><tr>");
        for (String name : names) {
            boolean number = name.startsWith("#");
            markup(number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">")
                    .text(number ? name.substring(1) : name)
                    .markup("</th>");
        }
        return markup("</tr></thead>");
    }
}
