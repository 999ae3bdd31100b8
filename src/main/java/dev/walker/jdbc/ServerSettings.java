package dev.walker.jdbc;

import dev.walker.spi.StateException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.function.Function;

/** Settings as the server of a connection has them: {@code postgresql.conf}, ALTER SYSTEM, ALTER DATABASE and so on. */
public final class ServerSettings implements Function<String, Optional<String>> {
    private static final String OF_SESSION = "SELECT pg_catalog.current_setting(?, true)";
    private static final String MAY_SEE_FILES =
            "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')"
                    + " AND pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')";
    /** As {@code walker._left_empty()} has it. */
    private static final String IS_SET = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_file_settings f"
            + " WHERE pg_catalog.lower(f.name) = ? AND f.setting = '' AND f.error IS NULL)"
            + " OR EXISTS (SELECT 1 FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c"
            + " WHERE pg_catalog.split_part(c, '=', 1) = ? AND s.setdatabase IN (0, (SELECT d.oid"
            + " FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))"
            + " AND s.setrole IN (0, (SELECT u.usesysid FROM pg_catalog.pg_user u WHERE u.usename = current_user)))";

    private static final String MAY_SEE_COMMAND_LINE = "SELECT pg_catalog.has_function_privilege("
            + "'pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)', 'EXECUTE')";
    /** As {@code walker._set_by_command_line()} has it. */
    private static final String IS_IN_COMMAND_LINE = "SELECT EXISTS (SELECT 1 FROM pg_catalog.regexp_matches("
            + "pg_catalog.encode(pg_catalog.pg_read_binary_file('postmaster.opts', 0, 1048576, true), 'escape'), ?, 'gi') m"
            + " WHERE pg_catalog.translate(pg_catalog.lower(m[1]), '-', '_') = ?)";

    private static final String OF_COMMAND_LINE = "\"(?:-c|--)?[[:space:]]*(walker[.][^\"=]*)=";

    private static final String OF_WALKER = "SELECT walker._setting(?, ?)";

    private final Connection connection;
    private final Optional<Integer> sourceId;

    /** The settings of the session of a connection. */
    public ServerSettings(Connection connection) {
        this(connection, Optional.empty());
    }

    /** The settings as {@code walker.run()} or {@code walker.reload()} has read them last. */
    public static ServerSettings ofWalker(Connection connection, int sourceId) {
        return new ServerSettings(connection, Optional.of(sourceId));
    }

    private ServerSettings(Connection connection, Optional<Integer> sourceId) {
        this.connection = connection;
        this.sourceId = sourceId;
    }

    /** Until it is started again a server has an empty text for what was taken out of its files, in new sessions, too. */
    private Optional<String> ofSession(String name) throws SQLException {
        Optional<String> value = Jdbc.first(connection, OF_SESSION, row -> row.getString(1), name);
        boolean isLeftEmpty = value.equals(Optional.of(""))
                && name.startsWith("walker.")
                && is(MAY_SEE_FILES)
                && !is(IS_SET, name, name)
                && !(is(MAY_SEE_COMMAND_LINE) && is(IS_IN_COMMAND_LINE, OF_COMMAND_LINE, name));
        return isLeftEmpty ? Optional.empty() : value;
    }

    private boolean is(String question, Object... parameters) throws SQLException {
        return Jdbc.one(connection, question, row -> row.getBoolean(1), parameters);
    }

    @Override
    public Optional<String> apply(String name) {
        try {
            return sourceId.isPresent()
                    ? Jdbc.first(connection, OF_WALKER, row -> row.getString(1), sourceId.get(), name)
                    : ofSession(name);
        } catch (SQLException e) {
            throw new StateException("cannot ask the server for setting " + name + ": " + e.getMessage(), e);
        }
    }
}
