package dev.walker.host;

import dev.walker.jdbc.WalkLog;
import dev.walker.remote.Secrets;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * The log of a program that runs for long: lines on standard error. What libraries tell {@code java.util.logging} goes
 * there, too, if it is a warning.
 */
final class Log implements WalkLog {
    /** What is written: this and what is worse. */
    enum Threshold {
        debug(Level.FINE),
        info(Level.INFO),
        warning(Level.WARNING),
        error(Level.SEVERE);

        private final Level level;

        Threshold(Level level) {
            this.level = level;
        }

        /** The name of a level of a library's record. */
        static Threshold of(Level level) {
            Threshold found = debug;
            for (Threshold each : values()) {
                if (level.intValue() >= each.level.intValue()) {
                    found = each;
                }
            }
            return found;
        }
    }

    private final LineHandler handler;
    private volatile Threshold threshold;

    /** Takes over all logging of this program. */
    Log(PrintWriter err, Threshold threshold, LogFormat format) {
        this.handler = new LineHandler(err);
        Logger root = Logger.getLogger("");
        for (Handler each : root.getHandlers()) {
            root.removeHandler(each);
        }
        root.setLevel(Level.WARNING);
        root.addHandler(handler);
        configure(threshold, format);
    }

    /** Changes what is written, and how. */
    void configure(Threshold threshold, LogFormat format) {
        this.threshold = threshold;
        handler.format = format;
    }

    /** What others write to standard error becomes entries of the log, too: a line, a warning. */
    void takeStandardError() {
        System.setErr(new PrintStream(new LineStream(this::warning), true, StandardCharsets.UTF_8));
    }

    /** What somebody who looks for a cause may want to know. */
    void debug(String message) {
        write(Threshold.debug, message, null);
    }

    @Override
    public void info(String message) {
        write(Threshold.info, message, null);
    }

    @Override
    public void warning(String message) {
        write(Threshold.warning, message, null);
    }

    @Override
    public void error(String message) {
        write(Threshold.error, message, null);
    }

    @Override
    public void warningFromAnyThread(String message) {
        warning(message);
    }

    /** What should not have happened, with its stack trace. */
    void error(String message, Throwable thrown) {
        write(Threshold.error, message, thrown);
    }

    /** Not through a logger: those fall silent as soon as the program is told to end. */
    private void write(Threshold level, String message, Throwable thrown) {
        if (level.compareTo(threshold) >= 0) {
            LogRecord entry = new LogRecord(level.level, message);
            entry.setLoggerName("walker");
            entry.setThrown(thrown);
            handler.publish(entry);
        }
    }

    /** Cuts what is written into lines. */
    private static final class LineStream extends OutputStream {
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private final Consumer<String> lines;

        LineStream(Consumer<String> lines) {
            this.lines = lines;
        }

        @Override
        public void write(int each) {
            if (each != '\n') {
                line.write(each);
                return;
            }
            String text = line.toString(StandardCharsets.UTF_8).stripTrailing();
            line.reset();
            if (!text.isEmpty()) {
                lines.accept(text);
            }
        }
    }

    private static final class LineHandler extends Handler {
        private final PrintWriter err;
        private volatile LogFormat format = LogFormat.text;

        LineHandler(PrintWriter err) {
            this.err = err;
        }

        @Override
        public void publish(LogRecord entry) {
            synchronized (err) {
                err.println(Secrets.mask(format.line(entry)));
                err.flush();
            }
        }

        @Override
        public void flush() {
            err.flush();
        }

        @Override
        public void close() {
            err.flush();
        }
    }
}
