package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.Fork;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalSegmentName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Options of {@code dump} and {@code stats}, and what comes out, without a server. */
class WalOptionsTest {
    private static final int SEGMENT = 1 << 20;
    private static final RelFileLocator ONE = new RelFileLocator(1663, 5, 16384);
    private static final RelFileLocator TWO = new RelFileLocator(1663, 5, 16390);

    @TempDir
    private Path directory;

    private final List<Long> lsns = new ArrayList<>();
    private String path;

    /** Two records of each kind in each of two segments. */
    @BeforeEach
    void write() throws IOException {
        path = directory.toString();
        WalBuilder wal = new WalBuilder(PgVersion.PG17);
        byte[] page = new byte[8192];
        for (int segment = 1; segment <= 2; segment++) {
            for (int i = 0; i < 2; i++) {
                add(
                        wal,
                        RecordBuilder.of(Rmgr.HEAP, 0x50)
                                .xid(700)
                                .block(0, ONE, i)
                                .main("0100"));
                add(
                        wal,
                        RecordBuilder.of(Rmgr.HEAP2, 0x40)
                                .xid(701)
                                .block(0, TWO, 0)
                                .fork(Fork.VM)
                                .data("0102")
                                .block(1, TWO, 9)
                                .main("0000000000"));
                add(wal, RecordBuilder.of(Rmgr.XLOG, 0xB0).block(0, TWO, 1).image(page, 100, 8000, true));
                add(wal, RecordBuilder.of(Rmgr.XLOG, 0x20));
                add(wal, RecordBuilder.of(200, 0x30).main("01"));
            }
            wal.switchSegment();
        }
        byte[] bytes = wal.bytes();
        for (int segment = 1; segment <= 2; segment++) {
            Files.write(
                    directory.resolve(new WalSegmentName(1, segment, SEGMENT).toString()),
                    Arrays.copyOfRange(bytes, (segment - 1) * SEGMENT, segment * SEGMENT));
        }
    }

    private void add(WalBuilder wal, RecordBuilder record) {
        lsns.add(wal.add(record));
    }

    private List<String> dump(String options) {
        List<String> words = new ArrayList<>(List.of("dump", "--path", path));
        if (!options.isEmpty()) {
            words.addAll(List.of(options.split(" ")));
        }
        return Walker.lines(words.toArray(new String[0]));
    }

    @ParameterizedTest
    @CsvSource({
        "'', 22",
        "--rmgr Heap, 4",
        "-r heap -r HEAP2, 8",
        "-r custom200, 4",
        "--xid 700, 4",
        "-x 0, 14",
        "--relation 1663/5/16390, 8",
        "--relation 1663/5/16390 --fork vm, 4",
        "--relation 1663/5/16390 --fork vm --block 9, 0",
        "-R 1663/5/16390 -B 9, 4",
        "-F vm, 4",
        "--fullpage, 4",
        "-w -r Heap, 0",
        "--limit 3, 3",
        "--limit 3 -r Heap2, 3",
        "--quiet, 0",
        "--start 0/200000, 11",
        "--timeline 1, 22",
        "--timeline 0x1, 22",
    })
    void choosesRecords(String options, int count) {
        assertEquals(count, dump(options).size());
    }

    @Test
    void endsBeforeARecordThatGoesOnBehindTheEnd() {
        assertEquals(3, dump("--end " + Lsn.format(lsns.get(3))).size());
        assertEquals(2, dump("--end " + Lsn.format(lsns.get(3) - 8)).size());
        assertEquals(
                2,
                dump("--start " + Lsn.format(lsns.get(1)) + " --end " + Lsn.format(lsns.get(3)))
                        .size());
    }

    @Test
    void namesTheFirstRecordIfItIsAfterTheStart() {
        Walker walker = Walker.run("dump", "-p", path, "--start", Lsn.format(lsns.get(0) + 8), "-n", "1");
        assertTrue(
                walker.err().contains("first record is after 0/100030, at " + Lsn.format(lsns.get(1))), walker.err());
        assertEquals(0, walker.status());
    }

    @Test
    void takesSegmentNames() {
        String first = new WalSegmentName(1, 1, SEGMENT).toString();
        String second = new WalSegmentName(1, 2, SEGMENT).toString();
        assertEquals(11, dump(first).size());
        assertEquals(22, dump(first + " " + second).size());
        assertEquals(11, Walker.lines("dump", path + "/" + second).size());
        assertEquals(
                22,
                Walker.lines("dump", "--path", path + "/" + first, path + "/" + second)
                        .size());
    }

    /** The value of {@code --stats} is attached; what follows {@code -z} is a segment, as for pg_waldump. */
    @ParameterizedTest
    @ValueSource(
            strings = {"-z SEG", "--stats SEG", "-qz SEG", "--stats=record SEG", "-z record SEG", "SEG -z", "-z -w SEG"
            })
    void takesASegmentAfterStats(String options) {
        String first = new WalSegmentName(1, 1, SEGMENT).toString();
        List<String> sums = dump(options.replace("SEG", first));
        if (options.startsWith("-q")) {
            assertEquals(List.of(), sums);
            return;
        }
        assertTrue(sums.get(0).startsWith("WAL statistics between 0/1"), sums.get(0));
        String all = String.join("\n", sums);
        assertEquals(options.contains("record"), all.contains("Heap2/"), all);
        if (!options.contains("-w")) {
            List<String> words = new ArrayList<>(List.of("stats", "--path", path));
            words.addAll(List.of(options.replace("SEG", first).split(" ")));
            assertEquals(
                    sums.get(sums.size() - 1),
                    Walker.lines(words.toArray(new String[0])).get(sums.size() - 1));
        }
    }

    /** What follows {@code -z} in its argument are options, as for pg_waldump. */
    @ParameterizedTest
    @ValueSource(strings = {"-zq", "-qz", "-bzq", "-qzb", "-zqn 3", "-zqn3"})
    void bundlesOptionsWithStats(String options) {
        assertEquals(List.of(), dump(options));
    }

    @ParameterizedTest
    @CsvSource({"-zb, -z", "-zn3, -z -n 3", "-zwr XLOG, -z -w -r XLOG", "-bzn 3, -z -n 3", "-zrecord, --stats=record"})
    void sumsWithBundledOptions(String bundled, String apart) {
        assertEquals(dump(apart), dump(bundled));
        String same = bundled.startsWith("-zw") ? "stats -zwr XLOG" : "stats -z";
        assertEquals(0, Walker.run((same + " --path " + path).split(" ")).status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"3", "1 3", "3 4", "0 1"})
    void failsWhereANamedSegmentIsNot(String numbers) {
        List<String> options = new ArrayList<>();
        for (String number : numbers.split(" ")) {
            options.add(new WalSegmentName(1, Long.parseLong(number), SEGMENT).toString());
        }
        for (String command : new String[] {"dump", "stats"}) {
            List<String> words = new ArrayList<>(List.of(command, "--path", path));
            words.addAll(options);
            Walker walker = Walker.run(words.toArray(new String[0]));
            assertEquals(1, walker.status(), walker.err());
            assertEquals("", walker.out());
            String missing = options.get(numbers.startsWith("1") ? 1 : 0);
            assertTrue(walker.err().contains("there is no segment " + missing + " in " + path), walker.err());
        }
    }

    @Test
    void savesPagesAsPgWaldumpNamesThem() throws IOException {
        Path pages = directory.resolve("pages");
        assertEquals(List.of(), dump("-q --save-fullpage=" + pages + " --start " + Lsn.format(lsns.get(10))));
        List<String> names;
        try (Stream<Path> files = Files.list(pages)) {
            names = files.map(file -> file.getFileName().toString()).sorted().toList();
        }
        assertEquals(
                List.of(
                        String.format("00000001-00000000-%08X.1663.5.16390.1_main", lsns.get(12)),
                        String.format("00000001-00000000-%08X.1663.5.16390.1_main", lsns.get(17))),
                names);
        assertEquals(8192, Files.size(pages.resolve(names.get(0))));
        // What is there already is somebody's.
        Walker again = Walker.run("dump", "--path", path, "--save-fullpage", pages.toString());
        assertEquals(1, again.status());
        assertEquals("", again.out());
        assertTrue(again.err().contains("there is something in " + pages), again.err());
        Walker nowhere = Walker.run(
                "dump", "--path", path, "--save-fullpage", pages.resolve("a/b").toString());
        assertEquals(1, nowhere.status());
        assertTrue(nowhere.err().contains("cannot make " + pages.resolve("a/b")), nowhere.err());
    }

    @Test
    void endOfZeroIsNone() {
        String first = new WalSegmentName(1, 1, SEGMENT).toString();
        assertEquals(11, dump(first + " --end 0/0").size());
        assertEquals(22, dump("--end 0/0").size());
    }

    @Test
    void findsTheFirstPlaceWithWhatIsWanted() throws IOException {
        Path empty = Files.createDirectory(directory.resolve("empty"));
        List<Path> places = List.of(directory.resolve("none"), empty, directory, directory);
        assertEquals(Optional.of(directory), WalInput.placeOf(places, name -> name.endsWith("00000002")));
        assertEquals(Optional.empty(), WalInput.placeOf(places, name -> name.endsWith("00000003")));
    }

    @Test
    void questionMarkAsksForHelp() {
        Walker help = Walker.run("dump", "-?");
        assertEquals(0, help.status(), help.err());
    }

    @Test
    void listsResourceManagers() {
        assertEquals("XLOG", Walker.lines("dump", "--rmgr", "list").get(0));
        assertEquals(Rmgr.CORE_COUNT, Walker.lines("dump", "--rmgr=list").size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--rmgr Nonsense",
                "--xid -1",
                "--xid 4294967296",
                "--xid abc",
                "--relation accounts",
                "--relation 0/5/1",
                "--fork side",
                "--block 7",
                "--limit 0",
                "--limit -1",
                "--limit x",
                "--start 16",
                "--end 0/zz",
                "--start 0/200000 --end 0/100000",
                "--timeline x",
                "--timeline 0",
                "--stats=everything",
                "--format xml",
                "--no-such-option",
            })
    void refusesWrongOptions(String options) {
        List<String> words = new ArrayList<>(List.of("dump", "--path", path));
        words.addAll(List.of(options.split(" ")));
        Walker walker = Walker.run(words.toArray(new String[0]));
        assertEquals(2, walker.status(), walker.err());
        assertEquals("", walker.out());
        String wrong = options.split(" ")[0].replaceFirst("=.*", "");
        assertTrue(walker.err().contains(wrong), walker.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"dump", "stats", "stats --path x --threads 0", "stats --path x --stats --by record"})
    void refusesWhatCannotBe(String command) {
        Walker walker = Walker.run(command.split(" "));
        assertEquals(2, walker.status(), walker.err());
    }

    @Test
    void failsWhereWalIsNot() {
        Walker nowhere = Walker.run("stats", "--path", path + "/none");
        assertEquals(1, nowhere.status());
        assertTrue(nowhere.err().contains("no such file or directory"), nowhere.err());
        Walker beyond = Walker.run("dump", "--path", path, "--end", "0/300100", "-q");
        assertEquals(1, beyond.status());
        assertTrue(beyond.err().contains("before --end 0/300100"), beyond.err());
        Walker before = Walker.run("stats", "--path", path, "--start", "0/10");
        assertEquals(1, before.status());
        assertTrue(before.err().contains("missing"), before.err());
    }

    @Test
    void writesEachFormat() {
        List<String> text = dump("");
        assertEquals(
                "rmgr: XLOG        len (rec/tot):     49/   241, tx:          0, lsn: 0/001000F8, prev 0/00100098,"
                        + " desc: FPI , blkref #0: rel 1663/5/16390 blk 1 FPW",
                text.get(2).replaceFirst("lsn: 0/\\w+, prev 0/\\w+,", "lsn: 0/001000F8, prev 0/00100098,"));
        assertTrue(text.get(4).startsWith("rmgr: custom200   len "), text.get(4));
        assertTrue(text.get(4).contains(" desc: UNKNOWN (30) rmid: 200"), text.get(4));
        List<String> csv = dump("--format csv");
        assertEquals(23, csv.size());
        assertTrue(
                csv.get(3)
                        .endsWith(",192,,\"blkref #0: rel 1663/5/16390 fork main blk 1 (FPW); hole: offset: 100,"
                                + " length: 8000\""),
                csv.get(3));
        List<String> json = dump("--format json");
        assertTrue(
                json.get(2)
                        .endsWith(
                                "\"description\":\"\",\"block_ref\":[{\"id\":0,\"relation\":\"1663/5/16390\",\"fork\":\"main\","
                                        + "\"block\":1,\"data_length\":0,\"fpi_length\":192,\"fpi_applies\":true,"
                                        + "\"hole_offset\":100,\"hole_length\":8000,\"compression\":\"none\"}]}"),
                json.get(2));
    }

    @Test
    void sumsUp() {
        List<String> stats = Walker.lines("stats", "-p", path, "--by", "relation", "--format", "csv");
        // Two images and two references with 2 bytes of data in each segment; what is left counts for the first block.
        assertEquals("1663/5/16390", stats.get(1).split(",")[0]);
        assertEquals("8", stats.get(1).split(",")[1]);
        assertEquals("768", stats.get(1).split(",")[5]);
        String total = stats.get(stats.size() - 1);
        List<String> byRmgr = Walker.lines("stats", "-p", path, "--format", "csv");
        assertTrue(total.startsWith(byRmgr.get(byRmgr.size() - 1)), total);
        List<String> filtered = Walker.lines("stats", "-p", path, "-r", "custom200", "--format", "json", "--top", "1");
        assertEquals(2, filtered.size(), filtered.toString());
        assertTrue(filtered.get(0).startsWith("{\"resource_manager\":\"custom200\",\"count\":4,"), filtered.get(0));
    }

    @Test
    void endsQuietlyWhenNobodyReads() {
        OutputStream closed = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        assertEquals(0, Main.run(closed, "dump", "--path", path));
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        assertEquals(1, Main.run(full, "dump", "--path", path));
    }

    // Bytes

    @Test
    void writesNumbersAndText() {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        StringBuilder expected = new StringBuilder();
        ByteOutput out = new ByteOutput(target);
        for (long value : new long[] {0, 9, 10, 99, 100, 12345, 4294967295L, Long.MAX_VALUE}) {
            out.putDecimal(value)
                    .put('|')
                    .putDecimal(value, 6)
                    .put('|')
                    .putLsn(value, 1)
                    .put('|')
                    .putLsn(value, 8);
            expected.append(value)
                    .append(String.format("|%6d|", value))
                    .append(Lsn.format(value))
                    .append(String.format("|%X/%08X", value >>> 32, value & 0xFFFFFFFFL));
        }
        for (String text : new String[] {"", "plain", "ä€😀", "x".repeat(5000), "ä€😀".repeat(3000)}) {
            out.put(new StringBuilder(text)).put((CharSequence) text).put(text.getBytes(StandardCharsets.UTF_8));
            expected.append(text.repeat(3));
        }
        for (int i = 0; i < 20_000; i++) {
            out.putDecimal(i).put(',');
            expected.append(i).append(',');
        }
        out.close();
        assertEquals(expected.toString(), target.toString(StandardCharsets.UTF_8));
    }

    private static String progress(boolean shown, boolean takesEscapes) throws InterruptedException {
        StringWriter err = new StringWriter();
        try (ProgressLine line = new ProgressLine(new PrintWriter(err, true), 1L << 31, shown, takesEscapes)) {
            Thread.sleep(510);
            line.done(1000);
        }
        return err.toString();
    }

    @Test
    void showsProgress() throws InterruptedException {
        assertEquals(
                " 50% [===============               ] 1024 of 2048 MiB, 512 MiB/s, 2 s left",
                ProgressLine.line(1L << 30, 1L << 31, 2_000_000_000L));
        assertEquals("100%", ProgressLine.line(5, 0, 1).substring(0, 4), "nothing to do");
        assertEquals("", progress(false, true));
        assertTrue(progress(true, true).matches("\r\u001b\\[\\?7l\u001b\\[K  0% .* left\u001b\\[\\?7h\r\u001b\\[K"));
        assertTrue(progress(true, false).matches("\r  0% .* left\r +\r"), "a terminal that takes no escapes");
        assertFalse(ProgressLine.takesEscapes("dumb") || ProgressLine.takesEscapes(null));
        assertEquals(
                "a\\\"b\\\\c\\u000a",
                JsonPrinter.escape("a\"b\\c\n", new StringBuilder()).toString());
    }
}
