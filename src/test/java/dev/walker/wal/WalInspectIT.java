package dev.walker.wal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.fpi.FullPageImage;
import dev.walker.rmgr.Rmgr;
import dev.walker.testing.TestServer;
import dev.walker.testing.WalWorkload;
import dev.walker.version.PgVersion;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every record that a server writes under a workload, compared with what its own pg_walinspect tells about it. */
@Tag("server")
class WalInspectIT {
    private static final int SEGMENT = 1 << 20;

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.walker.testing.TestServer#versions")
    void readsWhatTheServerReads(String version) throws Exception {
        compareAll(TestServer.version(version), EnumSet.of(ImageCompression.NONE, ImageCompression.PGLZ));
    }

    @Test
    void readsWhatAnInstalledServerReads() throws Exception {
        Optional<TestServer.Builder> builder = TestServer.installed(Path.of("/usr/lib/postgresql/15/bin/pg_config"));
        assumeTrue(builder.isPresent(), "PostgreSQL 15 is not installed here");
        // Debian builds it with all libraries for compression.
        compareAll(builder.get(), EnumSet.allOf(ImageCompression.class));
    }

    private void compareAll(TestServer.Builder builder, Set<ImageCompression> compressions) throws Exception {
        try (TestServer server =
                builder.conf(WalWorkload.CONF).initdb("--wal-segsize=1").start()) {
            server.execute("CREATE EXTENSION pg_walinspect", "CHECKPOINT");
            long start = Lsn.parse(server.query("SELECT redo_lsn FROM pg_control_checkpoint()"));
            new WalWorkload(server).run();
            long end = Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()"));
            Coverage coverage = new Coverage();
            assertEquals(compareRecords(server, start, end, coverage), fingerprint(server, start, end, 8191));
            if (server.major() >= 16) {
                compareBlocks(server, start, end);
            } else {
                restoreAll(server, start, end);
            }
            coverage.check(server, compressions);
        }
    }

    /** What was seen. */
    private static final class Coverage {
        final Set<String> rmgrs = new TreeSet<>();
        final Set<String> types = new TreeSet<>();
        final Set<ImageCompression> compressions = EnumSet.noneOf(ImageCompression.class);
        int records;
        int longest;
        boolean sawVerificationImage;

        void add(WalRecord record) {
            records++;
            longest = Math.max(longest, record.totalLength());
            rmgrs.add(record.rmgrName());
            types.add(record.rmgrName() + " " + record.typeName());
            for (int id = 0; id <= record.maxBlockId(); id++) {
                if (record.hasBlock(id) && record.block(id).hasImage()) {
                    compressions.add(record.block(id).imageCompression());
                    sawVerificationImage |= !record.block(id).imageApplies();
                }
            }
        }

        void check(TestServer server, Set<ImageCompression> wanted) {
            Set<String> all = new TreeSet<>();
            for (int id = 0; id < Rmgr.CORE_COUNT; id++) {
                all.add(Rmgr.name(id));
            }
            assertEquals(all, rmgrs, "resource managers that the workload reaches");
            assertTrue(compressions.containsAll(wanted), compressions.toString());
            assertTrue(sawVerificationImage);
            assertTrue(longest > 3 * SEGMENT, "the longest record has " + longest + " bytes");
            assertTrue(records > 50_000, records + " records");
            for (String type : types) {
                assertFalse(type.contains("UNKNOWN"), type);
            }
            Set<String> needed = new TreeSet<>(List.of(
                    "XLOG SWITCH",
                    "XLOG OVERWRITE_CONTRECORD",
                    "XLOG FPI_FOR_HINT",
                    "XLOG BACKUP_END",
                    "XLOG FPW_CHANGE",
                    "XLOG PARAMETER_CHANGE",
                    "Transaction COMMIT_PREPARED",
                    "Transaction ABORT_PREPARED",
                    "Transaction INVALIDATION",
                    "Database CREATE_FILE_COPY",
                    "Database CREATE_WAL_LOG",
                    "Heap HEAP_CONFIRM",
                    "Heap HOT_UPDATE",
                    "Heap INSERT+INIT",
                    "Heap LOCK",
                    "Heap TRUNCATE",
                    "Heap2 MULTI_INSERT",
                    "Heap2 MULTI_INSERT+INIT",
                    "Heap2 LOCK_UPDATED",
                    "Heap2 REWRITE",
                    "MultiXact ZERO_OFF_PAGE"));
            needed.addAll(
                    server.major() >= 17
                            ? List.of("Heap2 PRUNE_ON_ACCESS", "Heap2 PRUNE_VACUUM_SCAN", "XLOG CHECKPOINT_REDO")
                            : List.of("Heap2 PRUNE", "Heap2 VACUUM", "Heap2 FREEZE_PAGE"));
            needed.removeAll(types);
            assertEquals(Set.of(), needed, () -> "record types that the workload does not reach; it does " + types);
            assertTrue(types.size() >= 100, () -> types.size() + ": " + types);
        }
    }

    /** Gives the WAL files of a server to a reader. */
    private static final class Files implements AutoCloseable {
        final TestServer server;
        final WalReader reader;
        final WalRecord record = new WalRecord();
        final long end;
        final byte[] chunk;
        RandomAccessFile file;
        long fileStart = -1;

        Files(TestServer server, long start, long end, int chunk) throws SQLException {
            this.server = server;
            this.end = end;
            this.chunk = new byte[chunk];
            reader = new WalReader(
                    start, SEGMENT, Long.parseLong(server.query("SELECT system_identifier FROM pg_control_system()")));
            reader.limit(end);
        }

        /** Whether there is another record before the end. */
        boolean next() throws IOException {
            while (true) {
                ReadStatus status = reader.next(record);
                if (status == ReadStatus.RECORD) {
                    return true;
                }
                assertEquals(ReadStatus.NEED_MORE, status);
                if (!Lsn.isBefore(reader.wantedLsn(), end)) {
                    return false;
                }
                WalSegmentName segment = WalSegmentName.of(1, reader.wantedLsn(), SEGMENT);
                if (segment.startLsn() != fileStart) {
                    close();
                    file = new RandomAccessFile(
                            server.walDir().resolve(segment.toString()).toFile(), "r");
                    fileStart = segment.startLsn();
                }
                file.seek(reader.wantedLsn() - fileStart);
                reader.feed(chunk, 0, file.read(chunk));
            }
        }

        @Override
        public void close() throws IOException {
            if (file != null) {
                file.close();
            }
        }
    }

    /** The fingerprint of what is equal. */
    private static long compareRecords(TestServer server, long start, long end, Coverage coverage)
            throws SQLException, IOException {
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement();
                Files wal = new Files(server, start, end, SEGMENT)) {
            connection.setAutoCommit(false);
            statement.setFetchSize(5000);
            List<String> columns = new ArrayList<>();
            for (String column : RecordRow.COLUMNS) {
                columns.add(column + "::text");
            }
            ResultSet rows = statement.executeQuery("SELECT " + String.join(", ", columns)
                    + " FROM pg_get_wal_records_info('" + Lsn.format(start) + "', '" + Lsn.format(end) + "')");
            String[] expected = new String[RecordRow.COLUMNS.size()];
            long last = 0;
            long hash = 0;
            while (rows.next()) {
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = rows.getString(i + 1);
                }
                assertTrue(wal.next(), "no record where the server has one");
                String[] row = RecordRow.of(wal.record);
                if (!Arrays.equals(expected, row)) {
                    assertArrayEquals(expected, row, () -> "after " + wal.record);
                }
                hash = fingerprint(hash, row, wal.record);
                coverage.add(wal.record);
                last = wal.record.endLsn();
            }
            assertFalse(wal.next(), () -> "the server has no record at " + wal.record);
            assertTrue(end - last < 64, "read up to " + Lsn.format(last) + ", wanted up to " + Lsn.format(end));
            assertEquals(
                    PgVersion.byMajor(server.major()).orElseThrow(),
                    wal.record.layout().version());
            return hash;
        }
    }

    /** A number for all rows as they are read in chunks of a size. */
    private static long fingerprint(TestServer server, long start, long end, int chunk)
            throws SQLException, IOException {
        long hash = 0;
        try (Files wal = new Files(server, start, end, chunk)) {
            while (wal.next()) {
                hash = fingerprint(hash, RecordRow.of(wal.record), wal.record);
            }
        }
        return hash;
    }

    private static long fingerprint(long before, String[] row, WalRecord record) {
        long hash = 31 * before + Arrays.hashCode(row);
        return 31 * hash + Arrays.hashCode(record.mainData().toArray());
    }

    private static void compareBlocks(TestServer server, long start, long end) throws SQLException, IOException {
        FullPageImage images = new FullPageImage();
        byte[] page = new byte[FullPageImage.PAGE_SIZE];
        try (Connection connection = server.jdbc();
                Statement statement = connection.createStatement();
                Files wal = new Files(server, start, end, SEGMENT)) {
            connection.setAutoCommit(false);
            statement.setFetchSize(5000);
            ResultSet rows =
                    statement.executeQuery("SELECT start_lsn::text, block_id, reltablespace, reldatabase, relfilenode,"
                            + " relforknumber, relblocknumber, block_data_length, block_fpi_length,"
                            + " 'APPLY' = ANY (block_fpi_info), md5(block_data), md5(block_fpi_data) FROM pg_get_wal_block_info('"
                            + Lsn.format(start) + "', '" + Lsn.format(end) + "', true)");
            int blocks = 0;
            while (wal.next()) {
                for (int id = 0; id <= wal.record.maxBlockId(); id++) {
                    if (!wal.record.hasBlock(id)) {
                        continue;
                    }
                    BlockRef block = wal.record.block(id);
                    String what = wal.record + ", block " + id;
                    assertTrue(rows.next(), what);
                    assertEquals(rows.getString(1), Lsn.format(block.lsn()), what);
                    assertEquals(rows.getInt(2), id, what);
                    assertEquals(rows.getLong(3), block.spcOid(), what);
                    assertEquals(rows.getLong(4), block.dbOid(), what);
                    assertEquals(rows.getLong(5), block.relNumber(), what);
                    assertEquals(rows.getInt(6), block.fork().number(), what);
                    assertEquals(rows.getLong(7), block.blockNumber(), what);
                    assertEquals(rows.getInt(8), block.data().length(), what);
                    assertEquals(rows.getInt(9), block.imageLength(), what);
                    assertEquals(rows.getBoolean(10), block.imageApplies(), what);
                    assertEquals(
                            rows.getString(11),
                            block.hasData() ? md5(block.data().toArray()) : null,
                            what);
                    if (block.hasImage()) {
                        images.restore(block, page);
                    }
                    assertEquals(rows.getString(12), block.hasImage() ? md5(page) : null, what);
                    blocks++;
                }
            }
            assertFalse(rows.next());
            assertTrue(blocks > 50_000, blocks + " blocks");
        }
    }

    /** What the server's md5() gives; to send the pages themselves takes much longer. */
    private static String md5(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For 15, which cannot show images: heap pages are as they should be around the hole. */
    private static void restoreAll(TestServer server, long start, long end) throws SQLException, IOException {
        FullPageImage images = new FullPageImage();
        byte[] page = new byte[FullPageImage.PAGE_SIZE];
        int restored = 0;
        try (Files wal = new Files(server, start, end, SEGMENT)) {
            while (wal.next()) {
                for (int id = 0; id <= wal.record.maxBlockId(); id++) {
                    if (wal.record.hasBlock(id) && wal.record.block(id).hasImage()) {
                        BlockRef block = wal.record.block(id);
                        images.restore(block, page);
                        if (block.holeLength() > 0) {
                            assertEquals(block.holeOffset(), page[12] & 0xFF | (page[13] & 0xFF) << 8);
                            assertEquals(
                                    block.holeOffset() + block.holeLength(), page[14] & 0xFF | (page[15] & 0xFF) << 8);
                            restored++;
                        }
                    }
                }
            }
        }
        assertTrue(restored > 1000, restored + " images");
    }
}
