package dev.walker.host.report;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** Which server and database this is about, and how the walker is doing: the head of the page. */
final class ServerFacts {
    private static final String HERE = "pg_catalog.current_database() AS name,"
            + " pg_catalog.split_part(pg_catalog.version(), ' on ', 1) AS version,"
            + " pg_catalog.current_setting('cluster_name') AS cluster_name,"
            + " coalesce(pg_catalog.host(pg_catalog.inet_server_addr()), 'local socket') || ':'"
            + " || pg_catalog.current_setting('port') AS address,"
            + " (SELECT c.system_identifier::text FROM pg_catalog.pg_control_system() c) AS system_identifier";
    private static final String ELSEWHERE = "pg_catalog.concat_ws('.', f.source, ?::text) AS name,"
            + " 'PostgreSQL ' || f.version AS version, '' AS cluster_name, 'as source ' || f.source AS address,"
            + " f.system_identifier::text AS system_identifier";
    private static final String ALL = ", pg_catalog.to_char(pg_catalog.now(), 'YYYY-MM-DD HH24:MI:SS TZ') AS made_at,"
            + " pg_catalog.current_setting('TimeZone') AS zone, walker._version() AS walker_version,"
            + " (SELECT pg_catalog.count(*) FROM walker.gaps p WHERE p.source_id = %s"
            + " AND coalesce(p.plugin, 'heatmap') = 'heatmap') AS gaps, s.*,"
            + " pg_catalog.to_char(s.started_at, 'YYYY-MM-DD HH24:MI TZ') AS started,"
            + " pg_catalog.to_char(s.error_at, 'YYYY-MM-DD HH24:MI TZ') AS failed_at,"
            + " pg_catalog.to_char(s.reconnecting_since, 'YYYY-MM-DD HH24:MI TZ') AS away_since"
            + " FROM %s s";
    private static final String PLUGINS = "SELECT p.name, p.state, p.last_error FROM ";

    private final String name;
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
    private final String awaySince;
    private final String error;
    private final List<String> plugins;
    private final List<String> setAside;

    private ServerFacts(ResultSet row, Connection connection, Scope scope) throws SQLException {
        name = row.getString("name");
        String cluster = row.getString("cluster_name");
        server = row.getString("version") + ", " + row.getString("address") + (cluster.isEmpty() ? "" : ", " + cluster);
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
        awaySince = row.getString("away_since");
        String last = row.getString("last_error");
        error = last == null ? "" : row.getString("failed_at") + ": " + last;
        String all = PLUGINS + scope.call("plugins") + " p";
        plugins = Query.list(connection, all, p -> p.getString("name") + " (" + p.getString("state") + ")");
        setAside = Query.list(
                connection,
                all + " WHERE p.last_error IS NOT NULL",
                p -> "plugin " + p.getString("name") + " was set aside: " + p.getString("last_error"));
    }

    static ServerFacts read(Connection connection, Scope scope) throws SQLException {
        String all = String.format(ALL, scope.id(), scope.call("status"));
        return scope.source().isEmpty()
                ? Query.one(connection, "SELECT " + HERE + all, row -> new ServerFacts(row, connection, scope))
                : Query.one(
                        connection,
                        "SELECT " + ELSEWHERE + all + ", walker.fleet() f WHERE f.source = ?",
                        row -> new ServerFacts(row, connection, scope),
                        scope.database().orElse(null),
                        scope.source().get());
    }

    /** What the report is about. */
    String name() {
        return name;
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
                .name(name)
                .markup("<span class=\"state " + state + "\">walker ")
                .text(state)
                .markup("</span></h1><p class=\"mute\">")
                .text(server + ", system identifier " + identity)
                .markup("<br>")
                .text(madeAt + "; " + walk + (plugins.isEmpty() ? "" : "; plugins: " + String.join(", ", plugins)))
                .markup("</p>");
        if (awaySince != null) {
            note(html, "", "The walker has lost the server at " + awaySince + " and tries to connect again.");
        } else if (!state.equals("running")) {
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
