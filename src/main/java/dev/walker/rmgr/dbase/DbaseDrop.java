package dev.walker.rmgr.dbase;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * A database was dropped, or moved away: {@code xl_dbase_drop_rec}, commands/dbcommands_xlog.h. Valid until the next
 * record. Up to 12 it holds {@code db_id} and one {@code tablespace_id} only.
 */
public final class DbaseDrop {
    /** Byte position of {@code db_id} (Oid, 4 bytes) in the main data. */
    public static final int DB_ID_AT = 0;
    /** Byte position of {@code ntablespaces} (int32) in the main data, since 13; {@code tablespace_id} before. */
    public static final int NTABLESPACES_AT = 4;
    /** Byte position of {@code tablespace_ids} (Oid each) in the main data, since 13. */
    public static final int TABLESPACE_IDS_AT = 8;

    private WalBytes data;
    private int count;
    private int idsAt;

    /** A view without a record. */
    public DbaseDrop() {}

    /**
     * Moves to a record of type DROP.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public DbaseDrop wrap(WalRecord record) {
        data = record.mainData(TABLESPACE_IDS_AT, "xl_dbase_drop_rec");
        if (!record.layout().hasDatabaseDropList()) {
            count = 1;
            idsAt = NTABLESPACES_AT;
            return this;
        }
        idsAt = TABLESPACE_IDS_AT;
        count = data.s32(NTABLESPACES_AT);
        if (count < 0 || count > (data.length() - TABLESPACE_IDS_AT) / 4) {
            throw record.malformed(
                    "xl_dbase_drop_rec.ntablespaces is " + count + " in " + data.length() + " bytes of main data");
        }
        return this;
    }

    /** OID of the database. */
    public long dbId() {
        return data.u32(DB_ID_AT);
    }

    /** How many tablespaces it is dropped from. */
    public int tablespaceCount() {
        return count;
    }

    /** OID of a tablespace; {@code index} counts from 0. */
    public long tablespaceId(int index) {
        return data.u32(idsAt + 4 * index);
    }
}
