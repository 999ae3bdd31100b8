package dev.walker.spi;

import java.util.Optional;

/** The settings that the plugins of a host can read. */
public interface PluginSettings {
    /**
     * A setting of {@code postgresql.conf}, or of what stands in for it outside of a server: its text without blanks
     * around, empty if it is not set or has no text.
     *
     * @param name full name, such as {@code walker.catalogs}
     */
    Optional<String> setting(String name);
}
