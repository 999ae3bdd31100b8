package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.PlJava;
import dev.walker.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that sets a container up, run in an installed server, so that it is tested without Docker too. */
class DockerScriptIT {
    @Test
    void serverThatTheScriptHasSetUpWalks(@TempDir Path dir) throws Exception {
        Assumptions.assumeFalse(PlJava.installed().isEmpty(), "no installed PostgreSQL has PL/Java");
        PlJava host = PlJava.installed().get(0);
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (TestServer server = TestServer.of(host.copyTo(
                        Files.createDirectory(dir.resolve("server")),
                        WalkedServer.SERVER_JAR.toAbsolutePath(),
                        WalkedServer.SQL.toAbsolutePath()))
                .conf("autovacuum = off")
                .start()) {
            Path programs = Files.createDirectory(dir.resolve("bin"));
            Path pgConfig = programs.resolve("pg_config");
            Files.writeString(
                    pgConfig,
                    "#!/bin/sh\n[ $1 = --sharedir ] && echo "
                            + server.query("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'") + "\n");
            Files.setPosixFilePermissions(pgConfig, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path log = dir.resolve("script.log");
            ProcessBuilder builder = new ProcessBuilder("bash", "docker/10-walker.sh")
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            builder.environment()
                    .putAll(Map.of(
                            "PATH",
                            programs + ":" + System.getProperty("java.home") + "/bin:" + host.binDir()
                                    + ":/usr/bin:/bin",
                            "POSTGRES_USER",
                            "postgres",
                            "POSTGRES_DB",
                            "postgres",
                            "PGHOST",
                            "127.0.0.1",
                            "PGPORT",
                            Integer.toString(server.port())));
            Process script = builder.start();
            assertTrue(script.waitFor(3, TimeUnit.MINUTES), "the script did not end");
            assertEquals(0, script.exitValue(), () -> read(log));
            // As the container does after its scripts.
            server.restart();
            assertEquals("heatmap", server.query("SELECT value FROM walker.settings() WHERE name = 'walker.plugins'"));
            assertTrue(Integer.parseInt(server.query("SELECT walker.start()")) > 0);
            server.execute(
                    "CREATE EXTENSION pgstattuple",
                    "CREATE TABLE t AS SELECT generate_series(1, 1000) id",
                    "DELETE FROM t WHERE id % 3 = 0");
            assertEquals("t", server.query("SELECT walker.wait_for()"));
            assertEquals(
                    server.query("SELECT dead_tuple_count FROM pgstattuple('t')"),
                    server.query("SELECT dead_tuples FROM walker.garbage() WHERE relation = 't'::regclass"));
            // What docker-compose.yml calls again and again.
            server.restart();
            assertTrue(Integer.parseInt(server.query("SELECT walker.ensure_running()")) > 0);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }
}
