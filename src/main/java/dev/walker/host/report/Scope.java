package dev.walker.host.report;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Whose garbage a report is about, as the SQL that asks for it: the database of the connection, or a server that is walked
 * into it. A table goes by a key, which is its OID here, and where its files are there.
 */
final class Scope {
    private final Optional<String> source;
    private final Optional<String> database;
    private final String quotedSource;
    private final String quotedDatabase;

    private Scope(Connection connection, ReportOptions options) throws SQLException {
        source = options.source();
        database = options.database();
        try (var statement = connection.createStatement()) {
            quotedSource = source.isPresent() ? statement.enquoteLiteral(source.get()) : "";
            quotedDatabase = database.isPresent() ? statement.enquoteLiteral(database.get()) : "";
        }
    }

    static Scope of(Connection connection, ReportOptions options) throws SQLException {
        return new Scope(connection, options);
    }

    /** The name of a server; empty for the database of the connection. */
    Optional<String> source() {
        return source;
    }

    /** The only database of that server that is shown; empty for all. */
    Optional<String> database() {
        return database;
    }

    /** A call of a function that takes the name of a source, or nothing. */
    String call(String function) {
        return "walker." + function + "(" + quotedSource + ")";
    }

    /** The id of the source. */
    String id() {
        return source.isPresent() ? "walker._named_source(" + quotedSource + ")" : "walker._local_source_id()";
    }

    /** The rows of {@code walker.garbage()} as {@code g}. */
    String garbage() {
        String all = call("garbage") + " g";
        return database.isPresent() ? "(SELECT * FROM " + all + " WHERE g.database = " + quotedDatabase + ") g" : all;
    }

    /** The rows of {@code walker.garbage_history()}. */
    String history() {
        return source.isPresent()
                ? "walker.garbage_history(" + quotedSource + ", '-infinity')"
                : "walker.garbage_history()";
    }

    /** The {@code walker.relation} of a table; a parameter, its key. */
    String heap() {
        return source.isPresent()
                ? "walker._named_heap(" + quotedSource + ", NULL, ?)"
                : "walker._here(?::text::oid::regclass)";
    }

    /** A call of a function about a table; a parameter, its key, then what is given. */
    String ofTable(String function, String moreParameters) {
        return "walker." + function + "(" + (source.isPresent() ? quotedSource + ", NULL, ?" : "?::text::oid::regclass")
                + moreParameters + ")";
    }
}
