package dev.walker.rmgr.xact;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;
import java.nio.charset.StandardCharsets;

/**
 * A transaction that was prepared (two-phase commit): {@code TwoPhaseFileHeader} ({@code xl_xact_prepare}, access/xact.h)
 * and the arrays behind it, each padded to 8 bytes. Valid until the next record.
 */
public final class XactPrepare {
    /** {@code TWOPHASE_MAGIC}. */
    public static final long MAGIC = 0x57F94534L;
    /** Byte position of {@code magic} (uint32) in the main data. */
    public static final int MAGIC_AT = 0;
    /** Byte position of {@code xid} (TransactionId, 4 bytes) in the main data. */
    public static final int XID_AT = 8;
    /** Byte position of {@code database} (Oid, 4 bytes) in the main data. */
    public static final int DATABASE_AT = 12;
    /** Byte position of {@code prepared_at} (TimestampTz, 8 bytes) in the main data. */
    public static final int PREPARED_AT_AT = 16;
    /** Byte position of {@code nsubxacts} (int32) in the main data. */
    public static final int NSUBXACTS_AT = 28;

    private static final int HEADER_SIZE_BEFORE_15 = 64;
    private static final int HEADER_SIZE = 72;
    private static final int GIDLEN_AT_BEFORE_15 = 46;
    private static final int GIDLEN_AT = 54;

    private WalBytes data;
    private int gidAt;
    private int gidLength;
    private int subxactsAt;
    private int subxacts;

    /** A view without a record. */
    public XactPrepare() {}

    /**
     * Moves to a record of type PREPARE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its magic number is another
     */
    public XactPrepare wrap(WalRecord record) {
        boolean stats = record.layout().hasDroppedStats();
        int headerSize = stats ? HEADER_SIZE : HEADER_SIZE_BEFORE_15;
        data = record.mainData(headerSize, "xl_xact_prepare");
        if (data.u32(MAGIC_AT) != MAGIC) {
            throw record.malformed("xl_xact_prepare.magic is 0x" + Long.toHexString(data.u32(MAGIC_AT)) + ", wanted 0x"
                    + Long.toHexString(MAGIC));
        }
        gidAt = headerSize;
        gidLength = data.u16(stats ? GIDLEN_AT : GIDLEN_AT_BEFORE_15);
        if (gidLength < 1 || gidLength > data.length() - gidAt) {
            throw record.malformed(
                    "xl_xact_prepare.gidlen is " + gidLength + " in " + data.length() + " bytes of main data");
        }
        subxactsAt = gidAt + (gidLength + 7 & ~7);
        subxacts = data.s32(NSUBXACTS_AT);
        if (subxacts < 0 || subxacts > 0 && subxacts > (data.length() - subxactsAt) / 4) {
            throw record.malformed(
                    "xl_xact_prepare.nsubxacts is " + subxacts + " in " + data.length() + " bytes of main data");
        }
        return this;
    }

    /** The transaction, unsigned 32-bit. */
    public long xid() {
        return data.u32(XID_AT);
    }

    /** OID of the database. */
    public long database() {
        return data.u32(DATABASE_AT);
    }

    /** When it was prepared: microseconds since 2000-01-01 UTC. */
    public long preparedAt() {
        return data.u64(PREPARED_AT_AT);
    }

    /** The name that PREPARE TRANSACTION gave, as a new object. */
    public String gid() {
        byte[] bytes = new byte[gidLength - 1];
        data.copyTo(gidAt, bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** How many subtransactions it has. */
    public int subxactCount() {
        return subxacts;
    }

    /** XID of a subtransaction, unsigned 32-bit; {@code index} counts from 0. */
    public long subxact(int index) {
        return data.u32(subxactsAt + 4 * index);
    }
}
