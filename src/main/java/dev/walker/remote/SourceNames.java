package dev.walker.remote;

import dev.walker.jdbc.Jdbc;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Keeps the names of the relations of all databases of a source, and the sizes of heaps, in {@code walker.relation}: at
 * the beginning, where the WAL shows that catalogs have changed, and now and then for the sizes. A thread of its own does
 * that, with connections that it opens for each look, so that no transaction is open for longer than one query.
 */
public final class SourceNames implements AutoCloseable {
    private static final long PAUSE_MILLIS = 1000;
    private static final long SIZES_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final int ROWS_AT_ONCE = 2000;
    private static final int MOST_NAMELESS = 1000;
    private static final long JOIN_MILLIS = 1000;

    private static final String DATABASES = "SELECT d.oid::bigint, d.datname::text FROM pg_catalog.pg_database d"
            + " WHERE d.datallowconn AND pg_catalog.has_database_privilege(d.oid, 'CONNECT') ORDER BY d.oid";

    /**
     * Who waits for a lock holds a snapshot meanwhile, which keeps vacuum from removing rows, and a standby from replaying
     * the very record that takes the lock away.
     */
    private static final String WAIT_LITTLE = "SELECT pg_catalog.set_config('lock_timeout', '200ms', false)";

    private static final String LOCK_NOT_AVAILABLE = "55P03";
    /** What a database in SQL_ASCII may have that is no UTF-8. */
    private static final String NOT_IN_REPERTOIRE = "22021";
    /** What a target in another encoding than UTF-8 has no character for. */
    private static final String UNTRANSLATABLE = "22P05";

    /**
     * As JSON, since that takes any name and one parameter. A TOAST table is named after its table. A table that is locked
     * as a whole cannot be asked for its size. The files are those of the query's snapshot, since a table that is dropped
     * meanwhile has none any more; only those of mapped catalogs are not in pg_class.
     */
    private static final String RELATIONS = "WITH locked AS MATERIALIZED (SELECT l.relation FROM pg_catalog.pg_locks l"
            + " WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted)"
            + " SELECT pg_catalog.jsonb_build_object("
            + "'spc_oid', CASE WHEN c.reltablespace <> 0 THEN c.reltablespace ELSE d.dattablespace END,"
            + " 'db_oid', CASE WHEN c.relisshared THEN 0 ELSE d.oid END,"
            + " 'relfilenode', coalesce(nullif(c.relfilenode, 0), pg_catalog.pg_relation_filenode(c.oid)),"
            + " 'database', CASE WHEN NOT c.relisshared THEN d.datname END,"
            + " 'schema', n.nspname, 'name', c.relname, 'owner_name', o.relname, 'kind', c.relkind,"
            + " 'blocks', CASE WHEN c.relkind IN ('i', 'S') THEN 0 WHEN c.oid NOT IN (SELECT relation FROM locked) THEN"
            + " pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::integer END,"
            + " 'live_tuples', CASE WHEN c.relkind IN ('i', 'S') THEN 0 ELSE"
            + " greatest(pg_catalog.pg_stat_get_live_tuples(c.oid), c.reltuples::bigint, 0) END)::text,"
            + " pg_catalog.jsonb_build_object('spc_oid',"
            + " CASE WHEN c.reltablespace <> 0 THEN c.reltablespace ELSE d.dattablespace END,"
            + " 'relfilenode', pg_catalog.pg_relation_filenode(c.oid))::text"
            + " FROM pg_catalog.pg_database d, pg_catalog.pg_class c"
            + " LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam"
            + " LEFT JOIN pg_catalog.pg_class o ON o.reltoastrelid = c.oid AND c.relkind = 't'"
            + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            + " WHERE d.datname = pg_catalog.current_database()"
            + " AND (c.relkind IN ('i', 'S') OR c.relkind IN ('r', 'm', 't')"
            + " AND a.amhandler::oid = 'pg_catalog.heap_tableam_handler'::pg_catalog.regproc::oid)"
            + " AND c.relpersistence = 'p' AND n.nspname <> 'walker'"
            + " AND coalesce(o.relnamespace, 0) <> coalesce(pg_catalog.to_regnamespace('walker')::oid, 1)";

    private static final String WITH_ASCII_NAMES =
            " AND pg_catalog.concat(n.nspname, c.relname, o.relname) OPERATOR(pg_catalog.!~) '[^\\x01-\\x7f]'";

    private static final String NO_WAIT = "SELECT pg_catalog.set_config('synchronous_commit', 'off', false)";
    private static final String KEEP = "SELECT walker._keep_names(?, ?::text::jsonb)";
    private static final String FORGET = "SELECT walker._forget_names(?, ?, ?::text::jsonb)";
    private static final String FORGET_DATABASES = "SELECT walker._forget_databases(?, ?::text::bigint[])";

    private record Database(long oid, String name) {}

    /** With its name, and without. */
    private record Relation(String named, String file) {}

    private final ServerAddress source;
    private final Connection found;
    private final ServerAddress target;
    private final int sourceId;
    private final Consumer<String> log;
    private final Thread thread = new Thread(this::run, "walker-names");
    private final Set<Long> unreadable = new HashSet<>();
    private final AtomicLong looks = new AtomicLong();
    /** How often names could not be read or kept in this look into a database. */
    private int nameless;

    // Guarded by this.
    private final Set<Long> changed = new TreeSet<>();
    private boolean all = true;
    private boolean closed;

    /**
     * The names of a source.
     *
     * @param found leads to the server, where the address has several; is not used itself
     * @param target where schema {@code walker} is
     * @param sourceId its row in {@code walker.source}
     * @param log is told of databases that cannot be looked into
     */
    public SourceNames(
            ServerAddress source, Connection found, ServerAddress target, int sourceId, Consumer<String> log) {
        this.source = source;
        this.found = found;
        this.target = target;
        this.sourceId = sourceId;
        this.log = log;
        thread.setDaemon(true);
    }

    /** Begins to look. */
    public void start() {
        thread.start();
    }

    /** Catalogs of these databases have changed; 0 is for what all share. */
    public synchronized void changed(Set<Long> databases) {
        if (!databases.isEmpty()) {
            changed.addAll(databases);
            notifyAll();
        }
    }

    /** How often it has looked; with each time names may be others. */
    public long looks() {
        return looks.get();
    }

    private void run() {
        try {
            while (true) {
                Optional<Set<Long>> wanted = await();
                if (wanted.isEmpty()) {
                    return;
                }
                look(wanted.get());
                looks.incrementAndGet();
                pause();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void pause() throws InterruptedException {
        if (!closed) {
            wait(PAUSE_MILLIS);
        }
    }

    /** The databases to look into, an empty set for all; nothing if it was closed. */
    private synchronized Optional<Set<Long>> await() throws InterruptedException {
        long until = System.nanoTime() + SIZES_NANOS;
        boolean dirty = false;
        while (!closed && !all && changed.isEmpty() && !dirty) {
            long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
            if (left <= 0) {
                dirty = true;
            } else {
                wait(left);
            }
        }
        if (closed) {
            return Optional.empty();
        }
        Set<Long> wanted = all || dirty || changed.contains(0L) ? Set.of() : Set.copyOf(changed);
        all = false;
        changed.clear();
        return Optional.of(wanted);
    }

    private void look(Set<Long> wanted) {
        try (Connection names = target.connectForWalk()) {
            // What a crash takes is looked up again.
            Jdbc.all(names, NO_WAIT, row -> row.getString(1));
            List<Database> databases = databases();
            for (Database each : databases) {
                if (isClosed()) {
                    return;
                }
                if (wanted.isEmpty() || wanted.contains(each.oid)) {
                    look(names, each);
                }
            }
            Jdbc.all(
                    names,
                    FORGET_DATABASES,
                    row -> row.getString(1),
                    sourceId,
                    "{"
                            + String.join(
                                    ",",
                                    databases.stream()
                                            .map(each -> Long.toString(each.oid))
                                            .toList()) + "}");
        } catch (SQLException e) {
            // The walk itself notices a server that is gone; other troubles are tried again with the next change.
            synchronized (this) {
                if (!closed) {
                    log.accept("cannot look for names of relations, does so later: " + Secrets.mask(e.getMessage()));
                }
                all = true;
            }
        }
    }

    private List<Database> databases() throws SQLException {
        try (Connection connection = source.connectLike(found, found.getCatalog())) {
            return Jdbc.all(connection, DATABASES, row -> new Database(row.getLong(1), row.getString(2)));
        }
    }

    private void look(Connection names, Database database) throws SQLException {
        nameless = 0;
        List<Relation> relations;
        try (Connection connection = source.connectLike(found, database.name)) {
            Jdbc.all(connection, WAIT_LITTLE, row -> row.getString(1));
            relations = relations(connection, database);
        } catch (SQLException e) {
            if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
                changed(Set.of(database.oid));
                return;
            }
            tellOfNumbers("relations", database, e);
            return;
        }
        for (int i = 0; i < relations.size(); i += ROWS_AT_ONCE) {
            if (isClosed()) {
                return;
            }
            keep(names, relations.subList(i, Math.min(relations.size(), i + ROWS_AT_ONCE)), database);
        }
        Jdbc.all(
                names,
                FORGET,
                row -> row.getString(1),
                sourceId,
                database.oid,
                relations.stream().map(Relation::file).collect(Collectors.joining(",", "[", "]")));
        if (nameless == 0) {
            unreadable.remove(database.oid);
        }
    }

    private List<Relation> relations(Connection connection, Database database) throws SQLException {
        Jdbc.RowReader<Relation> reader = row -> new Relation(row.getString(1), row.getString(2));
        try {
            return Jdbc.all(connection, RELATIONS, reader);
        } catch (SQLException e) {
            if (!NOT_IN_REPERTOIRE.equals(e.getSQLState())) {
                throw e;
            }
            List<Relation> relations = Jdbc.all(connection, RELATIONS + WITH_ASCII_NAMES, reader);
            tellOfNumbers("some relations", database, e);
            return relations;
        }
    }

    /** In halves, down to one, where some have names that the target cannot take; but not if those are very many. */
    private void keep(Connection names, List<Relation> relations, Database database) throws SQLException {
        if (nameless > MOST_NAMELESS) {
            return;
        }
        try {
            Jdbc.all(
                    names,
                    KEEP,
                    row -> row.getString(1),
                    sourceId,
                    relations.stream().map(Relation::named).collect(Collectors.joining(",", "[", "]")));
        } catch (SQLException e) {
            if (!UNTRANSLATABLE.equals(e.getSQLState())) {
                throw e;
            }
            tellOfNumbers("some relations", database, e);
            if (relations.size() > 1) {
                int half = relations.size() / 2;
                keep(names, relations.subList(0, half), database);
                keep(names, relations.subList(half, relations.size()), database);
            }
        }
    }

    private void tellOfNumbers(String which, Database database, SQLException e) {
        nameless++;
        if (!isClosed() && unreadable.add(database.oid)) {
            log.accept(
                    which + " of database \"" + database.name + "\" have numbers instead of names: " + e.getMessage());
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** Ends with the statement that runs; one that takes long is left alone. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
