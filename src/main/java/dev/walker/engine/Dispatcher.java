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
 * Hands records to plugins, in their order. A plugin that throws is set aside, the others go on; what happens to the
 * store or the source is no fault of a plugin and ends the walk.
 *
 * <p>Which plugin wants which resource manager is settled once: a callback that a plugin does not override is never
 * called.
 */
public final class Dispatcher {
    private static final int RMGR_COUNT = 256;

    /** A callback of the interface. */
    private interface Callback {
        void accept(WalPlugin plugin, WalRecord record);
    }

    private record Route(LoadedPlugin plugin, Callback first, Callback second) {}

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
            LoadedPlugin target = route.plugin;
            watch.begin(target);
            try {
                target.countRecord();
                if (route.first != null) {
                    route.first.accept(target.plugin(), record);
                }
                if (route.second != null) {
                    route.second.accept(target.plugin(), record);
                }
            } catch (StateException | WalSourceException e) {
                throw e;
            } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError | OutOfMemoryError e) {
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
        } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError | OutOfMemoryError e) {
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
                Callback second = overrides(target.plugin(), "onRecord") ? WalPlugin::onRecord : null;
                if (first != null || second != null) {
                    wanted.add(new Route(target, first, second));
                }
            }
            routes[rmgrId] = wanted.toArray(new Route[0]);
        }
    }

    private static Callback callbackFor(int rmgrId, WalPlugin plugin) {
        if (rmgrId == Rmgr.HEAP.id()) {
            return overrides(plugin, "onHeap") ? WalPlugin::onHeap : null;
        } else if (rmgrId == Rmgr.HEAP2.id()) {
            return overrides(plugin, "onHeap2") ? WalPlugin::onHeap2 : null;
        } else if (rmgrId == Rmgr.XLOG.id()) {
            return overrides(plugin, "onXlog") ? WalPlugin::onXlog : null;
        } else if (rmgrId == Rmgr.XACT.id()) {
            return overrides(plugin, "onXact") ? WalPlugin::onXact : null;
        } else if (rmgrId == Rmgr.SMGR.id()) {
            return overrides(plugin, "onSmgr") ? WalPlugin::onSmgr : null;
        } else if (rmgrId == Rmgr.STANDBY.id()) {
            return overrides(plugin, "onStandby") ? WalPlugin::onStandby : null;
        }
        return null;
    }

    private static boolean overrides(WalPlugin plugin, String callback) {
        try {
            return plugin.getClass().getMethod(callback, WalRecord.class).getDeclaringClass() != WalPlugin.class;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("WalPlugin has no " + callback, e);
        }
    }

    /** Written to standard error, which in a server is its log: a thread that is not the walk's has no session. */
    /** What is told of a plugin that was set aside: name, LSN, message. */
    public static String describeFailure(LoadedPlugin failed) {
        return "plugin \"" + failed.name() + "\" is set aside at LSN " + Lsn.format(failed.errorLsn()) + ": "
                + failed.error().orElse("");
    }
}
