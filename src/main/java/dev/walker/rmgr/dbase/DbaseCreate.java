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

    /** Byte position of {@code src_db_id} (Oid, 4 bytes) in the main data of a file copy. */
    public static final int SRC_DB_ID_AT = 8;
    /** Byte position of {@code src_tablespace_id} (Oid, 4 bytes) in the main data of a file copy. */
    public static final int SRC_TABLESPACE_ID_AT = 12;
    /** {@code sizeof(xl_dbase_create_file_copy_rec)}. */
    public static final int FILE_COPY_SIZE = 16;

    private WalBytes data;

    /** A view without a record. */
    public DbaseCreate() {}

    /**
     * Moves to a record of type CREATE, CREATE_FILE_COPY or CREATE_WAL_LOG.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public DbaseCreate wrap(WalRecord record) {
        boolean fileCopy = DbaseOp.of(record) == DbaseOp.CREATE_FILE_COPY;
        data = record.mainData(fileCopy ? FILE_COPY_SIZE : SIZE, "xl_dbase_create");
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

    /** OID of the database that was copied, in a file copy only. */
    public long srcDbId() {
        return data.u32(SRC_DB_ID_AT);
    }

    /** OID of the tablespace it was copied from, in a file copy only. */
    public long srcTablespaceId() {
        return data.u32(SRC_TABLESPACE_ID_AT);
    }
}
