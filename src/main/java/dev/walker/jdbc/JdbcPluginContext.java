package dev.walker.jdbc;

import dev.walker.engine.ChangeFlag;
import dev.walker.engine.Settings;
import dev.walker.spi.PluginContext;
import dev.walker.spi.SourceServer;
import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What a plugin is given by hosts that keep state in a database. */
final class JdbcPluginContext implements PluginContext {
    private final String pluginName;
    private final Connection connection;
    private final int sourceId;
    private final Settings settings;
    private final SourceServer server;
    private final ChangeFlag changes;
    private final WalkLog log;
    private final Map<TableSpec, JdbcStateTable> tables = new LinkedHashMap<>();
    private final Map<String, Optional<String>> published = new LinkedHashMap<>();
    private boolean writable;

    JdbcPluginContext(
            String pluginName,
            Connection connection,
            int sourceId,
            Settings settings,
            SourceServer server,
            ChangeFlag changes,
            WalkLog log) {
        this.pluginName = pluginName;
        this.connection = connection;
        this.sourceId = sourceId;
        this.settings = settings;
        this.server = server;
        this.changes = changes;
        this.log = log;
    }

    /** Lets the plugin write its tables, or no longer. */
    void writable(boolean allowed) {
        writable = allowed;
        tables.values().forEach(table -> table.writable(allowed));
    }

    /** Sends all that the plugin has written and published. */
    void send() {
        try {
            for (JdbcStateTable table : tables.values()) {
                table.send();
            }
            for (Map.Entry<String, Optional<String>> entry : published.entrySet()) {
                sendResult(entry.getKey(), entry.getValue());
            }
            published.clear();
        } catch (SQLException e) {
            throw StoreErrors.of("cannot save the state of plugin " + pluginName, e);
        }
    }

    private void sendResult(String key, Optional<String> json) throws SQLException {
        if (json.isPresent()) {
            Jdbc.update(
                    connection,
                    "INSERT INTO walker.plugin_result (source_id, plugin, key, value) VALUES (?, ?, ?, ?::text::jsonb)"
                            + " ON CONFLICT (source_id, plugin, key) DO UPDATE SET value = EXCLUDED.value",
                    sourceId,
                    pluginName,
                    key,
                    json.get());
        } else {
            Jdbc.update(
                    connection,
                    "DELETE FROM walker.plugin_result WHERE source_id = ? AND plugin = ? AND key = ?",
                    sourceId,
                    pluginName,
                    key);
        }
    }

    /** Drops all that was not sent. */
    void forget() {
        tables.values().forEach(JdbcStateTable::forget);
        published.clear();
    }

    @Override
    public String pluginName() {
        return pluginName;
    }

    @Override
    public Optional<String> setting(String name) {
        return settings.text(name);
    }

    @Override
    public SourceServer server() {
        return server;
    }

    @Override
    public StateTable table(TableSpec spec) {
        JdbcStateTable known = tables.get(spec);
        if (known != null) {
            return known;
        }
        JdbcStateTable table = new JdbcStateTable(connection, sourceId, spec);
        try {
            table.ensureExists();
        } catch (SQLException e) {
            throw StoreErrors.of("cannot make table walker." + spec.name(), e);
        }
        table.writable(writable);
        tables.put(spec, table);
        return table;
    }

    @Override
    public void stateChanged() {
        changes.raise();
    }

    @Override
    public void flushSoon() {
        changes.hurry();
    }

    @Override
    public void publish(String key, Optional<String> json) {
        published.put(key, json);
        changes.raise();
    }

    @Override
    public void log(String message) {
        log.info("plugin \"" + pluginName + "\": " + message);
    }
}
