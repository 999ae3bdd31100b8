package dev.walker.rmgr.standby;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Access exclusive locks, which standbys take too: {@code xl_standby_locks}, storage/standbydefs.h. Valid until the next
 * record.
 */
public final class StandbyLocks {
    /** Byte position of {@code nlocks} (int) in the main data. */
    public static final int NLOCKS_AT = 0;
    /** Byte position of {@code locks} (XID, database, relation, 4 bytes each) in the main data. */
    public static final int LOCKS_AT = 4;

    private static final int LOCK_SIZE = 12;

    private WalBytes data;
    private int count;

    /** A view without a record. */
    public StandbyLocks() {}

    /**
     * Moves to a record of type LOCK.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public StandbyLocks wrap(WalRecord record) {
        data = record.mainData(LOCKS_AT, "xl_standby_locks");
        count = data.s32(NLOCKS_AT);
        if (count < 0 || count > (data.length() - LOCKS_AT) / LOCK_SIZE) {
            throw record.malformed("xl_standby_locks.nlocks is " + count + " in " + data.length()
                    + " bytes of main data; a lock takes " + LOCK_SIZE);
        }
        return this;
    }

    /** How many locks. */
    public int count() {
        return count;
    }

    /** XID that holds a lock, unsigned 32-bit; {@code index} counts from 0. */
    public long xid(int index) {
        return data.u32(LOCKS_AT + LOCK_SIZE * index);
    }

    /** OID of the database of a locked relation, 0 for a shared catalog; {@code index} counts from 0. */
    public long dbOid(int index) {
        return data.u32(LOCKS_AT + LOCK_SIZE * index + 4);
    }

    /** OID, not relfilenode, of a locked relation; {@code index} counts from 0. */
    public long relOid(int index) {
        return data.u32(LOCKS_AT + LOCK_SIZE * index + 8);
    }
}
