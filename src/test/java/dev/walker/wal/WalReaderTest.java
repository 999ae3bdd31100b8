package dev.walker.wal;

import static dev.walker.testing.RecordBuilder.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class WalReaderTest {
    private static final RelFileLocator REL = new RelFileLocator(1663, 5, 16559);
    private static final int SEGMENT = 1 << 20;

    /** Reads a record that a server wrote, which lies at a given LSN and names the record before. */
    private static WalRecord golden(PgVersion version, long lsn, String hex) {
        byte[] raw = bytes(hex);
        long prev = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN).getLong(8);
        WalBuilder wal = new WalBuilder(version, 16 << 20, lsn).prevLsn(prev);
        wal.add(raw);
        WalReader reader = wal.reader();
        WalRecord record = new WalRecord();
        assertEquals(ReadStatus.NEED_MORE, reader.next(record));
        reader.feed(wal.bytes(), 0, wal.bytes().length);
        assertEquals(ReadStatus.RECORD, reader.next(record), reader::endReason);
        assertEquals(lsn, record.lsn());
        assertEquals(lsn + (raw.length + 7 & -8), record.endLsn());
        assertEquals(raw.length, record.totalLength());
        return record;
    }

    @Test
    void readsAHeapInsertOf15() {
        WalRecord record = golden(
                PgVersion.PG15,
                0x3065EE0,
                "3b000000 72030000 a05e060300000000 00 0a 0000 ee6a191b | 00 20 0a00 7f060000 05000000 af400000 00000000"
                        + "| ff 03 | 0100 0008 18 00 02000000 | 0200 00");
        assertEquals("Heap INSERT at 0/3065EE0, xid 882", record.toString());
        assertEquals(0x3065EA0, record.prevLsn());
        assertEquals(0, record.maxBlockId());
        BlockRef block = record.block(0);
        assertEquals(REL, block.locator());
        assertEquals(Fork.MAIN, block.fork());
        assertEquals(0, block.blockNumber());
        assertFalse(block.hasImage());
        assertEquals(0x0800, block.data().u16(2));
        assertEquals(2, block.data().u32(6));
        assertEquals(2, record.mainData().u16(0));
        assertEquals(3, record.mainData().length());
    }

    @Test
    void readsAHotUpdateOf15() {
        WalRecord record = golden(
                PgVersion.PG15,
                0x30C7370,
                "440000007e03000028730c0300000000400a00000d59993f 0020 0800 7f060000 05000000 b0080000 00000000 ff0e"
                        + "3100 0880 0028 18 00 | 7e030000 0400 00 20 00000000 0500");
        assertEquals("HOT_UPDATE", record.typeName());
        assertEquals(894, record.xid());
        assertEquals(8, record.block(0).data().length());
        assertEquals(5, record.mainData().u16(12));
    }

    @Test
    void readsTransactionRecordsOf15() {
        WalRecord commit = golden(
                PgVersion.PG15,
                0x3064A98,
                "2e000000 69030000 704a060300000000 80 01 0000 ec046124 | ff 14 |"
                        + "4ef922d4d9030300 02000000 01000000 6a030000");
        assertEquals("Transaction COMMIT at 0/3064A98, xid 873", commit.toString());
        assertEquals(-1, commit.maxBlockId());
        assertEquals(874, commit.mainData().u32(16));
        WalRecord prepared = golden(
                PgVersion.PG15,
                0x3064C20,
                "2a000000 00000000 f04b060300000000 b0 01 0000 946a0504 | ff 10 | 30fa22d4d9030300 50000000 62030000");
        assertEquals("Transaction COMMIT_PREPARED at 0/3064C20, xid 0", prepared.toString());
        WalRecord multi = golden(
                PgVersion.PG15,
                0x3064720,
                "36000000 63030000 3846060300000000 20 06 0000 55fc3eee | ff 1c |"
                        + "05000000 09000000 02000000 62030000 00000000 63030000 04000000");
        assertEquals("MultiXact CREATE_ID at 0/3064720, xid 867", multi.toString());
    }

    @Test
    void readsPruningOf15And17() {
        WalRecord prune = golden(
                PgVersion.PG15,
                0x3024EA0,
                "38000000 50030000 704e020300000000 10 09 0000 b2c80818 | 00 20 0200 7f060000 05000000 320a0000 00000000"
                        + "| ff 08 | 2500 | 4f030000 0000 0100");
        assertEquals("Heap2 PRUNE at 0/3024EA0, xid 848", prune.toString());
        WalRecord cleanup = golden(
                PgVersion.PG17,
                0x156BF40,
                "38000000 00000000 00bf560100000000 30 09 0000 58184612 | 00 20 0800 7f060000 05000000 00400000 02000000"
                        + "| ff 02 | 0300 1700 1f00 2000 | fc 80");
        assertEquals("Heap2 PRUNE_VACUUM_CLEANUP at 0/156BF40, xid 0", cleanup.toString());
    }

    @Test
    void takesTheLongPageHeaderOfA15Server() {
        byte[] page = new byte[8192];
        byte[] header =
                bytes("10d1 0600 01000000 0000001200000000 00000000 00000000 41a312d217c4026b 00000001 00200000");
        System.arraycopy(header, 0, page, 0, header.length);
        WalReader reader = new WalReader(0x12000000, 16 << 20, 0);
        reader.feed(page, 0, page.length);
        assertEquals(ReadStatus.END_OF_WAL, reader.next(new WalRecord()));
        assertEquals(
                "xl_tot_len 0, wanted a record: nothing was written here (LSN 0/12000028, segment"
                        + " 000000010000000000000012)",
                reader.endReason());
        assertEquals(0x12000028, reader.position());
        assertEquals(WalBuilder.SYSTEM_IDENTIFIER, reader.systemIdentifier());
    }

    /** What a reader makes of bytes: one line for each record, and how it ended. */
    static List<String> read(WalReader reader, byte[] wal, long startLsn, int chunk) {
        List<String> lines = new ArrayList<>();
        WalRecord record = new WalRecord();
        for (int steps = 0; steps < 4 * wal.length + 100; steps++) {
            switch (reader.next(record)) {
                case RECORD -> {
                    assertTrue(Lsn.compare(record.endLsn(), reader.position()) <= 0);
                    lines.add(record + " " + record.totalLength() + " " + Lsn.format(record.endLsn()) + " "
                            + record.timeline() + " " + record.origin() + " " + record.topLevelXid() + " "
                            + Arrays.hashCode(record.mainData().toArray()) + " "
                            + BlockRefText.format(record));
                }
                case NEED_MORE -> {
                    int at = (int) (reader.wantedLsn() - startLsn);
                    if (at >= wal.length) {
                        lines.add("NEED_MORE at " + Lsn.format(reader.position()));
                        return lines;
                    }
                    // A copy, so that nobody can hold on to what was lent.
                    int length = Math.min(chunk, wal.length - at);
                    byte[] copy = new byte[length + 3];
                    System.arraycopy(wal, at, copy, 2, length);
                    reader.feed(copy, 2, length);
                }
                case END_OF_WAL -> {
                    lines.add("END_OF_WAL " + reader.endReason());
                    return lines;
                }
                default -> throw new AssertionError();
            }
        }
        throw new AssertionError("does not come to an end: " + lines.subList(0, Math.min(20, lines.size())));
    }

    private static List<String> read(WalBuilder wal, int chunk) {
        return read(wal.reader(), wal.bytes(), wal.startLsn(), chunk);
    }

    /** WAL with everything that a reader has to cope with. */
    static WalBuilder varied(PgVersion version) {
        WalBuilder wal = new WalBuilder(version);
        byte[] page = new byte[8192];
        for (int i = 0; i < page.length; i++) {
            page[i] = (byte) (i < 100 || i >= 8000 ? i * 31 : 0);
        }
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        wal.add(RecordBuilder.of(Rmgr.HEAP, 0x00)
                .xid(700)
                .block(0, REL, 1)
                .data("0102030405")
                .main("010000"));
        wal.add(RecordBuilder.of(Rmgr.HEAP, 0x20)
                .xid(700)
                .block(0, REL, 1)
                .data("0102")
                .block(1, REL, 2)
                .sameRel()
                .image(page, 100, 7900, true)
                .origin(7)
                .main("00112233445566778899aabbccdd"));
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0xB0)
                .block(2, REL, 9)
                .fork(Fork.FSM)
                .image(page, 0, 0, false));
        wal.fillUntil(0);
        wal.add(RecordBuilder.of(Rmgr.XACT, 0x00).xid(700).main(new byte[8]));
        wal.fillUntil(8);
        wal.add(RecordBuilder.of(Rmgr.HEAP2, 0x50)
                .xid(701)
                .block(0, REL, 3)
                .willInit()
                .data(new byte[300])
                .main("0001"));
        wal.fillUntil(16);
        wal.add(RecordBuilder.of(Rmgr.LOGICALMSG, 0x00).xid(702).main(new byte[40000]));
        wal.fillUntil(24);
        wal.add(RecordBuilder.of(Rmgr.XACT, 0x00).xid(702).main(new byte[9]));
        wal.fillUntil(32);
        wal.add(RecordBuilder.of(Rmgr.XACT, 0x00).xid(703).main(new byte[5]));
        wal.switchSegment();
        wal.timeline(2);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x90).main(new byte[24]));
        return wal;
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void readsTheSameWhereverTheBytesAreCut(PgVersion version) {
        WalBuilder wal = varied(version);
        List<String> expected = read(wal, Integer.MAX_VALUE);
        assertEquals(17, expected.size(), () -> String.join("\n", expected));
        assertTrue(expected.get(15).startsWith("XLOG END_OF_RECOVERY at 0/200028, xid 0"), expected.get(15));
        assertEquals("NEED_MORE at " + Lsn.format(wal.position()), expected.get(16));
        for (int chunk : new int[] {1, 7, 8191, 8192, 8193, 65536}) {
            assertEquals(expected, read(wal, chunk), () -> "in chunks of " + chunk);
        }
        byte[] all = wal.bytes();
        // Inside long main data and in the zeros after XLOG_SWITCH one cut is like another; pages are the same in all
        // versions.
        int step = version == PgVersion.PG15 ? 1 : 5;
        for (int cut = version.major() % step; cut < 100_000; cut += nearPageStart(cut) ? step : 41) {
            WalReader reader = wal.reader();
            byte[] head = new byte[cut];
            System.arraycopy(all, 0, head, 0, cut);
            List<String> lines = read(reader, head, wal.startLsn(), 8192);
            assertTrue(lines.remove(lines.size() - 1).startsWith("NEED_MORE at "));
            lines.addAll(read(reader, all, wal.startLsn(), 8192));
            assertEquals(expected, lines);
        }
    }

    private static boolean nearPageStart(int at) {
        return at < 90_000 && (at + 100) % 8192 < 700;
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void goesOnWhereAnotherReaderWas(PgVersion version) {
        WalBuilder wal = varied(version);
        byte[] all = wal.bytes();
        List<String> expected = read(wal, Integer.MAX_VALUE);
        WalReader reader = wal.reader();
        WalRecord record = new WalRecord();
        reader.next(record);
        reader.feed(all, 0, all.length);
        for (int count = 1; count < expected.size(); count++) {
            assertEquals(ReadStatus.RECORD, reader.next(record));
            WalReader other = new WalReader(reader.position(), SEGMENT, 0);
            byte[] rest = new byte[all.length - (int) (other.wantedLsn() - wal.startLsn())];
            System.arraycopy(all, all.length - rest.length, rest, 0, rest.length);
            List<String> lines = read(other, rest, other.wantedLsn(), 100);
            assertEquals(expected.subList(count, expected.size()), lines, "from " + Lsn.format(reader.position()));
        }
    }

    /** Wherever the record is, the first of its page or not, in one piece or in some. */
    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void followsTheRecordThatIsTold(PgVersion version) {
        WalBuilder wal = varied(version);
        byte[] all = wal.bytes();
        List<String> expected = read(wal, Integer.MAX_VALUE);
        WalReader reader = wal.reader();
        WalRecord record = new WalRecord();
        reader.next(record);
        assertEquals(Lsn.INVALID, reader.previousLsn());
        reader.feed(all, 0, all.length);
        for (int count = 1; count < expected.size(); count++) {
            assertEquals(ReadStatus.RECORD, reader.next(record));
            long previous = record.lsn();
            assertEquals(previous, reader.previousLsn());
            WalReader other = new WalReader(reader.position(), SEGMENT, 0);
            other.follow(previous);
            byte[] rest = Arrays.copyOfRange(all, (int) (other.wantedLsn() - wal.startLsn()), all.length);
            assertEquals(expected.subList(count, expected.size()), read(other, rest, other.wantedLsn(), 100));
            if (reader.position() == wal.position()) {
                break;
            }
            for (int piece : new int[] {40, rest.length}) {
                WalReader wrong = new WalReader(reader.position(), SEGMENT, 0);
                wrong.follow(previous + 8);
                ReadStatus status = wrong.next(record);
                for (int at = 0; status == ReadStatus.NEED_MORE; status = wrong.next(record)) {
                    at = (int) (wrong.wantedLsn() - wal.startLsn()) - (all.length - rest.length);
                    wrong.feed(rest, at, Math.min(piece, rest.length - at));
                }
                assertEquals(ReadStatus.END_OF_WAL, status);
                assertTrue(
                        wrong.endReason()
                                .startsWith("xl_prev " + Lsn.format(previous) + ", wanted " + Lsn.format(previous + 8)),
                        wrong.endReason());
                assertEquals(previous + 8, wrong.previousLsn());
            }
        }
    }

    @Test
    void beginsWithTheFirstRecordAtOrAfterAnyLsn() {
        WalBuilder wal = varied(PgVersion.PG16);
        byte[] all = wal.bytes();
        List<Long> starts = new ArrayList<>();
        WalReader reader = wal.reader();
        WalRecord record = new WalRecord();
        reader.next(record);
        reader.feed(all, 0, all.length);
        while (reader.next(record) == ReadStatus.RECORD) {
            starts.add(record.lsn());
        }
        for (long from = wal.startLsn(); from < wal.startLsn() + 90_000; from += 4) {
            long wanted = from;
            WalReader other = new WalReader(from, SEGMENT, 0);
            int skipped = (int) (other.wantedLsn() - wal.startLsn());
            assertEquals(0, skipped % 8192);
            other.feed(all, skipped, all.length - skipped);
            assertEquals(ReadStatus.RECORD, other.next(record));
            assertEquals(
                    starts.stream().filter(lsn -> lsn >= wanted).findFirst().orElseThrow(), record.lsn());
        }
    }

    @Test
    void allocatesNothingForARecord() {
        WalBuilder wal = new WalBuilder(PgVersion.PG17);
        for (int i = 0; i < 20_000; i++) {
            wal.add(RecordBuilder.of(Rmgr.HEAP, 0x00)
                    .xid(i)
                    .block(0, REL, i)
                    .data(new byte[i % 90])
                    .main("010000"));
        }
        byte[] all = wal.bytes();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        WalRecord record = new WalRecord();
        long best = Long.MAX_VALUE;
        for (int round = 0; round < 5; round++) {
            WalReader reader = wal.reader();
            int count = 0;
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int at = 0; at < all.length; at = (int) (reader.wantedLsn() - wal.startLsn())) {
                reader.feed(all, at, Math.min(10_000, all.length - at));
                while (reader.next(record) == ReadStatus.RECORD) {
                    count += record.typeName().length() / 6;
                }
            }
            best = Math.min(best, threads.getCurrentThreadAllocatedBytes() - before);
            assertEquals(20_000, count);
        }
        // The buffer for records across pages, once.
        assertTrue(best < 40_000, best + " bytes for 20,000 records");
    }

    @Test
    void jumpsToTheNextSegmentAfterSwitch() {
        WalBuilder wal = new WalBuilder(PgVersion.PG18);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        wal.switchSegment();
        WalReader reader = wal.reader();
        WalRecord record = new WalRecord();
        reader.feed(wal.bytes(), 0, 8192);
        assertEquals(ReadStatus.RECORD, reader.next(record));
        assertEquals(ReadStatus.RECORD, reader.next(record));
        assertEquals("SWITCH", record.typeName());
        assertEquals(0x200000, record.endLsn());
        assertEquals(ReadStatus.NEED_MORE, reader.next(record));
        assertEquals(0x200000, reader.wantedLsn());
        assertEquals(0x200028, reader.position());
    }

    @Test
    void leavesARecordThatWasOverwritten() {
        WalBuilder wal = new WalBuilder(PgVersion.PG15);
        long kept = wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        long lost = wal.abandon(RecordBuilder.of(Rmgr.LOGICALMSG, 0).main(new byte[100_000]), 3);
        RecordBuilder overwrite = RecordBuilder.of(Rmgr.XLOG, 0xD0)
                .main(ByteBuffer.allocate(16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(lost)
                        .array());
        long next = wal.add(overwrite);
        assertEquals(0x100000 + 3 * 8192 + 24, next);
        List<String> lines = read(wal, 100);
        assertEquals(3, lines.size());
        assertTrue(lines.get(0).startsWith("XLOG NOOP at " + Lsn.format(kept)), lines.get(0));
        assertTrue(lines.get(1).startsWith("XLOG OVERWRITE_CONTRECORD at " + Lsn.format(next)), lines.get(1));
        // A reader that begins in what was given up finds the same.
        WalReader late = new WalReader(0x100000 + 8192, SEGMENT, 0);
        byte[] all = wal.bytes();
        byte[] rest = new byte[all.length - 8192];
        System.arraycopy(all, 8192, rest, 0, rest.length);
        assertEquals(lines.subList(1, 3), read(late, rest, 0x100000 + 8192, 100));
    }

    @Test
    void wantsTheRightRecordAfterOneThatWasOverwritten() {
        WalBuilder wal = new WalBuilder(PgVersion.PG15);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        wal.abandon(RecordBuilder.of(Rmgr.LOGICALMSG, 0).main(new byte[100_000]), 1);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0xD0).main(new byte[16]));
        WalFormatException e = assertThrows(WalFormatException.class, () -> read(wal, 8192));
        assertEquals(
                "overwritten_lsn 0/0, wanted 0/100040 (LSN 0/102018, segment 000000010000000000000001)",
                e.getMessage());
    }

    @Test
    void neverLooksBeyondTheLimit() {
        WalBuilder wal = varied(PgVersion.PG17);
        List<String> expected = read(wal, Integer.MAX_VALUE);
        byte[] all = wal.bytes();
        for (int limit = 0; limit < 90_000; limit += nearPageStart(limit) ? 1 : 41) {
            byte[] bytes = Arrays.copyOf(all, 12 * 8192);
            for (int i = limit; i < bytes.length; i++) {
                bytes[i] = (byte) 0xAA;
            }
            WalReader reader = wal.reader();
            reader.limit(wal.startLsn() + limit);
            WalRecord record = new WalRecord();
            reader.feed(bytes, 0, bytes.length);
            int count = 0;
            while (reader.next(record) == ReadStatus.RECORD) {
                assertTrue(expected.get(count++).startsWith(record.toString()));
            }
            assertEquals(ReadStatus.NEED_MORE, reader.next(record));
            assertTrue(expected.get(count).contains(" at " + Lsn.format(reader.position())));
            reader.limit(wal.position());
            List<String> rest = read(reader, all, wal.startLsn(), 8192);
            assertEquals(expected.subList(count, expected.size()), rest);
        }
    }

    @Test
    void tellsDamageFromTheEndByTheLimit() {
        WalBuilder wal = new WalBuilder(PgVersion.PG14);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        wal.zeros(64);
        assertEquals(
                "END_OF_WAL xl_tot_len 0, wanted a record: nothing was written here (LSN 0/100040, segment"
                        + " 000000010000000000000001)",
                read(wal, 9).get(1));
        WalReader strict = wal.reader();
        strict.limit(wal.position());
        WalFormatException e =
                assertThrows(WalFormatException.class, () -> read(strict, wal.bytes(), wal.startLsn(), 9));
        assertEquals(0x100040, e.lsn());
        // And it stays so.
        assertSame(e, assertThrows(WalFormatException.class, () -> strict.next(new WalRecord())));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0 00000000 xl_tot_len 0, wanted",
                "0 07000000 xl_tot_len 7 is below the 24-byte record header",
                "0 ffffff7f xl_tot_len 2147483647 is above the maximum of 1069547520",
                "17 16 xl_rmid 22 is no resource manager of PostgreSQL 16",
                "8 00 xl_prev 0/100000, wanted 0/100028",
                "20 00 xl_crc 0x",
                "4 ff xl_crc 0x"
            })
    void saysWhatIsWrongWithARecord(String damage) {
        WalBuilder wal = new WalBuilder(PgVersion.PG16);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20));
        wal.add(RecordBuilder.of(Rmgr.XACT, 0x00).xid(9).main(new byte[8]));
        byte[] all = wal.bytes();
        String[] words = damage.split(" ", 3);
        byte[] change = bytes(words[1]);
        System.arraycopy(change, 0, all, 0x40 + Integer.parseInt(words[0]), change.length);
        List<String> lines = read(wal.reader(), all, wal.startLsn(), 8192);
        assertTrue(lines.get(1).startsWith("END_OF_WAL " + words[2]), lines.get(1));
        assertTrue(lines.get(1).endsWith(" (LSN 0/100040, segment 000000010000000000000001)"), lines.get(1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0 0000 xlp_magic 0: a page that was never written",
                "0 18d1 xlp_magic 0xD118, wanted 0xD113 as on the pages before",
                "2 1000 xlp_info 0x0010 has unknown bits",
                "2 0900 xlp_info 0x0009 has both",
                "2 0000 no XLP_FIRST_IS_CONTRECORD in xlp_info, wanted it with an xlp_rem_len of 31 as the rest of the"
                        + " record at 0/101FF8",
                "4 00000000 xlp_tli 0 is lower than 1",
                "8 0000 xlp_pageaddr 0/100000, wanted 0/102000",
                "16 1e xlp_rem_len 30, wanted 31 as the rest of the record at 0/101FF8"
            })
    void saysWhatIsWrongWithAPage(String damage) {
        WalBuilder wal = new WalBuilder(PgVersion.PG16);
        wal.fillUntil(8);
        wal.add(RecordBuilder.of(Rmgr.XACT, 0x00).xid(9).main(new byte[13]));
        byte[] all = wal.bytes();
        String[] words = damage.split(" ", 3);
        byte[] change = bytes(words[1]);
        System.arraycopy(change, 0, all, 8192 + Integer.parseInt(words[0]), change.length);
        List<String> lines = read(wal.reader(), all, wal.startLsn(), 8192);
        assertTrue(lines.get(1).startsWith("END_OF_WAL " + words[2]), lines.get(1));
        assertTrue(lines.get(1).contains(" (LSN 0/102000, segment 000000010000000000000001)"), lines.get(1));
    }

    @Test
    void refusesWhatIsOfAnotherKindOfServer() {
        WalBuilder wal = varied(PgVersion.PG15);
        byte[] all = wal.bytes();
        all[0] = 0x77;
        UnsupportedWalException magic =
                assertThrows(UnsupportedWalException.class, () -> read(wal.reader(), all, wal.startLsn(), 8192));
        assertTrue(
                magic.getMessage().startsWith("xlp_magic 0xD177 is unknown, wanted one of 0xD097 (PostgreSQL 10), "),
                magic.getMessage());
        assertTrue(magic.getMessage().contains(", 0xD122 (PostgreSQL 19) (LSN "), magic.getMessage());
        all[0] = 0x10;
        all[24] ^= 1;
        WalFormatException sysid =
                assertThrows(WalFormatException.class, () -> read(wal.reader(), all, wal.startLsn(), 8192));
        assertTrue(sysid.getMessage().contains("the file is of another database cluster"), sysid.getMessage());
        all[24] ^= 1;
        all[37] = 0x40;
        UnsupportedWalException blocks =
                assertThrows(UnsupportedWalException.class, () -> read(wal.reader(), all, wal.startLsn(), 8192));
        assertTrue(blocks.getMessage().startsWith("xlp_xlog_blcksz 16384, wanted 8192"), blocks.getMessage());
        all[37] = 0x20;
        WalFormatException size = assertThrows(
                WalFormatException.class,
                () -> read(new WalReader(wal.startLsn(), 2 << 20, 0), all, wal.startLsn(), 8192));
        assertTrue(size.getMessage().startsWith("xlp_info 0x0002 has XLP_LONG_HEADER"), size.getMessage());
        assertTrue(size.getMessage().contains("segment size is taken as 2097152"), size.getMessage());
    }

    @Test
    void refusesNonsenseFromItsCaller() {
        assertThrows(IllegalArgumentException.class, () -> new WalReader(0, SEGMENT, 0));
        assertThrows(IllegalArgumentException.class, () -> new WalReader(8, 3 << 20, 0));
        WalReader reader = varied(PgVersion.PG15).reader();
        reader.feed(new byte[10], 0, 10);
        assertThrows(IllegalStateException.class, () -> reader.feed(new byte[10], 0, 10));
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> varied(PgVersion.PG15).reader().feed(new byte[10], 5, 6));
    }

    @Test
    void keepsCustomResourceManagersApart() {
        WalRecord record = RecordBuilder.of(200, 0x30).main("01").decode(PgVersion.PG15);
        assertEquals("custom200", record.rmgrName());
        assertEquals("UNKNOWN (30)", record.typeName());
        AssertionError e = assertThrows(
                AssertionError.class,
                () -> RecordBuilder.of(200, 0x30).main("01").decode(PgVersion.PG14));
        assertTrue(e.getMessage().contains("xl_rmid 200 is no resource manager of PostgreSQL 14"), e.getMessage());
    }

    @Test
    void readsTheTopLevelXidFrom14On() {
        RecordBuilder builder =
                RecordBuilder.of(Rmgr.HEAP, 0).topLevelXid(77).origin(3).main("010000");
        WalRecord record = builder.decode(PgVersion.PG14);
        assertTrue(record.hasTopLevelXid());
        assertEquals(77, record.topLevelXid());
        assertTrue(record.hasOrigin());
        assertEquals(3, record.origin());
        assertArrayEquals(new byte[] {1, 0, 0}, record.mainData().toArray());
        assertThrows(WalFormatException.class, () -> builder.decode(PgVersion.PG13));
    }
}
