package dev.walker.heatmap;

import dev.walker.engine.ChangeFlag;
import dev.walker.engine.Dispatcher;
import dev.walker.engine.LoadedPlugin;
import dev.walker.engine.OwnRelations;
import dev.walker.engine.Walker;
import dev.walker.files.WalFiles;
import dev.walker.spi.SourceServer;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalSegmentName;
import dev.walker.wal.WalSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time for walking the same WAL again and again, in the classes of a host: {@code time / records} is that for a record.
 * {@code engine} has no plugin, so what {@code heatmap} takes more is what the plugin takes.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xmx1g", "-XX:+UseSerialGC"})
@Warmup(iterations = 6)
@Measurement(iterations = 10)
public class WalkBenchmark {
    private static final long BATCH = 4 << 20;

    /** A directory with segments; bench/waldump.sh makes this one. */
    @Param("/tmp/walker-corpus/small")
    private String wal;

    /** How many segments, of those that come first. */
    @Param("16")
    private int segments;

    private Memory memory;
    private Dispatcher withHeatmap;
    private final Dispatcher withNothing = new Dispatcher(List.of(), failed -> {}, line -> {});

    /** Records that were walked, to divide by. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Count {
        /** Of one walk. */
        public long records;
    }

    /** Reads the segments. */
    @Setup
    public void open() throws IOException {
        memory = new Memory(Path.of(wal), segments);
        HeatmapPlugin plugin = new MemoryStore().start(SourceServer.none(), Map.of());
        withHeatmap = new Dispatcher(
                List.of(new LoadedPlugin("heatmap", plugin, 0)),
                failed -> {
                    throw new IllegalStateException(Dispatcher.describeFailure(failed));
                },
                line -> {});
    }

    /** Reading, checking and counting records. */
    @Benchmark
    public long engine(Count count) {
        return walk(withNothing, count);
    }

    /** The same, and the heat map. */
    @Benchmark
    public long heatmap(Count count) {
        return walk(withHeatmap, count);
    }

    private long walk(Dispatcher dispatcher, Count count) {
        Walker walker = new Walker(memory, dispatcher, new ChangeFlag(), OwnRelations.none(), memory.start);
        while (walker.walk(BATCH, Lsn.INVALID)) {
            // As a host does it, but for saving.
        }
        count.records = walker.records();
        return walker.position();
    }

    /** Segments in memory. */
    private static final class Memory implements WalSource {
        private final List<byte[]> segments = new ArrayList<>();
        private final int segmentSize;
        final long start;

        Memory(Path directory, int count) throws IOException {
            List<Path> paths;
            try (Stream<Path> all = Files.list(directory)) {
                paths = all.filter(path ->
                                WalSegmentName.isSegment(path.getFileName().toString()))
                        .sorted()
                        .limit(count)
                        .toList();
            }
            try (WalFiles files = new WalFiles(paths, 0)) {
                segmentSize = files.segmentSize();
                start = files.firstLsn();
            }
            for (Path path : paths) {
                segments.add(Files.readAllBytes(path));
            }
        }

        @Override
        public long systemIdentifier() {
            return 0;
        }

        @Override
        public int timeline() {
            return 1;
        }

        @Override
        public int segmentSize() {
            return segmentSize;
        }

        @Override
        public long readableUpTo() {
            return start + (long) segments.size() * segmentSize;
        }

        @Override
        public int read(long lsn, byte[] target, int targetAt, int length) {
            int at = Lsn.segmentOffset(lsn, segmentSize);
            int bytes = Math.min(length, segmentSize - at);
            System.arraycopy(segments.get((int) ((lsn - start) / segmentSize)), at, target, targetAt, bytes);
            return bytes;
        }
    }
}
