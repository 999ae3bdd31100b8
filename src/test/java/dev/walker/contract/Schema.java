package dev.walker.contract;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Schema {@code walker} as text, to be compared with another. */
final class Schema {
    private static final String OBJECTS = "SELECT string_agg(t, E'\\n' ORDER BY t) FROM ("
            + "SELECT format('%s.%s %s %s %s %s', c.relname, a.attname, a.atttypid::regtype, a.attnotnull,"
            + " col_description(c.oid, a.attnum), pg_get_expr(d.adbin, d.adrelid)) FROM pg_class c"
            + " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            + " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
            + " WHERE c.relnamespace = 'walker'::regnamespace"
            + " UNION ALL SELECT format('%s %s %s %s', relname, reloptions, relacl, obj_description(oid, 'pg_class'))"
            + " FROM pg_class WHERE relnamespace = 'walker'::regnamespace"
            + " UNION ALL SELECT format('%s %s %s %s %s %s %s', oid::regprocedure, prosrc, proacl, proconfig, provolatile, prosecdef,"
            + " obj_description(oid, 'pg_proc'))"
            + " FROM pg_proc WHERE pronamespace = 'walker'::regnamespace"
            + " UNION ALL SELECT pg_describe_object(classid, objid, 0) FROM pg_depend WHERE deptype = 'e'"
            + " AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'walker')) s (t)";

    private Schema() {}

    /** Everything about its objects that a user or the walker could notice. Closes the connection. */
    static String describe(Connection connection) throws SQLException {
        try (connection;
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(OBJECTS)) {
            row.next();
            return row.getString(1);
        }
    }
}
