package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** What an INPLACE logged: {@code xl_heap_inplace}, access/heapam_xlog.h. Valid until the next record. */
public final class HeapInplace {
    /** Byte position of {@code offnum} (OffsetNumber, 2 bytes) in the main data. */
    public static final int OFFNUM_AT = 0;
    /** Byte position of {@code dbId} (Oid, 4 bytes) in the main data, since 18. */
    public static final int DB_ID_AT = 4;
    /** Byte position of {@code tsId} (Oid, 4 bytes) in the main data, since 18. */
    public static final int TS_ID_AT = 8;
    /** Byte position of {@code relcacheInitFileInval} (bool) in the main data, since 18. */
    public static final int RELCACHE_INIT_FILE_INVAL_AT = 12;
    /** Byte position of {@code nmsgs} (int32) in the main data, since 18. */
    public static final int NMSGS_AT = 16;
    /** Byte position of {@code msgs} (16 bytes each) in the main data, since 18. */
    public static final int MSGS_AT = 20;

    private static final int MESSAGE_SIZE = 16;

    private WalBytes data;
    private BlockRef block;
    private int offnum;
    private int messages;

    /** A view without a record. */
    public HeapInplace() {}

    /**
     * Moves to a record of type INPLACE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its item number is impossible
     */
    public HeapInplace wrap(WalRecord record) {
        boolean hasMessages = record.layout().hasInplaceInvalidations();
        data = record.mainData(hasMessages ? MSGS_AT : 2, "xl_heap_inplace");
        block = HeapBlocks.require(record, 0, "xl_heap_inplace");
        offnum = HeapBlocks.offnum(record, data.u16(OFFNUM_AT), "xl_heap_inplace.offnum");
        messages = hasMessages ? data.s32(NMSGS_AT) : 0;
        if (hasMessages && (messages < 0 || messages > (data.length() - MSGS_AT) / MESSAGE_SIZE)) {
            throw record.malformed("xl_heap_inplace.nmsgs is " + messages + " in " + data.length()
                    + " bytes of main data; a message takes " + MESSAGE_SIZE);
        }
        return this;
    }

    /** The page of the tuple. */
    public BlockRef block() {
        return block;
    }

    /** Item number of the tuple, from 1. */
    public int offnum() {
        return offnum;
    }

    /** How many invalidation messages there are; 0 up to 17. */
    public int messageCount() {
        return messages;
    }

    /** OID of the database; only if {@link #messageCount} is not 0. */
    public long dbId() {
        return data.u32(DB_ID_AT);
    }

    /** OID of the tablespace of the database; only if {@link #messageCount} is not 0. */
    public long tsId() {
        return data.u32(TS_ID_AT);
    }

    /**
     * Whether the file of relation descriptors that backends start with goes; only if {@link #messageCount} is not 0.
     */
    public boolean isRelcacheInitFileInval() {
        return data.u8(RELCACHE_INIT_FILE_INVAL_AT) != 0;
    }
}
