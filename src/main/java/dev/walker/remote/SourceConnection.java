package dev.walker.remote;

import dev.walker.jdbc.Jdbc;
import dev.walker.jdbc.JdbcWalSource;
import dev.walker.jdbc.WalkLog;
import dev.walker.wal.WalSource;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;

/** A server whose WAL is walked from outside: a connection for SQL, and its WAL as a stream or out of its files. */
public final class SourceConnection implements AutoCloseable {
    private static final String MAY_READ_FILES = "SELECT pg_catalog.has_function_privilege("
            + "'pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)', 'EXECUTE')";

    /** Nothing that is asked of a source takes long. */
    private static final int ANSWER_SECONDS = 120;

    private static final String TOO_MANY_WALSENDERS = "53300";

    private final ServerAddress address;
    private final Connection connection;
    private WalSource wal;
    private StreamWalSource stream;
    private String mode = "";

    private SourceConnection(ServerAddress address, Connection connection) {
        this.address = address;
        this.connection = connection;
    }

    /** Connects for SQL; {@link #openWal} is to follow. */
    public static SourceConnection connect(ServerAddress address) throws SQLException {
        return new SourceConnection(address, address.connect(ANSWER_SECONDS));
    }

    /**
     * Finds out how WAL can be read, and logs which way it is.
     *
     * @param mode {@code stream}, {@code file}, or {@code auto} for the stream where the server gives one
     * @throws WalSourceException if it cannot be read in this way
     */
    public void openWal(String mode, WalkLog log) throws SQLException {
        String refused = "";
        if (!mode.equals("file")) {
            try {
                stream = StreamWalSource.open(address, connection, log);
                wal = stream;
                this.mode = mode;
                log.info("reads WAL as a stream of replication");
                return;
            } catch (SQLException e) {
                if (mode.equals("stream") || Loss.isOfServer(e) && !TOO_MANY_WALSENDERS.equals(e.getSQLState())) {
                    throw e;
                }
                refused = "the server gives no stream of replication (" + e.getMessage() + ")";
            }
        }
        if (!Jdbc.one(connection, MAY_READ_FILES, row -> row.getBoolean(1))) {
            String user = Jdbc.one(connection, "SELECT current_user::text", row -> row.getString(1));
            throw new WalSourceException((refused.isEmpty() ? "" : refused + ", and ") + "role \"" + user
                    + "\" may not execute pg_read_binary_file. For a stream: ALTER ROLE " + user
                    + " REPLICATION, and a line for database \"replication\" in pg_hba.conf; for files: GRANT EXECUTE ON"
                    + " FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO " + user);
        }
        wal = new JdbcWalSource(connection);
        stream = null;
        this.mode = mode;
        log.info((refused.isEmpty() ? "" : refused + "; ") + "reads WAL out of files, with pg_read_binary_file");
    }

    /** The mode for which {@link #openWal} was called. */
    public String mode() {
        return mode;
    }

    /**
     * Reads WAL in another way from now on: the next {@link #wal} is another one, that before is closed.
     *
     * @throws WalSourceException if it cannot be read in this way; then nothing has changed
     */
    public void changeMode(String newMode, WalkLog log) throws SQLException {
        WalSource before = wal;
        try {
            openWal(newMode, log);
        } catch (SQLException e) {
            if (Loss.mayHeal(e)) {
                throw e;
            }
            throw new WalSourceException("the server gives no stream of replication: " + e.getMessage(), e);
        }
        before.close();
    }

    /** For SQL; commits by itself. */
    public Connection connection() {
        return connection;
    }

    /** The WAL, once {@link #openWal} was called. */
    public WalSource wal() {
        return wal;
    }

    /** Waits for more WAL, but not for longer than some time; without a stream for all of that time. */
    public void await(long millis) throws InterruptedException {
        if (stream == null) {
            Thread.sleep(millis);
        } else {
            stream.await(millis);
        }
    }

    @Override
    public void close() throws SQLException {
        try (connection) {
            if (wal != null) {
                wal.close();
            }
        }
    }
}
