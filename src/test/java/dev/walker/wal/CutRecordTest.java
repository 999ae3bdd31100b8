package dev.walker.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.describe.Descriptions;
import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records that are longer than what the reader is to keep of one. */
class CutRecordTest {
    private static final RelFileLocator REL = new RelFileLocator(1663, 5, 16384);
    private static final int LONG = 2 * WalReader.LEAST_KEPT + 77;

    private final byte[] main = new byte[LONG];
    private final WalBuilder wal = new WalBuilder(PgVersion.PG17);

    CutRecordTest() {
        new Random(1).nextBytes(main);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        wal.add(RecordBuilder.of(Rmgr.LOGICALMSG, 0)
                .xid(9)
                .block(0, REL, 3)
                .data("0102")
                .longMain()
                .main(main));
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20).xid(10));
    }

    private static void read(WalReader reader, WalRecord record, byte[] bytes, int chunk, ReadStatus wanted) {
        ReadStatus status = reader.next(record);
        while (status == ReadStatus.NEED_MORE) {
            int at = (int) (reader.wantedLsn() - (1 << 20));
            if (at >= bytes.length) {
                break;
            }
            reader.feed(bytes, at, Math.min(chunk, bytes.length - at));
            status = reader.next(record);
        }
        assertEquals(wanted, status, reader.endReason());
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 8191, 100_000, Integer.MAX_VALUE})
    void keepTheirHeadersAndBlocks(int chunk) {
        byte[] bytes = wal.bytes();
        WalReader reader = wal.reader();
        reader.keepAtMost(WalReader.LEAST_KEPT);
        WalRecord record = new WalRecord();
        read(reader, record, bytes, chunk, ReadStatus.RECORD);
        assertFalse(record.isCut());
        read(reader, record, bytes, chunk, ReadStatus.RECORD);
        assertTrue(record.isCut());
        assertEquals(LONG, record.mainDataLength());
        assertEquals(9, record.xid());
        assertEquals(3, record.block(0).blockNumber());
        assertEquals("0102", RecordBuilder.hex(record.block(0).data().toArray()));
        WalBytes kept = new WalBytes(record);
        assertTrue(kept.length() > 4 << 20 && kept.length() < LONG);
        assertEquals(-1, kept.mismatch(main));
        assertTrue(record.bytes.length <= WalReader.LEAST_KEPT);
        StringBuilder text = new StringBuilder();
        new Descriptions().describe(record, text);
        assertEquals("main data of " + LONG + " bytes, too long to be described", text.toString());
        read(reader, record, bytes, chunk, ReadStatus.RECORD);
        assertFalse(record.isCut());
        assertEquals(10, record.xid());
        assertEquals(0, record.mainDataLength());
    }

    /** What is compared of the main data that is there. */
    private record WalBytes(byte[] bytes) {
        WalBytes(WalRecord record) {
            this(record.mainData().toArray());
        }

        int length() {
            return bytes.length;
        }

        int mismatch(byte[] all) {
            return java.util.Arrays.mismatch(bytes, 0, bytes.length, all, 0, bytes.length);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 5 << 20, WalReader.LEAST_KEPT + 20_000, LONG})
    void areCheckedAsAWhole(int damageAt) {
        byte[] bytes = wal.bytes();
        bytes[damageAt + 128] ^= 1;
        WalReader reader = wal.reader();
        reader.keepAtMost(WalReader.LEAST_KEPT);
        WalRecord record = new WalRecord();
        read(reader, record, bytes, 50_000, ReadStatus.RECORD);
        read(reader, record, bytes, 50_000, ReadStatus.END_OF_WAL);
        assertTrue(
                reader.endReason().startsWith("xl_crc") || reader.endReason().startsWith("xlp_"), reader.endReason());
    }

    @Test
    void areWholeWhereNothingElseIsAskedFor() {
        WalReader reader = wal.reader();
        WalRecord record = new WalRecord();
        byte[] bytes = wal.bytes();
        read(reader, record, bytes, 50_000, ReadStatus.RECORD);
        read(reader, record, bytes, 50_000, ReadStatus.RECORD);
        assertFalse(record.isCut());
        assertEquals(LONG, record.mainData().length());
    }

    @Test
    void mayBeGivenUp() {
        WalBuilder broken = new WalBuilder(PgVersion.PG17);
        RecordBuilder lost = RecordBuilder.of(Rmgr.LOGICALMSG, 0).longMain().main(main);
        long start = broken.abandon(lost, WalReader.LEAST_KEPT / WalReader.PAGE_SIZE + 20);
        ByteBuffer overwritten =
                ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(start);
        broken.add(RecordBuilder.of(Rmgr.XLOG, 0xD0).main(overwritten.array()));
        broken.add(RecordBuilder.of(Rmgr.XLOG, 0x20).xid(10));
        WalReader reader = broken.reader();
        reader.keepAtMost(WalReader.LEAST_KEPT);
        WalRecord record = new WalRecord();
        byte[] bytes = broken.bytes();
        read(reader, record, bytes, 50_000, ReadStatus.RECORD);
        assertEquals("OVERWRITE_CONTRECORD", record.typeName());
        assertFalse(record.isCut());
        read(reader, record, bytes, 50_000, ReadStatus.RECORD);
        assertEquals(10, record.xid());
    }

    @Test
    void haveRoomForAllBlocks() {
        assertThrows(IllegalArgumentException.class, () -> wal.reader().keepAtMost(WalReader.LEAST_KEPT - 1));
    }
}
