package dev.walker.host;

import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The log of a program that runs for long: lines on standard error. */
final class Log {
    private final PrintWriter err;

    Log(PrintWriter err) {
        this.err = err;
    }

    /** What somebody who looks for a cause may want to know. */
    void debug(String message) {}

    /** What has happened. */
    void info(String message) {
        write(message);
    }

    /** What may need a look. */
    void warning(String message) {
        write(message);
    }

    /** What has failed. */
    void error(String message) {
        write(message);
    }

    private void write(String message) {
        err.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " walker: " + message);
        err.flush();
    }
}
