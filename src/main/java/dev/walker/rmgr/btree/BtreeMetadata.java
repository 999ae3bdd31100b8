package dev.walker.rmgr.btree;

import dev.walker.bytes.WalBytes;
import dev.walker.version.WalLayout;
import dev.walker.wal.WalRecord;

/**
 * The metapage of an index: {@code xl_btree_metadata}, access/nbtxlog.h; block data of the metapage. Valid until the next
 * record.
 *
 * <p>The positions are those since 12. Up to 11 {@code version} is missing and the fields up to {@code oldest_btpo_xact}
 * come 4 bytes earlier; 10 ends with {@code fastlevel}.
 */
public final class BtreeMetadata {
    /** Byte position of {@code version} (uint32) in the block data. */
    public static final int VERSION_AT = 0;
    /** Byte position of {@code root} (BlockNumber, 4 bytes) in the block data. */
    public static final int ROOT_AT = 4;
    /** Byte position of {@code level} (uint32) in the block data. */
    public static final int LEVEL_AT = 8;
    /** Byte position of {@code fastroot} (BlockNumber, 4 bytes) in the block data. */
    public static final int FASTROOT_AT = 12;
    /** Byte position of {@code fastlevel} (uint32) in the block data. */
    public static final int FASTLEVEL_AT = 16;
    /** Byte position of {@code last_cleanup_num_delpages} (uint32; {@code oldest_btpo_xact} up to 13) in the block data. */
    public static final int LAST_CLEANUP_NUM_DELPAGES_AT = 20;
    /** Byte position of {@code last_cleanup_num_heap_tuples} (float8) in the block data, from 11 to 13. */
    public static final int LAST_CLEANUP_NUM_HEAP_TUPLES_AT = 24;
    /** Bytes up to the last field since 14. */
    public static final int SIZE = 25;

    private static final int SIZE_IN_13 = 33;
    private static final int SIZE_IN_11_AND_12 = 32;
    private static final int SIZE_IN_10 = 16;

    private WalBytes data;
    private boolean hasVersion;
    private boolean hasCleanupInfo;
    /** By how many bytes {@code root} to {@code oldest_btpo_xact} come earlier than since 12. */
    private int earlier;

    /** A view without a record. */
    public BtreeMetadata() {}

    /**
     * Moves to the metapage of a record.
     *
     * @param blockId block reference of the metapage: 0 in a META_CLEANUP, 2 in INSERT_META and NEWROOT, 4 in
     *     UNLINK_PAGE_META
     * @throws dev.walker.wal.WalFormatException if there is none, or it is too short
     */
    public BtreeMetadata wrap(WalRecord record, int blockId) {
        int size = size(record.layout());
        hasVersion = record.layout().hasBtreeMetadataVersion();
        hasCleanupInfo = record.layout().hasBtreeCleanupInfo();
        earlier = hasVersion ? 0 : Integer.BYTES;
        int found = record.hasBlock(blockId) ? record.block(blockId).data().length() : 0;
        if (found < size) {
            throw record.malformed("xl_btree_metadata needs " + size + " bytes of data of block reference " + blockId
                    + ", found " + found);
        }
        data = record.block(blockId).data();
        return this;
    }

    private static int size(WalLayout layout) {
        if (layout.hasBtreeFullXids()) {
            return SIZE;
        }
        if (layout.hasBtreePostings()) {
            return SIZE_IN_13;
        }
        return layout.hasBtreeCleanupInfo() ? SIZE_IN_11_AND_12 : SIZE_IN_10;
    }

    /** {@code BTREE_VERSION} of the index, unsigned 32-bit; 0 up to 11, which do not tell it. */
    public long version() {
        return hasVersion ? data.u32(VERSION_AT) : 0;
    }

    /** The root page, unsigned 32-bit. */
    public long root() {
        return data.u32(ROOT_AT - earlier);
    }

    /** Level of the root page, unsigned 32-bit. */
    public long level() {
        return data.u32(LEVEL_AT - earlier);
    }

    /** The page that searches begin with, unsigned 32-bit. */
    public long fastroot() {
        return data.u32(FASTROOT_AT - earlier);
    }

    /** Level of that page, unsigned 32-bit. */
    public long fastlevel() {
        return data.u32(FASTLEVEL_AT - earlier);
    }

    /**
     * How many removed pages there were after the last cleanup, unsigned 32-bit; up to 13 the oldest XID of one, and 0 in
     * 10, which does not tell it.
     */
    public long lastCleanupNumDelpages() {
        return hasCleanupInfo ? data.u32(LAST_CLEANUP_NUM_DELPAGES_AT - earlier) : 0;
    }

    /** How many table rows there were after the last cleanup; from 11 to 13 only. */
    public double lastCleanupNumHeapTuples() {
        return Double.longBitsToDouble(data.u64(LAST_CLEANUP_NUM_HEAP_TUPLES_AT));
    }
}
