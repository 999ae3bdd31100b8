package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.walker.testing.PlJava;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.ImageFromDockerfile;

/** The server host in the image of {@code docker/Dockerfile}, for machines that have Docker but no PL/Java. */
class ContainerHostIT {
    private static final int PORT = 5432;

    @Test
    void serverHostRunsOnAnInstalledPlJavaOrInAContainer() throws SQLException {
        if (!PlJava.installed().isEmpty()) {
            // ServerHostIT has run there.
            return;
        }
        Assumptions.assumeTrue(
                DockerClientFactory.instance().isDockerAvailable(),
                "THE SERVER HOST WAS NOT TESTED: no installed PostgreSQL has PL/Java, and Docker does not run");
        ImageFromDockerfile image = new ImageFromDockerfile()
                .withFileFromPath(".", Path.of("").toAbsolutePath())
                .withFileFromPath("Dockerfile", Path.of("docker/Dockerfile").toAbsolutePath());
        try (GenericContainer<?> container = new GenericContainer<>(image)
                .withEnv("POSTGRES_PASSWORD", "walker")
                .withExposedPorts(PORT)
                .waitingFor(Wait.forLogMessage(".*database system is ready to accept connections.*", 2)
                        .withStartupTimeout(Duration.ofMinutes(5)))) {
            container.start();
            String url = "jdbc:postgresql://" + container.getHost() + ":" + container.getMappedPort(PORT) + "/postgres";
            try (Connection connection = DriverManager.getConnection(url, "postgres", "walker");
                    Statement statement = connection.createStatement()) {
                garbageEqualsPgstattuple(statement);
            }
        }
    }

    private static void garbageEqualsPgstattuple(Statement statement) throws SQLException {
        statement.execute("CREATE EXTENSION IF NOT EXISTS pgstattuple");
        statement.execute("SELECT walker.start()");
        statement.execute("CREATE TABLE t (id int) WITH (autovacuum_enabled = off)");
        statement.execute("INSERT INTO t SELECT generate_series(1, 10000)");
        statement.execute("DELETE FROM t WHERE id % 3 = 0");
        statement.execute("BEGIN; INSERT INTO t SELECT generate_series(1, 1000); ROLLBACK");
        assertEquals("t", first(statement, "SELECT walker.wait_for()"));
        assertEquals(
                first(statement, "SELECT dead_tuple_count FROM pgstattuple('t')"),
                first(statement, "SELECT dead_tuples FROM walker.garbage() WHERE relation = 't'::regclass"));
        assertEquals(
                "1000", first(statement, "SELECT aborted_tuples FROM walker.garbage() WHERE relation = 't'::regclass"));
    }

    private static String first(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
