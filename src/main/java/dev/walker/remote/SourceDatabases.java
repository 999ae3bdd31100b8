package dev.walker.remote;

import dev.walker.jdbc.Jdbc;
import dev.walker.jdbc.JdbcSourceServer;
import dev.walker.jdbc.WalkLog;
import dev.walker.spi.HeapRead;
import dev.walker.spi.SourceServer;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Answers questions about a source, those about pages over connections to the databases that they are in. These are closed
 * when they are not needed for a while, since they keep a database from being dropped.
 */
public final class SourceDatabases implements SourceServer, AutoCloseable {
    private static final int MOST_OPEN = 8;
    /** DROP DATABASE, and CREATE DATABASE for its template, wait five seconds for others, and then fail. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(2);
    /** Nothing that is asked takes long. */
    private static final int ANSWER_SECONDS = 120;

    private static final String NO_DATABASE = "3D000";

    private static final String HERE =
            "SELECT d.oid::bigint FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";
    private static final String OTHERS = "SELECT d.oid::bigint FROM pg_catalog.pg_database d"
            + " WHERE d.datallowconn AND pg_catalog.has_database_privilege(d.oid, 'CONNECT')"
            + " AND d.datname <> pg_catalog.current_database() ORDER BY d.oid";
    private static final String NAME =
            "SELECT d.datname::text FROM pg_catalog.pg_database d WHERE d.oid = ?::bigint::oid";
    private static final String CAN_READ_PAGES =
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_extension e WHERE e.extname = 'pageinspect')";

    private static final class Database {
        private final Connection connection;
        private final JdbcSourceServer server;
        private long usedNanos;

        Database(Connection connection) {
            this.connection = connection;
            this.server = new JdbcSourceServer(connection);
        }
    }

    private final ServerAddress address;
    private final Connection found;
    private final JdbcSourceServer main;
    private final WalkLog log;
    /** By OID, the one that was used last at the end. */
    private final Map<Long, Database> open = new LinkedHashMap<>(16, 0.75f, true);
    /** OIDs of those of which the log tells that they cannot be connected to. */
    private final Set<Long> waitsFor = new HashSet<>();

    /**
     * The databases of a source.
     *
     * @param address how it is reached
     * @param found leads to the server, where the address has several; commits by itself
     * @param log is told of databases whose pages cannot be read
     */
    public SourceDatabases(ServerAddress address, Connection found, WalkLog log) {
        this.address = address;
        this.found = found;
        this.main = new JdbcSourceServer(found);
        this.log = log;
    }

    /** Those of all databases whose pages can be read, and those of the database of the connection in any case. */
    @Override
    public List<RelFileLocator> heaps() {
        List<RelFileLocator> all = new ArrayList<>(main.heaps());
        List<String> without = new ArrayList<>();
        try {
            for (long oid : Jdbc.all(found, OTHERS, row -> row.getLong(1))) {
                Optional<Database> database = connectable(oid);
                if (database.isEmpty()) {
                    continue;
                }
                if (Jdbc.one(database.get().connection, CAN_READ_PAGES, row -> row.getBoolean(1))) {
                    all.addAll(database.get().server.heaps());
                } else {
                    without.add("\"" + database.get().connection.getCatalog() + "\"");
                    close(oid);
                }
            }
        } catch (SQLException e) {
            throw new WalSourceException(
                    "cannot ask the databases of the server for their heaps: " + e.getMessage(), e);
        }
        if (!without.isEmpty()) {
            log.info("the baseline leaves out databases that do not have pageinspect: " + String.join(", ", without));
        }
        return all;
    }

    /** A database; empty, and told, if it is not to be connected to, for which the walk does not end. */
    private Optional<Database> connectable(long oid) throws SQLException {
        String name = Jdbc.first(found, NAME, row -> row.getString(1), oid).orElse("");
        try {
            return Optional.of(database(oid));
        } catch (SQLException e) {
            if (!NO_DATABASE.equals(e.getSQLState())) {
                log.warning("the baseline leaves out database \"" + name + "\", which cannot be connected to: "
                        + e.getMessage());
            }
            return Optional.empty();
        }
    }

    @Override
    public HeapRead readHeap(RelFileLocator locator, long[] blocks, long lsn) {
        long oid = locator.dbOid();
        Database database;
        try {
            if (oid == 0 || oid == Jdbc.one(found, HERE, row -> row.getLong(1))) {
                return main.readHeap(locator, blocks, lsn);
            }
        } catch (SQLException e) {
            throw new WalSourceException("cannot read pages of " + locator + ": " + e.getMessage(), e);
        }
        try {
            database = database(oid);
        } catch (SQLException e) {
            if (Loss.mayHeal(e)) {
                // If it is the server, the walk finds out by itself.
                if (waitsFor.add(oid)) {
                    log.warning("the baseline waits for the database with OID " + oid
                            + ", which cannot be connected to: " + e.getMessage());
                }
                return HeapRead.later();
            }
            return NO_DATABASE.equals(e.getSQLState())
                    ? HeapRead.gone()
                    : HeapRead.failed("the database of the relation cannot be connected to: " + e.getMessage());
        }
        return database.server.readHeap(locator, blocks, lsn);
    }

    private Database database(long oid) throws SQLException {
        Database database = open.get(oid);
        if (database == null) {
            if (open.size() >= MOST_OPEN) {
                close(open.keySet().iterator().next());
            }
            Optional<String> name = Jdbc.first(found, NAME, row -> row.getString(1), oid);
            database = new Database(address.connectLike(
                    found,
                    name.orElseThrow(() -> new SQLException("there is no database with OID " + oid, NO_DATABASE))));
            database.connection.setNetworkTimeout(Runnable::run, (int) TimeUnit.SECONDS.toMillis(ANSWER_SECONDS));
            open.put(oid, database);
            waitsFor.remove(oid);
        }
        database.usedNanos = System.nanoTime();
        return database;
    }

    private void close(long oid) throws SQLException {
        open.remove(oid).connection.close();
    }

    /** Closes connections that were not used for some seconds; to be called now and then. */
    public void closeIdle() throws SQLException {
        long now = System.nanoTime();
        while (!open.isEmpty()) {
            Map.Entry<Long, Database> oldest = open.entrySet().iterator().next();
            if (now - oldest.getValue().usedNanos < IDLE_NANOS) {
                return;
            }
            close(oldest.getKey());
        }
    }

    @Override
    public void close() throws SQLException {
        while (!open.isEmpty()) {
            close(open.keySet().iterator().next());
        }
    }

    @Override
    public XidStatus xidStatus(long fullXid) {
        return main.xidStatus(fullXid);
    }

    @Override
    public XidStatus[] xidStatuses(long[] fullXids) {
        return main.xidStatuses(fullXids);
    }

    @Override
    public long multixactUpdater(long multiXid) {
        return main.multixactUpdater(multiXid);
    }

    @Override
    public long nextFullXid() {
        return main.nextFullXid();
    }

    @Override
    public Optional<Point> point() {
        return main.point();
    }

    @Override
    public boolean mayLackWal() {
        return main.mayLackWal();
    }

    @Override
    public long[] relationOids(List<RelFileLocator> files) {
        return main.relationOids(files);
    }

    @Override
    public Set<Long> goneRelations(long dbOid, Set<Long> oids) {
        return main.goneRelations(dbOid, oids);
    }
}
