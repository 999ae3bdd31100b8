package dev.walker.host;

import dev.walker.engine.Dispatcher;
import dev.walker.engine.LoadedPlugin;
import dev.walker.files.FileWalReader;
import dev.walker.files.WalEnd;
import dev.walker.files.WalFiles;
import dev.walker.heatmap.HeatmapPlugin;
import dev.walker.spi.Gap;
import dev.walker.spi.PluginContext;
import dev.walker.spi.SourceServer;
import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The heat map of WAL in files. It is kept in memory: nothing is ever saved, so nothing has to be given up for what is
 * saved.
 */
final class OfflineMap {
    private static final long PROGRESS_BYTES = 4L << 20;

    private final HeatmapPlugin plugin = new HeatmapPlugin();
    private final LoadedPlugin loaded = new LoadedPlugin("heatmap", plugin, 0);
    private final Dispatcher dispatcher = new Dispatcher(List.of(loaded), failed -> {}, slow -> {});
    private WalEnd end;

    OfflineMap() {
        plugin.onStartup(new Context());
    }

    /**
     * Walks over files.
     *
     * @param stop records that end after it are left out; {@link Lsn#INVALID} for the end of WAL
     * @throws CommandException if the map does not fit into memory
     */
    void read(WalFiles files, long start, long stop, boolean skipGaps, PrintWriter err) {
        try (ProgressLine progress = new ProgressLine(err, files.storedBytes(files.segmentNumbers(start, stop)))) {
            long from = start;
            while (true) {
                try (FileWalReader reader = new FileWalReader(files, from, stop)) {
                    reader.keepAtMost(WalReader.LEAST_KEPT);
                    walk(reader, at -> progress.done(at - start));
                    end = reader.end();
                }
                if (end.kind() != WalEnd.Kind.GAP || !skipGaps) {
                    return;
                }
                WalInput.warn(err, end.reason() + "; skipped");
                from = end.resumeLsn();
                plugin.onGap(new Gap(end.lsn(), from, files.timeline(), files.timeline(), end.reason()));
            }
        }
    }

    private void walk(FileWalReader reader, Consumer<Long> progress) {
        WalRecord record = new WalRecord();
        long told = 0;
        while (reader.next(record)) {
            dispatcher.dispatch(record);
            if (!loaded.isActive()) {
                throw new CommandException(Dispatcher.describeFailure(loaded));
            }
            if (record.lsn() - told > PROGRESS_BYTES) {
                told = record.lsn();
                progress.accept(told);
            }
        }
    }

    /** The map. */
    HeatmapPlugin map() {
        return plugin;
    }

    /** Why there was no more WAL. */
    WalEnd end() {
        return end;
    }

    /** Settings that keep all in memory, and nobody to ask. */
    private static final class Context implements PluginContext {
        @Override
        public String pluginName() {
            return "heatmap";
        }

        @Override
        public Optional<String> setting(String name) {
            return switch (name) {
                case "walker.heatmap_history" -> Optional.of("off");
                case "walker.memory" ->
                    Optional.of(Long.toString(Math.max(64, Runtime.getRuntime().maxMemory() >> 20)));
                default -> Optional.empty();
            };
        }

        @Override
        public SourceServer server() {
            return SourceServer.none();
        }

        @Override
        public StateTable table(TableSpec spec) {
            return new EmptyTable();
        }

        @Override
        public void stateChanged() {}

        @Override
        public void publish(String key, Optional<String> json) {}

        @Override
        public void log(String message) {}
    }

    /** Nothing is ever put into it, since that is for {@code onFlush} alone, which is not called. */
    private static final class EmptyTable implements StateTable {
        @Override
        public void put(Object... row) {
            throw new IllegalStateException("state is not saved");
        }

        @Override
        public void delete(Object... keyPrefix) {}

        @Override
        public void scan(Consumer<Object[]> rows, Object... keyPrefix) {}
    }
}
