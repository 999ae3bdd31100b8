package dev.walker.host;

import java.sql.Connection;
import java.sql.SQLException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code garbage}: what {@code walker.garbage()} says. */
@Command(
        name = "garbage",
        description = "Shows the dead tuples of tables, those with most first.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class GarbageCommand extends TargetCommand {
    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            description = "Show so many tables; all by default.")
    private Integer limit;

    @Option(
            names = "--database",
            paramLabel = "NAME",
            description = "A database of the server; by default all of them with --source, else that of the URL.")
    private String database;

    GarbageCommand() {}

    @Override
    public Integer call() throws SQLException {
        if (limit != null && limit < 0) {
            throw new UsageException("--limit is " + limit + "; wanted 0 or more");
        }
        return super.call();
    }

    @Override
    void print(Connection connection, ByteOutput out) throws SQLException {
        String source = target().source(connection, database != null).orElse(null);
        if (source == null) {
            printer()
                    .table(
                            connection,
                            out,
                            "SELECT * FROM walker.garbage() ORDER BY dead_tuples DESC, relation::text LIMIT ?::bigint",
                            limit);
        } else {
            printer()
                    .table(
                            connection,
                            out,
                            "SELECT g.* FROM walker.garbage(?) g WHERE coalesce(g.database = ?, ?::text IS NULL)"
                                    + " ORDER BY g.dead_tuples DESC, g.database, g.schema, g.relation LIMIT ?::bigint",
                            source,
                            database,
                            database,
                            limit);
        }
    }
}
