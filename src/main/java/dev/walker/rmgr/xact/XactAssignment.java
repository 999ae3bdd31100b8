package dev.walker.rmgr.xact;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Subtransactions and their top-level transaction: {@code xl_xact_assignment}, access/xact.h. Not complete, it is written
 * for every 64 subtransactions only. Valid until the next record.
 */
public final class XactAssignment {
    /** Byte position of {@code xtop} (TransactionId, 4 bytes) in the main data. */
    public static final int XTOP_AT = 0;
    /** Byte position of {@code nsubxacts} (int32) in the main data. */
    public static final int NSUBXACTS_AT = 4;
    /** Byte position of {@code xsub} (TransactionId each) in the main data. */
    public static final int XSUB_AT = 8;

    private WalBytes data;
    private int count;

    /** A view without a record. */
    public XactAssignment() {}

    /**
     * Moves to a record of type ASSIGNMENT.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short
     */
    public XactAssignment wrap(WalRecord record) {
        data = record.mainData(XSUB_AT, "xl_xact_assignment");
        count = data.s32(NSUBXACTS_AT);
        if (count < 0 || count > (data.length() - XSUB_AT) / 4) {
            throw record.malformed(
                    "xl_xact_assignment.nsubxacts is " + count + " in " + data.length() + " bytes of main data");
        }
        return this;
    }

    /** XID of the top-level transaction, unsigned 32-bit. */
    public long topLevelXid() {
        return data.u32(XTOP_AT);
    }

    /** How many subtransactions. */
    public int subxactCount() {
        return count;
    }

    /** XID of a subtransaction, unsigned 32-bit; {@code index} counts from 0. */
    public long subxact(int index) {
        return data.u32(XSUB_AT + 4 * index);
    }
}
