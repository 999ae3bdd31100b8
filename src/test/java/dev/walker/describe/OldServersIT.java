package dev.walker.describe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.fpi.FullPageImage;
import dev.walker.testing.DescribedWorkload;
import dev.walker.testing.ServerReading;
import dev.walker.testing.ServerWal;
import dev.walker.testing.TestServer;
import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import dev.walker.wal.BlockRef;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalRecord;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * WAL of servers before 15, which have no pg_walinspect: every record under a workload, compared with how the server itself
 * reads it.
 */
@Tag("server")
class OldServersIT {
    private static final ZoneId ZONE = ZoneId.of("Australia/Adelaide");

    /** Types that core writes after a crash, by chance or never; and those that need another workload. */
    private static final Set<String> NOT_REACHED = Set.of(
            "XLOG NOOP",
            "XLOG FPI_MULTI",
            "XLOG OVERWRITE_CONTRECORD",
            "CLOG TRUNCATE",
            "MultiXact ZERO_OFF_PAGE",
            "Heap2 REWRITE",
            "Heap HOT_UPDATE+INIT",
            "Hash MOVE_PAGE_CONTENTS",
            "Gin CREATE_PTREE",
            "Gin VACUUM_PAGE",
            "Gist ASSIGN_LSN",
            "CommitTs SETTS");

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.walker.testing.TestServer#oldVersions")
    void readsWhatTheServerReads(String version) throws Exception {
        Optional<String> whyNot = ServerReading.whyNot();
        assumeTrue(whyNot.isEmpty(), () -> whyNot.orElse(""));
        int major = Integer.parseInt(version.substring(0, version.indexOf('.')));
        WalLayout layout = WalLayout.of(PgVersion.byMajor(major).orElseThrow());
        int segmentSize = DescribedWorkload.segmentSize(major);
        try (TestServer server =
                DescribedWorkload.prepared(TestServer.version(version), major).start()) {
            server.execute("CHECKPOINT");
            long start = Lsn.parse(server.query("SELECT redo_lsn FROM pg_control_checkpoint()"));
            new DescribedWorkload(server).run();
            long end = Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()"));
            ServerReading reading = new ServerReading(server);
            assertEquals(reading.types(), GoldenTest.types(layout));
            List<ServerReading.Row> rows = reading.rows(start, end, segmentSize, ZONE);
            Comparison comparison = new Comparison(rows);
            ServerWal.walk(server, start, end, segmentSize, comparison::add);
            comparison.check(layout);
        }
    }

    private static final class Comparison {
        final List<ServerReading.Row> rows;
        final Descriptions descriptions = new Descriptions(ZONE);
        final FullPageImage images = new FullPageImage();
        final byte[] page = new byte[FullPageImage.PAGE_SIZE];
        final Map<String, String> different = new TreeMap<>();
        final Set<String> types = new TreeSet<>();
        int count;
        int imageCount;

        Comparison(List<ServerReading.Row> rows) {
            this.rows = rows;
        }

        void add(WalRecord record) {
            assertTrue(count < rows.size(), () -> "the server reads " + rows.size() + " records, and not " + record);
            ServerReading.Row row = rows.get(count++);
            assertEquals(Lsn.format(row.lsn()), Lsn.format(record.lsn()));
            StringBuilder text = new StringBuilder();
            descriptions.describe(record, text);
            String type = record.rmgrName() + " " + record.typeName();
            String found = type + ": " + text + "\n" + String.join("\n", blocks(record));
            String expected =
                    row.rmgr() + " " + row.type() + ": " + row.description() + "\n" + String.join("\n", row.blocks());
            types.add(type);
            if (!found.equals(expected)) {
                different.putIfAbsent(type, record + "\nserver: " + expected + "\nWALker: " + found);
            }
        }

        private List<String> blocks(WalRecord record) {
            List<String> blocks = new ArrayList<>();
            for (int id = 0; id <= record.maxBlockId(); id++) {
                if (record.hasBlock(id)) {
                    BlockRef block = record.block(id);
                    String image = "-";
                    if (block.hasImage()) {
                        images.restore(block, page);
                        image = String.format("%016x", fnv1a(page));
                        imageCount++;
                    }
                    RelFileLocator locator = block.locator();
                    blocks.add("#" + id + " " + locator.spcOid() + "/" + locator.dbOid() + "/" + locator.relNumber()
                            + " " + block.fork().number() + " " + block.blockNumber() + " "
                            + block.data().length() + " " + image);
                }
            }
            return blocks;
        }

        private static long fnv1a(byte[] bytes) {
            long hash = 0xcbf29ce484222325L;
            for (byte each : bytes) {
                hash = (hash ^ each & 0xFF) * 0x100000001b3L;
            }
            return hash;
        }

        void check(WalLayout layout) {
            assertEquals("", String.join("\n", different.values()));
            assertEquals(rows.size(), count, "records");
            assertTrue(imageCount > 1000, imageCount + " images");
            Set<String> missing = new TreeSet<>();
            for (String line : GoldenTest.types(layout)) {
                String[] fields = line.split("\t");
                missing.add(fields[1] + " " + fields[3]);
            }
            missing.removeAll(types);
            missing.removeAll(NOT_REACHED);
            assertEquals(Set.of(), missing, "record types that were not reached");
        }
    }
}
