package dev.walker.rmgr.multixact;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * A multixact was made: {@code xl_multixact_create}, access/multixact.h. Valid until the next record.
 *
 * <p>The positions are those up to 18. Since 19 {@code moff} has 8 bytes and begins at 8, and what follows comes 8 bytes
 * later.
 */
public final class MultixactCreate {
    /** Byte position of {@code mid} (MultiXactId, 4 bytes) in the main data. */
    public static final int MID_AT = 0;
    /** Byte position of {@code moff} (MultiXactOffset, 4 bytes) in the main data. */
    public static final int MOFF_AT = 4;
    /** Byte position of {@code nmembers} (int32) in the main data. */
    public static final int NMEMBERS_AT = 8;
    /** Byte position of {@code members} (XID and status, 4 bytes each) in the main data. */
    public static final int MEMBERS_AT = 12;

    /** {@code MultiXactStatusForUpdate}: the highest status that only locks. */
    public static final long STATUS_FOR_UPDATE = 3;
    /** {@code MultiXactStatusUpdate}: the highest status. */
    public static final long STATUS_UPDATE = 5;

    private static final int MEMBER_SIZE = 8;

    private WalBytes data;
    private int count;
    private boolean wide;
    /** By how many bytes the fields after {@code moff} come later than up to 18. */
    private int later;

    /** A view without a record. */
    public MultixactCreate() {}

    /**
     * Moves to a record of type CREATE_ID.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public MultixactCreate wrap(WalRecord record) {
        wide = record.layout().hasWideMultiOffsets();
        later = wide ? Long.BYTES : 0;
        data = record.mainData(MEMBERS_AT + later, "xl_multixact_create");
        count = data.s32(NMEMBERS_AT + later);
        if (count < 0 || count > (data.length() - MEMBERS_AT - later) / MEMBER_SIZE) {
            throw record.malformed(
                    "xl_multixact_create.nmembers is " + count + " in " + data.length() + " bytes of main data");
        }
        return this;
    }

    /** The multixact, unsigned 32-bit. */
    public long mid() {
        return data.u32(MID_AT);
    }

    /** Where its members stand in the list of all members, unsigned; 32 bits up to 18, 64 since. */
    public long moff() {
        return wide ? data.u64(MOFF_AT + Integer.BYTES) : data.u32(MOFF_AT);
    }

    /** How many members. */
    public int memberCount() {
        return count;
    }

    /** XID of a member, unsigned 32-bit; {@code index} counts from 0. */
    public long memberXid(int index) {
        return data.u32(MEMBERS_AT + later + MEMBER_SIZE * index);
    }

    /** {@code MultiXactStatus} of a member; {@code index} counts from 0. */
    public long memberStatus(int index) {
        return data.u32(MEMBERS_AT + later + MEMBER_SIZE * index + 4);
    }

    /** The member that updates or deletes, 0 if all only lock. */
    public long updater() {
        for (int i = 0; i < count; i++) {
            if (memberStatus(i) > STATUS_FOR_UPDATE) {
                return memberXid(i);
            }
        }
        return 0;
    }
}
