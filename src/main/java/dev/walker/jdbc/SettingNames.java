package dev.walker.jdbc;

import dev.walker.engine.NotedSettings;
import dev.walker.engine.UnreadSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;

/** The names of the settings {@code walker.*} that are set, and of those that WALker knows. */
public final class SettingNames {
    private static final String KNOWN = "SELECT k.name FROM walker._known_settings() k";
    private static final String OF_SESSION = "SELECT s FROM walker._set_settings() s";
    private static final String OF_WALKER =
            "SELECT k FROM walker.source s, pg_catalog.jsonb_object_keys(s.settings) k WHERE s.source_id = ?";

    private final List<String> set;
    private final List<String> known;

    private SettingNames(List<String> set, List<String> known) {
        this.set = set;
        this.known = known;
    }

    /** Those that are set for the session of a connection. */
    public static SettingNames ofSession(Connection connection) throws SQLException {
        return new SettingNames(Jdbc.all(connection, OF_SESSION, row -> row.getString(1)), known(connection));
    }

    /** Those that {@code walker.run()} or {@code walker.reload()} has read last. */
    public static SettingNames ofWalker(Connection connection, int sourceId) throws SQLException {
        return new SettingNames(Jdbc.all(connection, OF_WALKER, row -> row.getString(1), sourceId), known(connection));
    }

    private static List<String> known(Connection connection) throws SQLException {
        return Jdbc.all(connection, KNOWN, row -> row.getString(1));
    }

    /** Those that neither WALker nor who was noted reads, see {@link UnreadSettings#json}. */
    public String unread(NotedSettings noted) {
        return UnreadSettings.json(UnreadSettings.of(set, known, noted.read()));
    }

    /** Notes those of other prefixes that were read, so that {@code walker.reload()} sees that they have changed. */
    public static void keepRead(Connection connection, int sourceId, NotedSettings noted) throws SQLException {
        String read = noted.read().stream()
                .map(name -> '"' + name.replace("\\", "\\\\").replace("\"", "\\\"") + '"')
                .sorted()
                .collect(Collectors.joining(",", "{", "}"));
        Jdbc.update(
                connection,
                "UPDATE walker.source s SET settings = walker._with_read(s.settings, ?::text::text[]) WHERE s.source_id = ?"
                        + " AND s.settings IS DISTINCT FROM walker._with_read(s.settings, ?::text::text[])",
                read,
                sourceId,
                read);
    }

    /** Notes those that nobody reads, for {@code walker.start()} and {@code walker.settings()} to tell. */
    public static void keepUnread(Connection connection, int sourceId, String unread) throws SQLException {
        Jdbc.update(
                connection,
                "UPDATE walker.source SET unread = ?::text::jsonb WHERE source_id = ?"
                        + " AND coalesce(unread, '{}') <> ?::text::jsonb",
                unread,
                sourceId,
                unread);
    }
}
