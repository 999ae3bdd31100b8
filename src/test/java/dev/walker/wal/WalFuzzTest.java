package dev.walker.wal;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.RecordUse;
import dev.walker.testing.WalBuilder;
import dev.walker.testing.WalRun;
import dev.walker.version.PgVersion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Coverage-guided fuzzing. As a test it reads what is in {@code src/test/resources/dev/walker/wal/WalFuzzTestInputs}; one
 * method at a time is really fuzzed, for five minutes, with
 *
 * <pre>{@code
 * JAZZER_FUZZ=1 mvn -B test -Dtest='WalFuzzTest#record'
 * }</pre>
 *
 * <p>What fails is kept among those inputs, and is to be committed with the repair.
 */
class WalFuzzTest {
    private static final int MAX_RECORD = 60_000;

    private final RecordUse use = new RecordUse();

    /**
     * A record with a right length and CRC: what is behind those checks. The first byte chooses the major, the second {@code
     * xl_info}, the third {@code xl_rmid}; the others follow the record header.
     */
    @FuzzTest(maxDuration = "5m")
    void record(byte[] data) {
        if (data.length < 3 || data.length > MAX_RECORD) {
            return;
        }
        byte[] record = new byte[WalRecord.HEADER_SIZE + data.length - 3];
        ByteBuffer.wrap(record)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, record.length)
                .putInt(4, 700)
                .put(16, data[1])
                .put(17, data[2]);
        System.arraycopy(data, 3, record, WalRecord.HEADER_SIZE, data.length - 3);
        RecordBuilder.fixCrc(record);
        WalBuilder wal = new WalBuilder(version(data[0]));
        wal.add(record);
        byte[] all = wal.bytes();
        WalRun whole = WalRun.of(wal.reader(), all, wal.startLsn(), all.length, use);
        WalRun pieces = WalRun.of(wal.reader(), all, wal.startLsn(), 1 + (data[2] & 0xFF), use);
        if (!whole.equals(pieces)) {
            throw new AssertionError(whole + " but in pieces " + pieces);
        }
    }

    /**
     * Pages of any bytes behind a magic number that is known. The first byte chooses the major, the second how many bytes are
     * fed at a time, and whether there is a limit.
     */
    @FuzzTest(maxDuration = "5m")
    void pages(byte[] data) {
        if (data.length < 2 + WalReader.SHORT_PAGE_HEADER || data.length > MAX_RECORD) {
            return;
        }
        byte[] pages = Arrays.copyOfRange(data, 2, data.length);
        long start = 0x1000000;
        for (int page = 0; page + 16 <= pages.length; page += WalReader.PAGE_SIZE) {
            ByteBuffer.wrap(pages)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putShort(page, (short) version(data[0]).pageMagic())
                    .putLong(page + 8, start + page);
        }
        boolean limited = data[1] < 0;
        WalRun whole = WalRun.of(reader(start, pages.length, limited), pages, start, pages.length, use);
        WalRun pieces = WalRun.of(reader(start, pages.length, limited), pages, start, 1 + (data[1] & 0x7F), use);
        if (!whole.equals(pieces)) {
            throw new AssertionError(whole + " but in pieces " + pieces);
        }
    }

    private static WalReader reader(long start, int length, boolean limited) {
        WalReader reader = new WalReader(start, 1 << 20, 0);
        if (limited) {
            reader.limit(start + length);
        }
        return reader;
    }

    private static PgVersion version(byte choice) {
        PgVersion[] all = PgVersion.values();
        return all[(choice & 0xFF) % all.length];
    }
}
