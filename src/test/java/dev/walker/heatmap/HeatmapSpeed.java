package dev.walker.heatmap;

import dev.walker.spi.SourceServer;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How much processor time the heatmap takes for a record, and what it allocates: {@code HeatmapSpeed DIRECTORY ROUNDS
 * [HISTORY]}, where the directory holds consecutive segments of 16 MiB and nothing else, and {@code HISTORY} is for {@code
 * walker.heatmap_history}; {@code both} has it on and off by turns.
 */
final class HeatmapSpeed {
    private HeatmapSpeed() {}

    public static void main(String[] arguments) throws IOException {
        byte[] wal = read(Path.of(arguments[0]));
        long start = java.nio.ByteBuffer.wrap(wal)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .getLong(8);
        for (int round = 0; round < Integer.parseInt(arguments[1]); round++) {
            long bare = walk(wal, start, null);
            MemoryStore store = new MemoryStore();
            String history = arguments.length < 3 ? "on" : arguments[2];
            if (history.equals("both")) {
                history = round % 2 == 0 ? "on" : "off";
            }
            HeatmapPlugin plugin = store.start(SourceServer.none(), Map.of("walker.heatmap_history", history));
            long allocated = allocated();
            long mapped = walk(wal, start, plugin);
            allocated = allocated() - allocated;
            // Once more over the same WAL: all chunks are there.
            long again = allocated();
            long second = walk(wal, start, plugin);
            again = allocated() - again;
            long flush = cpuTime();
            store.flush(plugin, start);
            flush = cpuTime() - flush;
            System.out.printf(
                    "history %s, %d records, %d relations: reading %.1f ns, heatmap %.1f ns more and %.2f bytes allocated"
                            + " per record, once more %.1f ns and %.3f bytes; flush of %d rows %.1f ms%n",
                    history,
                    records,
                    plugin.relations().size(),
                    (double) bare / records,
                    (double) (mapped - bare) / records,
                    (double) allocated / records,
                    (double) (second - bare) / records,
                    (double) again / records,
                    store.writes,
                    flush / 1e6);
        }
    }

    private static long records;

    private static long walk(byte[] wal, long start, HeatmapPlugin plugin) {
        WalReader reader = new WalReader(start, 16 << 20, 0);
        WalRecord record = new WalRecord();
        long time = cpuTime();
        records = 0;
        reader.next(record);
        reader.feed(wal, 0, wal.length);
        while (reader.next(record) == ReadStatus.RECORD) {
            records++;
            if (plugin != null) {
                WalkLoop.dispatch(record, plugin);
            }
        }
        return cpuTime() - time;
    }

    private static byte[] read(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> stream = Files.list(directory)) {
            files = stream.sorted().collect(Collectors.toList());
        }
        ByteArrayOutputStream wal = new ByteArrayOutputStream();
        for (Path file : files) {
            Files.copy(file, wal);
        }
        return wal.toByteArray();
    }

    private static long cpuTime() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getThreadAllocatedBytes(Thread.currentThread().getId());
    }
}
