package dev.walker.testing;

import dev.walker.wal.Lsn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How a server reads its own WAL: what pg_walinspect tells from 15 on, what a small library of ours
 * ({@code src/test/c/inspect.c}) makes a server of 10 to 14 tell, and the names of all its record types.
 */
public final class ServerReading {
    private static final Path SOURCE = Path.of("src/test/c/inspect.c").toAbsolutePath();

    private final TestServer server;

    /**
     * What the server tells of a record.
     *
     * @param lsn where it begins
     * @param blocks each block reference as {@code #id spc/db/rel fork block data-length image-hash}, the last {@code -}
     *     without an image; empty from 15 on
     */
    public record Row(long lsn, String rmgr, String type, String description, List<String> blocks) {}

    /** That of a server that runs. */
    public ServerReading(TestServer server) {
        this.server = server;
    }

    /** Why servers before 15 cannot be asked on this machine; empty if they can be. */
    public static Optional<String> whyNot() {
        return Stream.of("/usr/bin/cc", "/usr/local/bin/cc").anyMatch(cc -> Files.isExecutable(Path.of(cc)))
                ? Optional.empty()
                : Optional.of("there is no C compiler (cc) here to compile " + SOURCE + " with");
    }

    /** The names of the record types: {@code type}, resource manager, {@code xl_info} and name, with tabs between. */
    public List<String> types() throws SQLException, IOException {
        return inspect("").stream().filter(line -> line.startsWith("type\t")).toList();
    }

    /** The records that begin from {@code start} to before {@code end}, with timestamps in a time zone. */
    public List<Row> rows(long start, long end, int segmentSize, ZoneId zone) throws SQLException, IOException {
        List<Row> rows = new ArrayList<>();
        if (server.major() >= 15) {
            try (Connection connection = server.jdbc();
                    Statement statement = connection.createStatement()) {
                statement.execute("SET timezone = '" + zone + "'");
                connection.setAutoCommit(false);
                statement.setFetchSize(5000);
                ResultSet result = statement.executeQuery(
                        "SELECT start_lsn::text, resource_manager, record_type, coalesce(description, '')"
                                + " FROM pg_get_wal_records_info('" + Lsn.format(start) + "', '" + Lsn.format(end)
                                + "')");
                while (result.next()) {
                    rows.add(new Row(
                            Lsn.parse(result.getString(1)),
                            result.getString(2),
                            result.getString(3),
                            result.getString(4),
                            List.of()));
                }
            }
            return rows;
        }
        String arguments = " " + server.walDir() + " " + start + " " + end + " " + segmentSize;
        for (String line : inspect("SET timezone = '" + zone + "'; ", arguments)) {
            String[] fields = line.split("\t", -1);
            if (!fields[0].equals("type") && !fields[0].equals("end")) {
                rows.add(new Row(
                        Long.parseLong(fields[0]),
                        fields[1],
                        fields[2],
                        fields[3],
                        List.of(fields).subList(4, fields.length)));
            }
        }
        return rows;
    }

    private List<String> inspect(String arguments) throws SQLException, IOException {
        return inspect("", arguments);
    }

    private List<String> inspect(String before, String arguments) throws SQLException, IOException {
        Path directory = server.directory("inspect");
        Path library = directory.resolve("inspect.so");
        Path output = directory.resolve("output");
        if (!Files.exists(library)) {
            Command.of(
                            "cc",
                            "-O1",
                            "-shared",
                            "-fPIC",
                            "-DMAJOR=" + server.major(),
                            "-o",
                            library.toString(),
                            SOURCE.toString())
                    .run();
        }
        server.execute(before + "SET walker.inspect = '" + output + arguments + "'; LOAD '" + library + "'");
        return Files.readAllLines(output, StandardCharsets.UTF_8);
    }
}
