package dev.walker.engine;

import dev.walker.spi.WalPlugin;
import dev.walker.wal.Lsn;
import java.util.Optional;

/** A plugin in its place in the order, with what is told about it. */
public final class LoadedPlugin {
    private final String name;
    private WalPlugin plugin;
    private long records;
    private long calls;
    private String error;
    private long errorLsn = Lsn.INVALID;

    /**
     * A plugin that was made.
     *
     * @param name as it stands in {@code walker.plugins}
     * @param records how many records it was given in earlier walks
     */
    public LoadedPlugin(String name, WalPlugin plugin, long records) {
        this.name = name;
        this.plugin = plugin;
        this.records = records;
    }

    /** The name under which it was loaded. */
    public String name() {
        return name;
    }

    /** The plugin; null once it was set aside, so that its memory is free again. */
    public WalPlugin plugin() {
        return plugin;
    }

    /** How many records it was given. */
    public long records() {
        return records;
    }

    /** Whether it takes part, that is has not thrown. */
    public boolean isActive() {
        return error == null;
    }

    /** What it threw. */
    public Optional<String> error() {
        return Optional.ofNullable(error);
    }

    /** LSN of the record at which it threw; {@link Lsn#INVALID} if it has not. */
    public long errorLsn() {
        return errorLsn;
    }

    void countRecord() {
        records++;
    }

    void countCall() {
        calls++;
    }

    /** How often it was called; other threads may see it a moment later. */
    long calls() {
        return calls;
    }

    /** What is told of something that a plugin threw. */
    public static String describe(Throwable thrown) {
        if (thrown instanceof PluginException) {
            return thrown.getMessage();
        }
        if (thrown instanceof ExceptionInInitializerError && thrown.getCause() != null) {
            return thrown + ": " + thrown.getCause();
        }
        if (thrown instanceof NoClassDefFoundError) {
            return thrown
                    + "; wanted a jar with that class, too. Where the jar was replaced or removed since the walker began,"
                    + " walker.stop() and walker.start() go on with the one that is there now";
        }
        return thrown instanceof OutOfMemoryError
                ? thrown + "; Java may use " + (Runtime.getRuntime().maxMemory() >> 20)
                        + " MB (-Xmx, in the server in pljava.vmoptions)"
                : thrown.toString();
    }

    /** Sets it aside for good; the first error is kept. */
    void fail(Throwable thrown, long lsn) {
        if (error == null) {
            error = describe(thrown);
            errorLsn = lsn;
            plugin = null;
        }
    }
}
