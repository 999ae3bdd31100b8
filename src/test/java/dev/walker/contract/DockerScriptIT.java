package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.PlJava;
import dev.walker.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that sets a container up, run in an installed server, so that it is tested without Docker too. */
class DockerScriptIT {
    private static final String DATABASE = "shop=1";

    @TempDir
    private Path dir;

    private PlJava host;
    private TestServer server;

    @BeforeEach
    void start() throws IOException {
        Assumptions.assumeFalse(PlJava.installed().isEmpty(), "no installed PostgreSQL has PL/Java");
        host = PlJava.installed().get(0);
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        server = TestServer.of(host.copyTo(
                        Files.createDirectory(dir.resolve("server")),
                        WalkedServer.SERVER_JAR.toAbsolutePath(),
                        WalkedServer.SQL.toAbsolutePath()))
                .conf("autovacuum = off")
                .start();
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void serverThatTheScriptHasSetUpWalks() throws Exception {
        server.execute("CREATE DATABASE \"" + DATABASE + "\"");
        runs(DATABASE);
        // As the container does after its scripts.
        server.restart();
        try (Connection connection = server.jdbc(DATABASE, "postgres");
                Statement statement = connection.createStatement()) {
            assertEquals("heatmap", value(statement, "SHOW walker.plugins"));
            assertTrue(Integer.parseInt(value(statement, "SELECT walker.start()")) > 0);
            statement.execute("CREATE EXTENSION pgstattuple");
            statement.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) id");
            statement.execute("DELETE FROM t WHERE id % 3 = 0");
            assertEquals("t", value(statement, "SELECT walker.wait_for()"));
            assertEquals(
                    value(statement, "SELECT dead_tuple_count FROM pgstattuple('t')"),
                    value(statement, "SELECT dead_tuples FROM walker.garbage() WHERE relation = 't'::regclass"));
        }
        // What docker-compose.yml calls again and again.
        server.restart();
        try (Connection connection = server.jdbc(DATABASE, "postgres");
                Statement statement = connection.createStatement()) {
            assertTrue(Integer.parseInt(value(statement, "SELECT walker.ensure_running()")) > 0);
        }
    }

    @Test
    void runAgainItUpdates() throws Exception {
        runs("postgres");
        String libjvm = server.query("SHOW pljava.libjvm_location");
        // As an older image, with another Java and of another version, has left it, and then the user.
        server.execute("DROP EXTENSION walker", "CREATE EXTENSION walker VERSION '1.0'");
        server.execute(
                "ALTER SYSTEM SET pljava.libjvm_location = '/nowhere/libjvm.so'",
                "ALTER SYSTEM SET pljava.vmoptions = '-Xmx300m'",
                "ALTER SYSTEM RESET walker.plugins");
        server.configure("walker.plugins = 'heatmap,walstats'");
        server.restart();
        runs("postgres");
        assertEquals("1.1", server.query("SELECT extversion FROM pg_extension WHERE extname = 'walker'"));
        assertEquals(libjvm, server.query("SHOW pljava.libjvm_location"));
        String options = server.query("SHOW pljava.vmoptions");
        assertTrue(options.startsWith("-Xmx300m --add-modules=jdk.unsupported "), options);
        assertFalse(options.contains("-Xmx512m"), options);
        assertEquals("heatmap,walstats", server.query("SHOW walker.plugins"));
        assertEquals("f", server.query("SELECT pg_read_file('postgresql.auto.conf') LIKE '%walker.plugins%'"));
        assertTrue(Integer.parseInt(server.query("SELECT walker.start()")) > 0);
    }

    @Test
    void failureIsToldWithWhatToDo() throws Exception {
        assertEquals(2, run("nowhere"), this::log);
        assertTrue(log().contains("database \"nowhere\" does not exist"), this::log);
        assertTrue(log().contains("WALker is not set up in database \"nowhere\", see above."), this::log);
    }

    private void runs(String database) throws Exception {
        assertEquals(0, run(database), this::log);
    }

    /** Runs the script as the entry point does, but for where the server is. */
    private int run(String database) throws Exception {
        Path programs = Files.createDirectories(dir.resolve("bin"));
        program(
                programs.resolve("pg_config"),
                "[ $1 = --sharedir ] && echo " + server.query("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'"));
        program(
                programs.resolve("psql"),
                "[ -z \"$PGHOST\" ] && exec " + host.binDir().resolve("psql") + " -h 127.0.0.1 \"$@\"");
        ProcessBuilder builder = new ProcessBuilder("bash", "docker/10-walker.sh")
                .redirectErrorStream(true)
                .redirectOutput(dir.resolve("script.log").toFile());
        builder.environment()
                .putAll(Map.of(
                        "PATH",
                        programs + ":" + System.getProperty("java.home") + "/bin:/usr/bin:/bin",
                        "POSTGRES_USER",
                        "postgres",
                        "POSTGRES_DB",
                        database,
                        "PGHOST",
                        "what other containers call this one",
                        "PGPORT",
                        Integer.toString(server.port())));
        Process script = builder.start();
        assertTrue(script.waitFor(3, TimeUnit.MINUTES), "the script did not end");
        return script.exitValue();
    }

    private static void program(Path file, String line) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + line + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static String value(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private String log() {
        try {
            return Files.readString(dir.resolve("script.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
