package dev.walker.rmgr.smgr;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** Files were cut: {@code xl_smgr_truncate}, catalog/storage_xlog.h. Valid until the next record. */
public final class SmgrTruncate {
    /** Byte position of {@code blkno} (BlockNumber, 4 bytes) in the main data. */
    public static final int BLKNO_AT = 0;
    /** Byte position of the locator (spcOid, dbOid, relNumber, 4 bytes each) in the main data. */
    public static final int LOCATOR_AT = 4;
    /** Byte position of {@code flags} (int, {@code SMGR_TRUNCATE_*}) in the main data. */
    public static final int FLAGS_AT = 16;
    /** {@code sizeof(xl_smgr_truncate)}. */
    public static final int SIZE = 20;

    /** {@code SMGR_TRUNCATE_HEAP}: the main fork. */
    public static final int TRUNCATE_HEAP = 0x0001;
    /** {@code SMGR_TRUNCATE_VM}. */
    public static final int TRUNCATE_VM = 0x0002;
    /** {@code SMGR_TRUNCATE_FSM}. */
    public static final int TRUNCATE_FSM = 0x0004;

    private WalBytes data;

    /** A view without a record. */
    public SmgrTruncate() {}

    /**
     * Moves to a record of type TRUNCATE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public SmgrTruncate wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_smgr_truncate");
        return this;
    }

    /** How many blocks of the main fork are left, unsigned 32-bit. */
    public long blkno() {
        return data.u32(BLKNO_AT);
    }

    /** Tablespace. */
    public long spcOid() {
        return data.u32(LOCATOR_AT);
    }

    /** Database, 0 for a shared catalog. */
    public long dbOid() {
        return data.u32(LOCATOR_AT + 4);
    }

    /** Relfilenode. */
    public long relNumber() {
        return data.u32(LOCATOR_AT + 8);
    }

    /** {@code SMGR_TRUNCATE_*}. */
    public int flags() {
        return data.s32(FLAGS_AT);
    }

    /** Whether the main fork is cut. */
    public boolean isMainFork() {
        return (flags() & TRUNCATE_HEAP) != 0;
    }
}
