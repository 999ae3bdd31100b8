package dev.walker.wal;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measures how fast records are read: a program, not a test.
 *
 * <pre>{@code
 * java -cp target/classes:target/test-classes dev.walker.wal.ReadSpeed WAL_DIRECTORY [ROUNDS [PG_WALDUMP]]
 * }</pre>
 *
 * <p>The segments are in memory before the clock starts; it counts CPU time. With pg_waldump as third argument its time for the same records
 * is shown as well, files in the page cache.
 */
public final class ReadSpeed {
    private static final int CHUNK = 1 << 20;

    private final List<byte[]> segments = new ArrayList<>();
    private final long startLsn;
    private final int segmentSize;
    private long records;
    private long recordBytes;
    private long endLsn;

    private ReadSpeed(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(directory)) {
            files = all.filter(
                            file -> WalSegmentName.isSegment(file.getFileName().toString()))
                    .sorted()
                    .collect(Collectors.toList());
        }
        if (files.isEmpty()) {
            throw new IllegalArgumentException("no WAL segments in " + directory);
        }
        segmentSize = (int) Files.size(files.get(0));
        startLsn = WalSegmentName.parse(files.get(0).getFileName().toString(), segmentSize)
                .startLsn();
        for (Path file : files) {
            segments.add(Files.readAllBytes(file));
        }
    }

    private void readAll(WalRecord record) {
        WalReader reader = new WalReader(startLsn, segmentSize, 0);
        records = 0;
        recordBytes = 0;
        while (true) {
            switch (reader.next(record)) {
                case RECORD:
                    records++;
                    recordBytes += record.totalLength();
                    break;
                case NEED_MORE:
                    endLsn = reader.position();
                    int segment = (int) Lsn.segmentNumber(reader.wantedLsn() - startLsn, segmentSize);
                    if (segment >= segments.size()) {
                        return;
                    }
                    int at = Lsn.segmentOffset(reader.wantedLsn(), segmentSize);
                    reader.feed(segments.get(segment), at, Math.min(CHUNK, segmentSize - at));
                    break;
                default:
                    endLsn = reader.position();
                    return;
            }
        }
    }

    /** Runs it. */
    public static void main(String[] args) throws IOException, InterruptedException {
        ReadSpeed speed = new ReadSpeed(Path.of(args[0]));
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 20;
        WalRecord record = new WalRecord();
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long best = Long.MAX_VALUE;
        for (int round = 0; round < rounds; round++) {
            long begin = threads.getCurrentThreadCpuTime();
            speed.readAll(record);
            best = Math.min(best, threads.getCurrentThreadCpuTime() - begin);
        }
        System.out.printf(
                "%d records of %.1f bytes on average up to %s: best of %d rounds %.1f ns per record, %.0f MB/s%n",
                speed.records,
                (double) speed.recordBytes / speed.records,
                Lsn.format(speed.endLsn),
                rounds,
                (double) best / speed.records,
                speed.recordBytes * 1e3 / best);
        if (args.length > 2) {
            long begin = System.nanoTime();
            Process process = new ProcessBuilder(
                            args[2],
                            "-q",
                            "-p",
                            args[0],
                            "-s",
                            Lsn.format(speed.startLsn + WalReader.LONG_PAGE_HEADER),
                            "-e",
                            Lsn.format(speed.endLsn))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            if (!process.waitFor(10, TimeUnit.MINUTES)) {
                process.destroyForcibly();
            }
            long time = System.nanoTime() - begin;
            System.out.printf("pg_waldump -q: %.1f ns per record%n", (double) time / speed.records);
        }
    }
}
