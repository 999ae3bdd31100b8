package dev.walker.host;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/** The settings and options that {@code run} was given: on the command line, then in the configuration file. */
final class RunSettings implements Function<String, Optional<String>> {
    private final Map<String, String> options;
    private final Optional<Path> path;
    private final AtomicBoolean asked = new AtomicBoolean();
    private volatile Optional<ConfigFile> file;

    /**
     * Reads the file.
     *
     * @param options what the command line gives, by the name that it would have in the file
     * @throws ConfigException if it cannot be read
     */
    RunSettings(Map<String, String> options, Optional<Path> path) {
        this.options = Map.copyOf(options);
        this.path = path;
        this.file = path.map(ConfigDefaults::read);
    }

    /** The text of a setting or an option; empty if it was not given. */
    @Override
    public Optional<String> apply(String name) {
        String option = options.get(name);
        return option != null ? Optional.of(option) : file.flatMap(config -> config.get(name));
    }

    /** Names of all settings that were given. */
    Set<String> names() {
        Set<String> names = new TreeSet<>(options.keySet());
        file.ifPresent(config -> names.addAll(config.names()));
        names.removeIf(name -> !ConfigFile.isSetting(name));
        return names;
    }

    /** Whether the command line gives this, so that the file does not matter. */
    boolean isOption(String name) {
        return options.containsKey(name);
    }

    /** The file as it was read last. */
    Optional<ConfigFile> file() {
        return file;
    }

    /** A message about settings, with the place of the one that it names, if that is in the file. */
    String locate(String message) {
        return file.map(config -> config.locate(message, options.keySet())).orElse(message);
    }

    /** Asks for the file to be read anew; from any thread. */
    void askReload() {
        asked.set(true);
    }

    /** Whether somebody has asked since this was called last. */
    boolean takeReload() {
        return asked.getAndSet(false);
    }

    /** Reads the file anew; nothing changes if that fails. */
    void reload() {
        file = path.map(ConfigDefaults::read);
    }

    /** Goes back to what was read before. */
    void restore(Optional<ConfigFile> before) {
        file = before;
    }
}
