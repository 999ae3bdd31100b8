package dev.walker.wal;

import dev.walker.bytes.WalBytes;
import dev.walker.files.FileWalReader;
import dev.walker.files.WalFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Nanoseconds for a record of real WAL, CRC and block references included, in one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 1)
public class ReadBenchmark {
    private static final int RECORDS = 1_000_000;
    /** As much as stays in memory, so that the disk has no part in it. */
    private static final int SEGMENTS = 16;

    private static final int CHUNK = 1 << 18;

    /** A directory with segments; bench/waldump.sh makes this one. */
    @Param("/tmp/walker-corpus/small")
    private String wal;

    private final WalRecord record = new WalRecord();

    private List<byte[]> segments;
    private int segmentSize;
    private long startLsn;
    private WalReader reader;

    private final RecordCrc crc = new RecordCrc();
    private int bareSegment;
    private int bareAt;

    private WalFiles files;
    private FileWalReader fileReader;

    /** Finds the segments, and reads the first ones. */
    @Setup
    public void open() throws IOException {
        List<Path> paths;
        try (Stream<Path> all = Files.list(Path.of(wal))) {
            paths = all.filter(
                            path -> WalSegmentName.isSegment(path.getFileName().toString()))
                    .sorted()
                    .limit(SEGMENTS)
                    .toList();
        }
        segments = new ArrayList<>();
        for (Path path : paths) {
            segments.add(Files.readAllBytes(path));
        }
        files = new WalFiles(paths, 0);
        segmentSize = files.segmentSize();
        startLsn = files.firstLsn();
        beginInMemory();
        beginFiles();
    }

    /** Closes what is open. */
    @TearDown
    public void close() {
        fileReader.close();
        files.close();
    }

    private void beginInMemory() {
        reader = new WalReader(startLsn, segmentSize, 0);
    }

    private void beginFiles() {
        if (fileReader != null) {
            fileReader.close();
        }
        fileReader = new FileWalReader(files, startLsn, 0);
    }

    /** {@link WalReader} on segments that are in memory. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public long walReader() {
        long bytes = 0;
        int left = RECORDS;
        while (left > 0) {
            switch (reader.next(record)) {
                case RECORD:
                    bytes += record.totalLength();
                    left--;
                    break;
                case NEED_MORE:
                    feed();
                    break;
                default:
                    throw new IllegalStateException(reader.endReason());
            }
        }
        return bytes;
    }

    private void feed() {
        int segment = (int) ((reader.wantedLsn() - startLsn) / segmentSize);
        if (segment >= segments.size()) {
            beginInMemory();
            segment = 0;
        }
        int at = Lsn.segmentOffset(reader.wantedLsn(), segmentSize);
        reader.feed(segments.get(segment), at, Math.min(CHUNK, segmentSize - at));
    }

    /**
     * The least that Java can do: no more than the length, the checksum, and the step to the next record. Records that are
     * cut by the end of a page go without their checksum.
     */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public long bareLoop() {
        long bytes = 0;
        int left = RECORDS;
        while (left > 0) {
            if (bareAt >= segmentSize) {
                bareAt -= segmentSize;
                bareSegment = (bareSegment + 1) % segments.size();
                if (bareSegment == 0) {
                    bareAt = 0;
                }
            }
            byte[] segment = segments.get(bareSegment);
            int onPage = bareAt % WalReader.PAGE_SIZE;
            if (onPage == 0) {
                // xlp_rem_len: what is left of a record that a page before has begun; it may go beyond this one, too.
                int header = bareAt == 0 ? WalReader.LONG_PAGE_HEADER : WalReader.SHORT_PAGE_HEADER;
                long rest = WalBytes.u32(segment, bareAt + 16);
                bareAt += (int) Math.min(WalReader.PAGE_SIZE, header + align(rest));
                continue;
            }
            int length = (int) WalBytes.u32(segment, bareAt);
            int toPageEnd = WalReader.PAGE_SIZE - onPage;
            if (length > toPageEnd || length < WalRecord.HEADER_SIZE) {
                bareAt += toPageEnd;
            } else {
                if (!crc.isGood(segment, bareAt, length)) {
                    throw new IllegalStateException("wrong checksum at " + bareAt + " of segment " + bareSegment);
                }
                bareAt += (int) align(length);
            }
            bytes += length;
            left--;
        }
        return bytes;
    }

    private static long align(long length) {
        return length + 7 & -8;
    }

    /** {@link FileWalReader} on files that are in the page cache: reading them counts, too. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public long fileWalReader() {
        long bytes = 0;
        int left = RECORDS;
        while (left > 0) {
            if (fileReader.next(record)) {
                bytes += record.totalLength();
                left--;
            } else {
                beginFiles();
            }
        }
        return bytes;
    }
}
