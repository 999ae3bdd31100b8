package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.PlJava;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
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
    void serverHostRunsInAContainer() throws SQLException {
        Assumptions.assumeTrue(
                DockerClientFactory.instance().isDockerAvailable(),
                PlJava.installed().isEmpty()
                        ? "THE SERVER HOST WAS NOT TESTED: no installed PostgreSQL has PL/Java, and Docker does not run"
                        : "the image of docker/ was not tested: Docker does not run");
        ImageFromDockerfile image = new ImageFromDockerfile()
                .withFileFromPath("Dockerfile", Path.of("docker/Dockerfile").toAbsolutePath());
        // What it copies, and not what else is in the tree: the daemon is sent all of it.
        for (String name : List.of("pom.xml", "install.sh", ".mvn", "bin", "src", "sql", "docker/10-walker.sh")) {
            image.withFileFromPath(name, Path.of(name).toAbsolutePath());
        }
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
                rightsAreThoseOfThePlainServer(statement);
            }
            container
                    .getDockerClient()
                    .restartContainerCmd(container.getContainerId())
                    .exec();
            comesBack(container);
        }
    }

    private static void rightsAreThoseOfThePlainServer(Statement statement) throws SQLException {
        statement.execute("CREATE ROLE anybody");
        assertEquals(
                "0",
                first(
                        statement,
                        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'walker'::regnamespace"
                                + " AND has_function_privilege('anybody', oid, 'EXECUTE')"));
    }

    /** Its port may be another one after a restart. */
    private static void comesBack(GenericContainer<?> container) throws SQLException {
        String port = container
                .getDockerClient()
                .inspectContainerCmd(container.getContainerId())
                .exec()
                .getNetworkSettings()
                .getPorts()
                .getBindings()
                .get(com.github.dockerjava.api.model.ExposedPort.tcp(PORT))[0]
                .getHostPortSpec();
        String url = "jdbc:postgresql://" + container.getHost() + ":" + port + "/postgres";
        long giveUp = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (true) {
            try (Connection connection = DriverManager.getConnection(url, "postgres", "walker");
                    Statement statement = connection.createStatement()) {
                // What the health check of docker-compose.yml calls.
                assertTrue(Integer.parseInt(first(statement, "SELECT walker.ensure_running()")) > 0);
                assertEquals("t", first(statement, "SELECT walker.wait_for()"));
                return;
            } catch (SQLException e) {
                if (System.nanoTime() > giveUp) {
                    throw e;
                }
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
