package dev.walker.fpi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.ImageCompression;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalRecord;
import io.airlift.compress.Compressor;
import io.airlift.compress.lz4.Lz4Compressor;
import io.airlift.compress.zstd.ZstdCompressor;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FullPageImageTest {
    private static final RelFileLocator REL = new RelFileLocator(1663, 5, 16559);
    private static final int HOLE_AT = 120;
    private static final int HOLE = 3000;

    private final FullPageImage images = new FullPageImage();

    /** A page with much repetition, long and short, and a hole. */
    private static byte[] page(boolean hole) {
        Random random = new Random(7);
        byte[] page = new byte[8192];
        for (int at = 0; at < page.length; ) {
            int length = Math.min(page.length - at, 1 + random.nextInt(400));
            int kind = random.nextInt(3);
            for (int i = 0; i < length; i++, at++) {
                page[at] = kind == 0 ? (byte) random.nextInt() : kind == 1 || at < 999 ? 7 : page[at - 999];
            }
        }
        if (hole) {
            Arrays.fill(page, HOLE_AT, HOLE_AT + HOLE, (byte) 0);
        }
        return page;
    }

    private static byte[] raw(byte[] page, boolean hole) {
        if (!hole) {
            return page;
        }
        byte[] raw = new byte[page.length - HOLE];
        System.arraycopy(page, 0, raw, 0, HOLE_AT);
        System.arraycopy(page, HOLE_AT + HOLE, raw, HOLE_AT, raw.length - HOLE_AT);
        return raw;
    }

    private static byte[] compress(ImageCompression compression, byte[] raw) {
        if (compression == ImageCompression.PGLZ) {
            return pglz(raw);
        }
        Compressor compressor = compression == ImageCompression.LZ4 ? new Lz4Compressor() : new ZstdCompressor();
        byte[] out = new byte[compressor.maxCompressedLength(raw.length)];
        return Arrays.copyOf(out, compressor.compress(raw, 0, raw.length, out, 0, out.length));
    }

    /** The greediest and slowest pglz compressor: for each place the longest match of all. */
    private static byte[] pglz(byte[] raw) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream items = new ByteArrayOutputStream();
        int control = 0;
        int count = 0;
        for (int at = 0; at < raw.length; ) {
            int best = 0;
            int distance = 0;
            for (int back = 1; back <= Math.min(at, 4095); back++) {
                int length = 0;
                while (length < 273 && at + length < raw.length && raw[at + length] == raw[at + length - back]) {
                    length++;
                }
                if (length > best) {
                    best = length;
                    distance = back;
                }
            }
            if (best >= 3) {
                control |= 1 << count;
                items.write((distance >> 4 & 0xF0) | Math.min(best - 3, 15));
                items.write(distance);
                if (best >= 18) {
                    items.write(best - 18);
                }
                at += best;
            } else {
                items.write(raw[at++]);
            }
            if (++count == 8 || at == raw.length) {
                out.write(control);
                out.writeBytes(items.toByteArray());
                items.reset();
                control = 0;
                count = 0;
            }
        }
        return out.toByteArray();
    }

    private static WalRecord record(PgVersion version, byte[] image, int holeOffset, int holeLength, int info) {
        return RecordBuilder.of(Rmgr.XLOG, 0xB0)
                .block(0, REL, 3)
                .rawImage(image, holeOffset, holeLength, info)
                .decode(version);
    }

    private static int info(PgVersion version, ImageCompression compression, boolean hole) {
        int applies = version.major() >= 15 ? 0x02 : 0x04;
        int pglz = version.major() >= 15 ? 0x04 : 0x02;
        int bit = new int[] {0, pglz, 0x08, 0x10}[compression.ordinal()];
        return applies | bit | (hole ? 1 : 0);
    }

    @ParameterizedTest
    @CsvSource({
        "PG13, PGLZ",
        "PG14, PGLZ",
        "PG15, PGLZ",
        "PG15, LZ4",
        "PG15, ZSTD",
        "PG16, LZ4",
        "PG17, ZSTD",
        "PG18, PGLZ",
        "PG18, LZ4",
        "PG18, ZSTD"
    })
    void undoesCompression(PgVersion version, ImageCompression compression) {
        for (boolean hole : new boolean[] {false, true}) {
            byte[] page = page(hole);
            byte[] image = compress(compression, raw(page, hole));
            WalRecord record =
                    record(version, image, hole ? HOLE_AT : 0, hole ? HOLE : 0, info(version, compression, hole));
            assertEquals(compression, record.block(0).imageCompression());
            assertTrue(record.block(0).imageApplies());
            byte[] restored = new byte[8192];
            Arrays.fill(restored, (byte) 0x55);
            images.restore(record.block(0), restored);
            assertArrayEquals(page, restored);
        }
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void putsTheHoleBack(PgVersion version) {
        byte[] page = page(true);
        WalRecord record = RecordBuilder.of(Rmgr.XLOG, 0xB0)
                .block(0, REL, 3)
                .image(page, HOLE_AT, HOLE, false)
                .decode(version);
        byte[] restored = new byte[8192];
        Arrays.fill(restored, (byte) 0x55);
        images.restore(record.block(0), restored);
        assertArrayEquals(page, restored);
        assertEquals(HOLE, record.block(0).holeLength());
        assertEquals(false, record.block(0).imageApplies());
    }

    @ParameterizedTest
    @EnumSource(
            value = ImageCompression.class,
            names = {"PGLZ", "LZ4", "ZSTD"})
    void answersDamagedImagesWithOneException(ImageCompression compression) {
        byte[] page = page(true);
        byte[] good = compress(compression, raw(page, true));
        byte[] restored = new byte[8192];
        Random random = new Random(1);
        int refused = 0;
        for (int run = 0; run < 6000; run++) {
            byte[] bad = Arrays.copyOf(good, run % 3 == 0 ? 1 + random.nextInt(good.length) : good.length);
            for (int i = random.nextInt(4); i >= 0; i--) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            if (run % 5 == 0) {
                random.nextBytes(bad);
            }
            WalRecord record = record(PgVersion.PG17, bad, HOLE_AT, HOLE, info(PgVersion.PG17, compression, true));
            try {
                images.restore(record.block(0), restored);
            } catch (WalFormatException e) {
                refused++;
                assertTrue(e.getMessage().contains("(1663/5/16559, fork main, block 3)"), e.getMessage());
                assertEquals(0x100028, e.lsn());
            }
        }
        assertTrue(refused > 2000, "only " + refused);
        // The restorer is as good as new.
        WalRecord record = record(PgVersion.PG17, good, HOLE_AT, HOLE, info(PgVersion.PG17, compression, true));
        images.restore(record.block(0), restored);
        assertArrayEquals(page, restored);
    }

    @Test
    void refusesWhatHasNoImage() {
        WalRecord record =
                RecordBuilder.of(Rmgr.HEAP, 0).block(0, REL, 3).data("01").decode(PgVersion.PG15);
        assertThrows(IllegalArgumentException.class, () -> images.restore(record.block(0), new byte[8192]));
        WalRecord full = RecordBuilder.of(Rmgr.XLOG, 0xB0)
                .block(0, REL, 3)
                .image(page(false), 0, 0, true)
                .decode(PgVersion.PG15);
        assertThrows(IllegalArgumentException.class, () -> images.restore(full.block(0), new byte[8191]));
    }
}
