package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/**
 * What a LOCK (Heap) or LOCK_UPDATED (Heap2) logged: {@code xl_heap_lock} and {@code xl_heap_lock_updated},
 * access/heapam_xlog.h. Both are alike. Valid until the next record.
 */
public final class HeapLock {
    /** Byte position of {@code xmax} (TransactionId, 4 bytes) in the main data. */
    public static final int XMAX_AT = 0;
    /** Byte position of {@code offnum} (OffsetNumber, 2 bytes) in the main data. */
    public static final int OFFNUM_AT = 4;
    /** Byte position of {@code infobits_set} (uint8, {@code XLHL_*}) in the main data. */
    public static final int INFOBITS_SET_AT = 6;
    /** Byte position of {@code flags} (uint8) in the main data. */
    public static final int FLAGS_AT = 7;
    /** {@code SizeOfHeapLock}. */
    public static final int SIZE = 8;

    /** {@code XLHL_XMAX_IS_MULTI}. */
    public static final int XMAX_IS_MULTI = 0x01;
    /** {@code XLHL_XMAX_LOCK_ONLY}. */
    public static final int XMAX_LOCK_ONLY = 0x02;
    /** {@code XLHL_XMAX_EXCL_LOCK}. */
    public static final int XMAX_EXCL_LOCK = 0x04;
    /** {@code XLHL_XMAX_KEYSHR_LOCK}. */
    public static final int XMAX_KEYSHR_LOCK = 0x08;
    /** {@code XLHL_KEYS_UPDATED}. */
    public static final int KEYS_UPDATED = 0x10;

    /** {@code XLH_LOCK_ALL_FROZEN_CLEARED}. */
    public static final int ALL_FROZEN_CLEARED = 0x01;

    private WalBytes data;
    private BlockRef block;
    private int offnum;

    /** A view without a record. */
    public HeapLock() {}

    /**
     * Moves to a record of type LOCK or LOCK_UPDATED.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its item number is impossible
     */
    public HeapLock wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_heap_lock");
        block = HeapBlocks.require(record, 0, "xl_heap_lock");
        offnum = HeapBlocks.offnum(record, data.u16(OFFNUM_AT), "xl_heap_lock.offnum");
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

    /** New {@code t_xmax}: an XID, or a MultiXactId by {@link #infobitsSet}; unsigned 32-bit. */
    public long xmax() {
        return data.u32(XMAX_AT);
    }

    /** {@code XLHL_*}. */
    public int infobitsSet() {
        return data.u8(INFOBITS_SET_AT);
    }

    /** Whether xmax only locks; otherwise it is a multixact that has an updater too. */
    public boolean isLockOnly() {
        return (infobitsSet() & XMAX_LOCK_ONLY) != 0;
    }

    /** {@code XLH_LOCK_*}. */
    public int flags() {
        return data.u8(FLAGS_AT);
    }
}
