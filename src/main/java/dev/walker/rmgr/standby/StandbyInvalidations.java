package dev.walker.rmgr.standby;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Invalidations of caches by a transaction without an XID: {@code xl_invalidations}, storage/standbydefs.h. Valid until
 * the next record.
 */
public final class StandbyInvalidations {
    /** Byte position of {@code dbId} (Oid, 4 bytes) in the main data. */
    public static final int DB_ID_AT = 0;
    /** Byte position of {@code tsId} (Oid, 4 bytes) in the main data. */
    public static final int TS_ID_AT = 4;
    /** Byte position of {@code relcacheInitFileInval} (bool) in the main data. */
    public static final int RELCACHE_INIT_FILE_INVAL_AT = 8;
    /** Byte position of {@code nmsgs} (int) in the main data. */
    public static final int NMSGS_AT = 12;
    /** Byte position of {@code msgs} (SharedInvalidationMessage, 16 bytes each) in the main data. */
    public static final int MSGS_AT = 16;

    private static final int MESSAGE_SIZE = 16;

    private WalBytes data;
    private int count;

    /** A view without a record. */
    public StandbyInvalidations() {}

    /**
     * Moves to a record of type INVALIDATIONS.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public StandbyInvalidations wrap(WalRecord record) {
        data = record.mainData(MSGS_AT, "xl_invalidations");
        count = data.s32(NMSGS_AT);
        if (count < 0 || count > (data.length() - MSGS_AT) / MESSAGE_SIZE) {
            throw record.malformed("xl_invalidations.nmsgs is " + count + " in " + data.length()
                    + " bytes of main data; a message takes " + MESSAGE_SIZE);
        }
        return this;
    }

    /** OID of the database. */
    public long dbId() {
        return data.u32(DB_ID_AT);
    }

    /** OID of the tablespace of the database. */
    public long tsId() {
        return data.u32(TS_ID_AT);
    }

    /** Whether the file of relation descriptors that backends start with goes. */
    public boolean isRelcacheInitFileInval() {
        return data.u8(RELCACHE_INIT_FILE_INVAL_AT) != 0;
    }

    /** How many messages, which stand from {@link #MSGS_AT} on. */
    public int messageCount() {
        return count;
    }
}
