package dev.walker.host;

import dev.walker.jdbc.Jdbc;
import dev.walker.jdbc.SourceGoneException;
import dev.walker.remote.ServerAddress;
import dev.walker.remote.SourceConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postgresql.PGConnection;

/** Which row of {@code walker.source} is walked; the same one from connection to connection. */
final class WalkedSource {
    private static final String FIND = "SELECT walker._open_source(?, ?, ?, ?)";
    private static final String SAME_SERVER = "SELECT c.system_identifier = ? FROM pg_catalog.pg_control_system() c";
    /** The slot moves with what is saved, so that is not to be lost any more. */
    private static final String DURABLE = "SELECT pg_catalog.set_config('synchronous_commit', 'local', false)"
            + " WHERE pg_catalog.current_setting('synchronous_commit') = 'off'";
    /** A server that takes the stream for a synchronous standby would have the walker wait for itself. */
    private static final String WITHOUT_STANDBYS = "SELECT pg_catalog.set_config('synchronous_commit', 'local', false)"
            + " WHERE pg_catalog.current_setting('synchronous_commit') <> 'local'";

    private static final String HOLDER = "SELECT coalesce(walker._lock_holder(?, 'run'), 0)";
    /** Names may have changed since it was found, and copies of the server may have come. */
    private static final String NAME_NOW =
            "SELECT s.name FROM walker.source s WHERE s.source_id = ? AND s.system_identifier = ?";

    private static final String STOP =
            "SELECT pg_catalog.format('walker.stop(%L)', s.name) FROM walker.source s WHERE s.source_id = ?";

    private static final String IDS = "SELECT s.source_id FROM walker.source s";

    /** Those that are this server, or a copy of it, or what it is a copy of; none if the name is known already. */
    private static final String NAMESAKES =
            "SELECT s.name, coalesce(p.slot_name = ?, false) FROM walker.source s LEFT JOIN walker.progress p USING (source_id)"
                    + " WHERE s.system_identifier = ? AND NOT EXISTS (SELECT 1 FROM walker.source o WHERE o.name = ?)"
                    + " ORDER BY 2 DESC, s.source_id";

    private static final String SLOT =
            "SELECT r.slot_name::text FROM pg_catalog.pg_replication_slots r WHERE r.slot_name = ?";

    /** What has walked has a row there. */
    private static final String FORGET = "DELETE FROM walker.source s WHERE s.source_id = ?"
            + " AND NOT EXISTS (SELECT 1 FROM walker.progress p WHERE p.source_id = s.source_id)";

    private final String name;
    private boolean isNew;
    private Optional<Long> systemIdentifier = Optional.empty();
    private int foundId;
    private int targetPid;

    /**
     * A source that is to be found.
     *
     * @param name null for that which it has, or is given by default
     */
    WalkedSource(String name) {
        this.name = name;
    }

    /**
     * Its row, which is made if the server is new; the same server as the last time is wanted.
     *
     * @param target its transaction is committed
     * @param slot the one that keeps the WAL of the walk, if there is to be one
     * @param log is told of a new name for what may be an old server
     */
    int find(Connection target, SourceConnection source, ServerAddress address, Optional<String> slot, Log log)
            throws SQLException {
        long found = source.wal().systemIdentifier();
        if (systemIdentifier.isPresent() && systemIdentifier.get() != found) {
            throw new CommandException("the source is another server now: it has system identifier "
                    + Long.toUnsignedString(found) + ", that which was walked until now has "
                    + Long.toUnsignedString(systemIdentifier.get()));
        }
        boolean same = Jdbc.one(target, SAME_SERVER, row -> row.getBoolean(1), found);
        String version = Jdbc.one(
                source.connection(), "SELECT pg_catalog.current_setting('server_version')", row -> row.getString(1));
        Optional<String> nameNow = Jdbc.first(target, NAME_NOW, row -> row.getString(1), foundId, found);
        if (foundId != 0 && nameNow.isEmpty()) {
            throw new SourceGoneException(foundId);
        }
        if (foundId == 0 && name != null) {
            checkNewName(target, source, slot, log, found);
        }
        String known = nameNow.orElse(name);
        Set<Integer> before = Set.copyOf(Jdbc.all(target, IDS, row -> row.getInt(1)));
        int sourceId = Jdbc.one(
                target, FIND, row -> row.getInt(1), known, same ? "local" : address.hostAndPort(), found, version);
        Jdbc.all(target, DURABLE, row -> row.getString(1));
        if (same) {
            Jdbc.all(target, WITHOUT_STANDBYS, row -> row.getString(1));
        }
        target.commit();
        systemIdentifier = Optional.of(found);
        foundId = sourceId;
        isNew = !before.contains(sourceId);
        return sourceId;
    }

    /** A name that is misspelled would have a server walked once more, and its slot taken from the first walk. */
    private void checkNewName(
            Connection target, SourceConnection source, Optional<String> slot, Log log, long systemIdentifier)
            throws SQLException {
        record Namesake(String name, boolean hasSlot) {}
        List<Namesake> namesakes = Jdbc.all(
                target,
                NAMESAKES,
                row -> new Namesake(row.getString(1), row.getBoolean(2)),
                slot.orElse(null),
                systemIdentifier,
                name);
        if (namesakes.isEmpty()) {
            return;
        }
        Namesake first = namesakes.get(0);
        if (first.hasSlot
                && Jdbc.first(source.connection(), SLOT, row -> row.getString(1), slot.get())
                        .isPresent()) {
            throw new CommandException(
                    "there is no source \"" + name + "\" yet, but this server has replication slot \""
                            + slot.get() + "\", which keeps the WAL of the walk of source \"" + first.name
                            + "\" (the same system"
                            + " identifier, " + Long.toUnsignedString(systemIdentifier)
                            + "), and a slot keeps that of one walk. To"
                            + " go on with that walk: --source-name with its name. For a second walk of this server: --set"
                            + " walker.slot=... with a slot of its own. If this is a copy of that server which has inherited the"
                            + " slot: drop it here, with pg_drop_replication_slot('" + slot.get() + "')");
        }
        log.warning("source \"" + name + "\" is new, but source \"" + first.name
                + "\" has the same system identifier (" + Long.toUnsignedString(systemIdentifier)
                + "): one is a copy of the other, or they are one server that is walked twice from now on. If the name"
                + " is a mistake, end this walker, forget what it has found with walker.forget(), and start it with"
                + " the right --source-name");
    }

    /**
     * Takes a new row away if nothing was walked for it: nobody would know what it is for.
     *
     * @param failure why the walk does not begin; is given what goes wrong here
     */
    void takeBack(Connection target, Exception failure) {
        if (!isNew) {
            return;
        }
        isNew = false;
        try {
            target.rollback();
            if (Jdbc.update(target, FORGET, foundId) > 0) {
                foundId = 0;
            }
            target.commit();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    /** Sees to it that nobody else walks it. */
    void lock(TargetSession session, Connection target, int sourceId, Log log) throws SQLException {
        int before = targetPid;
        targetPid = target.unwrap(PGConnection.class).getBackendPID();
        if (session.lock(sourceId)) {
            return;
        }
        // It is the other walker's.
        isNew = false;
        int holder = Jdbc.one(target, HOLDER, row -> row.getInt(1), sourceId);
        if (holder == 0 || holder == before) {
            // The session of a connection that was lost, whose end its server has not noticed.
            targetPid = before;
            log.warning("ends the session of the connection before (pid " + holder + "), which still holds the lock");
            Jdbc.all(target, "SELECT pg_catalog.pg_terminate_backend(?)", row -> row.getBoolean(1), holder);
            target.commit();
            throw new LostConnectionException("the session of the connection before has still to end", null);
        }
        throw new CommandException("a walker already runs for this server (pid " + holder + " in the target); SELECT "
                + Jdbc.one(target, STOP, row -> row.getString(1), sourceId) + " ends it"
                + (name == null ? "; if this is a copy of that server, it wants a --source-name" : ""));
    }
}
