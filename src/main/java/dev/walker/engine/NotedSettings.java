package dev.walker.engine;

import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** A look-up of settings that notes what was looked up. */
public final class NotedSettings implements Function<String, Optional<String>> {
    private final Function<String, Optional<String>> lookup;
    private final Set<String> read = new TreeSet<>();

    /** Notes what another look-up is asked for. */
    public NotedSettings(Function<String, Optional<String>> lookup) {
        this.lookup = lookup;
    }

    @Override
    public Optional<String> apply(String name) {
        read.add(name);
        return lookup.apply(name);
    }

    /** The names that were asked for. */
    public Set<String> read() {
        return Set.copyOf(read);
    }
}
