package dev.walker.rmgr.heap;

import dev.walker.wal.WalRecord;

/** Record types of resource manager Heap: {@code XLOG_HEAP_*}, access/heapam_xlog.h. */
public enum HeapOp {
    /** {@code XLOG_HEAP_INSERT}. */
    INSERT,
    /** {@code XLOG_HEAP_DELETE}. */
    DELETE,
    /** {@code XLOG_HEAP_UPDATE}: not HOT, on the same page or another. */
    UPDATE,
    /** {@code XLOG_HEAP_TRUNCATE}: for logical decoding only. */
    TRUNCATE,
    /** {@code XLOG_HEAP_HOT_UPDATE}. */
    HOT_UPDATE,
    /** {@code XLOG_HEAP_CONFIRM}: a speculative insertion stays. */
    CONFIRM,
    /** {@code XLOG_HEAP_LOCK}. */
    LOCK,
    /** {@code XLOG_HEAP_INPLACE}: a catalog row was overwritten. */
    INPLACE;

    /** {@code XLOG_HEAP_INIT_PAGE}: the page of block 0 is made anew. */
    public static final int INIT_PAGE = 0x80;

    private static final int OPMASK = 0x70;
    private static final HeapOp[] ALL = values();

    /** The type of a record of resource manager Heap; each of the eight codes has one in all majors. */
    public static HeapOp of(WalRecord record) {
        return ALL[(record.info() & OPMASK) >> 4];
    }

    /** Whether the page of block 0 is made anew, so that what was on it is forgotten. */
    public static boolean isInitPage(WalRecord record) {
        return (record.info() & INIT_PAGE) != 0;
    }
}
