package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

class LogFormatTest {
    private static LogRecord entry(Level level, String message) {
        LogRecord entry = new LogRecord(level, message);
        entry.setLoggerName("walker");
        entry.setInstant(Instant.parse("2026-11-22T10:00:00Z"));
        return entry;
    }

    @Test
    void textHasTimeLevelAndMessage() {
        assertEquals(
                "2026-11-22T10:00:00.000Z WARNING walker: look", LogFormat.text.line(entry(Level.WARNING, "look")));
    }

    @Test
    void jsonEscapesWhatItMust() {
        assertEquals(
                "{\"time\":\"2026-11-22T10:00:00.000Z\",\"level\":\"error\",\"logger\":\"walker\","
                        + "\"message\":\"a \\\"b\\\" \\\\ c\\u000ad\"}",
                LogFormat.json.line(entry(Level.SEVERE, "a \"b\" \\ c\nd")));
        LogRecord entry = entry(Level.SEVERE, "x");
        entry.setThrown(new IllegalStateException("why"));
        String line = LogFormat.json.line(entry);
        assertTrue(line.contains("\"exception\":\"java.lang.IllegalStateException: why\\u000a"), line);
        assertFalse(line.contains("\n"), line);
    }

    @Test
    void parametersOfLibrariesAreFilledIn() {
        LogRecord entry = entry(Level.WARNING, "cannot {0}");
        entry.setParameters(new Object[] {"close"});
        assertTrue(LogFormat.json.line(entry).contains("\"message\":\"cannot close\""));
    }

    @Test
    void thresholdLeavesOutWhatIsLess() {
        StringWriter text = new StringWriter();
        Log log = new Log(new PrintWriter(text), Log.Threshold.warning, LogFormat.text);
        log.info("less");
        log.warning("more");
        Logger.getLogger("org.postgresql").fine("secret");
        log.configure(Log.Threshold.debug, LogFormat.json);
        log.debug("least");
        String[] lines = text.toString().split("\n");
        assertEquals(2, lines.length, text.toString());
        assertTrue(lines[0].endsWith("WARNING walker: more"));
        assertTrue(lines[1].contains("\"level\":\"debug\""));
    }

    @Test
    void linesOfOthersBecomeEntries() {
        StringWriter text = new StringWriter();
        java.io.PrintStream before = System.err;
        try {
            new Log(new PrintWriter(text), Log.Threshold.info, LogFormat.json).takeStandardError();
            System.err.println("from a plugin");
        } finally {
            System.setErr(before);
        }
        assertTrue(
                text.toString().contains("\"level\":\"warning\",\"logger\":\"walker\",\"message\":\"from a plugin\""));
    }
}
