package dev.walker.host;

import dev.walker.jdbc.Jdbc;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which of the servers that are walked into a database is asked about. */
final class SourceOption {
    private static final String SOURCE = "SELECT s.name FROM walker.source s"
            + " WHERE s.source_id = walker._source_id() AND (? OR walker._local_source_id() IS NULL)";

    @Option(
            names = {"--source", "--source-name"},
            paramLabel = "NAME",
            description =
                    "A server by its name, as \"fleet\" lists them; by default that of the database, or if it is not"
                            + " walked the only one that is.")
    private String source;

    SourceOption() {}

    /**
     * The name of the server.
     *
     * @param byName the name of that of the database, too, is wanted
     * @return empty if that is not so, or none is walked
     * @throws SQLException if it has to be named
     */
    Optional<String> name(Connection connection, boolean byName) throws SQLException {
        return source != null ? Optional.of(source) : Jdbc.first(connection, SOURCE, row -> row.getString(1), byName);
    }
}
