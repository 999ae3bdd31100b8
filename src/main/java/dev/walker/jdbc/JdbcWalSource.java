package dev.walker.jdbc;

import dev.walker.wal.Lsn;
import dev.walker.wal.TimelineHistory;
import dev.walker.wal.TimelineHistory.Stretch;
import dev.walker.wal.WalGapException;
import dev.walker.wal.WalSegmentName;
import dev.walker.wal.WalSource;
import dev.walker.wal.WalSourceException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The WAL of a running server, read from its {@code pg_wal} with {@code pg_read_binary_file} or in its process from the
 * files themselves: of a primary up to what is
 * flushed, of a standby up to what is replayed, which is what is certain to be in its history. A standby may be promoted
 * meanwhile.
 */
public final class JdbcWalSource implements WalSource {
    /** Larger and smaller pieces are both slower. */
    private static final int MOST_AT_ONCE = 1 << 20;

    private static final int MOST_HISTORY = 1 << 20;

    private static final String IS_STANDBY = "SELECT pg_catalog.pg_is_in_recovery()";

    private static final String END_OF_WAL = "SELECT (CASE WHEN pg_catalog.pg_is_in_recovery()"
            + " THEN coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0')"
            + " ELSE pg_catalog.pg_current_wal_flush_lsn() END)::text";

    /**
     * A standby does not tell on which timeline it replays, so this is the newest one that it knows it will come to. Up to
     * what is replayed that makes no difference.
     */
    private static final String TIMELINE = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN greatest("
            + "(SELECT received_tli FROM pg_catalog.pg_stat_wal_receiver),"
            + " (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()),"
            + " (SELECT min_recovery_end_timeline FROM pg_catalog.pg_control_recovery()),"
            + " (SELECT ('x' || pg_catalog.max(pg_catalog.left(f.name, 8)))::bit(32)::integer"
            + " FROM pg_catalog.pg_ls_waldir() f WHERE f.name ~ '^[0-9A-F]{8}\\.history$'"
            + " AND pg_catalog.current_setting('recovery_target_timeline') = 'latest'))"
            + " ELSE ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name("
            + "pg_catalog.pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer END";

    private static final String READ =
            "SELECT pg_catalog.pg_read_binary_file('pg_wal/' || ?, ?::bigint, ?::bigint, true)";

    private static final String MAY_READ = "SELECT pg_catalog.has_function_privilege("
            + "'pg_catalog.pg_read_binary_file(text,bigint,bigint,boolean)', 'EXECUTE')";

    private static final String SEGMENTS =
            "SELECT f.name FROM pg_catalog.pg_ls_waldir() f WHERE f.name ~ '^[0-9A-F]{24}$' ORDER BY 1";

    /** Gives the history files of timelines. */
    public interface Histories {
        /** The content of {@code TTTTTTTT.history}; empty if the server does not have it. */
        Optional<byte[]> read(int timeline) throws SQLException;
    }

    private final Connection connection;
    private final Optional<WalDirectory> directory;
    private final Histories histories;
    private final long systemIdentifier;
    private final int segmentSize;
    private boolean standby;
    private TimelineHistory history;

    /**
     * The WAL of the server that a connection leads to.
     *
     * @throws SQLException if the server does not answer, or does not let this role read its WAL
     */
    public JdbcWalSource(Connection connection) throws SQLException {
        this(connection, Optional.empty(), timeline -> historyFile(connection, timeline));
    }

    /**
     * The WAL of the server in whose process this runs.
     *
     * @param directory where its segments are, to be read without SQL where that can be done and the role may read files
     *     of the server
     * @throws SQLException if the server does not answer, or does not let this role read its WAL
     */
    public JdbcWalSource(Connection connection, WalDirectory directory) throws SQLException {
        // The process may read them whoever asks.
        this(
                connection,
                Jdbc.one(connection, MAY_READ, row -> row.getBoolean(1)) ? Optional.of(directory) : Optional.empty(),
                timeline -> historyFile(connection, timeline));
    }

    /**
     * The WAL of the server that a connection leads to, with histories from elsewhere: for a role that may not read files.
     *
     * @throws SQLException if the server does not answer
     */
    public JdbcWalSource(Connection connection, Histories histories) throws SQLException {
        this(connection, Optional.empty(), histories);
    }

    private JdbcWalSource(Connection connection, Optional<WalDirectory> directory, Histories histories)
            throws SQLException {
        this.connection = connection;
        this.directory = directory;
        this.histories = histories;
        this.systemIdentifier = Jdbc.one(
                connection, "SELECT system_identifier FROM pg_catalog.pg_control_system()", row -> row.getLong(1));
        this.segmentSize = Jdbc.one(
                connection, "SELECT bytes_per_wal_segment FROM pg_catalog.pg_control_init()", row -> row.getInt(1));
        this.standby = Jdbc.one(connection, IS_STANDBY, row -> row.getBoolean(1));
        this.history = readHistory(Jdbc.one(connection, TIMELINE, row -> row.getInt(1)));
    }

    private static String historyName(int timeline) {
        return String.format(Locale.ROOT, "%08X.history", timeline);
    }

    private static Optional<byte[]> historyFile(Connection connection, int timeline) throws SQLException {
        return Jdbc.first(connection, READ, row -> row.getBytes(1), historyName(timeline), 0L, (long) MOST_HISTORY);
    }

    private TimelineHistory readHistory(int timeline) throws SQLException {
        Optional<byte[]> text = histories.read(timeline);
        return text.isEmpty()
                ? TimelineHistory.none(timeline)
                : TimelineHistory.parse(
                        "pg_wal/" + historyName(timeline),
                        timeline,
                        new String(text.get(), StandardCharsets.UTF_8).lines().toList());
    }

    /** Whether the server was a standby when it was asked last. */
    public boolean isStandby() {
        return standby;
    }

    @Override
    public long systemIdentifier() {
        return systemIdentifier;
    }

    @Override
    public int timeline() {
        return history.timeline();
    }

    @Override
    public TimelineHistory history() {
        return history;
    }

    @Override
    public int segmentSize() {
        return segmentSize;
    }

    @Override
    public long readableUpTo() {
        try {
            long end = Lsn.parse(Jdbc.one(connection, END_OF_WAL, row -> row.getString(1)));
            if (standby) {
                // After the end, so that the history covers all of it.
                standby = Jdbc.one(connection, IS_STANDBY, row -> row.getBoolean(1));
                int timeline = Jdbc.one(connection, TIMELINE, row -> row.getInt(1));
                if (timeline != history.timeline()) {
                    history = readHistory(timeline);
                }
            }
            return end;
        } catch (SQLException e) {
            throw new WalSourceException("cannot ask the server for the end of its WAL: " + e.getMessage(), e);
        }
    }

    @Override
    public int read(long lsn, byte[] target, int targetAt, int length) {
        int offset = Lsn.segmentOffset(lsn, segmentSize);
        int most = Math.min(Math.min(length, MOST_AT_ONCE), segmentSize - offset);
        Stretch stretch = history.stretchAt(lsn);
        // What follows is on the next timeline, in another file.
        long left = stretch.end() - lsn;
        if (Long.compareUnsigned(left, most) < 0) {
            most = (int) left;
        }
        String segment = name(stretch, lsn);
        if (directory.isPresent()) {
            int count = directory.get().read(segment, offset, target, targetAt, most);
            if (count > 0) {
                return count;
            }
        }
        Optional<byte[]> bytes = read(segment, lsn, offset, most);
        if (bytes.isEmpty()) {
            // The file of a later timeline that began in this segment has the same bytes up to its beginning.
            for (Stretch later : history.newestFirst()) {
                if (bytes.isEmpty() && later.timeline() != stretch.timeline() && isBegunIn(later, lsn)) {
                    bytes = read(name(later, lsn), lsn, offset, most);
                }
            }
        }
        if (bytes.isEmpty()) {
            throw new WalGapException(gone(lsn), lsn);
        }
        if (bytes.get().length == 0) {
            throw new WalSourceException("WAL segment " + segment + " ends at byte " + offset + ", wanted "
                    + segmentSize + " bytes (LSN " + Lsn.format(lsn) + ")");
        }
        System.arraycopy(bytes.get(), 0, target, targetAt, bytes.get().length);
        return bytes.get().length;
    }

    private Optional<byte[]> read(String segment, long lsn, int offset, int most) {
        try {
            return Jdbc.first(connection, READ, row -> row.getBytes(1), segment, (long) offset, (long) most);
        } catch (SQLException e) {
            throw new WalSourceException(
                    "cannot read WAL segment " + segment + " at LSN " + Lsn.format(lsn) + ": " + e.getMessage(), e);
        }
    }

    private String name(Stretch stretch, long lsn) {
        return WalSegmentName.of(stretch.timeline(), lsn, segmentSize).toString();
    }

    private boolean isBegunIn(Stretch stretch, long lsn) {
        return Lsn.isBefore(lsn, stretch.begin())
                && Lsn.segmentNumber(stretch.begin(), segmentSize) == Lsn.segmentNumber(lsn, segmentSize);
    }

    @Override
    public long firstReadable(long lsn) {
        long end = readableUpTo();
        if (!Lsn.isBefore(lsn, end)) {
            return lsn;
        }
        Set<String> present;
        try {
            present = new HashSet<>(Jdbc.all(connection, SEGMENTS, row -> row.getString(1)));
        } catch (SQLException e) {
            throw new WalSourceException("cannot list the WAL segments of the server: " + e.getMessage(), e);
        }
        long first = end;
        while (Lsn.isBefore(lsn, first)) {
            // The newest timeline in the part of the segment that is needed; its file has what came before, too.
            Stretch stretch = history.stretchAt(first - 1);
            if (!present.contains(name(stretch, first - 1))) {
                return first;
            }
            first = first - 1 - Lsn.segmentOffset(first - 1, segmentSize);
        }
        return lsn;
    }

    private String gone(long lsn) {
        Stretch stretch = history.stretchAt(lsn);
        String oldest;
        try {
            List<String> names = Jdbc.all(connection, SEGMENTS, row -> row.getString(1));
            String prefix = name(stretch, lsn).substring(0, 8);
            oldest = names.stream()
                    .filter(name -> name.startsWith(prefix))
                    .findFirst()
                    .map(name -> "the oldest one on this timeline is " + name + ", which begins at LSN "
                            + Lsn.format(WalSegmentName.parse(name, segmentSize).startLsn()))
                    .orElse("there is none on this timeline");
        } catch (SQLException e) {
            oldest = "pg_wal cannot be listed: " + e.getMessage();
        }
        return "WAL segment " + name(stretch, lsn) + " is not there any more; wanted LSN " + Lsn.format(lsn) + ", "
                + oldest;
    }
}
