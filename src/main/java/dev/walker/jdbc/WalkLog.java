package dev.walker.jdbc;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.Consumer;

/** The log of the server or of the program, for who walks. */
public interface WalkLog {
    /** What has happened. */
    void info(String message);

    /** What may need a look. */
    void warning(String message);

    /** What has failed. */
    void error(String message);

    /** {@link #warning} from any thread, where the others are for the thread of the walk alone. */
    void warningFromAnyThread(String message);

    /**
     * The log of the server: without levels, and written through SQL, for which other threads have no session.
     *
     * @param lines takes what the thread of the walk logs; the rest goes to standard error
     */
    static WalkLog ofServer(Consumer<String> lines) {
        return new WalkLog() {
            @Override
            public void info(String message) {
                lines.accept(message);
            }

            @Override
            public void warning(String message) {
                lines.accept(message);
            }

            @Override
            public void error(String message) {
                lines.accept(message);
            }

            @Override
            public void warningFromAnyThread(String message) {
                System.err.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " walker: " + message);
            }
        };
    }
}
