package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The remote host: a program of its own beside servers of each major that have nothing of WALker installed. */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("versions")
class RemoteHostIT extends HostContract {
    private static String running;
    private static RemoteServer walked;

    @Parameter
    String version;

    static Stream<String> versions() {
        // The newest of each major; what differs between minors is for the tests of decoder and heat map.
        return TestServer.majors().stream().map(major -> TestServer.versions().stream()
                .filter(candidate -> candidate.startsWith(major + "."))
                .reduce((older, newer) -> newer)
                .orElseThrow());
    }

    @BeforeEach
    void serverOfThisVersion() throws Exception {
        if (!version.equals(running)) {
            close();
            walked = new RemoteServer(version);
            running = version;
        }
        walked.ensureStarted();
    }

    @AfterAll
    static void close() throws Exception {
        if (walked != null) {
            walked.close();
            walked = null;
            running = null;
        }
    }

    @Override
    WalkedServer walked() {
        return walked;
    }

    @Test
    void endsAtABatchBoundaryOnSigterm() throws Exception {
        walked.waitFor();
        assertEquals(0, walked.terminate());
        assertEquals("stopped", walked.server().query("SELECT state FROM walker.status()"));
        walked.start();
    }

    @Test
    void secondWalkerIsRefused() throws Exception {
        String message = walked.startFailing("heatmap");
        assertTrue(message.contains("a walker already runs"), message);
        walked.waitFor();
    }
}
