package dev.walker.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.Golden;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import dev.walker.wal.Lsn;
import dev.walker.wal.PageTally;
import dev.walker.wal.RecordCounts;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSegmentName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Counting without taking records apart gives what reading them gives: the same counts, ends and errors, whatever the WAL.
 * {@code -Dwalker.hostile=all} damages it in many more ways.
 */
class SegmentScanTest {
    private static final int SEGMENT = 1 << 20;
    private static final int SEGMENTS = 4;
    private static final boolean ALL = System.getProperty("walker.hostile", "").equals("all");

    @TempDir
    private Path directory;

    /** Counts records, which are given to it or not. */
    private static final class Counter implements SegmentScan.Part {
        final RecordCounts counts = new RecordCounts();
        final boolean bothWays;
        int given;

        Counter(boolean bothWays) {
            this.bothWays = bothWays;
        }

        @Override
        public void add(WalRecord record) {
            counts.add(record);
            given++;
        }

        @Override
        public Optional<RecordCounts> counts() {
            return bothWays ? Optional.of(counts) : Optional.empty();
        }
    }

    /** What came of a scan: sums, where they begin and end, and how it ended. */
    private record Outcome(List<String> lines, int given) {}

    private static Outcome scan(WalFiles files, long start, long stop, boolean counting) {
        List<String> lines = new ArrayList<>();
        RecordCounts all = new RecordCounts();
        int[] given = {0};
        SegmentScan scan = new SegmentScan(
                files, start, stop, 2, gap -> lines.add("gap " + gap.lsn() + gap.reason()), bytes -> {});
        try {
            WalEnd end = scan.run(() -> new Counter(counting), part -> {
                all.add(part.counts);
                given[0] += part.given;
            });
            lines.add(end.kind() + " " + Lsn.format(end.lsn()) + " " + end.reason());
            lines.add(Lsn.format(scan.firstLsn()) + " to " + Lsn.format(scan.endLsn()));
        } catch (RuntimeException e) {
            lines.add(e.toString());
        }
        if (!all.isEmpty()) {
            lines.add(all.layout().version() + " " + Lsn.format(all.firstLsn()) + " " + Lsn.format(all.endLsn()));
            for (int rmgr = 0; rmgr <= Rmgr.MAX_ID; rmgr++) {
                for (int info = 0; info < 256; info += 16) {
                    if (all.count(rmgr, info) > 0) {
                        lines.add(Rmgr.name(rmgr) + " " + Rmgr.typeName(all.layout(), rmgr, info) + " "
                                + all.count(rmgr, info) + " " + all.recordBytes(rmgr, info) + " "
                                + all.imageBytes(rmgr, info));
                    }
                }
            }
        }
        return new Outcome(lines, given[0]);
    }

    private Outcome check(long start, long stop, String what) {
        try (WalFiles files = new WalFiles(List.of(directory), 0)) {
            long from = start == Lsn.INVALID ? files.firstLsn() : start;
            Outcome counted = scan(files, from, stop, true);
            assertEquals(
                    String.join("\n", scan(files, from, stop, false).lines()),
                    String.join("\n", counted.lines()),
                    what);
            return counted;
        }
    }

    /** Records of all kinds of a major, long ones, unfinished ones, and segments that end early. */
    private static byte[] wal(PgVersion version, Random random) {
        WalBuilder wal = new WalBuilder(version);
        List<Golden.Sample> samples = Golden.samples(version);
        while (wal.position() < (SEGMENTS + 1L) * SEGMENT - SEGMENT / 3) {
            Golden.Sample sample = samples.get(random.nextInt(samples.size()));
            if (!sample.type().equals("SWITCH") && !sample.type().equals("OVERWRITE_CONTRECORD")) {
                wal.add(Golden.follow(sample.bytes(), wal.prevLsn()));
            }
            switch (random.nextInt(600)) {
                case 0 -> wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[random.nextInt(400_000)]));
                case 1 -> wal.switchSegment();
                case 2 -> {
                    long lost = wal.abandon(
                            RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[90_000]), 2);
                    if (WalLayout.of(version).overwriteContrecordFlag() != 0) {
                        wal.add(RecordBuilder.of(Rmgr.XLOG, 0xD0)
                                .main(ByteBuffer.allocate(16)
                                        .order(ByteOrder.LITTLE_ENDIAN)
                                        .putLong(lost)
                                        .array()));
                    }
                }
                default -> {}
            }
        }
        return Arrays.copyOf(wal.bytes(), SEGMENTS * SEGMENT);
    }

    private void write(byte[] bytes) throws IOException {
        for (int i = 0; i < SEGMENTS; i++) {
            Files.write(directory.resolve(name(i + 1)), Arrays.copyOfRange(bytes, i * SEGMENT, (i + 1) * SEGMENT));
        }
    }

    private static String name(int number) {
        return new WalSegmentName(1, number, SEGMENT).toString();
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void countsWhatTheReaderReads(PgVersion version) throws IOException {
        Random random = new Random(version.major());
        byte[] wal = wal(version, random);
        write(wal);
        check(0, 0, "as it is");
        long first = SEGMENT;
        for (int i = 0; i < 10; i++) {
            long start = first + random.nextInt(wal.length);
            long stop = start + random.nextInt((int) (first + wal.length - start));
            check(start, 0, "from " + Lsn.format(start));
            check(0, stop, "to " + Lsn.format(stop));
            check(start, stop, Lsn.format(start) + " to " + Lsn.format(stop));
        }
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void findsTheSameErrors(PgVersion version) throws IOException {
        Random random = new Random(100 + version.major());
        byte[] wal = wal(version, random);
        write(wal);
        for (int i = 0; i < (ALL ? 2000 : 30); i++) {
            byte[] bad = wal.clone();
            int at = random.nextInt(bad.length);
            int page = at & -WalReader.PAGE_SIZE;
            int kind = random.nextInt(8);
            switch (kind) {
                case 0 -> bad[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bad[page + random.nextInt(WalReader.LONG_PAGE_HEADER)] ^= (byte) (1 << random.nextInt(8));
                case 2 -> Arrays.fill(bad, at, bad.length, (byte) 0);
                case 3 -> Arrays.fill(bad, page, bad.length, (byte) 0);
                case 4 -> Arrays.fill(bad, at, Math.min(bad.length, at + random.nextInt(20_000)), (byte) 0x7F);
                // A page of before, as in a recycled file.
                case 5 -> System.arraycopy(wal, 0, bad, page, WalReader.PAGE_SIZE);
                case 6 -> repair(bad, at, random);
                default ->
                    System.arraycopy(wal, wal.length - page - WalReader.PAGE_SIZE, bad, page, WalReader.PAGE_SIZE);
            }
            int segment = at / SEGMENT;
            int count = kind == 2 || kind == 3 ? SEGMENTS : segment + 1;
            for (int each = segment; each < count; each++) {
                Files.write(
                        directory.resolve(name(each + 1)),
                        Arrays.copyOfRange(bad, each * SEGMENT, (each + 1) * SEGMENT));
            }
            check(0, 0, version + ", change " + i + " of kind " + kind + " at " + at);
            write(wal);
        }
        // Shorter files, and files that are not there.
        Files.write(directory.resolve(name(2)), Arrays.copyOfRange(wal, SEGMENT, 2 * SEGMENT - 5000));
        check(0, 0, "a short file");
        Files.delete(directory.resolve(name(2)));
        check(0, 0, "a missing file");
        Files.delete(directory.resolve(name(4)));
        check(0, 0, "no last file");
    }

    /** Changes a byte of a record that lies on one page, and makes its CRC right, so that what is inside of it counts. */
    private static void repair(byte[] wal, int near, Random random) {
        ByteBuffer bytes = ByteBuffer.wrap(wal).order(ByteOrder.LITTLE_ENDIAN);
        int page = near & -WalReader.PAGE_SIZE;
        for (int at = page + WalReader.LONG_PAGE_HEADER; at < page + WalReader.PAGE_SIZE - 64; at += 8) {
            int length = bytes.getInt(at);
            if (length < 32 || length > page + WalReader.PAGE_SIZE - at) {
                continue;
            }
            byte[] record = Arrays.copyOfRange(wal, at, at + length);
            int crc = bytes.getInt(at + 20);
            RecordBuilder.fixCrc(record);
            if (ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).getInt(20) != crc) {
                continue;
            }
            record[24 + random.nextInt(Math.min(40, length - 24))] ^= (byte) (1 << random.nextInt(8));
            RecordBuilder.fixCrc(record);
            System.arraycopy(record, 0, wal, at, length);
            return;
        }
    }

    @Test
    void countsWithoutReadingRecords() throws IOException {
        WalBuilder wal = new WalBuilder(PgVersion.PG17);
        int count = 0;
        while (wal.position() < 3 * SEGMENT) {
            wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[300 + count % 20_000]));
            count++;
        }
        byte[] bytes = Arrays.copyOf(wal.bytes(), SEGMENTS * SEGMENT);
        write(bytes);
        Outcome outcome = check(0, 0, "all");
        assertTrue(
                outcome.lines().stream().anyMatch(line -> line.startsWith("TIP")),
                outcome.lines().toString());
        assertEquals(0, outcome.given());
    }

    /** What was counted of a segment counts, though its last record goes on into one that is not there. */
    @Test
    void countsSegmentsWhoseLastRecordIsNotWhole() throws IOException {
        WalBuilder wal = new WalBuilder(PgVersion.PG16);
        List<Long> lsns = new ArrayList<>();
        while (wal.position() < (SEGMENTS + 1L) * SEGMENT) {
            lsns.add(wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[7000])));
        }
        write(wal.bytes());
        Files.delete(directory.resolve(name(2)));
        Outcome outcome = check(SEGMENT, 0, "segments 1, 3 and 4");
        // In each of two ends there is a record that is not whole.
        long whole = lsns.stream()
                        .filter(lsn -> lsn < 2 * SEGMENT || lsn >= 3 * SEGMENT)
                        .count()
                - 2;
        assertEquals(
                List.of("XLOG NOOP " + whole + " " + whole * 7029 + " 0"),
                outcome.lines().stream().filter(line -> line.startsWith("XLOG")).toList());
        assertEquals(0, outcome.given());
        Files.delete(directory.resolve(name(3)));
        Files.delete(directory.resolve(name(4)));
        Files.write(directory.resolve(name(2)), Arrays.copyOfRange(wal.bytes(), SEGMENT, SEGMENT + 500_000));
        check(0, 0, "segments 1 and half of 2");
    }

    /** A record that is much longer than all that is kept of it. */
    @Test
    void countsARecordOfSeveralSegments() throws IOException {
        WalBuilder wal = new WalBuilder(PgVersion.PG16);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        long start = wal.add(RecordBuilder.of(Rmgr.LOGICALMSG, 0).longMain().main(new byte[2 * SEGMENT + 12345]));
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        byte[] bytes = Arrays.copyOf(wal.bytes(), SEGMENTS * SEGMENT);
        write(bytes);
        check(0, 0, "all");
        RecordCounts counts = new RecordCounts();
        PageTally tally = new PageTally(SEGMENT, WalBuilder.SYSTEM_IDENTIFIER);
        tally.begin(SEGMENT, counts);
        byte[] page = new byte[WalReader.PAGE_SIZE];
        do {
            int at = (int) (tally.wantedLsn() - SEGMENT);
            System.arraycopy(bytes, at, page, 0, page.length);
        } while (tally.add(page, page.length));
        assertTrue(tally.isDone());
        assertEquals(start, tally.lastLsn());
        assertEquals(1, counts.count(Rmgr.LOGICALMSG.id(), 0));
    }

    /** The header of XLOG_SWITCH is cut by the end of a segment: the next one holds nothing but the rest of it. */
    @ParameterizedTest
    @ValueSource(ints = {8, 16})
    void goesOnAfterASwitchThatEndsInTheNextSegment(int left) throws IOException {
        WalBuilder wal = new WalBuilder(PgVersion.PG15);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        while (wal.position() < 2 * SEGMENT - WalReader.PAGE_SIZE) {
            wal.fillUntil(0);
        }
        wal.fillUntil(left);
        long start = wal.switchSegment();
        assertEquals(2 * SEGMENT - left, start);
        assertEquals(3 * SEGMENT, wal.position());
        // The same thread counts a segment later that begins with the rest of some record.
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[SEGMENT + 5000]));
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x30));
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x30));
        write(Arrays.copyOf(wal.bytes(), SEGMENTS * SEGMENT));
        Outcome outcome = check(0, 0, "all");
        String all = String.join("\n", outcome.lines());
        assertTrue(all.contains("XLOG FPW_CHANGE 2 ") || all.contains("XLOG NEXTOID 2 "), all);
        assertTrue(all.startsWith("TIP " + Lsn.format(wal.position())), all);
        try (WalFiles files = new WalFiles(List.of(directory), 0);
                FileWalReader reader = new FileWalReader(files, files.firstLsn(), 0)) {
            WalRecord record = new WalRecord();
            int count = 0;
            while (reader.next(record)) {
                count++;
            }
            assertEquals(wal.position(), reader.end().lsn());
            Outcome one = scan(files, files.firstLsn(), 0, false);
            assertEquals(count, one.given());
        }
        // Beyond the end of the switch, and without what follows it.
        check(0, 2 * SEGMENT + 4096, "to the inside of the skipped segment");
        check(0, 3 * SEGMENT + 64, "to the segment behind it");
        Files.delete(directory.resolve(name(3)));
        Outcome gap = check(0, 0, "a gap behind the switch");
        assertTrue(gap.lines().get(0).startsWith("gap "), gap.lines().toString());
    }
}
