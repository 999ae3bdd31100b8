package dev.walker.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.DescribedWorkload;
import dev.walker.testing.Golden;
import dev.walker.testing.Installation;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.ServerReading;
import dev.walker.testing.ServerWal;
import dev.walker.testing.TestServer;
import dev.walker.version.PgVersion;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/**
 * Makes the files that {@link Golden} reads, with servers that are there for tests:
 *
 * <pre>{@code
 * mvn -B test -Dtest=MakeGolden -Dwalker.golden=10.23.0,18.6.0
 * mvn -B test -Dtest=MakeGolden -Dwalker.golden=19.0=/usr/lib/postgresql/19/bin
 * }</pre>
 *
 * <p>{@code -Dtest=MakeGolden#seeds} makes of those files what {@link WalFuzzTest} begins with.
 */
class MakeGolden {
    /** How many pages in a row are kept. */
    private static final int PAGES = 20;
    /** Of each kind of record, so many are kept, and longer ones only if no other was seen. */
    private static final int EACH = 3;

    private static final int LONG = 2000;

    @Test
    void make() throws Exception {
        for (String version : System.getProperty("walker.golden", "").split(",")) {
            assertTrue(!version.isEmpty(), "-Dwalker.golden=VERSION[=BINDIR],... is missing");
            String[] parts = version.split("=");
            TestServer.Builder builder = parts.length == 1
                    ? TestServer.version(version)
                    : TestServer.of(Installation.at(parts[0], Path.of(parts[1])));
            make(builder, Integer.parseInt(parts[0].substring(0, parts[0].indexOf('.'))));
        }
    }

    /** One record of each type, in turn of each major, and few pages. */
    @Test
    void seeds() throws Exception {
        PgVersion[] all = PgVersion.values();
        Path inputs = Path.of("src/test/resources/dev/walker/wal/WalFuzzTestInputs");
        Path records = Files.createDirectories(inputs.resolve("record"));
        Path pages = Files.createDirectories(inputs.resolve("pages"));
        Set<String> types = new HashSet<>();
        for (int turn = 0; turn < all.length; turn++) {
            for (int i = 0; i < all.length; i++) {
                PgVersion version = all[i];
                for (Golden.Sample sample : Golden.samples(version)) {
                    String type = sample.rmgr() + "-" + sample.type();
                    if (sample.bytes().length < 400
                            && (type.hashCode() & 0xFF) % all.length == (i + turn) % all.length
                            && types.add(type)) {
                        byte[] seed = new byte[sample.bytes().length - WalRecord.HEADER_SIZE + 3];
                        seed[0] = (byte) version.ordinal();
                        seed[1] = sample.bytes()[16];
                        seed[2] = sample.bytes()[17];
                        System.arraycopy(sample.bytes(), WalRecord.HEADER_SIZE, seed, 3, seed.length - 3);
                        Files.write(
                                records.resolve(type.replaceAll("[^A-Za-z0-9]+", "_") + ".pg" + version.major()), seed);
                    }
                }
            }
        }
        for (PgVersion version : List.of(PgVersion.PG10, PgVersion.PG14, PgVersion.PG19)) {
            byte[] seed = new byte[2 + 2 * WalReader.PAGE_SIZE];
            seed[0] = (byte) version.ordinal();
            seed[1] = (byte) 0xFF;
            System.arraycopy(Golden.pages(version), 0, seed, 2, seed.length - 2);
            Files.write(pages.resolve("pg" + version.major()), seed);
        }
    }

    private static void make(TestServer.Builder builder, int major) throws Exception {
        int segmentSize = DescribedWorkload.segmentSize(major);
        try (TestServer server = DescribedWorkload.prepared(builder, major).start()) {
            if (major >= 15) {
                server.execute("CREATE EXTENSION pg_walinspect");
            }
            server.execute("CHECKPOINT");
            long start = Lsn.parse(server.query("SELECT redo_lsn FROM pg_control_checkpoint()"));
            new DescribedWorkload(server).run();
            compressImages(server);
            long end = Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()"));
            ServerReading reading = new ServerReading(server);
            Path directory = Files.createDirectories(Path.of("src/test/resources/golden"));
            Files.writeString(
                    directory.resolve("pg" + major + ".types"),
                    String.join("\n", reading.types()) + "\n",
                    StandardCharsets.UTF_8);
            List<ServerReading.Row> rows = reading.rows(start, end, segmentSize, ZoneId.of("UTC"));
            Choice choice = new Choice(rows, server, segmentSize);
            ServerWal.walk(server, start, end, segmentSize, choice::add);
            write(directory.resolve("pg" + major + ".records.gz"), String.join("\n", choice.lines));
            long first = choice.bestWindow();
            byte[] pages = new byte[PAGES * WalReader.PAGE_SIZE];
            for (int page = 0; page < PAGES; page++) {
                long lsn = first + (long) page * WalReader.PAGE_SIZE;
                byte[] segment = choice.segment(lsn);
                System.arraycopy(
                        segment,
                        Lsn.segmentOffset(lsn, segmentSize),
                        pages,
                        page * WalReader.PAGE_SIZE,
                        WalReader.PAGE_SIZE);
            }
            try (OutputStream out = gzip(directory.resolve("pg" + major + ".pages.gz"))) {
                out.write(pages);
            }
        }
    }

    /** Images in every way that the server was built with. */
    private static void compressImages(TestServer server) throws Exception {
        List<String> ways = new ArrayList<>(List.of("on"));
        if (server.major() >= 15) {
            ways = List.of(server.query(
                            "SELECT array_to_string(enumvals, ',') FROM pg_settings WHERE name = 'wal_compression'")
                    .split(","));
        }
        server.execute(
                "CREATE TABLE image (id int PRIMARY KEY, a int)",
                "INSERT INTO image SELECT i, i FROM generate_series(1, 50) i");
        for (String way : ways) {
            server.execute(
                    "CHECKPOINT", "SET wal_compression = '" + way + "'; UPDATE image SET a = -a WHERE id % 10 = 1");
        }
        server.execute("SET wal_consistency_checking = 'all'; UPDATE image SET a = -a WHERE id = 7");
    }

    private static OutputStream gzip(Path path) throws IOException {
        return new GZIPOutputStream(Files.newOutputStream(path)) {
            {
                def.setLevel(Deflater.BEST_COMPRESSION);
            }
        };
    }

    private static void write(Path path, String text) throws IOException {
        try (OutputStream out = gzip(path)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Which records and pages are kept. */
    private static final class Choice {
        final List<ServerReading.Row> rows;
        final TestServer server;
        final int segmentSize;
        final Map<String, Integer> kinds = new HashMap<>();
        final List<String> lines = new ArrayList<>();
        final Map<Long, Set<String>> typesOfPage = new HashMap<>();
        final Set<String> rare = new HashSet<>();
        int count;
        String segmentName = "";
        byte[] segment;

        Choice(List<ServerReading.Row> rows, TestServer server, int segmentSize) {
            this.rows = rows;
            this.server = server;
            this.segmentSize = segmentSize;
        }

        void add(WalRecord record) {
            ServerReading.Row row = rows.get(count++);
            assertEquals(row.lsn(), record.lsn());
            StringBuilder kind = new StringBuilder(row.rmgr() + " " + row.type());
            typesOfPage
                    .computeIfAbsent(record.lsn() & -WalReader.PAGE_SIZE, page -> new TreeSet<>())
                    .add(kind.toString());
            kind.append(
                    row.description().replaceAll("[0-9]+", ""),
                    0,
                    Math.min(60, row.description().replaceAll("[0-9]+", "").length()));
            for (int id = 0; id <= record.maxBlockId(); id++) {
                if (record.hasBlock(id)) {
                    BlockRef block = record.block(id);
                    kind.append(id)
                            .append(block.hasImage() ? block.imageCompression().name() + block.imageApplies() : "")
                            .append(block.hasData());
                }
            }
            int seen = kinds.merge(kind.toString(), 1, Integer::sum);
            boolean ordinary = record.totalLength() <= LONG
                    && seen <= EACH
                    && kinds.merge(row.rmgr() + " " + row.type(), 1, Integer::sum) <= 12;
            if (ordinary
                    || record.totalLength() <= 20_000 && rare.add(row.rmgr() + " " + row.type() + images(record))) {
                rare.add(row.rmgr() + " " + row.type() + images(record));
                lines.add(String.join(
                        "\t",
                        Lsn.format(row.lsn()),
                        row.rmgr(),
                        row.type(),
                        row.description(),
                        RecordBuilder.hex(bytes(record))));
            }
        }

        /** The ways of compression of the images of a record. */
        private static String images(WalRecord record) {
            Set<String> ways = new TreeSet<>();
            for (int id = 0; id <= record.maxBlockId(); id++) {
                if (record.hasBlock(id) && record.block(id).hasImage()) {
                    ways.add(record.block(id).imageCompression().name());
                }
            }
            ways.remove("NONE");
            return ways.toString();
        }

        private byte[] bytes(WalRecord record) {
            byte[] bytes = new byte[record.totalLength()];
            long lsn = record.lsn();
            for (int i = 0; i < bytes.length; i++, lsn++) {
                if ((lsn & WalReader.PAGE_SIZE - 1) == 0) {
                    lsn += Lsn.segmentOffset(lsn, segmentSize) == 0
                            ? WalReader.LONG_PAGE_HEADER
                            : WalReader.SHORT_PAGE_HEADER;
                }
                bytes[i] = segment(lsn)[Lsn.segmentOffset(lsn, segmentSize)];
            }
            return bytes;
        }

        byte[] segment(long lsn) {
            String name = WalSegmentName.of(1, lsn, segmentSize).toString();
            if (!name.equals(segmentName)) {
                try {
                    segment = Files.readAllBytes(ServerWal.segment(server, lsn, segmentSize));
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
                segmentName = name;
            }
            return segment;
        }

        /** The pages in a row, of one segment, on which most types begin. */
        long bestWindow() {
            long best = 0;
            int most = 0;
            for (long first : new TreeSet<>(typesOfPage.keySet())) {
                if (Lsn.segmentNumber(first, segmentSize)
                        != Lsn.segmentNumber(first + (long) PAGES * WalReader.PAGE_SIZE, segmentSize)) {
                    continue;
                }
                Set<String> types = new HashSet<>();
                for (int page = 0; page < PAGES; page++) {
                    types.addAll(typesOfPage.getOrDefault(first + (long) page * WalReader.PAGE_SIZE, Set.of()));
                }
                if (types.size() > most) {
                    most = types.size();
                    best = first;
                }
            }
            assertTrue(most > 20, most + " types");
            return best;
        }
    }
}
