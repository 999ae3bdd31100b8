package dev.walker.rmgr.heap;

/** The bits of {@code t_infomask} and {@code t_infomask2}, access/htup_details.h. */
public final class Infomask {
    /** {@code HEAP_XMAX_KEYSHR_LOCK}. */
    public static final int XMAX_KEYSHR_LOCK = 0x0010;
    /** {@code HEAP_XMAX_EXCL_LOCK}. */
    public static final int XMAX_EXCL_LOCK = 0x0040;
    /** {@code HEAP_XMAX_LOCK_ONLY}. */
    public static final int XMAX_LOCK_ONLY = 0x0080;
    /** {@code HEAP_XMIN_COMMITTED}, a hint. */
    public static final int XMIN_COMMITTED = 0x0100;
    /** {@code HEAP_XMIN_INVALID}, a hint. */
    public static final int XMIN_INVALID = 0x0200;
    /** {@code HEAP_XMIN_FROZEN}: both bits together. */
    public static final int XMIN_FROZEN = XMIN_COMMITTED | XMIN_INVALID;
    /** {@code HEAP_XMAX_COMMITTED}, a hint. */
    public static final int XMAX_COMMITTED = 0x0400;
    /** {@code HEAP_XMAX_INVALID}, a hint. */
    public static final int XMAX_INVALID = 0x0800;
    /** {@code HEAP_XMAX_IS_MULTI}. */
    public static final int XMAX_IS_MULTI = 0x1000;
    /** {@code HEAP_UPDATED}: the tuple is the new version of another. */
    public static final int UPDATED = 0x2000;
    /** {@code HEAP_HOT_UPDATED} of {@code t_infomask2}: a HOT update made a newer version. */
    public static final int HOT_UPDATED = 0x4000;
    /** {@code HEAP_ONLY_TUPLE} of {@code t_infomask2}: a HOT update made this version. */
    public static final int ONLY_TUPLE = 0x8000;
    /** {@code HEAP_LOCK_MASK} with {@code HEAP_XMAX_IS_MULTI}: what tells an exclusive lock of before 9.3. */
    private static final int LOCK_OR_MULTI = 0x1050;

    private Infomask() {}

    /** {@code HEAP_XMAX_IS_LOCKED_ONLY}: xmax deletes nothing. */
    public static boolean isLockedOnly(int infomask) {
        return (infomask & XMAX_LOCK_ONLY) != 0 || (infomask & LOCK_OR_MULTI) == XMAX_EXCL_LOCK;
    }

    /** {@code HeapTupleHeaderXminFrozen}. */
    public static boolean isXminFrozen(int infomask) {
        return (infomask & XMIN_FROZEN) == XMIN_FROZEN;
    }
}
