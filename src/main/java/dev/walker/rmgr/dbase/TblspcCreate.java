package dev.walker.rmgr.dbase;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** A tablespace was made: {@code xl_tblspc_create_rec}, commands/tablespace.h. Valid until the next record. */
public final class TblspcCreate {
    /** {@code XLOG_TBLSPC_CREATE}: bits of {@code xl_info}. */
    public static final int XLOG_TBLSPC_CREATE = 0x00;
    /** Byte position of {@code ts_id} (Oid, 4 bytes) in the main data. */
    public static final int TS_ID_AT = 0;
    /** Byte position of {@code ts_path}, which ends with a zero byte, in the main data. */
    public static final int TS_PATH_AT = 4;

    private WalBytes data;
    private int pathLength;

    /** A view without a record. */
    public TblspcCreate() {}

    /**
     * Moves to a record of type CREATE of resource manager Tablespace.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its path does not end
     */
    public TblspcCreate wrap(WalRecord record) {
        data = record.mainData(TS_PATH_AT + 1, "xl_tblspc_create_rec");
        pathLength = 0;
        while (data.u8(TS_PATH_AT + pathLength) != 0) {
            pathLength++;
            if (TS_PATH_AT + pathLength == data.length()) {
                throw record.malformed("xl_tblspc_create_rec.ts_path has no zero byte at its end, in " + data.length()
                        + " bytes of main data");
            }
        }
        return this;
    }

    /** OID of the tablespace. */
    public long tsId() {
        return data.u32(TS_ID_AT);
    }

    /** Bytes of the path, which stands at {@link #TS_PATH_AT}, without the zero byte at its end. */
    public int pathLength() {
        return pathLength;
    }
}
