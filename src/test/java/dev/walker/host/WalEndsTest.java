package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.testing.Waldumps;
import dev.walker.version.PgVersion;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalSegmentName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where {@code dump}, {@code stats} and {@code heatmap} end and with which status; beside pg_waldump 15 if it is there. */
class WalEndsTest {
    private static final int SEGMENT = 1 << 20;
    private static final Path WALDUMP = Waldumps.byMajor().get(15);

    @TempDir
    private Path directory;

    private final List<Long> lsns = new ArrayList<>();

    private static String name(long number) {
        return new WalSegmentName(1, number, SEGMENT).toString();
    }

    private void write(byte[] wal, int... numbers) throws IOException {
        for (int number : numbers) {
            byte[] segment = Arrays.copyOfRange(wal, (number - 1) * SEGMENT, number * SEGMENT);
            Files.write(directory.resolve(name(number)), segment);
        }
    }

    private static RecordBuilder record(int length) {
        return RecordBuilder.of(Rmgr.XLOG, 0x20).longMain().main(new byte[length]);
    }

    /** WAL of segments from 1 on whose records go on into each next one, and its records. */
    private byte[] wal(int count) {
        WalBuilder wal = new WalBuilder(PgVersion.PG15);
        while (wal.position() < (count + 1L) * SEGMENT) {
            lsns.add(wal.add(record(7000)));
        }
        return wal.bytes();
    }

    private Walker run(String command, String... options) {
        List<String> words = new ArrayList<>(List.of(command, "--path", directory.toString()));
        words.addAll(List.of(options));
        return Walker.run(words.toArray(new String[0]));
    }

    private record Waldump(int status, String out) {}

    private Waldump waldump(String... options) throws Exception {
        List<String> words = new ArrayList<>(List.of(WALDUMP.toString(), "--path", directory.toString()));
        words.addAll(List.of(options));
        Process process = new ProcessBuilder(words)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Waldump(process.waitFor(), out);
    }

    /** That dump shows what pg_waldump shows, and ends as it does; gives what dump has to say. */
    private String compare(int status, String... options) throws Exception {
        Walker dump = run("dump", options);
        assertEquals(status, dump.status(), dump.err());
        if (WALDUMP != null) {
            Waldump theirs = waldump(options);
            assertEquals(theirs.out(), dump.out());
            assertEquals(theirs.status(), dump.status(), dump.err());
        }
        return told(dump);
    }

    /** What a command has to say, without what other tools say in the same JVM. */
    private static String told(Walker walker) {
        return walker.err().lines().filter(line -> line.startsWith("walker:")).collect(Collectors.joining("\n"));
    }

    // What goes on where something else ended

    /** Segment 1 ends with XLOG_SWITCH, and segment 2 is of another history of the same cluster. */
    @Test
    void refusesAnotherHistoryAfterASwitch() throws Exception {
        WalBuilder wal = new WalBuilder(PgVersion.PG15);
        wal.add(record(100));
        long last = wal.switchSegment();
        write(wal.bytes(), 1);
        WalBuilder other = new WalBuilder(PgVersion.PG15, SEGMENT, 2 * SEGMENT);
        other.prevLsn(2 * SEGMENT - 400);
        while (other.position() < 3 * SEGMENT) {
            other.add(record(300));
        }
        Files.write(directory.resolve(name(2)), Arrays.copyOf(other.bytes(), SEGMENT));
        String wrong = "xl_prev 0/1FFE70, wanted " + Lsn.format(last);
        String err = compare(1, name(1), name(2));
        assertTrue(err.contains("damaged WAL at 0/200028"), err);
        assertTrue(err.contains(wrong), err);
        assertTrue(err.contains("segment " + name(2)), err);
        Walker stats = run("stats");
        assertEquals(1, stats.status());
        assertTrue(stats.err().contains(wrong), stats.err());
        Walker heatmap = run("heatmap");
        assertEquals(1, heatmap.status());
        assertTrue(heatmap.err().contains(wrong), heatmap.err());
        // Behind a gap that is skipped nobody knows.
        Files.delete(directory.resolve(name(2)));
        WalBuilder later = new WalBuilder(PgVersion.PG15, SEGMENT, 3 * SEGMENT);
        later.prevLsn(3 * SEGMENT - 400);
        later.add(record(300));
        Files.write(
                directory.resolve(name(3)), Arrays.copyOf(later.zeros(SEGMENT).bytes(), SEGMENT));
        Walker skipping = run("dump", "--skip-gaps");
        assertEquals(0, skipping.status(), skipping.err());
        assertEquals(3, skipping.out().lines().count());
    }

    // Ends that were asked for

    /** The last record goes on into a segment that is not there, behind the end. */
    @ParameterizedTest
    @CsvSource({"'1,2,4', '-e 0/300000'", "'1,2', '-e 0/300000'", "'1,2,4', '-e 0/2FFFF8'", "'1,2,4', 'SEG1 SEG2'"})
    void endsInTimeBeforeARecordThatCrossesTheEnd(String numbers, String options) throws Exception {
        byte[] wal = wal(4);
        write(wal, Arrays.stream(numbers.split(",")).mapToInt(Integer::parseInt).toArray());
        String[] words = options.startsWith("SEG")
                ? new String[] {name(1), name(2)}
                : ("-s " + Lsn.format(lsns.get(0)) + " " + options).split(" ");
        assertEquals("", compare(0, words));
        long whole = lsns.stream().filter(lsn -> lsn + 8000 < 3 * SEGMENT).count();
        assertEquals(whole, run("dump", words).out().lines().count());
        for (String[] more : new String[][] {{}, {"--by=transaction"}, {"--threads=1"}}) {
            List<String> all = new ArrayList<>(Arrays.asList(words));
            all.addAll(List.of(more));
            all.add("--format=csv");
            Walker stats = run("stats", all.toArray(new String[0]));
            assertEquals("", told(stats));
            assertEquals(0, stats.status());
            String total = stats.out().lines().reduce((first, second) -> second).orElseThrow();
            assertTrue(total.matches("Total,(,,)?" + whole + ",.*"), total);
        }
        if (!options.startsWith("SEG")) {
            Walker heatmap = run("heatmap", words);
            assertEquals("", told(heatmap));
            assertEquals(0, heatmap.status());
        }
    }

    /** Nothing at or behind the end is looked at: neither a record that is damaged there, nor pages. */
    @ParameterizedTest
    @ValueSource(longs = {0x2FFFF8L, 0x300000L, 0x300010L, 0x300030L})
    void looksAtNothingBehindTheEnd(long end) throws Exception {
        byte[] wal = wal(4);
        Arrays.fill(wal, 2 * SEGMENT + 0x40, 2 * SEGMENT + 0x60, (byte) 0x55);
        write(wal, 1, 2, 3, 4);
        String[] words = {"-s", Lsn.format(lsns.get(0)), "-e", Lsn.format(end)};
        assertEquals("", compare(0, words));
        Walker stats = run("stats", words);
        assertEquals("", told(stats));
        assertEquals(0, stats.status());
        String[] beyond = {"-s", Lsn.format(lsns.get(0)), "-e", "0/304000"};
        assertTrue(compare(1, beyond).contains("xl_crc"));
        assertEquals(1, run("stats", beyond).status());
    }

    @Test
    void refusesSegmentsInTheWrongOrder() throws Exception {
        write(wal(2), 1, 2);
        for (String command : new String[] {"dump", "stats"}) {
            Walker walker = run(command, name(2), name(1));
            assertEquals(2, walker.status());
            assertEquals("", walker.out());
            assertTrue(walker.err().contains("ENDSEG " + name(1) + " is before STARTSEG " + name(2)), walker.err());
        }
        if (WALDUMP != null) {
            assertEquals(1, waldump(name(2), name(1)).status());
        }
    }

    // Damage

    /** A record of two pages, of one segment or of two, that ends where the page ends, with a wrong CRC. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void looksAtThePageAfterADamagedRecord(int segment) throws Exception {
        WalBuilder wal = new WalBuilder(PgVersion.PG15);
        long pageEnd = segment == 1 ? SEGMENT + 6 * WalReader.PAGE_SIZE : 2 * SEGMENT;
        while (wal.position() < pageEnd - 2 * WalReader.PAGE_SIZE) {
            wal.fillUntil(0);
        }
        wal.fillUntil(64);
        long start = wal.position();
        wal.add(record(64 + WalReader.PAGE_SIZE - WalReader.SHORT_PAGE_HEADER - 29));
        assertEquals(pageEnd, wal.position());
        wal.add(record(100));
        byte[] bytes = Arrays.copyOf(wal.zeros(SEGMENT).bytes(), 2 * SEGMENT);
        bytes[(int) (start - SEGMENT) + 40] ^= 1;
        write(bytes, 1, 2);
        String err = compare(1, "-s", "0/100028", "-e", Lsn.format(pageEnd + 40));
        assertTrue(err.contains("damaged WAL at " + Lsn.format(start)), err);
        Walker stats = run("stats");
        assertEquals(1, stats.status());
        assertTrue(stats.err().contains("damaged WAL at " + Lsn.format(start)), stats.err());
    }

    // Sums

    @ParameterizedTest
    @ValueSource(strings = {"--rmgr=Heap", "--xid=7", "--rmgr=Heap --limit=1", "--rmgr=Btree", "--xid=8", "--fullpage"})
    void sumsAreOfAllThatWasRead(String filter) throws Exception {
        WalBuilder wal = new WalBuilder(PgVersion.PG15);
        wal.add(record(100));
        wal.add(RecordBuilder.of(Rmgr.HEAP, 0x70).xid(7).longMain().main(new byte[20]));
        wal.add(record(100));
        wal.add(RecordBuilder.of(Rmgr.HEAP, 0x70).xid(7).longMain().main(new byte[20]));
        long end = wal.add(record(100));
        write(wal.zeros(SEGMENT).bytes(), 1);
        List<String> options = new ArrayList<>(List.of("-s", "0/100028", "-e", Lsn.format(end), "--stats"));
        options.addAll(List.of(filter.split(" ")));
        compare(0, options.toArray(new String[0]));
        if (WALDUMP != null && !filter.contains("limit")) {
            options.remove("--stats");
            options.add("--stats=record");
            compare(0, options.toArray(new String[0]));
            assertEquals(
                    sorted(waldump(options.toArray(new String[0])).out()),
                    sorted(run("stats", options.toArray(new String[0])).out()));
        }
    }

    /** What is followed has no end, so a signal asks for the sums. */
    @Test
    void sumsOfWhatIsFollowedAreShownAtASignal() throws Exception {
        WalBuilder wal = new WalBuilder(PgVersion.PG15);
        wal.add(record(100));
        wal.add(record(100));
        write(wal.zeros(SEGMENT).bytes(), 1);
        Process dump = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "dump",
                        "--path=" + directory,
                        "--start=0/100030",
                        "-fz")
                .start();
        try {
            // By then it has read the first record.
            String told = dump.errorReader().readLine();
            assertTrue(told.contains("first record is after 0/100030"), told);
            // Process.destroy() would close the stream with the sums.
            dump.toHandle().destroy();
            String sums = new String(dump.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(sums.lines().anyMatch(line -> line.matches("Total +1 .*")), sums);
            assertEquals(0, dump.waitFor());
        } finally {
            dump.destroyForcibly();
        }
    }

    private static String sorted(String lines) {
        return lines.lines().sorted().collect(Collectors.joining("\n"));
    }
}
