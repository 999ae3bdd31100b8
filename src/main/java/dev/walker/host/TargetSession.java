package dev.walker.host;

import dev.walker.jdbc.Jdbc;
import dev.walker.remote.Loss;
import dev.walker.remote.ServerAddress;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalGapException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;

/**
 * The session in the database that has schema {@code walker}. It outlives that in the source: while the source is away it
 * keeps the walker's lock, has {@code walker.status()} tell since when and why nothing is walked, and hears {@code
 * walker.stop()}.
 */
final class TargetSession implements AutoCloseable {
    private static final long LOOK_MILLIS = 200;

    private static final String TRY_LOCK = "SELECT walker._take_lock(?, 'run')";

    /**
     * Where the machine of the walker, or the network, is gone without a word, the target is to notice within a minute, not
     * after the two hours that systems take by themselves: as long the lock is held, and no other walker can take over. What
     * somebody has set stays.
     */
    private static final String NOTICE_THE_END = "SELECT pg_catalog.set_config(s.name, s.value, false) FROM (VALUES"
            + " ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'),"
            + " ('tcp_user_timeout', '60000')) s (name, value)"
            + " JOIN pg_catalog.pg_settings p ON p.name = s.name AND p.source = 'default'";

    private final String url;
    private final Log log;
    private Connection connection;
    private int sourceId;

    /**
     * A session that is opened when it is wanted.
     *
     * @param url null if the environment says it all
     */
    TargetSession(String url, Log log) {
        this.url = url;
        this.log = log;
    }

    /** How the server is reached. */
    ServerAddress address() {
        return Database.address("--target-url", url);
    }

    /** The connection, which is made anew if it was lost; does not commit by itself. */
    Connection open() throws SQLException {
        if (connection != null && Database.isLost(connection)) {
            drop();
        }
        if (connection == null) {
            Connection fresh = address().connectForWalk();
            try {
                Database.requireSchema(fresh);
                Jdbc.all(fresh, NOTICE_THE_END, row -> row.getString(1));
                fresh.setAutoCommit(false);
            } catch (SQLException | RuntimeException e) {
                try (fresh) {
                    throw e;
                }
            }
            connection = fresh;
        }
        return connection;
    }

    /** Takes the lock of the walker of a source, which this session keeps; whether nobody else has it. */
    boolean lock(int id) throws SQLException {
        boolean locked = Jdbc.one(connection, TRY_LOCK, row -> row.getBoolean(1), id);
        connection.commit();
        if (locked) {
            sourceId = id;
        }
        return locked;
    }

    /** Has {@code walker.status()} tell that the walk goes on later. */
    void reconnecting(Exception failure) {
        note("SELECT 1 FROM walker._reconnecting(?, ?)", failure.getMessage());
    }

    /** Has {@code walker.status()} tell what has ended the walk. */
    void failed(Exception failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        note(
                "SELECT 1 FROM walker._failed(?, ?, ?::text::pg_lsn)",
                failure.getMessage(),
                cause instanceof WalFormatException damage
                        ? Lsn.format(damage.lsn())
                        : cause instanceof WalGapException gap ? Lsn.format(gap.missingLsn()) : null);
    }

    /** Unless it has never held the lock, or somebody else has it by now. */
    private void note(String sql, Object... arguments) {
        if (sourceId == 0) {
            return;
        }
        try {
            open().rollback();
            if (lock(sourceId)) {
                Object[] all = new Object[arguments.length + 1];
                all[0] = sourceId;
                System.arraycopy(arguments, 0, all, 1, arguments.length);
                Database.number(connection, sql, all);
                connection.commit();
            } else {
                drop();
            }
        } catch (SQLException | CommandException e) {
            drop();
            if (!Loss.isOfServer(e)) {
                log.warning("cannot note the failure in walker.progress: " + e.getMessage());
            }
        }
    }

    /** Waits, but not when the walk is to end, by a signal or by {@code walker.stop()}; whether it is. */
    boolean await(long millis, RunEnd end) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        for (long left = millis; left > 0; left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime())) {
            if (end.await(Math.min(left, LOOK_MILLIS)) || isToStop()) {
                forgetFailure();
                return true;
            }
        }
        return end.isAsked();
    }

    private boolean isToStop() {
        if (connection == null) {
            return false;
        }
        try {
            boolean wanted =
                    Jdbc.one(connection, "SELECT walker._wanted(?, 'stop')", row -> row.getBoolean(1), sourceId);
            connection.commit();
            return wanted;
        } catch (SQLException e) {
            log.debug("the target is away, too: " + e.getMessage());
            drop();
            return false;
        }
    }

    private void forgetFailure() {
        if (connection == null) {
            return;
        }
        try {
            Jdbc.update(
                    connection,
                    "UPDATE walker.progress SET reconnecting_since = NULL, last_error = NULL, error_lsn = NULL,"
                            + " error_at = NULL WHERE source_id = ?",
                    sourceId);
            connection.commit();
        } catch (SQLException e) {
            log.warning("cannot note the end in walker.progress: " + e.getMessage());
        }
    }

    private void drop() {
        close();
        connection = null;
    }

    @Override
    public void close() {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                log.debug("the target takes no farewell: " + e.getMessage());
            }
        }
    }
}
