package dev.walker.rmgr.xlog;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/** A named restore point: {@code xl_restore_point}, access/xlog_internal.h. Valid until the next record. */
public final class XlogRestorePoint {
    /** Byte position of {@code rp_time} (TimestampTz, 8 bytes) in the main data. */
    public static final int RP_TIME_AT = 0;
    /** Byte position of {@code rp_name} (64 bytes, ends with a zero byte) in the main data. */
    public static final int RP_NAME_AT = 8;
    /** {@code sizeof(xl_restore_point)}. */
    public static final int SIZE = 72;

    private WalBytes data;
    private int nameLength;

    /** A view without a record. */
    public XlogRestorePoint() {}

    /**
     * Moves to a record of type RESTORE_POINT.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its name does not end
     */
    public XlogRestorePoint wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_restore_point");
        nameLength = 0;
        while (data.u8(RP_NAME_AT + nameLength) != 0) {
            nameLength++;
            if (RP_NAME_AT + nameLength == SIZE) {
                throw record.malformed("xl_restore_point.rp_name has no zero byte in its " + nameLength + " bytes");
            }
        }
        return this;
    }

    /** When it was made: microseconds since 2000-01-01 UTC. */
    public long time() {
        return data.u64(RP_TIME_AT);
    }

    /** Bytes of the name, which stands at {@link #RP_NAME_AT}, without the zero byte at its end. */
    public int nameLength() {
        return nameLength;
    }
}
