package dev.walker.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSegmentName;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reader allocates for itself, and nothing for a record. */
class AllocationTest {
    private static final RelFileLocator REL = new RelFileLocator(1663, 5, 16384);
    private static final int SEGMENT = 64 << 20;
    private static final int RECORDS = 500_000;
    private static final int ROUNDS = 2;

    private static WalBuilder wal;

    @BeforeAll
    static void build() {
        wal = new WalBuilder(PgVersion.PG15, SEGMENT, SEGMENT);
        byte[] page = new byte[8192];
        Arrays.fill(page, (byte) 1);
        for (int i = 0; i < RECORDS; i++) {
            wal.add(i % 1000 == 0 ? image(page) : i % 3 == 0 ? update(i) : insert(i));
        }
    }

    private static RecordBuilder image(byte[] page) {
        return RecordBuilder.of(Rmgr.XLOG, 0xB0).block(0, REL, 9).image(page, 100, 2000, true);
    }

    private static RecordBuilder insert(int i) {
        return RecordBuilder.of(Rmgr.HEAP, 0x00)
                .xid(700)
                .block(0, REL, i)
                .data(new byte[5 + i % 30])
                .main("010000");
    }

    private static RecordBuilder update(int i) {
        return RecordBuilder.of(Rmgr.HEAP, 0x20)
                .xid(701)
                .block(0, REL, i)
                .data("0102")
                .block(1, REL, i + 1)
                .sameRel()
                .origin(7)
                .main("00112233445566778899aabbccdd");
    }

    private interface Pass {
        /** Reads all; the sum of some of what records say. */
        long read(WalRecord record);
    }

    @Test
    void aReaderOfBytesAllocatesNothingForARecord() {
        byte[] bytes = wal.bytes();
        check(record -> {
            WalReader reader = wal.reader();
            reader.next(record);
            reader.feed(bytes, 0, bytes.length);
            long sum = 0;
            int count = 0;
            while (reader.next(record) == ReadStatus.RECORD) {
                sum += look(record);
                count++;
            }
            assertEquals(RECORDS, count);
            return sum;
        });
    }

    @Test
    void aReaderOfFilesAllocatesNothingForARecord(@TempDir Path directory) throws IOException {
        byte[] segment = Arrays.copyOf(wal.bytes(), SEGMENT);
        Files.write(directory.resolve(WalSegmentName.of(1, SEGMENT, SEGMENT).toString()), segment);
        try (WalFiles files = new WalFiles(List.of(directory), 0)) {
            check(record -> {
                long sum = 0;
                int count = 0;
                try (FileWalReader reader = new FileWalReader(files, files.firstLsn(), wal.position())) {
                    while (reader.next(record)) {
                        sum += look(record);
                        count++;
                    }
                }
                assertEquals(RECORDS, count);
                return sum;
            });
        }
    }

    private static long look(WalRecord record) {
        long sum = record.xid() + record.mainData().length();
        for (int id = 0; id <= record.maxBlockId(); id++) {
            sum += record.block(id).data().length() + record.block(id).image().length();
        }
        return sum;
    }

    private static void check(Pass pass) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        WalRecord record = new WalRecord();
        long expected = pass.read(record);
        long before = threads.getCurrentThreadAllocatedBytes();
        long sum = 0;
        for (int round = 0; round < ROUNDS; round++) {
            sum += pass.read(record);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertEquals(ROUNDS * expected, sum);
        // The least object has 16 bytes, a buffer for a segment 1 MB: what is below a quarter of the one is none for a
        // record.
        assertTrue(allocated < 4L * ROUNDS * RECORDS, () -> allocated + " bytes for " + ROUNDS * RECORDS + " records");
    }
}
