package dev.walker.sql;

import dev.walker.engine.NotedSettings;
import dev.walker.engine.PluginException;
import dev.walker.engine.PluginLoader;
import dev.walker.engine.RecordRange;
import dev.walker.engine.SettingException;
import dev.walker.engine.Settings;
import dev.walker.engine.UnmadePlugin;
import dev.walker.engine.UnreadSettings;
import dev.walker.jdbc.Jdbc;
import dev.walker.jdbc.JdbcSourceServer;
import dev.walker.jdbc.JdbcWalSource;
import dev.walker.jdbc.Opening;
import dev.walker.jdbc.SavePace;
import dev.walker.jdbc.SchemaVersion;
import dev.walker.jdbc.ServerSettings;
import dev.walker.jdbc.SettingNames;
import dev.walker.jdbc.SourceGoneException;
import dev.walker.jdbc.StaleStateException;
import dev.walker.jdbc.StoreErrors;
import dev.walker.jdbc.WalDirectory;
import dev.walker.jdbc.Walk;
import dev.walker.jdbc.WalkLog;
import dev.walker.jdbc.WalkSession;
import dev.walker.spi.StateException;
import dev.walker.wal.Lsn;
import dev.walker.wal.UnsupportedWalException;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalGapException;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * What {@code sql/walker--1.1.sql} declares as functions in language walker_java. Runs in a backend of the server, in the
 * transaction of the caller; a walk lives in this class from step to step.
 */
public final class Functions {
    /**
     * What is needed once something has failed. PL/Java gets classes from tables, which it cannot read after an error of the
     * server until a savepoint or the transaction is rolled back, so they are loaded before.
     */
    private static final List<Class<?>> FOR_FAILURES = List.of(
            FailureErrors.class,
            PluginException.class,
            SettingException.class,
            SourceGoneException.class,
            StateException.class,
            StaleStateException.class,
            StoreErrors.class,
            UnmadePlugin.class,
            UnsupportedWalException.class,
            WalFormatException.class,
            WalGapException.class,
            WalSourceException.class);

    /** Why PL/Java's policy does not let this class end the backend in order; empty if it does. */
    private static final Optional<String> UNGUARDED = guard();

    private static Walk walk;
    private static long failureLsn = Lsn.INVALID;

    private Functions() {}

    private static Optional<String> guard() {
        try {
            BackendExit.lookAfter();
            return Optional.empty();
        } catch (SecurityException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /**
     * {@code walker._step}: walks one batch; the caller commits.
     *
     * @param fresh whether this is the first step of a walk
     * @param untilLsn where the walk is to end, null for nowhere
     * @param acceptGap whether a walk that begins goes on where WAL is missing
     * @return what to do next: -1 end; 0 go on at once; a number above: go on after this many milliseconds, or before if
     *     somebody wants something; a number below -1: see after as many milliseconds whether there is a reason to go on
     */
    public static int step(int sourceId, boolean fresh, String untilLsn, boolean acceptGap) throws SQLException {
        if (fresh) {
            walk = null;
        }
        failureLsn = Lsn.INVALID;
        try {
            long until = untilLsn == null ? Lsn.INVALID : Lsn.parse(untilLsn);
            if (walk == null) {
                walk = new Walk(
                        opening -> open(sourceId, opening), acceptGap ? Opening.START_ACROSS_GAP : Opening.START);
            }
            return switch (walk.step(until)) {
                case END -> -1;
                case AT_ONCE -> 0;
                case AFTER_NAP -> walk.millisUntilDue();
                case WHEN_NEEDED -> -walk.napMillis();
            };
        } catch (Throwable e) {
            // What is in memory is ahead of the tables now.
            walk = null;
            throw describe(e);
        }
    }

    /** {@code walker._step} of version 1.0, where the jar is newer than the extension. */
    public static int step(int sourceId, boolean fresh, String untilLsn) throws SQLException {
        throw new SQLException(
                "extension walker is of version 1.0 in this database, the jar of version " + SchemaVersion.CURRENT
                        + ": ALTER EXTENSION walker UPDATE",
                "55000");
    }

    /** {@code walker._jar_version}: the version of the extension that this jar goes with. */
    public static String schemaVersion() {
        return SchemaVersion.CURRENT;
    }

    /** {@code walker._end}: the walk of this session ends. */
    public static void end() throws SQLException {
        Walk ended = walk;
        walk = null;
        try {
            if (ended != null) {
                ended.shutdown();
            }
        } catch (Throwable e) {
            throw describe(e);
        }
    }

    /** {@code walker._failure_lsn}: where the last step failed, null if it is not known. */
    public static String failureLsn() {
        return failureLsn == Lsn.INVALID ? null : Lsn.format(failureLsn);
    }

    /** {@code walker._record_rows}: the records of a range, in the columns of {@code walker.records}. */
    public static Iterator<String[]> records(String startLsn, String endLsn) throws SQLException {
        try {
            Connection connection = connection();
            RecordRange range = new RecordRange(
                    new JdbcWalSource(connection, WalDirectory.ofThisProcess()),
                    Lsn.parse(startLsn),
                    endLsn == null ? Optional.empty() : Optional.of(Lsn.parse(endLsn)));
            return new RecordRows(range, timeZone(connection));
        } catch (SQLException | RuntimeException e) {
            throw describe(e);
        }
    }

    /** That of the session; UTC if PostgreSQL knows it and Java does not. */
    private static ZoneId timeZone(Connection connection) {
        String name = new ServerSettings(connection).apply("TimeZone").orElse("UTC");
        return ZoneId.getAvailableZoneIds().contains(name) ? ZoneId.of(name) : ZoneOffset.UTC;
    }

    /**
     * {@code walker._check_settings}: an error if a walker could not start with the settings of this session.
     *
     * @return those that nobody reads, as far as that can be told without a walk; see {@link UnreadSettings#json}
     */
    public static String checkSettings() throws SQLException {
        try {
            Connection connection = connection();
            NotedSettings noted = new NotedSettings(new ServerSettings(connection));
            Settings settings = new Settings(noted);
            settings.check();
            new PluginLoader(Functions.class.getClassLoader()).load(settings.plugins(), settings);
            return SettingNames.ofSession(connection).unread(noted);
        } catch (Throwable e) {
            throw describe(e);
        }
    }

    private static WalkSession open(int sourceId, Opening opening) throws SQLException {
        Connection connection = connection();
        NotedSettings noted = new NotedSettings(ServerSettings.ofWalker(connection, sourceId));
        WalkLog log = WalkLog.ofServer(Functions::log);
        UNGUARDED.ifPresent(
                denied -> log.warning("a backend that is terminated while it is in Java can crash the server: " + denied
                        + "; name the present walker.policy in pljava.policy_urls"));
        WalkSession session = new WalkSession(
                connection,
                connection,
                new JdbcSourceServer(connection),
                sourceId,
                new JdbcWalSource(connection, WalDirectory.ofThisProcess()),
                new Settings(noted),
                opening,
                SavePace.SPARING,
                Functions.class.getClassLoader(),
                log);
        SettingNames.keepUnread(
                connection,
                sourceId,
                SettingNames.ofWalker(connection, sourceId).unread(noted));
        SettingNames.keepRead(connection, sourceId, noted);
        return session;
    }

    private static Connection connection() throws SQLException {
        return DriverManager.getConnection("jdbc:default:connection");
    }

    /** Through SQL, since a message of PL/Java's own logging could go to a client that is not there any more. */
    private static void log(String message) {
        try {
            // PL/Java runs a query as its rows are asked for, so one has to be.
            Jdbc.first(connection(), "SELECT walker._log(?)::text", row -> row.getString(1), message);
        } catch (SQLException e) {
            throw new StateException("cannot write to the server log: " + e.getMessage(), e);
        }
    }

    /**
     * Throws a checked exception where none can be declared: PL/Java gives an error the SQLSTATE of an SQLException only.
     *
     * @return never
     */
    @SuppressWarnings("unchecked")
    static <E extends Exception> RuntimeException undeclared(Exception thrown) throws E {
        throw (E) thrown;
    }

    static SQLException describe(Throwable thrown) {
        failureLsn = FailureErrors.lsn(thrown);
        return FailureErrors.of(thrown);
    }
}
