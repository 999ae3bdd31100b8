package dev.walker.host.report;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** Which server and database this is about, and how the walker is doing: the head of the page. */
final class ServerFacts {
    private static final String SQL = "SELECT pg_catalog.current_database() AS database,"
            + " pg_catalog.split_part(pg_catalog.version(), ' on ', 1) AS version,"
            + " pg_catalog.current_setting('cluster_name') AS cluster_name,"
            + " coalesce(pg_catalog.host(pg_catalog.inet_server_addr()), 'local socket') || ':'"
            + " || pg_catalog.current_setting('port') AS address,"
            + " (SELECT c.system_identifier::text FROM pg_catalog.pg_control_system() c) AS system_identifier,"
            + " pg_catalog.to_char(pg_catalog.now(), 'YYYY-MM-DD HH24:MI:SS TZ') AS made_at,"
            + " pg_catalog.current_setting('TimeZone') AS zone, walker._version() AS walker_version,"
            + " walker._local_source_id() IS NULL AS elsewhere,"
            + " (SELECT pg_catalog.count(*) FROM walker.gaps) AS gaps, s.*,"
            + " pg_catalog.to_char(s.started_at, 'YYYY-MM-DD HH24:MI TZ') AS started,"
            + " pg_catalog.to_char(s.error_at, 'YYYY-MM-DD HH24:MI TZ') AS failed_at"
            + " FROM walker.status() s";
    private static final String PLUGINS = "SELECT p.name, p.state, p.last_error FROM walker.plugins() p";

    private final String database;
    private final String server;
    private final String identity;
    private final String madeAt;
    private final String zone;
    private final String state;
    private final String walk;
    private final String lag;
    private final String records;
    private final String walBytes;
    private final long gaps;
    private final boolean elsewhere;
    private final String error;
    private final List<String> plugins;
    private final List<String> setAside;

    private ServerFacts(ResultSet row, Connection connection) throws SQLException {
        database = row.getString("database");
        String name = row.getString("cluster_name");
        server = row.getString("version") + ", " + row.getString("address") + (name.isEmpty() ? "" : ", " + name);
        identity = row.getString("system_identifier");
        madeAt = row.getString("made_at");
        zone = row.getString("zone");
        state = row.getString("state");
        String started = row.getString("started");
        String position = row.getString("position");
        walk = position == null
                ? "nothing was walked yet"
                : "walked up to " + position + (started == null ? "" : ", started " + started);
        lag = row.getObject("lag_bytes") == null ? "" : Format.size(row.getLong("lag_bytes"));
        records = Format.count(row.getLong("records"));
        walBytes = Format.size(row.getLong("wal_bytes"));
        gaps = row.getLong("gaps");
        elsewhere = row.getBoolean("elsewhere");
        String last = row.getString("last_error");
        error = last == null ? "" : row.getString("failed_at") + ": " + last;
        plugins = Query.list(connection, PLUGINS, p -> p.getString("name") + " (" + p.getString("state") + ")");
        setAside = Query.list(
                connection,
                PLUGINS + " WHERE p.last_error IS NOT NULL",
                p -> "plugin " + p.getString("name") + " was set aside: " + p.getString("last_error"));
    }

    static ServerFacts read(Connection connection) throws SQLException {
        return Query.one(connection, SQL, row -> new ServerFacts(row, connection));
    }

    String database() {
        return database;
    }

    String server() {
        return server;
    }

    /** The time zone of the session, in which all times are. */
    String zone() {
        return zone;
    }

    String madeAt() {
        return madeAt;
    }

    void writeHead(Html html) throws IOException {
        html.markup("<header><h1>Garbage in ")
                .text(database)
                .markup("<span class=\"state " + state + "\">walker ")
                .text(state)
                .markup("</span></h1><p class=\"mute\">")
                .text(server + ", system identifier " + identity)
                .markup("<br>")
                .text(madeAt + "; " + walk + (plugins.isEmpty() ? "" : "; plugins: " + String.join(", ", plugins)))
                .markup("</p>");
        if (!state.equals("running")) {
            note(html, "", "The walker does not run: what changed since then is not in here.");
        }
        if (!error.isEmpty()) {
            note(html, " bad", "Last error, " + error);
        }
        for (String each : setAside) {
            note(html, " bad", each);
        }
        if (gaps > 0) {
            note(html, "", "WAL was left out " + gaps + " times, see table walker.gaps; maps began anew there.");
        }
        if (elsewhere) {
            note(html, "", "It is another server that is walked: its tables cannot be named from here.");
        }
        html.markup("</header>\n");
    }

    private static void note(Html html, String kind, String text) throws IOException {
        html.markup("<div class=\"note" + kind + "\">").text(text).markup("</div>");
    }

    void writeTiles(Html html) throws IOException {
        tile(html, walBytes, "WAL walked, " + records + " records");
        if (!lag.isEmpty()) {
            tile(html, lag, "behind the end of WAL");
        }
    }

    static void tile(Html html, String figure, String label) throws IOException {
        html.markup("<div class=\"tile\">")
                .element("b", figure)
                .element("span", label)
                .markup("</div>");
    }
}
