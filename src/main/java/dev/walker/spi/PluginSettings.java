package dev.walker.spi;

import java.util.Optional;

/** The settings that the plugins of a host can read. */
public interface PluginSettings {
    /**
     * A setting of {@code postgresql.conf}, or of what stands in for it outside of a server: its text without blanks
     * around, as it was written, units too; empty if it is not set or has no text.
     *
     * @param name full name, such as {@code walker.catalogs}; with one dot, since a {@code postgresql.conf} with a name that has two
     *     keeps the server from starting
     */
    Optional<String> setting(String name);
}
