package dev.walker.host;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;

/** How an entry of the log is written. */
enum LogFormat {
    /** Time, level, who, what; a stack trace in lines of its own. */
    text {
        @Override
        String line(LogRecord entry) {
            StringBuilder line = new StringBuilder(TIME.format(time(entry)))
                    .append(' ')
                    .append(Log.Threshold.of(entry.getLevel()).name().toUpperCase(Locale.ROOT))
                    .append(' ')
                    .append(String.valueOf(entry.getLoggerName()))
                    .append(": ")
                    .append(message(entry));
            if (entry.getThrown() != null) {
                line.append(System.lineSeparator()).append(trace(entry.getThrown()));
            }
            return line.toString();
        }
    },
    /** An object with {@code time}, {@code level}, {@code logger}, {@code message}, perhaps {@code exception}; a line each. */
    json {
        @Override
        String line(LogRecord entry) {
            StringBuilder line = new StringBuilder("{");
            field("time", TIME.format(time(entry)), line);
            field("level", Log.Threshold.of(entry.getLevel()).name(), line);
            field("logger", String.valueOf(entry.getLoggerName()), line);
            field("message", message(entry), line);
            if (entry.getThrown() != null) {
                field("exception", trace(entry.getThrown()), line);
            }
            return line.append('}').toString();
        }
    };

    /** Always with three digits of a second, so that lines sort. */
    private static final DateTimeFormatter TIME =
            new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

    private static final Formatter MESSAGES = new SimpleFormatter();

    /** An entry as a line, without its end. */
    abstract String line(LogRecord entry);

    private static String message(LogRecord entry) {
        return String.valueOf(MESSAGES.formatMessage(entry));
    }

    private static Instant time(LogRecord entry) {
        return entry.getInstant();
    }

    private static void field(String name, String value, StringBuilder line) {
        line.append(line.length() == 1 ? "\"" : ",\"").append(name).append("\":\"");
        JsonPrinter.escape(value, line).append('"');
    }

    private static String trace(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString().strip();
    }
}
