package dev.walker.host;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** How far long work is, in one line that is written over again; nothing unless standard error is a terminal. */
final class ProgressLine implements AutoCloseable {
    private static final int WIDTH = 30;
    /** DECAWM: where the terminal is narrower the line ends at its edge; one that wraps could not be written over. */
    private static final String NO_WRAP = "\u001b[?7l";

    private static final String WRAP = "\u001b[?7h";
    private static final String TO_END = "\u001b[K";
    private static final long NANOS = 1_000_000_000L;
    private static final long EVERY_NANOS = NANOS / 10;
    /** Work that ends sooner has no line. */
    private static final long FIRST_NANOS = NANOS / 2;

    private final PrintWriter err;
    private final long total;
    private final boolean shown;
    private final boolean takesEscapes;
    private final long started = System.nanoTime();
    private long next = started + FIRST_NANOS;
    private int written;

    ProgressLine(PrintWriter err, long total) {
        this(err, total, isTerminal(), takesEscapes(System.getenv("TERM")));
    }

    ProgressLine(PrintWriter err, long total, boolean shown, boolean takesEscapes) {
        this.err = err;
        this.total = total;
        this.shown = shown;
        this.takesEscapes = takesEscapes;
    }

    /** Whether a terminal of this type can be told to cut a line rather than to wrap it. */
    static boolean takesEscapes(String term) {
        return term != null && !term.isEmpty() && !term.equals("dumb");
    }

    private static boolean isTerminal() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            // Not Linux: both standard input and output being a terminal is what Java can tell.
            return System.console() != null;
        }
    }

    /** Tells how many bytes are done. */
    void done(long bytes) {
        long now = System.nanoTime();
        if (!shown || now < next) {
            return;
        }
        next = now + EVERY_NANOS;
        write(line(bytes, total, now - started));
    }

    /** The line for so many bytes after so many nanoseconds. */
    static String line(long bytes, long total, long nanos) {
        double share = total == 0 ? 1 : Math.min(1, (double) bytes / total);
        int full = (int) (share * WIDTH);
        double seconds = (double) nanos / NANOS;
        double perSecond = bytes / Math.max(seconds, 1e-9);
        return String.format(
                Locale.ROOT,
                "%3d%% [%s%s] %d of %d MiB, %.0f MiB/s, %.0f s left",
                (int) (100 * share),
                "=".repeat(full),
                " ".repeat(WIDTH - full),
                bytes >> 20,
                total >> 20,
                perSecond / (1 << 20),
                bytes == 0 ? 0 : (total - bytes) / perSecond);
    }

    private void write(String text) {
        String padded = text + " ".repeat(Math.max(0, written - text.length()));
        err.print(takesEscapes ? '\r' + NO_WRAP + TO_END + text + WRAP : '\r' + padded);
        err.flush();
        written = text.length();
    }

    /** Takes the line away. */
    @Override
    public void close() {
        if (written > 0) {
            err.print('\r' + (takesEscapes ? TO_END : " ".repeat(written) + '\r'));
            err.flush();
        }
    }
}
