package dev.walker.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The SQL that makes schema {@code walker}, or brings an older one up to date: the part of the extension's scripts that any
 * PostgreSQL can run. To be run in one transaction.
 *
 * @param sql statements; empty if there is nothing to do
 * @param done what is so when they have run
 */
record SchemaScript(String sql, String done) {
    private static final String SCRIPT = "walker--" + Database.VERSION + ".sql";
    private static final String UPDATE = "walker--1.0--1.1.sql";
    /** What follows makes functions. */
    private static final String FUNCTIONS = "-- Functions from here on";

    private static final String END_OF_TABLES = "-- Functions:";
    /** What follows needs PL/Java. */
    private static final String END_OF_PLAIN_SQL = "-- Part 2:";

    /** For a database that has no such schema. */
    static SchemaScript make() {
        String sql = between(text(SCRIPT), "\n", END_OF_PLAIN_SQL, SCRIPT);
        between(sql, FUNCTIONS, "", SCRIPT);
        return new SchemaScript(sql, "schema walker is made");
    }

    /**
     * For the database of a connection, as it is.
     *
     * @throws CommandException if its schema is none of WALker's, or one of a newer version
     */
    static SchemaScript of(Connection connection) throws SQLException {
        if (!Database.hasSchema(connection)) {
            if (!texts(connection, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'walker'")
                    .isEmpty()) {
                throw new CommandException("database \"" + connection.getCatalog()
                        + "\" has a schema walker that is not WALker's: it has no table walker.progress; rename it");
            }
            return make();
        }
        List<String> extension =
                texts(connection, "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'walker'");
        if (!extension.isEmpty()) {
            boolean old = !extension.get(0).equals(Database.VERSION);
            return new SchemaScript(
                    "",
                    "schema walker is there, made by extension walker " + extension.get(0)
                            + (old ? "; ALTER EXTENSION walker UPDATE brings it up to date" : ""));
        }
        refuseFunctionsOfOthers(connection);
        Optional<String> version = Database.schemaVersion(connection);
        if (version.equals(Optional.of(Database.VERSION))) {
            return new SchemaScript("", "schema walker is already there");
        }
        if (version.isPresent()) {
            throw new CommandException("schema walker is of version " + version.get() + ", this program is for "
                    + Database.VERSION + "; run the walker.jar of that version");
        }
        return update(connection);
    }

    /** What a superuser calls runs with his rights, so a schema that somebody else has made in his way is not to be called. */
    private static void refuseFunctionsOfOthers(Connection connection) throws SQLException {
        List<String> owner = texts(
                connection,
                "SELECT o.rolname FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner"
                        + " JOIN pg_catalog.pg_roles me ON me.rolname = current_user"
                        + " WHERE n.nspname = 'walker' AND me.rolsuper AND NOT o.rolsuper");
        if (!owner.isEmpty()) {
            throw new CommandException(
                    "schema walker in database \"" + connection.getCatalog() + "\" belongs to role \""
                            + owner.get(0)
                            + "\", whose functions a superuser is not to call; connect as that role, or if it has"
                            + " no business with WALker, rename the schema");
        }
    }

    /** Brings a schema of version 1.0 up to date; what is in its tables stays. */
    private static SchemaScript update(Connection connection) throws SQLException {
        StringBuilder sql = new StringBuilder(between(text(UPDATE), "\n", END_OF_TABLES, UPDATE));
        for (String routine : texts(
                connection,
                "SELECT pg_catalog.format('%I.%I(%s)', 'walker', proname,"
                        + " pg_catalog.pg_get_function_identity_arguments(oid)) FROM pg_catalog.pg_proc"
                        + " WHERE pronamespace = 'walker'::pg_catalog.regnamespace ORDER BY oid")) {
            sql.append("DROP ROUTINE ").append(routine).append(";\n");
        }
        String all = make().sql;
        sql.append('\n').append(all.substring(all.indexOf(FUNCTIONS)));
        return new SchemaScript(sql.toString(), "schema walker is brought from version 1.0 to " + Database.VERSION);
    }

    private static List<String> texts(Connection connection, String sql) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
        }
        return texts;
    }

    private static String text(String name) {
        try (InputStream stream = SchemaScript.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new CommandException("the jar has no " + name + "; it was not built by Maven");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CommandException("cannot read " + name + " of the jar: " + e.getMessage());
        }
    }

    private static String between(String text, String begin, String end, String name) {
        int from = text.indexOf(begin);
        int to = from < 0 ? -1 : text.indexOf(end, from);
        if (to < 0) {
            throw new CommandException(name + " of the jar has no line \"" + (from < 0 ? begin : end) + "\"");
        }
        return text.substring(from, to);
    }
}
