package dev.walker.host;

import dev.walker.jdbc.Jdbc;
import dev.walker.remote.ServerAddress;
import dev.walker.remote.SourceConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.postgresql.PGConnection;

/** Which row of {@code walker.source} is walked; the same one from connection to connection. */
final class WalkedSource {
    private static final String FIND = "SELECT walker._open_source(?, ?, ?, ?)";
    private static final String SAME_SERVER = "SELECT c.system_identifier = ? FROM pg_catalog.pg_control_system() c";
    /** A server that takes the stream for a synchronous standby would have the walker wait for itself. */
    private static final String WITHOUT_STANDBYS = "SELECT pg_catalog.set_config('synchronous_commit', 'local', false)"
            + " WHERE pg_catalog.current_setting('synchronous_commit') NOT IN ('off', 'local')";

    private static final String HOLDER = "SELECT coalesce(walker._lock_holder(?, 'run'), 0)";
    /** Names may have changed since it was found, and copies of the server may have come. */
    private static final String NAME_NOW =
            "SELECT s.name FROM walker.source s WHERE s.source_id = ? AND s.system_identifier = ?";

    private static final String STOP =
            "SELECT pg_catalog.format('walker.stop(%L)', s.name) FROM walker.source s WHERE s.source_id = ?";

    private final String name;
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
     */
    int find(Connection target, SourceConnection source, ServerAddress address) throws SQLException {
        long found = source.wal().systemIdentifier();
        if (systemIdentifier.isPresent() && systemIdentifier.get() != found) {
            throw new CommandException("the source is another server now: it has system identifier "
                    + Long.toUnsignedString(found) + ", that which was walked until now has "
                    + Long.toUnsignedString(systemIdentifier.get()));
        }
        boolean same = Jdbc.one(target, SAME_SERVER, row -> row.getBoolean(1), found);
        String version = Jdbc.one(
                source.connection(), "SELECT pg_catalog.current_setting('server_version')", row -> row.getString(1));
        String known = Jdbc.first(target, NAME_NOW, row -> row.getString(1), foundId, found)
                .orElse(name);
        int sourceId = Jdbc.one(
                target, FIND, row -> row.getInt(1), known, same ? "local" : address.hostAndPort(), found, version);
        if (same) {
            Jdbc.all(target, WITHOUT_STANDBYS, row -> row.getString(1));
        }
        target.commit();
        systemIdentifier = Optional.of(found);
        foundId = sourceId;
        return sourceId;
    }

    /** Sees to it that nobody else walks it. */
    void lock(TargetSession session, Connection target, int sourceId, Log log) throws SQLException {
        int before = targetPid;
        targetPid = target.unwrap(PGConnection.class).getBackendPID();
        if (session.lock(sourceId)) {
            return;
        }
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
