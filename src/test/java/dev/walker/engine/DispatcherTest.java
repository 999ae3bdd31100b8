package dev.walker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.spi.StateException;
import dev.walker.spi.WalPlugin;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSourceException;
import java.io.IOError;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.Test;

class DispatcherTest {
    private final List<String> calls = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();

    /** Notes each callback. */
    private final class Noting implements WalPlugin {
        private final String id;

        Noting(String id) {
            this.id = id;
        }

        @Override
        public void onHeap(WalRecord record) {
            calls.add(id + " heap");
        }

        @Override
        public void onHeap2(WalRecord record) {
            calls.add(id + " heap2");
        }

        @Override
        public void onXlog(WalRecord record) {
            calls.add(id + " xlog");
        }

        @Override
        public void onXact(WalRecord record) {
            calls.add(id + " xact");
        }

        @Override
        public void onSmgr(WalRecord record) {
            calls.add(id + " smgr");
        }

        @Override
        public void onStandby(WalRecord record) {
            calls.add(id + " standby");
        }

        @Override
        public void onRecord(WalRecord record) {
            calls.add(id + " record");
        }
    }

    private Dispatcher dispatcher(WalPlugin... plugins) {
        List<LoadedPlugin> loaded = new ArrayList<>();
        for (WalPlugin plugin : plugins) {
            loaded.add(new LoadedPlugin("p" + loaded.size(), plugin, 0));
        }
        return new Dispatcher(loaded, failed -> failures.add(Dispatcher.describeFailure(failed)), slow -> {});
    }

    private static WalRecord record(int rmgrId) {
        return RecordBuilder.of(rmgrId, 0x10).main("00").decode(PgVersion.PG17);
    }

    @Test
    void eachResourceManagerHasItsCallbackAndOnRecordComesAfterIt() {
        Dispatcher dispatcher = dispatcher(new Noting("a"));
        for (Rmgr rmgr : List.of(Rmgr.HEAP, Rmgr.HEAP2, Rmgr.XLOG, Rmgr.XACT, Rmgr.SMGR, Rmgr.STANDBY, Rmgr.BTREE)) {
            dispatcher.dispatch(record(rmgr.id()));
        }
        dispatcher.dispatch(record(200));
        assertEquals(
                List.of(
                        "a heap",
                        "a record",
                        "a heap2",
                        "a record",
                        "a xlog",
                        "a record",
                        "a xact",
                        "a record",
                        "a smgr",
                        "a record",
                        "a standby",
                        "a record",
                        "a record",
                        "a record"),
                calls);
        assertEquals(8, dispatcher.plugins().get(0).records());
    }

    @Test
    void pluginsAreCalledInTheirOrder() {
        dispatcher(new Noting("first"), new Noting("second")).dispatch(record(Rmgr.XACT.id()));
        assertEquals(List.of("first xact", "first record", "second xact", "second record"), calls);
    }

    @Test
    void pluginWithoutCallbacksIsNeverCalled() {
        Dispatcher dispatcher = dispatcher(new WalPlugin() {});
        dispatcher.dispatch(record(Rmgr.HEAP.id()));
        assertEquals(0, dispatcher.plugins().get(0).records());
    }

    @Test
    void pluginThatThrowsIsSetAsideAndTheOthersGoOn() {
        WalPlugin bad = new WalPlugin() {
            @Override
            public void onHeap(WalRecord record) {
                throw new IllegalStateException("stumbled");
            }
        };
        Dispatcher dispatcher = dispatcher(new Noting("a"), bad, new Noting("b"));
        dispatcher.dispatch(record(Rmgr.HEAP.id()));
        dispatcher.dispatch(record(Rmgr.HEAP.id()));
        assertEquals(
                List.of("a heap", "a record", "b heap", "b record", "a heap", "a record", "b heap", "b record"), calls);
        LoadedPlugin failed = dispatcher.plugins().get(1);
        assertFalse(failed.isActive());
        assertEquals(1, failed.records());
        assertEquals(1, failures.size());
        assertTrue(failures.get(0).startsWith("plugin \"p1\" is set aside at LSN "), failures.get(0));
        assertTrue(failures.get(0).endsWith("java.lang.IllegalStateException: stumbled"), failures.get(0));
    }

    @Test
    void classOfWalkerThatCannotBeLoadedEndsTheWalk() {
        for (String missing : List.of("dev/walker/heatmap/Chunk", "example/Helper")) {
            WalPlugin plugin = new WalPlugin() {
                @Override
                public void onHeap(WalRecord record) {
                    NoClassDefFoundError error = new NoClassDefFoundError(missing);
                    error.initCause(new ClassNotFoundException("canceling statement due to user request"));
                    throw error;
                }
            };
            Dispatcher dispatcher = dispatcher(plugin);
            if (missing.startsWith("dev")) {
                StateException e =
                        assertThrows(StateException.class, () -> dispatcher.dispatch(record(Rmgr.HEAP.id())));
                assertTrue(e.getMessage().contains(missing + ", canceling statement"), e.getMessage());
                assertTrue(dispatcher.plugins().get(0).isActive());
            } else {
                dispatcher.dispatch(record(Rmgr.HEAP.id()));
                assertFalse(dispatcher.plugins().get(0).isActive());
            }
        }
    }

    /** Throws whatever it is given, checked exceptions too. */
    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void raise(Throwable thrown) throws T {
        throw (T) thrown;
    }

    @Test
    void pluginIsSetAsideWhateverItThrows() {
        for (Throwable thrown : List.of(
                new ServiceConfigurationError("no driver"),
                new IOError(new IOException("no disk")),
                new InternalError("mapped file is gone"),
                new Error("own"),
                new IOException("checked"),
                new SQLException("checked"))) {
            calls.clear();
            failures.clear();
            Dispatcher dispatcher = dispatcher(
                    new WalPlugin() {
                        @Override
                        public void onHeap(WalRecord record) {
                            DispatcherTest.<RuntimeException>raise(thrown);
                        }
                    },
                    new Noting("b"));
            dispatcher.dispatch(record(Rmgr.HEAP.id()));
            assertEquals(List.of("b heap", "b record"), calls);
            assertEquals(1, failures.size());
            assertTrue(failures.get(0).endsWith(": " + thrown), failures.get(0));
            LoadedPlugin other = dispatcher.plugins().get(1);
            assertFalse(dispatcher.guarded(other, 8, () -> DispatcherTest.<RuntimeException>raise(thrown)));
            assertEquals(thrown.toString(), other.error().orElseThrow());
        }
    }

    @Test
    void whatHappensToStoreOrSourceEndsTheWalk() {
        for (RuntimeException thrown : List.of(new StateException("canceled"), new WalSourceException("gone"))) {
            Dispatcher dispatcher = dispatcher(new WalPlugin() {
                @Override
                public void onHeap(WalRecord record) {
                    throw thrown;
                }
            });
            assertSame(thrown, assertThrows(RuntimeException.class, () -> dispatcher.dispatch(record(Rmgr.HEAP.id()))));
            LoadedPlugin plugin = dispatcher.plugins().get(0);
            assertSame(
                    thrown,
                    assertThrows(
                            RuntimeException.class,
                            () -> dispatcher.guarded(plugin, 8, () -> {
                                throw thrown;
                            })));
            assertTrue(plugin.isActive());
        }
    }

    @Test
    void pluginThatIsSetAsideIsNotFlushed() {
        Dispatcher dispatcher = dispatcher(new Noting("a"));
        LoadedPlugin plugin = dispatcher.plugins().get(0);
        assertFalse(dispatcher.guarded(plugin, 8, () -> {
            throw new StackOverflowError();
        }));
        assertEquals(8, plugin.errorLsn());
        assertFalse(dispatcher.guarded(plugin, 16, () -> calls.add("flushed")));
        assertEquals(List.of(), calls);
    }

    @Test
    void pluginThatEatsAllMemoryIsSetAsideAndLetGo() {
        WalPlugin glutton = new WalPlugin() {
            @Override
            public void onRecord(WalRecord record) {
                throw new OutOfMemoryError("Java heap space");
            }
        };
        Dispatcher dispatcher = dispatcher(glutton, new Noting("b"));
        dispatcher.dispatch(record(Rmgr.HEAP.id()));
        assertEquals(List.of("b heap", "b record"), calls);
        assertTrue(failures.get(0).contains("Java heap space; Java may use "), failures.get(0));
        assertNull(dispatcher.plugins().get(0).plugin());
        dispatcher.shutdown(0);
    }

    @Test
    void pluginThatDoesNotComeBackIsNamedOnce() throws InterruptedException {
        LoadedPlugin stuck = new LoadedPlugin("stuck", new Noting("a"), 0);
        LoadedPlugin other = new LoadedPlugin("other", new Noting("b"), 0);
        List<String> told = new ArrayList<>();
        PluginWatch watch = new PluginWatch(plugin -> told.add(plugin.name()));
        watch.look();
        watch.begin(stuck);
        watch.look();
        watch.begin(other);
        watch.look();
        watch.begin(other);
        watch.look();
        watch.end();
        watch.look();
        assertEquals(List.of(), told);
        watch.begin(stuck);
        watch.look();
        watch.look();
        watch.look();
        assertEquals(List.of("stuck"), told);
        watch.end();
        watch.look();
        watch.begin(stuck);
        watch.look();
        watch.look();
        assertEquals(List.of("stuck", "stuck"), told);
    }

    @Test
    void classThatCannotBeInitializedTellsWhatItThrew() {
        Throwable thrown = new ExceptionInInitializerError(new IllegalStateException("no driver"));
        assertEquals(
                "java.lang.ExceptionInInitializerError: java.lang.IllegalStateException: no driver",
                LoadedPlugin.describe(thrown));
    }
}
