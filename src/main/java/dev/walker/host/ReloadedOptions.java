package dev.walker.host;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Options of {@code run} in a configuration file that was read anew: those of the log change, the others cannot. */
final class ReloadedOptions {
    private final Log.Threshold threshold;
    private final LogFormat format;
    private final Set<String> unchangeable = new TreeSet<>();

    /**
     * Compares two states of a file.
     *
     * @param settings with the new file
     * @throws ConfigException if an option that would change has a wrong value
     */
    ReloadedOptions(Optional<ConfigFile> before, RunSettings settings) {
        threshold = choice(settings, "log_level", Log.Threshold.values(), Log.Threshold.info);
        format = choice(settings, "log_format", LogFormat.values(), LogFormat.text);
        Set<String> names = new TreeSet<>();
        before.ifPresent(file -> names.addAll(file.names()));
        settings.file().ifPresent(file -> names.addAll(file.names()));
        for (String name : names) {
            boolean changed = !before.flatMap(file -> file.get(name))
                    .equals(settings.file().flatMap(file -> file.get(name)));
            if (changed && !ConfigFile.isSetting(name) && !name.startsWith("log_") && !settings.isOption(name)) {
                unchangeable.add(name);
            }
        }
    }

    private static <T extends Enum<T>> T choice(RunSettings settings, String name, T[] choices, T preset) {
        Optional<String> text = settings.apply(name);
        if (text.isEmpty()) {
            return preset;
        }
        return Arrays.stream(choices)
                .filter(each -> each.name().equals(text.get()))
                .findFirst()
                .orElseThrow(() -> new ConfigException(
                        settings.file().map(file -> file.place(name) + ": ").orElse("") + name + " is \"" + text.get()
                                + "\"; wanted one of " + Arrays.toString(choices)));
    }

    /** Changes what can change, and tells of the rest. */
    void take(Log log) {
        log.configure(threshold, format);
        for (String name : unchangeable) {
            log.warning(
                    name + " was changed in the configuration file, which has no effect before run is started again");
        }
    }
}
