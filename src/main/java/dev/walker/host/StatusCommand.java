package dev.walker.host;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code status}: what {@code walker.status()} and {@code walker.plugins()} say. */
@Command(
        name = "status",
        description = "Shows how far the walk is.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class StatusCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = {"--target-url", "--source-url"},
            required = true,
            paramLabel = "URL",
            description = "The database that has schema walker.")
    private String targetUrl;

    StatusCommand() {}

    @Override
    public Integer call() throws SQLException {
        PrintWriter out = spec.commandLine().getOut();
        try (Connection connection = Database.connect("--target-url", targetUrl)) {
            Database.requireSchema(connection);
            print(connection, "SELECT * FROM walker.status()", out);
            print(connection, "SELECT * FROM walker.plugins()", out);
        }
        out.flush();
        return 0;
    }

    private static void print(Connection connection, String sql, PrintWriter out) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            ResultSetMetaData columns = result.getMetaData();
            while (result.next()) {
                for (int i = 1; i <= columns.getColumnCount(); i++) {
                    String value = result.getString(i);
                    out.printf("%-12s %s%n", columns.getColumnLabel(i), value == null ? "" : value);
                }
                out.println();
            }
        }
    }
}
