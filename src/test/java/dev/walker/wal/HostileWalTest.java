package dev.walker.wal;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.walker.fpi.FullPageImage;
import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Bad input gives a status or a WalFormatException, in bounded time and space. {@code -Dwalker.hostile=all} changes every
 * byte.
 */
class HostileWalTest {
    private static final boolean ALL = System.getProperty("walker.hostile", "").equals("all");

    private static final RelFileLocator REL = new RelFileLocator(1663, 5, 16559);

    /** Reads to the end, in whatever way there is one; tells it in a word. */
    private static String readAll(WalReader reader, byte[] wal, long startLsn, int chunk, FullPageImage images) {
        WalRecord record = new WalRecord();
        byte[] page = new byte[FullPageImage.PAGE_SIZE];
        int records = 0;
        try {
            for (int steps = 0; steps < 2 * wal.length + 1000; steps++) {
                switch (reader.next(record)) {
                    case RECORD -> {
                        records++;
                        touch(record, page, images);
                    }
                    case NEED_MORE -> {
                        long at = reader.wantedLsn() - startLsn;
                        if (at < 0) {
                            fail("went back to " + Lsn.format(reader.wantedLsn()));
                        }
                        if (at >= wal.length) {
                            return "NEED_MORE " + records;
                        }
                        reader.feed(wal, (int) at, (int) Math.min(chunk, wal.length - at));
                    }
                    default -> {
                        assertTrue(reader.endReason().contains("(LSN "), reader.endReason());
                        return "END_OF_WAL " + records;
                    }
                }
            }
        } catch (WalFormatException e) {
            assertTrue(e.getMessage().contains("LSN "), e.getMessage());
            return "WalFormatException " + records;
        }
        return fail("does not come to an end");
    }

    /** Uses everything that a record gives. */
    private static void touch(WalRecord record, byte[] page, FullPageImage images) {
        assertTrue(record.toString().length() > 10);
        RecordRow.of(record);
        int payload = record.mainData().length();
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                payload += block.image().length() + block.data().length();
                if (block.hasImage()) {
                    images.restore(block, page);
                }
            }
        }
        assertTrue(payload <= record.totalLength());
    }

    private static WalBuilder small(PgVersion version) {
        byte[] page = new byte[8192];
        Arrays.fill(page, 0, 40, (byte) 3);
        Arrays.fill(page, 8150, 8192, (byte) 4);
        WalBuilder wal = new WalBuilder(version);
        wal.add(RecordBuilder.of(Rmgr.HEAP, 0x20)
                .xid(700)
                .block(0, REL, 1)
                .data("0102")
                .block(3, REL, 2)
                .sameRel()
                .image(page, 40, 8110, true)
                .origin(7)
                .topLevelXid(version.major() >= 14 ? 699 : -1)
                .main("00112233445566778899aabbccdd"));
        wal.fillUntil(16);
        wal.add(RecordBuilder.of(Rmgr.LOGICALMSG, 0x00).xid(702).main(new byte[9000]));
        wal.add(RecordBuilder.of(Rmgr.XACT, 0x00).xid(702).main(new byte[9]));
        return wal;
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void copesWithEveryByteChanged(PgVersion version) {
        WalBuilder wal = small(version);
        byte[] all = wal.bytes();
        FullPageImage images = new FullPageImage();
        String whole = readAll(wal.reader(), all, wal.startLsn(), 8191, images);
        assertTrue(whole.equals("NEED_MORE 4"), whole);
        // Beyond the headers one byte is as good as the next.
        for (int at = 0; at < all.length; at += at % 8192 <= 600 || ALL ? 1 : 5) {
            byte before = all[at];
            for (int change : new int[] {0x01, 0x10, 0x80, 0xFF}) {
                all[at] = (byte) (before ^ change);
                for (boolean strict : new boolean[] {false, true}) {
                    WalReader reader = wal.reader();
                    if (strict) {
                        reader.limit(wal.position());
                    }
                    String end =
                            readAll(reader, all, wal.startLsn(), at % 3 == 0 ? 7 + 8184 * (at % 2) : 30000, images);
                    // Padding, xlp_rem_len of a first page and the like do not matter; all else is found.
                    assertTrue(!strict || !end.startsWith("END_OF_WAL"), end);
                }
                if (at % 8192 > 600) {
                    break;
                }
            }
            all[at] = before;
        }
    }

    /** Here the CRC is right, so that only the checks of what the record says are left. */
    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void copesWithEveryByteOfARecordChangedAndTheCrcRight(PgVersion version) {
        byte[] page = new byte[8192];
        page[8191] = 1;
        RecordBuilder builder = RecordBuilder.of(Rmgr.HEAP, 0x20)
                .xid(700)
                .block(0, REL, 1)
                .data("0102")
                .block(1, REL, 2)
                .sameRel()
                .rawImage(new byte[300], 24, 100, 0x07)
                .block(5, REL, 4)
                .image(page, 24, 8000, true)
                .origin(7)
                .main("00112233445566778899aabbccdd");
        FullPageImage images = new FullPageImage();
        byte[] good = builder.build(version, 0);
        int refused = 0;
        for (int at = 0; at < 120; at++) {
            for (int value = 0; value < 256; value++) {
                byte[] bad = good.clone();
                bad[at] = (byte) value;
                RecordBuilder.fixCrc(bad);
                if (at < 4) {
                    // xl_tot_len is what the record is put on pages with.
                    continue;
                }
                WalBuilder wal = new WalBuilder(version);
                wal.add(bad);
                byte[] all = wal.bytes();
                String end = readAll(wal.reader(), all, wal.startLsn(), all.length, images);
                refused += end.startsWith("WalFormat") ? 1 : 0;
            }
        }
        assertTrue(refused > 1000, "only " + refused);
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void copesWithRandomItemsAfterTheHeader(PgVersion version) {
        Random random = new Random(20261122);
        FullPageImage images = new FullPageImage();
        for (int run = 0; run < 20_000; run++) {
            byte[] record = new byte[24 + random.nextInt(200)];
            random.nextBytes(record);
            for (int i = 24; i < record.length; i++) {
                // Many small numbers and item ids, so that parsing gets somewhere.
                record[i] = (byte) (random.nextInt(3) > 0 ? random.nextInt(6) : 250 + random.nextInt(6));
            }
            byte[] header =
                    RecordBuilder.of(random.nextInt(22), random.nextInt(256)).build(version, 0);
            System.arraycopy(header, 4, record, 4, 16);
            record[0] = (byte) record.length;
            record[1] = record[2] = record[3] = 0;
            RecordBuilder.fixCrc(record);
            WalBuilder wal = new WalBuilder(version);
            wal.add(record);
            byte[] all = wal.bytes();
            readAll(wal.reader(), all, wal.startLsn(), all.length, images);
        }
    }

    @Test
    void copesWithRandomBytesBehindGoodPageHeaders() {
        Random random = new Random(42);
        FullPageImage images = new FullPageImage();
        List<String> ends = new ArrayList<>();
        for (int run = 0; run < 3000; run++) {
            PgVersion version = PgVersion.values()[run % PgVersion.values().length];
            WalBuilder wal = small(version);
            byte[] all = wal.bytes();
            int from = random.nextInt(all.length);
            int count = 1 + random.nextInt(random.nextBoolean() ? 8 : 5000);
            for (int i = from; i < Math.min(all.length, from + count); i++) {
                if (i % 8192 >= 24) {
                    all[i] = (byte) random.nextInt();
                }
            }
            ends.add(readAll(wal.reader(), all, wal.startLsn(), 1 + random.nextInt(9000), images));
        }
        assertTrue(ends.stream().filter(end -> end.startsWith("END_OF_WAL")).count() > 1000);
    }

    @Test
    void makesNoRoomForALengthThatNobodyVouchesFor() {
        // xl_tot_len of almost 1 GiB in an otherwise plausible header, on a server with little memory.
        byte[] record =
                RecordBuilder.of(Rmgr.LOGICALMSG, 0).main(new byte[20_000]).build(PgVersion.PG17, 0);
        record[3] = 0x3F;
        WalBuilder wal = new WalBuilder(PgVersion.PG17);
        wal.add(record);
        byte[] all = wal.bytes();
        long before = usedMemory();
        List<WalReader> readers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            WalReader reader = wal.reader();
            readers.add(reader);
            String end = readAll(reader, all, wal.startLsn(), 8192, new FullPageImage());
            assertTrue(end.equals("END_OF_WAL 0"), end);
        }
        assertTrue(
                readers.get(0).endReason().startsWith("xlp_rem_len "),
                readers.get(0).endReason());
        assertTrue(usedMemory() - before < 100L << 20);
    }

    private static long usedMemory() {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
