package dev.walker.rmgr.smgr;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** A file was made: {@code xl_smgr_create}, catalog/storage_xlog.h. Valid until the next record. */
public final class SmgrCreate {
    /** Byte position of the locator (spcOid, dbOid, relNumber, 4 bytes each) in the main data. */
    public static final int LOCATOR_AT = 0;
    /** Byte position of {@code forkNum} (int32) in the main data. */
    public static final int FORK_NUM_AT = 12;
    /** {@code sizeof(xl_smgr_create)}. */
    public static final int SIZE = 16;

    private WalBytes data;

    /** A view without a record. */
    public SmgrCreate() {}

    /**
     * Moves to a record of type CREATE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public SmgrCreate wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_smgr_create");
        return this;
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

    /** Fork number; 0 is the main fork. */
    public int forkNumber() {
        return data.s32(FORK_NUM_AT);
    }
}
