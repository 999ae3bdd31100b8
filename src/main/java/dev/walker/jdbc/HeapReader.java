package dev.walker.jdbc;

import dev.walker.spi.HeapRead;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads pages of heaps out of the buffers of a server, with pageinspect's {@code get_raw_page}. */
final class HeapReader {
    /** How long to wait for somebody who holds a lock: the walk stands still meanwhile. */
    private static final String LOCK_TIMEOUT = "50ms";

    /** Its schema, and whether it is new enough, which it may not be after pg_upgrade. */
    private static final String PAGEINSPECT = "SELECT pg_catalog.quote_ident(n.nspname), pg_catalog.to_regprocedure("
            + "pg_catalog.quote_ident(n.nspname) || '.get_raw_page(text, text, bigint)') IS NOT NULL"
            + " FROM pg_catalog.pg_extension e"
            + " JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pageinspect'";

    private static final String DATABASE =
            "SELECT d.oid::bigint FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";

    private static final String HEAPS =
            "SELECT CASE WHEN c.reltablespace <> 0 THEN c.reltablespace ELSE d.dattablespace END::bigint,"
                    + " CASE WHEN c.relisshared THEN 0 ELSE d.oid END::bigint,"
                    + " pg_catalog.pg_relation_filenode(c.oid)::bigint"
                    + " FROM pg_catalog.pg_database d, pg_catalog.pg_class c"
                    + " JOIN pg_catalog.pg_am a ON a.oid = c.relam"
                    + " LEFT JOIN pg_catalog.pg_class o ON o.reltoastrelid = c.oid AND c.relkind = 't'"
                    + " JOIN pg_catalog.pg_namespace n ON n.oid = coalesce(o.relnamespace, c.relnamespace)"
                    + " WHERE d.datname = pg_catalog.current_database() AND c.relkind IN ('r', 'm', 't')"
                    + " AND c.relpersistence = 'p' AND n.nspname <> 'walker'"
                    + " AND a.amhandler::oid = 'pg_catalog.heap_tableam_handler'::pg_catalog.regproc::oid"
                    + " ORDER BY c.relpages";

    private static final String FIND =
            "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), c.oid::bigint"
                    + " FROM pg_catalog.pg_database d, pg_catalog.pg_class c"
                    + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                    + " WHERE d.datname = pg_catalog.current_database() AND c.relpersistence = 'p'"
                    + " AND c.oid = pg_catalog.pg_filenode_relation("
                    + "CASE WHEN ?::bigint::oid = d.dattablespace THEN 0::oid ELSE ?::bigint::oid END, ?::bigint::oid)";

    private static final String SIZE =
            "SELECT pg_catalog.pg_relation_size(?::bigint::oid::regclass) / pg_catalog.current_setting('block_size')::int";

    private static final String END = "SELECT (CASE WHEN pg_catalog.pg_is_in_recovery()"
            + " THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_insert_lsn() END)::text";

    private static final String PAGES = "SELECT pg_catalog.string_agg(%s.get_raw_page(?::text, 'main', b), ''::bytea"
            + " ORDER BY b) FROM pg_catalog.unnest(?::text::bigint[]) b WHERE b < ?";

    private static final String STILL_THERE =
            "SELECT c.oid::bigint FROM pg_catalog.pg_class c WHERE c.oid = ?::bigint::oid"
                    + " AND pg_catalog.pg_relation_filenode(c.oid) = ?::bigint::oid";

    /** Locks, deadlocks, and what a relation that is renamed, dropped or cut at this moment brings about. */
    private static final Set<String> TRANSIENT = Set.of("55P03", "40P01", "42P01", "3F000", "22023", "02000");

    private static final String CANCELED = "57014";

    private record Found(String name, long oid) {}

    private record PageInspect(String schema, boolean isNew) {}

    private final Connection connection;

    HeapReader(Connection connection) {
        this.connection = connection;
    }

    List<RelFileLocator> heaps() throws SQLException {
        return Jdbc.all(connection, HEAPS, row -> new RelFileLocator(row.getLong(1), row.getLong(2), row.getLong(3)));
    }

    HeapRead read(RelFileLocator locator, long[] blocks, long lsn) throws SQLException {
        Optional<PageInspect> pageInspect =
                Jdbc.first(connection, PAGEINSPECT, row -> new PageInspect(row.getString(1), row.getBoolean(2)));
        if (pageInspect.isEmpty()) {
            return HeapRead.failed("pages are read with pageinspect, which the database that the walker is connected to"
                    + " does not have; CREATE EXTENSION pageinspect, and ask for the baseline again");
        }
        if (!pageInspect.get().isNew) {
            return HeapRead.failed("pages are read with pageinspect 1.9 or newer, but the database that the walker is"
                    + " connected to has an older one; ALTER EXTENSION pageinspect UPDATE, and ask for the baseline"
                    + " again");
        }
        long database = Jdbc.one(connection, DATABASE, row -> row.getLong(1));
        if (locator.dbOid() != 0 && locator.dbOid() != database) {
            return HeapRead.failed("the relation is in the database with OID " + locator.dbOid()
                    + ", but the walker is connected to the one with OID " + database
                    + ", and only the pages of that can be read");
        }
        return Savepoints.attempt(
                connection,
                () -> withLockTimeout(() -> readNow(pageInspect.get().schema, locator, blocks, lsn)),
                this::refused);
    }

    private HeapRead refused(SQLException refused) throws SQLException {
        String state = refused.getSQLState();
        if (state == null || state.startsWith("08") || CANCELED.equals(state)) {
            throw refused;
        }
        return TRANSIENT.contains(state)
                ? HeapRead.later()
                : HeapRead.failed("the server refuses to give pages: " + refused.getMessage());
    }

    private HeapRead withLockTimeout(Savepoints.Action<HeapRead> action) throws SQLException {
        boolean local = !connection.getAutoCommit();
        String before =
                Jdbc.one(connection, "SELECT pg_catalog.current_setting('lock_timeout')", row -> row.getString(1));
        lockTimeout(LOCK_TIMEOUT, local);
        HeapRead answer;
        try {
            answer = action.run();
        } catch (SQLException e) {
            if (!local) {
                lockTimeout(before, false);
            }
            throw e;
        }
        lockTimeout(before, local);
        return answer;
    }

    private void lockTimeout(String value, boolean local) throws SQLException {
        Jdbc.one(
                connection,
                "SELECT pg_catalog.set_config('lock_timeout', ?, ?)",
                row -> row.getString(1),
                value,
                local);
    }

    private HeapRead readNow(String schema, RelFileLocator locator, long[] blocks, long lsn) throws SQLException {
        long spcOid = locator.spcOid();
        Optional<Found> found = Jdbc.first(
                connection,
                FIND,
                row -> new Found(row.getString(1), row.getLong(2)),
                spcOid,
                spcOid,
                locator.relNumber());
        if (found.isEmpty()) {
            return HeapRead.gone();
        }
        Found relation = found.get();
        long size = Jdbc.one(connection, SIZE, row -> row.getLong(1), relation.oid);
        long end = Lsn.parse(Jdbc.one(connection, END, row -> row.getString(1)));
        if (Lsn.isBefore(end, lsn)) {
            return HeapRead.later();
        }
        byte[] pages = blocks.length == 0
                ? new byte[0]
                : Jdbc.first(
                                connection,
                                String.format(PAGES, schema),
                                row -> row.getBytes(1),
                                relation.name,
                                array(blocks),
                                size)
                        .orElse(new byte[0]);
        // Another file may have taken the place of this one before its pages were read.
        boolean same = Jdbc.first(connection, STILL_THERE, row -> row.getLong(1), relation.oid, locator.relNumber())
                .isPresent();
        return same ? HeapRead.of(size, pages, end) : HeapRead.gone();
    }

    private static String array(long[] blocks) {
        StringBuilder list = new StringBuilder("{");
        for (long block : blocks) {
            list.append(list.length() > 1 ? "," : "").append(block);
        }
        return list.append('}').toString();
    }
}
