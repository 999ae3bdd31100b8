package dev.walker.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Names plugins that do not come back. The thread of the walk notes what it calls, and another thread looks now and then
 * whether that is still the same call; the plugin cannot be stopped, but somebody can be told.
 */
final class PluginWatch {
    private static final VarHandle BUSY;

    static {
        try {
            BUSY = MethodHandles.lookup().findVarHandle(PluginWatch.class, "busy", LoadedPlugin.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Consumer<LoadedPlugin> onSlow;

    /** Written for every call, so without the fences of a volatile field: it may be seen a moment later. */
    @SuppressWarnings("unused")
    private LoadedPlugin busy;

    private LoadedPlugin seen;
    private long seenCalls;
    private boolean told;

    /**
     * A watch that nobody looks at yet.
     *
     * @param onSlow is told, once for each such call and by the thread that calls {@link #look}
     */
    PluginWatch(Consumer<LoadedPlugin> onSlow) {
        this.onSlow = onSlow;
    }

    /** A plugin is called; {@link LoadedPlugin#calls} tells its calls apart. */
    void begin(LoadedPlugin plugin) {
        plugin.countCall();
        BUSY.setOpaque(this, plugin);
    }

    /** It came back. */
    void end() {
        BUSY.setOpaque(this, null);
    }

    /** The plugin that has not come back yet. */
    Optional<LoadedPlugin> busy() {
        return Optional.ofNullable((LoadedPlugin) BUSY.getOpaque(this));
    }

    /** Tells of a call that was under way when this was called the last time, too. */
    void look() {
        LoadedPlugin now = (LoadedPlugin) BUSY.getOpaque(this);
        long calls = now == null ? 0 : now.calls();
        if (now == null || now != seen || calls != seenCalls) {
            seen = now;
            seenCalls = calls;
            told = false;
        } else if (!told) {
            told = true;
            onSlow.accept(now);
        }
    }
}
