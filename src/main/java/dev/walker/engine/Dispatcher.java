package dev.walker.engine;

import dev.walker.rmgr.Rmgr;
import dev.walker.spi.StateException;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSourceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Hands records to plugins, in their order. A plugin that throws is set aside, whatever it throws, and the others go on;
 * what happens to the store or the source is no fault of a plugin and ends the walk.
 *
 * <p>Which plugin wants which resource manager is settled once: a callback that a plugin does not override is never
 * called.
 */
public final class Dispatcher {
    private static final int RMGR_COUNT = 256;
    private static final String OWN_PACKAGE = "dev.walker.";
    private static final String OWN_CLASS = "dev/walker/";

    /** The callback for records of one resource manager; a switch over these is cheaper than a call of a function object. */
    private enum Callback {
        NONE(""),
        HEAP("onHeap"),
        HEAP2("onHeap2"),
        XLOG("onXlog"),
        XACT("onXact"),
        SMGR("onSmgr"),
        STANDBY("onStandby");

        private final String method;

        Callback(String method) {
            this.method = method;
        }
    }

    /** A plugin that is called for records of a resource manager. */
    private static final class Route {
        final LoadedPlugin target;
        /** Null once it was set aside, so that its memory is free for those that are called next. */
        WalPlugin plugin;

        final Callback first;
        /** Whether {@code onRecord} follows. */
        final boolean second;

        Route(LoadedPlugin target, Callback first, boolean second) {
            this.target = target;
            this.plugin = target.plugin();
            this.first = first;
            this.second = second;
        }

        void call(WalRecord record) {
            switch (first) {
                case HEAP:
                    plugin.onHeap(record);
                    break;
                case HEAP2:
                    plugin.onHeap2(record);
                    break;
                case XACT:
                    plugin.onXact(record);
                    break;
                case XLOG:
                    plugin.onXlog(record);
                    break;
                case SMGR:
                    plugin.onSmgr(record);
                    break;
                case STANDBY:
                    plugin.onStandby(record);
                    break;
                default:
                    break;
            }
            if (second) {
                plugin.onRecord(record);
            }
        }
    }

    private final List<LoadedPlugin> plugins;
    private final Consumer<LoadedPlugin> onFailure;
    private final PluginWatch watch;
    private final Route[][] routes = new Route[RMGR_COUNT][];

    /**
     * A dispatcher.
     *
     * @param plugins in the order in which they are called
     * @param onFailure is told when a plugin was set aside
     * @param onSlow takes a line about a plugin that does not come back, from another thread
     */
    public Dispatcher(List<LoadedPlugin> plugins, Consumer<LoadedPlugin> onFailure, Consumer<String> onSlow) {
        this.watch = new PluginWatch(slow -> onSlow.accept("plugin \"" + slow.name()
                + "\" does not come back from its call no. " + slow.calls() + ", the walk waits for it"));
        this.plugins = List.copyOf(plugins);
        this.onFailure = onFailure;
        buildRoutes();
    }

    /** The plugins, those set aside too, in their order. */
    public List<LoadedPlugin> plugins() {
        return plugins;
    }

    /** Gives a record to all plugins that want it. */
    public void dispatch(WalRecord record) {
        for (Route route : routes[record.rmgrId()]) {
            LoadedPlugin target = route.target;
            watch.begin(target);
            try {
                target.countRecord();
                route.call(record);
            } catch (StateException | WalSourceException e) {
                throw e;
            } catch (Throwable e) {
                endWithoutOwnClass(target, e);
                route.plugin = null;
                setAside(target, e, record.lsn());
            }
        }
        watch.end();
    }

    /** Lets all plugins do what no record brings about; whether one of them wants to be called again soon. */
    public boolean pause(long lsn) {
        boolean[] again = {false};
        for (LoadedPlugin target : plugins) {
            guarded(target, lsn, () -> again[0] |= target.plugin().onPause(lsn));
        }
        return again[0];
    }

    /** Tells all plugins that the walk ends. */
    public void shutdown(long lsn) {
        for (LoadedPlugin target : plugins) {
            guarded(target, lsn, () -> target.plugin().onShutdown());
        }
    }

    /** Runs something of a plugin that takes part; whether it did not throw. */
    public boolean guarded(LoadedPlugin target, long lsn, Runnable action) {
        if (!target.isActive()) {
            return false;
        }
        watch.begin(target);
        try {
            action.run();
            return true;
        } catch (StateException | WalSourceException e) {
            throw e;
        } catch (Throwable e) {
            endWithoutOwnClass(target, e);
            setAside(target, e, lsn);
            return false;
        } finally {
            watch.end();
        }
    }

    /** Name of the plugin that is being called just now, if there is one; for any thread. */
    public Optional<String> busyPlugin() {
        return watch.busy().map(LoadedPlugin::name);
    }

    /** Says of a plugin that it does not come back, if that is so; for a thread that looks now and then. */
    void look() {
        watch.look();
    }

    /**
     * Classes are loaded when they are used first, in the server with a query, which can be cancelled, out of a jar that can be
     * replaced. That is no fault of WALker's own plugins: the next walk goes on with all that is saved.
     */
    private static void endWithoutOwnClass(LoadedPlugin target, Throwable thrown) {
        if (thrown instanceof NoClassDefFoundError
                && thrown.getCause() instanceof ClassNotFoundException
                && String.valueOf(thrown.getMessage()).startsWith(OWN_CLASS)
                && target.plugin().getClass().getName().startsWith(OWN_PACKAGE)) {
            throw new StateException(
                    "cannot load a class of WALker (" + thrown + ", "
                            + thrown.getCause().getMessage()
                            + "), as after its jar was replaced while it ran; start the walker again",
                    thrown);
        }
    }

    private void setAside(LoadedPlugin target, Throwable thrown, long lsn) {
        target.fail(thrown, lsn);
        buildRoutes();
        onFailure.accept(target);
    }

    private void buildRoutes() {
        for (int rmgrId = 0; rmgrId < RMGR_COUNT; rmgrId++) {
            List<Route> wanted = new ArrayList<>();
            for (LoadedPlugin target : plugins) {
                if (!target.isActive()) {
                    continue;
                }
                Callback first = callbackFor(rmgrId, target.plugin());
                boolean second = overrides(target.plugin(), "onRecord");
                if (first != Callback.NONE || second) {
                    wanted.add(new Route(target, first, second));
                }
            }
            routes[rmgrId] = wanted.toArray(new Route[0]);
        }
    }

    private static Callback callbackFor(int rmgrId, WalPlugin plugin) {
        Callback callback =
                switch (Rmgr.of(rmgrId)) {
                    case HEAP -> Callback.HEAP;
                    case HEAP2 -> Callback.HEAP2;
                    case XLOG -> Callback.XLOG;
                    case XACT -> Callback.XACT;
                    case SMGR -> Callback.SMGR;
                    case STANDBY -> Callback.STANDBY;
                    default -> Callback.NONE;
                };
        return callback != Callback.NONE && overrides(plugin, callback.method) ? callback : Callback.NONE;
    }

    private static boolean overrides(WalPlugin plugin, String callback) {
        try {
            return plugin.getClass().getMethod(callback, WalRecord.class).getDeclaringClass() != WalPlugin.class;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("WalPlugin has no " + callback, e);
        }
    }

    /** What is told of a plugin that was set aside: name, LSN, message. */
    public static String describeFailure(LoadedPlugin failed) {
        return "plugin \"" + failed.name() + "\" is set aside at LSN " + Lsn.format(failed.errorLsn()) + ": "
                + failed.error().orElse("");
    }
}
