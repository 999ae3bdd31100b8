package dev.walker.rmgr.dbase;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** A tablespace was dropped: {@code xl_tblspc_drop_rec}, commands/tablespace.h. Valid until the next record. */
public final class TblspcDrop {
    /** {@code XLOG_TBLSPC_DROP}: bits of {@code xl_info}. */
    public static final int XLOG_TBLSPC_DROP = 0x10;
    /** Byte position of {@code ts_id} (Oid, 4 bytes) in the main data. */
    public static final int TS_ID_AT = 0;
    /** {@code sizeof(xl_tblspc_drop_rec)}. */
    public static final int SIZE = 4;

    private WalBytes data;

    /** A view without a record. */
    public TblspcDrop() {}

    /**
     * Moves to a record of type DROP of resource manager Tablespace.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public TblspcDrop wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_tblspc_drop_rec");
        return this;
    }

    /** OID of the tablespace. */
    public long tsId() {
        return data.u32(TS_ID_AT);
    }
}
