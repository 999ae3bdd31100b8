package dev.walker.testing;

import dev.walker.rmgr.Rmgr;
import dev.walker.version.PgVersion;
import dev.walker.wal.Fork;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * Makes WAL records for tests, as the server's {@code XLogInsert} would, without looking at what they mean.
 *
 * <pre>{@code
 * WalRecord record = RecordBuilder.of(Rmgr.HEAP, 0x10)
 *         .xid(700)
 *         .block(0, new RelFileLocator(1663, 5, 16384), 3)
 *         .main("bc020000 0100 00 00")
 *         .decode(PgVersion.PG17);
 * }</pre>
 */
public final class RecordBuilder {
    private final int rmgrId;
    private final int info;
    private long xid;
    private final List<Block> blocks = new ArrayList<>();
    private int origin = -1;
    private long topLevelXid = -1;
    private byte[] main = {};
    private boolean longMain;

    private static final class Block {
        int id;
        int flags;
        RelFileLocator locator;
        long number;
        byte[] data = {};
        byte[] image = {};
        int holeOffset;
        int holeLength;
        boolean applies;
        int imageInfo = -1;
    }

    private RecordBuilder(int rmgrId, int info) {
        this.rmgrId = rmgrId;
        this.info = info;
    }

    /** A record of a resource manager of core; {@code info} is {@code xl_info}. */
    public static RecordBuilder of(Rmgr rmgr, int info) {
        return new RecordBuilder(rmgr.id(), info);
    }

    /** A record of any resource manager. */
    public static RecordBuilder of(int rmgrId, int info) {
        return new RecordBuilder(rmgrId, info);
    }

    /** Sets {@code xl_xid}. */
    public RecordBuilder xid(long xid) {
        this.xid = xid;
        return this;
    }

    /** Adds a block reference to the main fork; what follows speaks of it until the next one. */
    public RecordBuilder block(int id, RelFileLocator locator, long number) {
        Block block = new Block();
        block.id = id;
        block.locator = locator;
        block.number = number;
        blocks.add(block);
        return this;
    }

    private Block last() {
        return blocks.get(blocks.size() - 1);
    }

    /** Sets the fork of the last block reference. */
    public RecordBuilder fork(Fork fork) {
        last().flags |= fork.number();
        return this;
    }

    /** Sets BKPBLOCK_WILL_INIT on the last block reference. */
    public RecordBuilder willInit() {
        last().flags |= 0x40;
        return this;
    }

    /** Sets BKPBLOCK_SAME_REL on the last block reference, which then has no locator of its own. */
    public RecordBuilder sameRel() {
        last().flags |= 0x80;
        return this;
    }

    /** Sets the data of the last block reference. */
    public RecordBuilder data(byte[] data) {
        last().data = data;
        last().flags |= data.length > 0 ? 0x20 : 0;
        return this;
    }

    /** Sets the data of the last block reference, in hexadecimal digits. */
    public RecordBuilder data(String hex) {
        return data(bytes(hex));
    }

    /**
     * Gives the last block reference an image without compression; the hole, if {@code holeLength} is not 0, is left out.
     */
    public RecordBuilder image(byte[] page, int holeOffset, int holeLength, boolean applies) {
        byte[] image = new byte[page.length - holeLength];
        System.arraycopy(page, 0, image, 0, holeOffset);
        System.arraycopy(page, holeOffset + holeLength, image, holeOffset, image.length - holeOffset);
        Block block = last();
        block.applies = applies;
        return rawImage(image, holeOffset, holeLength, -1);
    }

    /**
     * Gives the last block reference an image as it stands in the record.
     *
     * @param imageInfo {@code bimg_info}, or -1 for the one of an image without compression
     */
    public RecordBuilder rawImage(byte[] image, int holeOffset, int holeLength, int imageInfo) {
        Block block = last();
        block.flags |= 0x10;
        block.image = image;
        block.holeOffset = holeOffset;
        block.holeLength = holeLength;
        block.imageInfo = imageInfo;
        return this;
    }

    /** Sets the main data. */
    public RecordBuilder main(byte[] main) {
        this.main = main;
        return this;
    }

    /** Sets the main data, in hexadecimal digits. */
    public RecordBuilder main(String hex) {
        return main(bytes(hex));
    }

    /** Uses the long form for the length of the main data, whatever it is. */
    public RecordBuilder longMain() {
        longMain = true;
        return this;
    }

    /** Adds a replication origin. */
    public RecordBuilder origin(int origin) {
        this.origin = origin;
        return this;
    }

    /** Adds the top-level XID. */
    public RecordBuilder topLevelXid(long topLevelXid) {
        this.topLevelXid = topLevelXid;
        return this;
    }

    /** The bytes of the record, with its CRC. */
    public byte[] build(PgVersion version, long prevLsn) {
        ByteBuffer out = ByteBuffer.allocate(size()).order(ByteOrder.LITTLE_ENDIAN);
        out.position(WalRecord.HEADER_SIZE);
        for (Block block : blocks) {
            putBlock(out, block, version);
        }
        if (origin >= 0) {
            out.put((byte) 253).putShort((short) origin);
        }
        if (topLevelXid >= 0) {
            out.put((byte) 252).putInt((int) topLevelXid);
        }
        if (longMain || main.length > 255) {
            out.put((byte) 254).putInt(main.length);
        } else if (main.length > 0) {
            out.put((byte) 255).put((byte) main.length);
        }
        for (Block block : blocks) {
            out.put(block.image).put(block.data);
        }
        out.put(main);
        int length = out.position();
        out.putInt(0, length)
                .putInt(4, (int) xid)
                .putLong(8, prevLsn)
                .put(16, (byte) info)
                .put(17, (byte) rmgrId);
        byte[] record = new byte[length];
        System.arraycopy(out.array(), 0, record, 0, length);
        fixCrc(record);
        return record;
    }

    private int size() {
        int size = WalRecord.HEADER_SIZE + 16 + main.length;
        for (Block block : blocks) {
            size += 32 + block.image.length + block.data.length;
        }
        return size;
    }

    private static void putBlock(ByteBuffer out, Block block, PgVersion version) {
        out.put((byte) block.id).put((byte) block.flags).putShort((short) block.data.length);
        if ((block.flags & 0x10) != 0) {
            int info = block.imageInfo;
            boolean plain = info < 0;
            if (plain) {
                int applies = version.major() >= 15 ? 0x02 : 0x04;
                info = (block.holeLength > 0 ? 0x01 : 0) | (block.applies ? applies : 0);
            }
            out.putShort((short) block.image.length)
                    .putShort((short) block.holeOffset)
                    .put((byte) info);
            if (!plain && (info & 0x01) != 0) {
                out.putShort((short) block.holeLength);
            }
        }
        if ((block.flags & 0x80) == 0) {
            out.putInt((int) block.locator.spcOid())
                    .putInt((int) block.locator.dbOid())
                    .putInt((int) block.locator.relNumber());
        }
        out.putInt((int) block.number);
    }

    /** Computes the CRC of a record anew. */
    public static void fixCrc(byte[] record) {
        CRC32C crc = new CRC32C();
        crc.update(record, WalRecord.HEADER_SIZE, record.length - WalRecord.HEADER_SIZE);
        crc.update(record, 0, 20);
        ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).putInt(20, (int) crc.getValue());
    }

    /** The record as a reader gives it: for tests of views and plugins. It lives as long as the test wants. */
    public WalRecord decode(PgVersion version) {
        WalBuilder wal = new WalBuilder(version);
        wal.add(this);
        WalReader reader = wal.reader();
        WalRecord record = new WalRecord();
        reader.next(record);
        reader.feed(wal.bytes(), 0, wal.bytes().length);
        ReadStatus status = reader.next(record);
        if (status != ReadStatus.RECORD) {
            throw new AssertionError("no record but " + status + " " + reader.endReason());
        }
        return record;
    }

    /** The bytes that hexadecimal digits stand for; spaces and bars are ignored. */
    public static byte[] bytes(String hex) {
        String digits = hex.replaceAll("[ |\n]", "");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < digits.length(); i += 2) {
            out.write(Integer.parseInt(digits.substring(i, i + 2), 16));
        }
        return out.toByteArray();
    }

    /** Hexadecimal digits for bytes, for messages. */
    public static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte each : bytes) {
            text.append(String.format(Locale.ROOT, "%02x", each));
        }
        return text.toString();
    }
}
