package dev.walker.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("server")
class TestServerIT {
    @Test
    void thereIsAServerOfEachSupportedMajor() {
        assertEquals(List.of(15, 16, 17, 18), TestServer.majors());
        assertTrue(
                TestServer.versions().containsAll(List.of("17.7.0", "18.1.0")),
                TestServer.versions().toString());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.walker.testing.TestServer#versions")
    void comesBackAfterStopAndCrashWithWhatWasCommitted(String version) throws Exception {
        Path root;
        try (TestServer server = TestServer.version(version)
                .conf("wal_level = logical")
                .initdb("--wal-segsize=1")
                .start()) {
            root = server.root();
            assertTrue(server.query("SHOW server_version").startsWith(version.replaceFirst("\\.0$", "")));
            assertEquals("logical", server.query("SHOW wal_level"));
            assertEquals("1MB", server.query("SHOW wal_segment_size"));
            server.execute("CREATE TABLE t AS SELECT 1 AS a");
            server.restart();
            assertEquals("1", server.query("SELECT count(*) FROM t"));
            try (Connection open = server.jdbc()) {
                open.setAutoCommit(false);
                open.createStatement().execute("INSERT INTO t VALUES (2)");
                server.execute("INSERT INTO t VALUES (3)");
                server.crash();
                assertFalse(server.isRunning());
            }
            server.start();
            assertEquals("2", server.query("SELECT count(*) FROM t"));
            assertTrue(server.log().contains("was not properly shut down"), server.log());
        }
        assertFalse(Files.exists(root));
    }

    @Test
    void runsAnInstalledServerAsItsUser() throws Exception {
        Optional<TestServer.Builder> builder = TestServer.installed(Path.of("/usr/lib/postgresql/15/bin/pg_config"));
        assumeTrue(builder.isPresent(), "PostgreSQL 15 is not installed here");
        try (TestServer server = builder.get().start()) {
            assertEquals(15, server.major());
            assertTrue(server.query("SELECT version()").startsWith("PostgreSQL 15."));
            Path space = server.directory("space");
            server.execute("CREATE TABLESPACE s LOCATION '" + space + "'");
            server.restart();
        }
    }
}
