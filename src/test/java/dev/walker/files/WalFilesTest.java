package dev.walker.files;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.Command;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.Lsn;
import dev.walker.wal.TimelineHistory;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSegmentName;
import dev.walker.wal.WalSourceException;
import io.airlift.compress.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WalFilesTest {
    private static final int SEGMENT = 1 << 20;

    @TempDir
    private Path directory;

    private final WalBuilder wal = new WalBuilder(PgVersion.PG17);
    private final List<Long> lsns = new ArrayList<>();
    private long end;
    /** Three and a half segments, numbers 1 to 4, with records of 100 to 20,000 bytes. */
    private final Map<String, byte[]> segments = new TreeMap<>();

    @BeforeEach
    void build() {
        int size = 100;
        while (wal.position() < 4 * SEGMENT + SEGMENT / 2) {
            lsns.add(wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[size])));
            size = size > 20_000 ? 100 : size + 997;
        }
        end = wal.position();
        byte[] bytes = Arrays.copyOf(wal.bytes(), 4 * SEGMENT);
        for (int i = 0; i < 4; i++) {
            segments.put(name(1, i + 1), Arrays.copyOfRange(bytes, i * SEGMENT, (i + 1) * SEGMENT));
        }
    }

    private static String name(int timeline, long number) {
        return new WalSegmentName(timeline, number, SEGMENT).toString();
    }

    private void writeAll() throws IOException {
        for (Map.Entry<String, byte[]> entry : segments.entrySet()) {
            Files.write(directory.resolve(entry.getKey()), entry.getValue());
        }
    }

    private WalFiles files() {
        return new WalFiles(List.of(directory), 0);
    }

    /** Start LSNs of all records up to the first end. */
    private static List<Long> read(WalFiles files, long start, List<WalEnd> ends) {
        List<Long> found = new ArrayList<>();
        try (FileWalReader reader = new FileWalReader(files, start, 0)) {
            WalRecord record = new WalRecord();
            while (reader.next(record)) {
                found.add(record.lsn());
            }
            ends.add(reader.end());
        }
        return found;
    }

    private WalEnd check(WalFiles files, List<Long> expected) {
        List<WalEnd> ends = new ArrayList<>();
        assertEquals(expected, read(files, files.firstLsn(), ends));
        assertEquals(expected, scan(files, ends));
        assertEquals(ends.get(0).kind(), ends.get(1).kind());
        assertEquals(ends.get(0).lsn(), ends.get(1).lsn());
        return ends.get(0);
    }

    private static final class Lsns implements SegmentScan.Part {
        final List<Long> lsns = new ArrayList<>();

        @Override
        public void add(WalRecord record) {
            lsns.add(record.lsn());
        }
    }

    private static List<Long> scan(WalFiles files, List<WalEnd> ends) {
        List<Long> found = new ArrayList<>();
        SegmentScan scan = new SegmentScan(files, files.firstLsn(), 0, 3, null, bytes -> {});
        ends.add(scan.run(Lsns::new, part -> found.addAll(part.lsns)));
        return found;
    }

    // What can be read

    @Test
    void readsADirectoryUpToTheEndOfWal() throws IOException {
        writeAll();
        try (WalFiles files = files();
                FileWalSource source = new FileWalSource(files)) {
            assertEquals(SEGMENT, files.segmentSize());
            assertEquals(WalBuilder.SYSTEM_IDENTIFIER, files.systemIdentifier());
            WalEnd reached = check(files, lsns);
            assertEquals(WalEnd.Kind.TIP, reached.kind());
            assertEquals(end, reached.lsn());
            assertTrue(reached.reason().contains("xl_tot_len 0"), reached.reason());
            assertEquals(end, source.readableUpTo());
        }
    }

    @Test
    void readsADataDirectoryAndSingleFiles() throws IOException {
        Path inside = Files.createDirectory(directory.resolve("pg_wal"));
        List<Path> paths = new ArrayList<>();
        for (Map.Entry<String, byte[]> entry : segments.entrySet()) {
            paths.add(Files.write(inside.resolve(entry.getKey()), entry.getValue()));
        }
        try (WalFiles files = files()) {
            check(files, lsns);
        }
        try (WalFiles files = new WalFiles(paths, 0)) {
            check(files, lsns);
        }
    }

    private static byte[] compress(String ending, byte[] bytes) throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        try (OutputStream out = ending.equals("gz")
                ? new GZIPOutputStream(target)
                : ending.equals("lz4") ? new FramedLZ4CompressorOutputStream(target) : new ZstdOutputStream(target)) {
            out.write(bytes);
        }
        return target.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gz", "lz4", "zst"})
    void readsCompressedSegments(String ending) throws IOException {
        for (Map.Entry<String, byte[]> entry : segments.entrySet()) {
            String partial = entry.getKey().equals(name(1, 4)) ? ".partial" : "";
            Files.write(directory.resolve(entry.getKey() + "." + ending + partial), compress(ending, entry.getValue()));
        }
        try (WalFiles files = files()) {
            check(files, lsns);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gz", "lz4", "zst"})
    void endsWhereACompressedFileWasLeftUnfinished(String ending) throws IOException {
        writeAll();
        Files.delete(directory.resolve(name(1, 3)));
        Files.delete(directory.resolve(name(1, 4)));
        byte[] compressed = compress(ending, segments.get(name(1, 3)));
        Files.write(
                directory.resolve(name(1, 3) + "." + ending + ".partial"),
                Arrays.copyOf(compressed, compressed.length - 10));
        try (WalFiles files = files()) {
            List<WalEnd> ends = new ArrayList<>();
            List<Long> found = read(files, files.firstLsn(), ends);
            assertEquals(lsns.subList(0, found.size()), found);
            assertEquals(WalEnd.Kind.TIP, ends.get(0).kind());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"wal.tar", "wal.tar.gz", "wal.tgz", "wal.tar.lz4", "wal.tar.zst"})
    void readsTarFiles(String name) throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(target)) {
            for (Map.Entry<String, byte[]> entry : segments.entrySet()) {
                // As pg_basebackup, not in order, and one is compressed by itself.
                boolean compressed = entry.getKey().equals(name(1, 2));
                byte[] bytes = compressed ? compress("gz", entry.getValue()) : entry.getValue();
                TarArchiveEntry header = new TarArchiveEntry("pg_wal/" + entry.getKey() + (compressed ? ".gz" : ""));
                header.setSize(bytes.length);
                tar.putArchiveEntry(header);
                tar.write(bytes);
                tar.closeArchiveEntry();
            }
        }
        byte[] bytes = target.toByteArray();
        String ending = name.replaceAll(".*\\.", "").replace("tgz", "gz");
        Path file = directory.resolve(name);
        Files.write(file, ending.equals("tar") ? bytes : compress(ending, bytes));
        try (WalFiles files = new WalFiles(List.of(file), 0)) {
            check(files, lsns);
        }
        try (WalFiles files = files()) {
            check(files, lsns);
        }
    }

    /** Two entries of one name, as after tar --append: the first one counts, as it does with plain tar files. */
    @ParameterizedTest
    @ValueSource(strings = {"wal.tar", "wal.tar.gz"})
    void readsTarFilesThatHaveASegmentTwice(String name) throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(target)) {
            for (int i = 0; i < 2; i++) {
                for (Map.Entry<String, byte[]> entry : segments.entrySet()) {
                    TarArchiveEntry header = new TarArchiveEntry(entry.getKey());
                    header.setSize(SEGMENT);
                    tar.putArchiveEntry(header);
                    tar.write(entry.getValue());
                    tar.closeArchiveEntry();
                }
            }
        }
        Path file = directory.resolve(name);
        Files.write(file, name.endsWith("gz") ? compress("gz", target.toByteArray()) : target.toByteArray());
        try (WalFiles files = files()) {
            check(files, lsns);
        }
    }

    /** The last segment has zeros behind the end of WAL, which tar --sparse leaves out. */
    @ParameterizedTest
    @ValueSource(strings = {"gnu wal.tar", "posix wal.tar", "gnu wal.tar.gz", "posix wal.tar.gz"})
    void readsSparseFilesInTarFiles(String formatAndName) throws IOException {
        String format = formatAndName.split(" ")[0];
        String name = formatAndName.split(" ")[1];
        Path tar = Path.of("/usr/bin/tar");
        assumeTrue(
                Files.isExecutable(tar) && Command.of("tar", "--version").run().contains("GNU tar"), "no GNU tar");
        Path whole = Files.createDirectory(directory.resolve("whole"));
        for (Map.Entry<String, byte[]> entry : segments.entrySet()) {
            Path file = whole.resolve(entry.getKey());
            boolean isLast = entry.getKey().equals(name(1, 4));
            Files.write(file, isLast ? Arrays.copyOf(entry.getValue(), (int) end - 4 * SEGMENT) : entry.getValue());
            try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
                sparse.setLength(SEGMENT);
            }
        }
        Path packed = Files.createDirectory(directory.resolve("packed"));
        String file = packed.resolve(name).toString();
        String options = name.endsWith("gz") ? "-czf" : "-cf";
        Command.of("tar", "--sparse", "--format=" + format, options, file, "-C", whole.toString(), ".")
                .run();
        try (WalFiles files = new WalFiles(List.of(packed), 0)) {
            WalEnd reached = check(files, lsns);
            assertTrue(reached.reason().contains("xl_tot_len 0"), reached.reason());
        }
    }

    /** As pzstd makes them: frames that are to be skipped are before each other one, and at the end. */
    @Test
    void skipsFramesOfZstd() throws IOException {
        for (Map.Entry<String, byte[]> entry : segments.entrySet()) {
            ByteArrayOutputStream frames = new ByteArrayOutputStream();
            for (int at = 0; at < SEGMENT; at += SEGMENT / 4) {
                frames.write(new byte[] {(byte) (0x50 + at * 12L / SEGMENT), 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4});
                frames.write(compress("zst", Arrays.copyOfRange(entry.getValue(), at, at + SEGMENT / 4)));
            }
            frames.write(new byte[] {0x5F, 0x2A, 0x4D, 0x18, 0, 0, 0, 0});
            Files.write(directory.resolve(entry.getKey() + ".zst"), frames.toByteArray());
        }
        try (WalFiles files = files()) {
            check(files, lsns);
        }
    }

    /** What zstd makes: with checksums, with and without the size, of one segment, of bytes that do not get shorter. */
    @Test
    void readsFramesOfZstdOfAllKinds() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/zstd")), "no zstd");
        new Random(1).nextBytes(segments.get(name(1, 4)));
        System.arraycopy(segments.get(name(1, 3)), 0, segments.get(name(1, 4)), 0, 64);
        for (String options : new String[] {"", "--no-check", "--no-content-size", "-9", "-1"}) {
            for (Map.Entry<String, byte[]> entry : segments.entrySet()) {
                Path plain = Files.write(directory.resolve("plain"), entry.getValue());
                Path packed = directory.resolve(entry.getKey() + ".zst");
                Command.of("sh", "-c", "zstd -q " + options + " -c " + plain + " > " + packed)
                        .run();
                try (InputStream content = Compression.ZSTD.open(Files.newInputStream(packed))) {
                    assertArrayEquals(entry.getValue(), content.readAllBytes(), options);
                }
                Command.of("sh", "-c", "zstd -q " + options + " -c < " + plain + " > " + packed)
                        .run();
                try (InputStream content = Compression.ZSTD.open(Files.newInputStream(packed))) {
                    assertArrayEquals(entry.getValue(), content.readAllBytes(), options);
                }
            }
        }
    }

    @Test
    void prefersWholeFilesToPartialOnes() throws IOException {
        writeAll();
        byte[] half = Arrays.copyOf(segments.get(name(1, 2)), 5000);
        Files.write(directory.resolve(name(1, 2) + ".partial"), half);
        Files.write(directory.resolve(name(1, 1) + ".gz"), new byte[] {1, 2, 3});
        try (WalFiles files = files()) {
            check(files, lsns);
        }
    }

    @Test
    void beginsAndEndsInTheMiddle() throws IOException {
        writeAll();
        try (WalFiles files = files()) {
            List<WalEnd> ends = new ArrayList<>();
            int some = lsns.size() / 2;
            assertEquals(lsns.subList(some, lsns.size()), read(files, lsns.get(some - 1) + 8, ends));
            List<Long> found = new ArrayList<>();
            SegmentScan scan = new SegmentScan(files, lsns.get(3), lsns.get(some), 2, null, bytes -> {});
            assertEquals(
                    WalEnd.Kind.UNTIL,
                    scan.run(Lsns::new, part -> found.addAll(part.lsns)).kind());
            assertEquals(lsns.subList(3, some), found);
            assertEquals(lsns.get(3), scan.firstLsn());
        }
    }

    // Where it ends

    @Test
    void endsInARecycledSegment() throws IOException {
        byte[] old = segments.get(name(1, 1));
        segments.put(name(1, 5), old);
        segments.put(name(1, 6), segments.get(name(1, 2)));
        byte[] last = segments.get(name(1, 4));
        int tip = (int) (end & SEGMENT - 1) | 8191;
        System.arraycopy(old, tip + 1, last, tip + 1, SEGMENT - tip - 1);
        writeAll();
        try (WalFiles files = files()) {
            WalEnd reached = check(files, lsns);
            assertEquals(WalEnd.Kind.TIP, reached.kind());
            assertEquals(end, reached.lsn());
        }
    }

    @Test
    void endsInATornRecord() throws IOException {
        // The last record that crosses a page is cut off at the end of its first page.
        int torn = lsns.size() - 1;
        while (lsns.get(torn) / 8192 == (torn + 1 < lsns.size() ? lsns.get(torn + 1) : end) / 8192) {
            torn--;
        }
        byte[] last = segments.get(name(1, 4));
        Arrays.fill(last, ((int) (lsns.get(torn) & SEGMENT - 1) | 8191) + 1, SEGMENT, (byte) 0);
        writeAll();
        try (WalFiles files = files()) {
            WalEnd reached = check(files, lsns.subList(0, torn));
            assertEquals(WalEnd.Kind.TIP, reached.kind());
            assertEquals(lsns.get(torn), reached.lsn());
            assertTrue(reached.reason().contains("xlp_magic 0"), reached.reason());
        }
    }

    @Test
    void endsWhereTheLastFileIsCutOff() throws IOException {
        segments.put(name(1, 4), Arrays.copyOf(segments.get(name(1, 4)), 100_000));
        writeAll();
        try (WalFiles files = files();
                FileWalSource source = new FileWalSource(files)) {
            List<Long> before =
                    lsns.stream().filter(lsn -> lsn < 4 * SEGMENT + 100_000).toList();
            List<WalEnd> ends = new ArrayList<>();
            List<Long> found = read(files, files.firstLsn(), ends);
            assertEquals(before.subList(0, before.size() - 1), found);
            assertTrue(
                    ends.get(0).reason().contains("ends at byte 100000"),
                    ends.get(0).reason());
            assertEquals(ends.get(0).lsn(), source.readableUpTo());
        }
    }

    @Test
    void tellsDamageFromTheEnd() throws IOException {
        int damaged = lsns.size() / 3;
        segments.get(name(1, lsns.get(damaged) / SEGMENT))[(int) (lsns.get(damaged) & SEGMENT - 1) + 30] ^= 1;
        writeAll();
        try (WalFiles files = files()) {
            WalEnd reached = check(files, lsns.subList(0, damaged));
            assertEquals(WalEnd.Kind.DAMAGE, reached.kind());
            assertEquals(lsns.get(damaged), reached.lsn());
            assertTrue(reached.reason().contains("xl_crc"), reached.reason());
        }
    }

    @Test
    void namesGapsAndGoesOnAfterThem() throws IOException {
        segments.remove(name(1, 2));
        writeAll();
        try (WalFiles files = files()) {
            List<Long> before = lsns.stream().filter(lsn -> lsn < 2 * SEGMENT).toList();
            List<Long> after = lsns.stream().filter(lsn -> lsn >= 3 * SEGMENT).toList();
            WalEnd reached = check(files, before.subList(0, before.size() - 1));
            assertEquals(WalEnd.Kind.GAP, reached.kind());
            assertEquals(3 * SEGMENT, reached.resumeLsn());
            assertTrue(
                    reached.reason().startsWith("no WAL from 0/200000 to 0/300000: segment " + name(1, 2)),
                    reached.reason());
            List<Long> found = new ArrayList<>();
            List<WalEnd> gaps = new ArrayList<>();
            SegmentScan scan = new SegmentScan(files, files.firstLsn(), 0, 2, gaps::add, bytes -> {});
            assertEquals(
                    WalEnd.Kind.TIP,
                    scan.run(Lsns::new, part -> found.addAll(part.lsns)).kind());
            List<Long> both = new ArrayList<>(before.subList(0, before.size() - 1));
            both.addAll(after);
            assertEquals(both, found);
            assertEquals(List.of(reached), gaps);
            try (FileWalSource source = new FileWalSource(files)) {
                WalSourceException thrown =
                        assertThrows(WalSourceException.class, () -> source.read(2 * SEGMENT + 5, new byte[10], 0, 10));
                assertTrue(thrown.getMessage().contains(name(1, 2)), thrown.getMessage());
            }
        }
    }

    @Test
    void noticesAGapWhereNoRecordGoesOn() throws IOException {
        WalBuilder switching = new WalBuilder(PgVersion.PG17);
        List<Long> found = new ArrayList<>();
        for (int segment = 1; segment <= 4; segment++) {
            found.add(switching.add(RecordBuilder.of(Rmgr.XLOG, 0x20)));
            found.add(switching.switchSegment());
        }
        byte[] bytes = switching.bytes();
        for (int i : new int[] {0, 1, 3}) {
            Files.write(directory.resolve(name(1, i + 1)), Arrays.copyOfRange(bytes, i * SEGMENT, (i + 1) * SEGMENT));
        }
        try (WalFiles files = files()) {
            WalEnd reached = check(files, found.subList(0, 4));
            assertEquals(WalEnd.Kind.GAP, reached.kind());
            assertEquals(4 * SEGMENT, reached.resumeLsn());
            List<WalEnd> gaps = new ArrayList<>();
            List<Long> all = new ArrayList<>();
            SegmentScan scan = new SegmentScan(files, 40, 0, 2, gaps::add, done -> {});
            WalEnd last = scan.run(Lsns::new, part -> all.addAll(part.lsns));
            assertEquals(WalEnd.Kind.TIP, last.kind());
            assertTrue(last.reason().contains("there is no segment " + name(1, 5)), last.reason());
            found.subList(4, 6).clear();
            assertEquals(found, all);
            assertEquals(
                    List.of(SEGMENT, 4 * SEGMENT),
                    gaps.stream().map(gap -> (int) gap.resumeLsn()).toList());
        }
    }

    @Test
    void refusesASegmentOfAnotherCluster() throws IOException {
        segments.get(name(1, 3))[24] ^= 1;
        writeAll();
        try (WalFiles files = files()) {
            WalFormatException thrown =
                    assertThrows(WalFormatException.class, () -> read(files, files.firstLsn(), new ArrayList<>()));
            assertTrue(thrown.getMessage().contains("xlp_sysid"), thrown.getMessage());
            assertThrows(WalFormatException.class, () -> scan(files, new ArrayList<>()));
        }
    }

    @Test
    void refusesSegmentsThatDoNotGoOnFromEachOther() throws IOException {
        // Valid by itself, but another history of the same cluster.
        WalBuilder other = new WalBuilder(PgVersion.PG17, SEGMENT, 3 * SEGMENT);
        other.prevLsn(3 * SEGMENT - 400);
        while (other.position() < 4 * SEGMENT + 8192) {
            other.add(RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[300]));
        }
        segments.put(name(1, 3), Arrays.copyOf(other.bytes(), SEGMENT));
        segments.remove(name(1, 4));
        writeAll();
        try (WalFiles files = files()) {
            List<WalEnd> ends = new ArrayList<>();
            List<Long> found = read(files, files.firstLsn(), ends);
            assertEquals(lsns.subList(0, found.size()), found);
            assertEquals(WalEnd.Kind.DAMAGE, ends.get(0).kind());
        }
    }

    /** Pages of a live server's directory are looked at before they are written, again and again. */
    @Test
    void triesAgainWhereverItMetPagesThatWereNotWritten() throws IOException {
        byte[] bytes = segments.get(name(1, 1)).clone();
        int[] unwritten = {3, 9, 12, 40};
        for (int page : unwritten) {
            Arrays.fill(bytes, page * 8192, (page + 1) * 8192, (byte) 0);
        }
        writeAll();
        Path first = Files.write(directory.resolve(name(1, 1)), bytes);
        try (WalFiles files = files();
                FileWalReader reader = new FileWalReader(files, files.firstLsn(), 0)) {
            reader.begin(files.firstLsn(), 2 * SEGMENT, 0);
            WalRecord record = new WalRecord();
            List<Long> found = new ArrayList<>();
            for (int page : unwritten) {
                // The last record before the page that was read too early.
                while (reader.position() + 25_000 < SEGMENT + page * 8192) {
                    assertTrue(reader.next(record), "before page " + page);
                    found.add(record.lsn());
                }
                System.arraycopy(segments.get(name(1, 1)), page * 8192, bytes, page * 8192, 8192);
                Files.write(first, bytes);
            }
            while (reader.next(record)) {
                found.add(record.lsn());
            }
            assertEquals(WalEnd.Kind.UNTIL, reader.end().kind(), reader.end().reason());
            assertEquals(lsns.stream().filter(lsn -> lsn < 2 * SEGMENT).toList(), found);
        }
    }

    // Timelines

    /** Timeline 2 leaves timeline 1 at a record of segment 2; WAL of timeline 1 goes on, to be ignored. */
    private List<Long> fork() throws IOException {
        writeAll();
        int left = 0;
        while (lsns.get(left) < 2 * SEGMENT + SEGMENT / 2 || lsns.get(left) % 8192 < 4000) {
            left++;
        }
        long leftAt = lsns.get(left);
        WalBuilder fork = new WalBuilder(PgVersion.PG17);
        List<Long> all = new ArrayList<>();
        int size = 100;
        while (fork.position() < leftAt) {
            all.add(fork.add(RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[size])));
            size = size > 20_000 ? 100 : size + 997;
        }
        assertEquals(leftAt, fork.position());
        fork.timeline(2);
        while (fork.position() < 3 * SEGMENT + SEGMENT / 3) {
            all.add(fork.add(RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[555])));
        }
        byte[] bytes = Arrays.copyOf(fork.bytes(), 3 * SEGMENT);
        Files.write(directory.resolve(name(2, 2)), Arrays.copyOfRange(bytes, SEGMENT, 2 * SEGMENT));
        Files.write(directory.resolve(name(2, 3)), Arrays.copyOfRange(bytes, 2 * SEGMENT, 3 * SEGMENT));
        Files.writeString(
                directory.resolve("00000002.history"), "1\t" + Lsn.format(leftAt) + "\tno recovery target specified\n");
        return all;
    }

    @Test
    void followsTheNewestTimelineFromWhereItBegan() throws IOException {
        List<Long> all = fork();
        try (WalFiles files = files()) {
            assertEquals(2, files.timeline());
            assertEquals(WalEnd.Kind.TIP, check(files, all).kind());
        }
        try (WalFiles files = new WalFiles(List.of(directory), 1)) {
            check(files, lsns);
        }
    }

    @Test
    void takesAnOlderTimelineOnlyUpToWhereItWasLeft() throws IOException {
        List<Long> all = fork();
        Files.delete(directory.resolve(name(2, 2)));
        try (WalFiles files = files()) {
            List<WalEnd> ends = new ArrayList<>();
            List<Long> found = read(files, files.firstLsn(), ends);
            assertEquals(all.subList(0, found.size()), found);
            assertEquals(WalEnd.Kind.GAP, ends.get(0).kind());
            assertEquals(3 * SEGMENT, ends.get(0).resumeLsn());
            assertTrue(
                    ends.get(0).reason().contains("timeline 1 was left at"),
                    ends.get(0).reason());
        }
    }

    @Test
    void refusesATimelineThatIsNotThere() throws IOException {
        writeAll();
        WalSourceException thrown =
                assertThrows(WalSourceException.class, () -> new WalFiles(List.of(directory), 7).close());
        assertTrue(thrown.getMessage().contains("there are segments of timeline 1"), thrown.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "x 0/10", "1 0-10", "3 0/10", "1 0/20\n1 0/30", "2 0/20\n1 0/30"})
    void refusesAWrongHistory(String text) {
        WalSourceException thrown = assertThrows(
                WalSourceException.class,
                () -> TimelineHistory.parse("00000003.history", 3, List.of(text.split("\n"))));
        assertTrue(thrown.getMessage().contains("00000003.history, line "), thrown.getMessage());
    }

    /** As PostgreSQL writes them after recovery to a point before an earlier promotion, with the LSNs of each timeline. */
    @ParameterizedTest
    @CsvSource({
        "1 0/5000000;2 0/3000000, 3: 0/3000000;1: 0/0 to 0/3000000",
        "1 0/5000000;2 0/3000000;3 0/4000000, 4: 0/4000000;3: 0/3000000 to 0/4000000;1: 0/0 to 0/3000000",
        "1 0/5000000;2 0/6000000;3 0/2000000, 4: 0/2000000;1: 0/0 to 0/2000000",
        "1 0/2000000;2 0/5000000;3 0/3000000, 4: 0/3000000;2: 0/2000000 to 0/3000000;1: 0/0 to 0/2000000",
        "1 0/3000000;2 0/3000000, 3: 0/3000000;2: 0/3000000 to 0/3000000;1: 0/0 to 0/3000000",
    })
    void clipsTimelinesToWhereNewerOnesBegan(String lines, String expected) {
        String[] all = lines.split(";");
        TimelineHistory history = TimelineHistory.parse("x.history", all.length + 1, List.of(all));
        assertEquals(
                expected,
                history.newestFirst().stream()
                        .map(each -> each.timeline() + ": " + Lsn.format(each.begin())
                                + (each.end() == -1L ? "" : " to " + Lsn.format(each.end())))
                        .collect(Collectors.joining(";")));
        assertEquals(1, history.timelineAt(0x1FFFFFF));
        assertEquals(all.length + 1, history.timelineAt(0x8000000));
    }

    /** Timeline 3 left timeline 1 before timeline 2 did, of which there are segments, too. */
    @Test
    void readsAcrossAnEarlierPromotion() throws IOException {
        List<Long> all = fork();
        for (int number : new int[] {3, 2}) {
            byte[] bytes = Files.readAllBytes(directory.resolve(name(2, number)));
            Files.write(directory.resolve(name(2, number + 1)), segments.get(name(1, 4)));
            // The same WAL under the name of timeline 3: what comes after the fork is read from there.
            for (int page = 0; page < SEGMENT; page += 8192) {
                bytes[page + 4] += (byte) (bytes[page + 4] - 1);
            }
            Files.write(directory.resolve(name(3, number)), bytes);
        }
        String left = Files.readString(directory.resolve("00000002.history"));
        Files.writeString(directory.resolve("00000002.history"), "1\t0/400000\tno recovery target specified\n");
        Files.writeString(
                directory.resolve("00000003.history"),
                "1\t0/400000\tno recovery target specified\n\n2" + left.substring(1));
        Files.delete(directory.resolve(name(2, 2)));
        try (WalFiles files = files()) {
            assertEquals(3, files.timeline());
            assertEquals(WalEnd.Kind.TIP, check(files, all).kind());
        }
    }

    // What is refused

    @Test
    void refusesWhatIsNoWal() throws IOException {
        assertFalse(message(directory).isEmpty());
        Path text = Files.write(directory.resolve("notes.txt"), "x".getBytes(StandardCharsets.UTF_8));
        assertTrue(message(text).contains("judged by its name"), message(text));
        assertTrue(message(directory.resolve("none")).contains("no such file"), message(directory.resolve("none")));
        Path empty = Files.write(directory.resolve(name(1, 1)), new byte[0]);
        assertTrue(message(empty).contains("has 0 bytes"), message(empty));
        Files.write(empty, new byte[SEGMENT]);
        assertTrue(message(empty).contains("xlp_magic 0x0000"), message(empty));
        byte[] bytes = segments.get(name(1, 1)).clone();
        bytes[32] = 7;
        Files.write(empty, bytes);
        assertTrue(message(empty).contains("xlp_seg_size"), message(empty));
        Files.write(empty, segments.get(name(1, 1)));
        Files.write(directory.resolve("000000010000000000001000"), new byte[SEGMENT]);
        assertTrue(message(directory).contains("000000010000000000001000"), message(directory));
        Path gz = Files.write(directory.resolve(name(1, 9) + ".gz"), "no gzip at all".getBytes(StandardCharsets.UTF_8));
        assertTrue(message(gz).contains("cannot read " + gz), message(gz));
        Path tar = Files.write(directory.resolve("a.tar"), new byte[] {1, 2, 3});
        assertTrue(message(tar).contains("a.tar"), message(tar));
    }

    private static String message(Path path) {
        return assertThrows(WalSourceException.class, () -> new WalFiles(List.of(path), 0).close())
                .getMessage();
    }
}
