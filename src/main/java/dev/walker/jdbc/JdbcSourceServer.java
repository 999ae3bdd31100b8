package dev.walker.jdbc;

import dev.walker.spi.HeapRead;
import dev.walker.spi.SourceServer;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Asks a running server. */
public final class JdbcSourceServer implements SourceServer {
    /**
     * A snapshot's xmax comes after the last transaction that has ended, so one from there on that has been met runs; one
     * of the future would be an error for {@code pg_xact_status}.
     */
    private static final String STATUS =
            "SELECT CASE WHEN x.xid < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())"
                    + " THEN pg_catalog.pg_xact_status(x.xid) ELSE 'in progress' END"
                    + " FROM (SELECT ?::text::xid8 AS xid) x";

    private static final String UPDATER = "SELECT m.xid::text FROM pg_catalog.pg_get_multixact_members(?::text::xid) m"
            + " WHERE m.mode IN ('nokeyupd', 'upd')";

    private static final String NEXT_XID = "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text";

    /** The snapshot is older than the LSN. */
    private static final String POINT = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()"
            + " THEN coalesce(pg_catalog.pg_last_wal_replay_lsn(), 'FFFFFFFF/FFFFFFFF') ELSE pg_catalog.pg_current_wal_insert_lsn() END::text,"
            + " pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text, pg_catalog.pg_is_in_recovery()";

    private static final String STATUSES = "SELECT pg_catalog.string_agg(coalesce(CASE WHEN x.xid < n.next"
            + " THEN pg_catalog.left(pg_catalog.pg_xact_status(x.xid), 1) ELSE 'i' END, 'u'), '' ORDER BY x.place)"
            + " FROM pg_catalog.unnest(?::text::xid8[]) WITH ORDINALITY AS x (xid, place),"
            + " (SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()) AS next) n";

    private static final String RELATION_OIDS = "SELECT CASE WHEN f.db IN (0, d.oid::bigint) THEN coalesce("
            + "pg_catalog.pg_filenode_relation(CASE WHEN f.spc = d.dattablespace::bigint THEN 0 ELSE f.spc END::oid,"
            + " f.rel::oid)::oid::bigint, 0) ELSE -1 END"
            + " FROM ROWS FROM (pg_catalog.unnest(?::text::bigint[]), pg_catalog.unnest(?::text::bigint[]),"
            + " pg_catalog.unnest(?::text::bigint[])) WITH ORDINALITY AS f (spc, db, rel, place), pg_catalog.pg_database d"
            + " WHERE d.datname = pg_catalog.current_database() ORDER BY f.place";

    private static final String GONE_RELATIONS = "SELECT o.oid FROM pg_catalog.unnest(?::text::bigint[]) AS o (oid)"
            + " WHERE ?::bigint = (SELECT d.oid::bigint FROM pg_catalog.pg_database d"
            + " WHERE d.datname = pg_catalog.current_database())"
            + " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid = o.oid::oid)";

    private final Connection connection;
    private final HeapReader heapReader;

    /** Asks the server that a connection leads to. */
    public JdbcSourceServer(Connection connection) {
        this.connection = connection;
        this.heapReader = new HeapReader(connection);
    }

    @Override
    public XidStatus xidStatus(long fullXid) {
        try {
            String status = Jdbc.first(connection, STATUS, row -> row.getString(1), Long.toUnsignedString(fullXid))
                    .orElse("unknown");
            return switch (status) {
                case "committed" -> XidStatus.COMMITTED;
                case "aborted" -> XidStatus.ABORTED;
                case "in progress" -> XidStatus.IN_PROGRESS;
                default -> XidStatus.UNKNOWN;
            };
        } catch (SQLException e) {
            throw new WalSourceException("cannot ask the server for transaction " + fullXid + ": " + e.getMessage(), e);
        }
    }

    @Override
    public long multixactUpdater(long multiXid) {
        try {
            return Savepoints.attempt(
                    connection,
                    () -> Jdbc.first(
                                    connection,
                                    UPDATER,
                                    row -> Long.parseLong(row.getString(1)),
                                    Long.toString(multiXid))
                            .orElse(0L),
                    () -> -1L);
        } catch (SQLException e) {
            throw new WalSourceException("cannot ask the server for multixact " + multiXid + ": " + e.getMessage(), e);
        }
    }

    @Override
    public long nextFullXid() {
        try {
            return Jdbc.first(connection, NEXT_XID, row -> Long.parseUnsignedLong(row.getString(1)))
                    .orElse(0L);
        } catch (SQLException e) {
            throw new WalSourceException("cannot ask the server for its next transaction: " + e.getMessage(), e);
        }
    }

    @Override
    public Optional<Point> point() {
        try {
            return Jdbc.first(
                    connection,
                    POINT,
                    row -> new Point(
                            Lsn.parse(row.getString(1)), Long.parseUnsignedLong(row.getString(2)), row.getBoolean(3)));
        } catch (SQLException e) {
            throw new WalSourceException("cannot ask the server for its oldest transaction: " + e.getMessage(), e);
        }
    }

    @Override
    public boolean mayLackWal() {
        try {
            return Jdbc.one(
                    connection, "SELECT pg_catalog.current_setting('wal_level') = 'minimal'", row -> row.getBoolean(1));
        } catch (SQLException e) {
            throw new WalSourceException("cannot ask the server for its wal_level: " + e.getMessage(), e);
        }
    }

    @Override
    public XidStatus[] xidStatuses(long[] fullXids) {
        StringBuilder list = new StringBuilder("{");
        for (long fullXid : fullXids) {
            list.append(list.length() > 1 ? "," : "").append(Long.toUnsignedString(fullXid));
        }
        XidStatus[] statuses = new XidStatus[fullXids.length];
        try {
            String letters = Jdbc.first(
                            connection,
                            STATUSES,
                            row -> row.getString(1),
                            list.append('}').toString())
                    .orElse("");
            for (int i = 0; i < statuses.length; i++) {
                statuses[i] = switch (letters.charAt(i)) {
                    case 'c' -> XidStatus.COMMITTED;
                    case 'a' -> XidStatus.ABORTED;
                    case 'i' -> XidStatus.IN_PROGRESS;
                    default -> XidStatus.UNKNOWN;
                };
            }
            return statuses;
        } catch (SQLException e) {
            throw new WalSourceException(
                    "cannot ask the server for " + fullXids.length + " transactions: " + e.getMessage(), e);
        }
    }

    @Override
    public long[] relationOids(List<RelFileLocator> files) {
        try {
            return Jdbc.all(
                            connection,
                            RELATION_OIDS,
                            row -> row.getLong(1),
                            arrayLiteral(files.stream().map(RelFileLocator::spcOid)),
                            arrayLiteral(files.stream().map(RelFileLocator::dbOid)),
                            arrayLiteral(files.stream().map(RelFileLocator::relNumber)))
                    .stream()
                    .mapToLong(oid -> oid)
                    .toArray();
        } catch (SQLException e) {
            throw new WalSourceException(
                    "cannot ask the server whose " + files.size() + " files are: " + e.getMessage(), e);
        }
    }

    @Override
    public Set<Long> goneRelations(long dbOid, Set<Long> oids) {
        try {
            return Set.copyOf(
                    Jdbc.all(connection, GONE_RELATIONS, row -> row.getLong(1), arrayLiteral(oids.stream()), dbOid));
        } catch (SQLException e) {
            throw new WalSourceException(
                    "cannot ask the server for " + oids.size() + " relations: " + e.getMessage(), e);
        }
    }

    private static String arrayLiteral(Stream<Long> numbers) {
        return numbers.map(Object::toString).collect(Collectors.joining(",", "{", "}"));
    }

    @Override
    public List<RelFileLocator> heaps() {
        try {
            return heapReader.heaps();
        } catch (SQLException e) {
            throw new WalSourceException("cannot ask the server for its heaps: " + e.getMessage(), e);
        }
    }

    @Override
    public HeapRead readHeap(RelFileLocator locator, long[] blocks, long lsn) {
        try {
            return heapReader.read(locator, blocks, lsn);
        } catch (SQLException e) {
            throw new WalSourceException("cannot read pages of " + locator + ": " + e.getMessage(), e);
        }
    }
}
