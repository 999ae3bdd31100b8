package dev.walker.rmgr.xact;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Invalidations of caches by a command of a transaction, for logical decoding: {@code xl_xact_invals}, access/xact.h,
 * since 14. Valid until the next record.
 */
public final class XactInvalidations {
    /** Byte position of {@code nmsgs} (int) in the main data. */
    public static final int NMSGS_AT = 0;
    /** Byte position of {@code msgs} (SharedInvalidationMessage, 16 bytes each) in the main data. */
    public static final int MSGS_AT = 4;

    private static final int MESSAGE_SIZE = 16;

    private int count;

    /** A view without a record. */
    public XactInvalidations() {}

    /**
     * Moves to a record of type INVALIDATIONS.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public XactInvalidations wrap(WalRecord record) {
        WalBytes data = record.mainData(MSGS_AT, "xl_xact_invals");
        count = data.s32(NMSGS_AT);
        if (count < 0 || count > (data.length() - MSGS_AT) / MESSAGE_SIZE) {
            throw record.malformed("xl_xact_invals.nmsgs is " + count + " in " + data.length()
                    + " bytes of main data; a message takes " + MESSAGE_SIZE);
        }
        return this;
    }

    /** How many messages, which stand from {@link #MSGS_AT} on. */
    public int messageCount() {
        return count;
    }
}
