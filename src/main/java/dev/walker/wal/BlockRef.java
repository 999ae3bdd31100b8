package dev.walker.wal;

import dev.walker.bytes.WalBytes;

/**
 * A block reference of a WAL record: {@code XLogRecordBlockHeader} and what follows it, access/xlogrecord.h. Valid until
 * the reader moves on.
 */
public final class BlockRef {
    /** {@code BKPBLOCK_FORK_MASK}. */
    public static final int FORK_MASK = 0x0F;
    /** {@code BKPBLOCK_HAS_IMAGE}. */
    public static final int HAS_IMAGE = 0x10;
    /** {@code BKPBLOCK_HAS_DATA}. */
    public static final int HAS_DATA = 0x20;
    /** {@code BKPBLOCK_WILL_INIT}: redo makes the page anew. */
    public static final int WILL_INIT = 0x40;
    /** {@code BKPBLOCK_SAME_REL}: the locator is that of the block reference before. */
    public static final int SAME_REL = 0x80;

    private final WalRecord record;
    private final int blockId;

    // Set by WalReader, which has checked each of them; those of an image only if there is one.
    int forkFlags;
    /** As in the record: the OID of the tablespace in the low half, that of the database in the high one. */
    long spcAndDb;

    long relNumber;
    long blockNumber;
    int dataLength;
    int imageLength;
    int holeOffset;
    int holeLength;
    int imageInfo;
    boolean imageApplies;
    ImageCompression imageCompression = ImageCompression.NONE;
    /** Where the image, and behind it the data, begin in the payload of the record. */
    int payloadAt;

    private final WalBytes image = new WalBytes();
    private final WalBytes data = new WalBytes();

    BlockRef(WalRecord record, int blockId) {
        this.record = record;
        this.blockId = blockId;
    }

    /** LSN of the first byte of the record. */
    public long lsn() {
        return record.lsn;
    }

    /** Id of the reference in its record, 0 to 32. */
    public int blockId() {
        return blockId;
    }

    /** The byte {@code fork_flags}. */
    public int forkFlags() {
        return forkFlags;
    }

    /** The fork. */
    public Fork fork() {
        return Fork.of(forkFlags & FORK_MASK);
    }

    /** Whether the block is of the main fork. */
    public boolean isMainFork() {
        return (forkFlags & FORK_MASK) == 0;
    }

    /** OID of the tablespace. */
    public long spcOid() {
        return spcAndDb & 0xFFFF_FFFFL;
    }

    /** OID of the database, 0 for a shared catalog. */
    public long dbOid() {
        return spcAndDb >>> 32;
    }

    /** The relfilenode. */
    public long relNumber() {
        return relNumber;
    }

    /** The three parts of the locator as one new object. */
    public RelFileLocator locator() {
        return new RelFileLocator(spcOid(), dbOid(), relNumber);
    }

    /** Block number in the fork, in blocks from its start, unsigned 32-bit. */
    public long blockNumber() {
        return blockNumber;
    }

    /** Whether redo makes the page anew, so that what was on it is forgotten. */
    public boolean willInit() {
        return (forkFlags & WILL_INIT) != 0;
    }

    /** Whether there is a full-page image. */
    public boolean hasImage() {
        return (forkFlags & HAS_IMAGE) != 0;
    }

    /**
     * Whether redo restores the image: the image is then the page after the record's change. False when there is no
     * image, or one that is there for consistency checking only.
     */
    public boolean imageApplies() {
        return imageApplies && hasImage();
    }

    /** How the image is compressed; not at all if there is none. */
    public ImageCompression imageCompression() {
        return hasImage() ? imageCompression : ImageCompression.NONE;
    }

    /** Bytes that the image takes in the record, after compression; 0 if there is none. */
    public int imageLength() {
        return hasImage() ? imageLength : 0;
    }

    /** Byte position in the page where the hole begins that was left out of the image. */
    public int holeOffset() {
        return hasImage() ? holeOffset : 0;
    }

    /** Bytes of the hole, 0 if there is none. */
    public int holeLength() {
        return hasImage() ? holeLength : 0;
    }

    /** The byte {@code bimg_info}; what its bits mean depends on the major. */
    public int imageInfo() {
        return hasImage() ? imageInfo : 0;
    }

    /** The image as it stands in the record, see {@code dev.walker.fpi} for the page; empty if there is none. */
    public WalBytes image() {
        return image.wrap(record.bytes, record.payloadAt + payloadAt, imageLength());
    }

    /** Whether block data is there. */
    public boolean hasData() {
        return (forkFlags & HAS_DATA) != 0;
    }

    /** Bytes of the block data, 0 if there is none. */
    public int dataLength() {
        return dataLength;
    }

    /** The block data; empty if there is none. */
    public WalBytes data() {
        return data.wrap(record.bytes, record.payloadAt + payloadAt + imageLength(), dataLength);
    }
}
