package dev.walker.host;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import picocli.CommandLine.Option;

/** Where schema {@code walker} is: options of the commands that ask it. */
final class TargetOptions {
    @Option(
            names = {"--target-url", "--source-url"},
            required = true,
            paramLabel = "URL",
            description =
                    "The database that has schema walker, such as jdbc:postgresql://HOST:PORT/DATABASE?user=USER.")
    private String url;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The configuration file of run; its target_url, or else its source_url, is taken.")
    private Path config;

    TargetOptions() {}

    /** Connects to a database that has the schema. */
    Connection connect() throws SQLException {
        Connection connection = Database.connect("--target-url", url);
        try {
            Database.requireSchema(connection);
            return connection;
        } catch (SQLException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
    }
}
