package dev.walker.jdbc;

import dev.walker.wal.RelFileLocator;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Names of the relations of the database that a connection leads to, and of the shared ones, by their locators. */
public final class RelationCatalog {
    private static final String DATABASE =
            "SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()";
    private static final String NAME =
            "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)"
                    + " FROM pg_catalog.pg_database d, pg_catalog.pg_class c"
                    + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                    + " WHERE d.datname = pg_catalog.current_database() AND c.oid = pg_catalog.pg_filenode_relation("
                    + "CASE WHEN ?::bigint::oid = d.dattablespace THEN 0::oid ELSE ?::bigint::oid END, ?::bigint::oid)";
    private static final String LOCATOR =
            "SELECT CASE WHEN c.reltablespace <> 0 THEN c.reltablespace ELSE d.dattablespace"
                    + " END::bigint, CASE WHEN c.relisshared THEN 0 ELSE d.oid END::bigint,"
                    + " pg_catalog.pg_relation_filenode(c.oid)::bigint"
                    + " FROM pg_catalog.pg_database d, pg_catalog.pg_class c"
                    + " WHERE d.datname = pg_catalog.current_database() AND c.oid = ?::text::regclass";
    /** SQLSTATE {@code character_not_in_repertoire}. */
    private static final String CHARACTER_NOT_IN_REPERTOIRE = "22021";
    /** A relation that was not there may be there some time later. */
    private static final long UNKNOWN_FOR_NANOS = 2_000_000_000L;

    private final Connection connection;
    private final long database;
    private final Map<RelFileLocator, String> names = new HashMap<>();
    private final Map<RelFileLocator, Long> unknown = new HashMap<>();
    private RelFileLocator last = new RelFileLocator(0, 0, 0);
    private String lastName = "";

    /** The relations of the database of a connection. */
    public RelationCatalog(Connection connection) throws SQLException {
        this.connection = connection;
        this.database = Jdbc.one(connection, DATABASE, row -> row.getLong(1));
    }

    /** Schema and name of a relation; empty if it is of another database, or is not there. */
    public String nameOf(long spcOid, long dbOid, long relNumber) throws SQLException {
        if (dbOid != 0 && dbOid != database) {
            return "";
        }
        if (relNumber == last.relNumber() && spcOid == last.spcOid() && dbOid == last.dbOid()) {
            return lastName;
        }
        RelFileLocator locator = new RelFileLocator(spcOid, dbOid, relNumber);
        String name = names.get(locator);
        if (name == null) {
            Long since = unknown.get(locator);
            if (since != null && System.nanoTime() - since < UNKNOWN_FOR_NANOS) {
                return "";
            }
            Optional<String> found = find(spcOid, relNumber);
            if (found.isEmpty()) {
                unknown.put(locator, System.nanoTime());
                return "";
            }
            name = found.get();
            names.put(locator, name);
        }
        last = locator;
        lastName = name;
        return name;
    }

    private Optional<String> find(long spcOid, long relNumber) throws SQLException {
        try {
            return Jdbc.first(connection, NAME, row -> row.getString(1), spcOid, spcOid, relNumber);
        } catch (SQLException e) {
            if (CHARACTER_NOT_IN_REPERTOIRE.equals(e.getSQLState()) && connection.getAutoCommit()) {
                // A database in SQL_ASCII can have names that are no text to others; the numbers are.
                return Optional.empty();
            }
            throw e;
        }
    }

    /** The locator of a relation that has files now; empty if it has none. An error of the server if it is not there. */
    public Optional<RelFileLocator> locatorOf(String name) throws SQLException {
        return Jdbc.first(
                connection,
                LOCATOR,
                row -> row.getLong(3) == 0 ? null : new RelFileLocator(row.getLong(1), row.getLong(2), row.getLong(3)),
                name);
    }
}
