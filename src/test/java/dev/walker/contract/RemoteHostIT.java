package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The remote host: a program of its own beside servers of each major that have nothing of WALker installed. */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("versions")
class RemoteHostIT extends HostContract {
    @RegisterExtension
    static final SharedServer<String, RemoteServer> SHARED = new SharedServer<>();

    private static RemoteServer walked;

    @Parameter
    String version;

    /** The first and the last major; {@code -Dwalker.all=true} takes those between as well. */
    static Stream<String> versions() {
        List<Integer> majors = TestServer.majors();
        // The newest of a major; what differs between minors is for the tests of decoder and heat map.
        return (Boolean.getBoolean("walker.all") ? majors : List.of(majors.get(0), majors.get(majors.size() - 1)))
                .stream().map(major -> TestServer.versions().stream()
                        .filter(candidate -> candidate.startsWith(major + "."))
                        .reduce((older, newer) -> newer)
                        .orElseThrow());
    }

    @BeforeEach
    void serverOfThisVersion() throws Exception {
        walked = SHARED.of(version, () -> new RemoteServer(version), fresh -> {});
        walked.ensureStarted();
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
        String pid = walked.server().query("SELECT pid FROM walker.status()");
        assertTrue(
                message.contains("a walker already runs for this server (pid " + pid
                        + " in the target); SELECT walker.stop('local') ends it;"
                        + " if this is a copy of that server, it wants a --source-name"),
                message);
        walked.waitFor();
    }

    /** A look for names comes after each change of catalogs, and now and then without one. */
    @Test
    void namesThatAreKnownAreNotWrittenAgain() throws Exception {
        walked.waitFor();
        try (Connection connection = walked.server().jdbc();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            // Names that the walker finds meanwhile are not.
            statement.execute("LOCK TABLE walker.relation IN SHARE MODE");
            try (ResultSet row = statement.executeQuery(
                    "SELECT count(*), walker._keep_names(source_id, jsonb_agg(to_jsonb(r)"
                            + " || jsonb_build_object('owner_name', toast_of))) FROM walker.relation r GROUP BY source_id")) {
                assertTrue(row.next() && row.getInt(1) > 50);
                assertEquals(0, row.getInt(2));
            }
            // Whoever writes, or locks a row, has one.
            try (ResultSet row = statement.executeQuery("SELECT pg_current_xact_id_if_assigned()")) {
                row.next();
                assertEquals(null, row.getString(1));
            }
        }
    }

    @Test
    void initBringsAnOlderSchemaUpToDate() throws Exception {
        walked.server().execute("DROP DATABASE IF EXISTS older", "CREATE DATABASE older");
        String script = Files.readString(WalkedServer.SQL.resolve("walker--1.0.sql"));
        String plain = script.substring(script.indexOf('\n'), script.indexOf("-- Part 2:"));
        try (Connection older = walked.server().jdbc("older", "postgres");
                Statement statement = older.createStatement()) {
            statement.execute(plain);
            statement.execute("INSERT INTO walker.source (name, system_identifier) VALUES ('kept', 1)");
            statement.execute("INSERT INTO walker.progress (source_id, timeline, position) VALUES (1, 1, '0/1234')");
            statement.execute(
                    "INSERT INTO walker.plugin (source_id, name, ordinal, class_name) VALUES (1, 'p', 1, 'P')");
        }
        assertTrue(walked.init("older").contains("from version 1.0 to 1.1"));
        assertEquals(
                Schema.describe(walked.server().jdbc()),
                Schema.describe(walked.server().jdbc("older", "postgres")));
        try (Connection older = walked.server().jdbc("older", "postgres");
                Statement statement = older.createStatement();
                ResultSet row = statement.executeQuery("SELECT position FROM walker.plugin")) {
            row.next();
            assertEquals("0/1234", row.getString(1));
        }
        assertTrue(walked.init("older").contains("already there"));
        walked.server().execute("DROP DATABASE older");
    }
}
