package dev.walker.rmgr.dbase;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * A database was made: {@code xl_dbase_create_file_copy_rec} or {@code xl_dbase_create_wal_log_rec}. Valid until the next
 * record.
 */
public final class DbaseCreate {
    /** Byte position of {@code db_id} (Oid, 4 bytes) in the main data. */
    public static final int DB_ID_AT = 0;
    /** Byte position of {@code tablespace_id} (Oid, 4 bytes) in the main data. */
    public static final int TABLESPACE_ID_AT = 4;
    /** Bytes up to here, in all forms. */
    public static final int SIZE = 8;

    private WalBytes data;

    /** A view without a record. */
    public DbaseCreate() {}

    /**
     * Moves to a record of type CREATE, CREATE_FILE_COPY or CREATE_WAL_LOG.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public DbaseCreate wrap(WalRecord record) {
        data = record.mainData(SIZE, "xl_dbase_create");
        return this;
    }

    /** OID of the database. */
    public long dbId() {
        return data.u32(DB_ID_AT);
    }

    /** OID of the tablespace. */
    public long tablespaceId() {
        return data.u32(TABLESPACE_ID_AT);
    }
}
