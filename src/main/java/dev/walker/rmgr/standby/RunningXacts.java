package dev.walker.rmgr.standby;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * The transactions that run, prepared ones too: {@code xl_running_xacts}, storage/standbydefs.h. One that is listed may
 * have its commit record before this one. Valid until the next record.
 */
public final class RunningXacts {
    /** Byte position of {@code xcnt} (int32) in the main data. */
    public static final int XCNT_AT = 0;
    /** Byte position of {@code subxcnt} (int32) in the main data. */
    public static final int SUBXCNT_AT = 4;
    /** Byte position of {@code subxid_overflow} (bool) in the main data. */
    public static final int SUBXID_OVERFLOW_AT = 8;
    /** Byte position of {@code nextXid} (TransactionId, 4 bytes) in the main data. */
    public static final int NEXT_XID_AT = 12;
    /** Byte position of {@code oldestRunningXid} (TransactionId, 4 bytes) in the main data. */
    public static final int OLDEST_RUNNING_XID_AT = 16;
    /** Byte position of {@code latestCompletedXid} (TransactionId, 4 bytes) in the main data. */
    public static final int LATEST_COMPLETED_XID_AT = 20;
    /** Byte position of {@code xids} (TransactionId each) in the main data. */
    public static final int XIDS_AT = 24;

    private WalBytes data;
    private int count;

    /** A view without a record. */
    public RunningXacts() {}

    /**
     * Moves to a record of type RUNNING_XACTS.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public RunningXacts wrap(WalRecord record) {
        data = record.mainData(XIDS_AT, "xl_running_xacts");
        long all = (long) data.s32(XCNT_AT) + data.s32(SUBXCNT_AT);
        if (data.s32(XCNT_AT) < 0 || data.s32(SUBXCNT_AT) < 0 || all > (data.length() - XIDS_AT) / 4) {
            throw record.malformed("xl_running_xacts has xcnt " + data.s32(XCNT_AT) + " and subxcnt "
                    + data.s32(SUBXCNT_AT) + " in " + data.length() + " bytes of main data");
        }
        count = (int) all;
        return this;
    }

    /** How many XIDs are listed: transactions first, then subtransactions, which are missing after an overflow. */
    public int count() {
        return count;
    }

    /** How many of them are transactions, not subtransactions. */
    public int xactCount() {
        return data.s32(XCNT_AT);
    }

    /** XID, unsigned 32-bit; {@code index} counts from 0. */
    public long xid(int index) {
        return data.u32(XIDS_AT + 4 * index);
    }

    /** Whether subtransactions are missing from the list. */
    public boolean isSubxidOverflow() {
        return data.u8(SUBXID_OVERFLOW_AT) != 0;
    }

    /** The next XID to be given out, unsigned 32-bit. */
    public long nextXid() {
        return data.u32(NEXT_XID_AT);
    }

    /** The oldest XID that runs, unsigned 32-bit: each older one has ended. */
    public long oldestRunningXid() {
        return data.u32(OLDEST_RUNNING_XID_AT);
    }

    /** The newest XID that has ended, unsigned 32-bit. */
    public long latestCompletedXid() {
        return data.u32(LATEST_COMPLETED_XID_AT);
    }
}
