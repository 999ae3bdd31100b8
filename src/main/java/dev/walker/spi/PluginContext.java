package dev.walker.spi;

import java.util.Optional;

/** What WALker gives to a plugin. */
public interface PluginContext extends PluginSettings {
    /** The name under which the plugin was loaded. */
    String pluginName();

    /** What is known about the server whose WAL is walked. */
    SourceServer server();

    /**
     * A table for state, saved in the same transaction as the position. It is made if it does not exist, in schema
     * {@code walker} with a column for the source in front, {@code source_id}; the plugin sees the rows of its source only.
     *
     * @param spec its name and columns; the same each time, in later versions of the plugin too
     * @throws IllegalStateException if there is a table of this name with other columns
     */
    StateTable table(TableSpec spec);

    /**
     * Says that there is state to be saved. Until a plugin says so nothing is written, which keeps WALker silent on an
     * idle server; {@link WalPlugin#onFlush} follows in due time.
     */
    void stateChanged();

    /**
     * Says that state should be saved now, though it may not be time: what is kept in memory until then is more than there
     * is room for. {@link WalPlugin#onFlush} follows after the record at hand, where the host saves state at all.
     */
    default void flushSoon() {
        stateChanged();
    }

    /**
     * Publishes a row that {@code walker.results(plugin)} shows, in place of the one with the same key. Saved in the
     * same transaction as the position.
     *
     * @param key what tells the row from the others of this plugin
     * @param json a JSON value as text; empty to remove the row. Text that is no JSON sets the plugin aside when it is saved
     */
    void publish(String key, Optional<String> json);

    /** Writes a line to the log of the server or the program. */
    void log(String message);
}
