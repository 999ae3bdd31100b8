package dev.walker.jdbc;

import dev.walker.wal.Lsn;
import dev.walker.wal.WalSegmentName;
import dev.walker.wal.WalSource;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** The WAL of a running server, read from its {@code pg_wal} with {@code pg_read_binary_file}. */
public final class JdbcWalSource implements WalSource {
    /** Larger and smaller pieces are both slower. */
    private static final int MOST_AT_ONCE = 1 << 20;

    private static final String END_OF_WAL = "SELECT (CASE WHEN pg_catalog.pg_is_in_recovery()"
            + " THEN greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())"
            + " ELSE pg_catalog.pg_current_wal_flush_lsn() END)::text";

    private static final String TIMELINE = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()"
            + " THEN coalesce((SELECT received_tli FROM pg_catalog.pg_stat_wal_receiver),"
            + " (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()))"
            + " ELSE ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name("
            + "pg_catalog.pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer END";

    private static final String READ =
            "SELECT pg_catalog.pg_read_binary_file('pg_wal/' || ?, ?::bigint, ?::bigint, true)";

    private static final String OLDEST = "SELECT pg_catalog.min(f) FROM pg_catalog.pg_ls_dir('pg_wal') f"
            + " WHERE f ~ '^[0-9A-F]{24}$' AND pg_catalog.left(f, 8) = ?";

    private final Connection connection;
    private final long systemIdentifier;
    private final int segmentSize;
    private final int timeline;

    /**
     * The WAL of the server that a connection leads to.
     *
     * @throws SQLException if the server does not answer, or does not let this role read its WAL
     */
    public JdbcWalSource(Connection connection) throws SQLException {
        this.connection = connection;
        this.systemIdentifier = Jdbc.one(
                connection, "SELECT system_identifier FROM pg_catalog.pg_control_system()", row -> row.getLong(1));
        this.segmentSize = Jdbc.one(
                connection, "SELECT bytes_per_wal_segment FROM pg_catalog.pg_control_init()", row -> row.getInt(1));
        this.timeline = Jdbc.one(connection, TIMELINE, row -> row.getInt(1));
    }

    @Override
    public long systemIdentifier() {
        return systemIdentifier;
    }

    @Override
    public int timeline() {
        return timeline;
    }

    @Override
    public int segmentSize() {
        return segmentSize;
    }

    @Override
    public long readableUpTo() {
        try {
            return Lsn.parse(Jdbc.one(connection, END_OF_WAL, row -> row.getString(1)));
        } catch (SQLException e) {
            throw new WalSourceException("cannot ask the server for the end of its WAL: " + e.getMessage(), e);
        }
    }

    @Override
    public int read(long lsn, byte[] target, int targetAt, int length) {
        int offset = Lsn.segmentOffset(lsn, segmentSize);
        int most = Math.min(Math.min(length, MOST_AT_ONCE), segmentSize - offset);
        String segment = WalSegmentName.of(timeline, lsn, segmentSize).toString();
        Optional<byte[]> bytes;
        try {
            bytes = Jdbc.first(connection, READ, row -> row.getBytes(1), segment, (long) offset, (long) most);
        } catch (SQLException e) {
            throw new WalSourceException(
                    "cannot read WAL segment " + segment + " at LSN " + Lsn.format(lsn) + ": " + e.getMessage(), e);
        }
        if (bytes.isEmpty()) {
            throw new WalSourceException(gone(lsn, segment));
        }
        if (bytes.get().length == 0) {
            throw new WalSourceException("WAL segment " + segment + " ends at byte " + offset + ", wanted "
                    + segmentSize + " bytes (LSN " + Lsn.format(lsn) + ")");
        }
        System.arraycopy(bytes.get(), 0, target, targetAt, bytes.get().length);
        return bytes.get().length;
    }

    private String gone(long lsn, String segment) {
        String oldest;
        try {
            oldest = Jdbc.first(connection, OLDEST, row -> row.getString(1), segment.substring(0, 8))
                    .map(name -> "the oldest one on this timeline is " + name + ", which begins at LSN "
                            + Lsn.format(WalSegmentName.parse(name, segmentSize).startLsn()))
                    .orElse("there is none on this timeline");
        } catch (SQLException e) {
            oldest = "pg_wal cannot be listed: " + e.getMessage();
        }
        return "WAL segment " + segment + " is not there any more; wanted LSN " + Lsn.format(lsn) + ", " + oldest;
    }
}
