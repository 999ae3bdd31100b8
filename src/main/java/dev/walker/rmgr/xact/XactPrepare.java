package dev.walker.rmgr.xact;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;
import java.nio.charset.StandardCharsets;

/**
 * A transaction that was prepared (two-phase commit): {@code TwoPhaseFileHeader} ({@code xl_xact_prepare}, access/xact.h)
 * and the arrays behind it, each padded to 8 bytes. Valid until the next record.
 */
public final class XactPrepare {
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

    /** Byte position of {@code ncommitrels} (int32) in the main data; {@code nabortrels} follows it. */
    public static final int NCOMMITRELS_AT = 32;
    /** Byte position of {@code ncommitstats} (int32) in the main data, since 15; {@code nabortstats} follows it. */
    public static final int NCOMMITSTATS_AT = 40;
    /** Byte position of {@code ninvalmsgs} (int32) in the main data; 8 less up to 14. */
    public static final int NINVALMSGS_AT = 48;
    /** Byte position of {@code initfileinval} (bool) in the main data; 8 less up to 14. */
    public static final int INITFILEINVAL_AT = 52;
    /** Byte position of {@code origin_lsn} (XLogRecPtr, 8 bytes) in the main data; 8 less up to 14. */
    public static final int ORIGIN_LSN_AT = 56;
    /** Byte position of {@code origin_timestamp} (TimestampTz, 8 bytes) in the main data; 8 less up to 14. */
    public static final int ORIGIN_TIMESTAMP_AT = 64;

    private static final int LOCATOR_SIZE = 12;
    private static final int INVAL_SIZE = 16;
    private static final int HEADER_SIZE_BEFORE_15 = 64;
    private static final int HEADER_SIZE_IN_10 = 48;
    private static final int HEADER_SIZE = 72;
    private static final int GIDLEN_AT_BEFORE_15 = 46;
    private static final int GIDLEN_AT = 54;

    private WalRecord record;
    private WalBytes data;
    /** How many bytes less the header has up to 14. */
    private int shorter;

    private boolean origin;

    private int at;
    private int gidAt;
    private int gidLength;
    private int subxactsAt;
    private int subxacts;
    private int commitRelationsAt;
    private int commitRelations;
    private int abortRelationsAt;
    private int abortRelations;
    private int commitStatsAt;
    private int commitStats;
    private int abortStatsAt;
    private int abortStats;
    private int invalsAt;
    private int invals;

    /** A view without a record. */
    public XactPrepare() {}

    /**
     * Moves to a record of type PREPARE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or its magic number is another
     */
    public XactPrepare wrap(WalRecord record) {
        this.record = record;
        boolean stats = record.layout().hasDroppedStats();
        origin = record.layout().hasPrepareOrigin();
        int headerSize = stats ? HEADER_SIZE : origin ? HEADER_SIZE_BEFORE_15 : HEADER_SIZE_IN_10;
        shorter = stats ? 0 : HEADER_SIZE - HEADER_SIZE_BEFORE_15;
        data = record.mainData(headerSize, "xl_xact_prepare");
        long magic = record.layout().twophaseMagic();
        if (data.u32(MAGIC_AT) != magic) {
            throw record.malformed("xl_xact_prepare.magic is 0x" + Long.toHexString(data.u32(MAGIC_AT)) + ", wanted 0x"
                    + Long.toHexString(magic));
        }
        gidAt = headerSize;
        gidLength = data.u16(stats ? GIDLEN_AT : GIDLEN_AT_BEFORE_15);
        if (gidLength < 1 || gidLength > data.length() - gidAt) {
            throw record.malformed(
                    "xl_xact_prepare.gidlen is " + gidLength + " in " + data.length() + " bytes of main data");
        }
        at = gidAt + (gidLength + 7 & ~7);
        subxacts = data.s32(NSUBXACTS_AT);
        subxactsAt = list(subxacts, 4, "xl_xact_prepare.nsubxacts");
        commitRelations = data.s32(NCOMMITRELS_AT);
        commitRelationsAt = list(commitRelations, LOCATOR_SIZE, "xl_xact_prepare.ncommitrels");
        abortRelations = data.s32(NCOMMITRELS_AT + 4);
        abortRelationsAt = list(abortRelations, LOCATOR_SIZE, "xl_xact_prepare.nabortrels");
        commitStats = stats ? data.s32(NCOMMITSTATS_AT) : 0;
        commitStatsAt = list(commitStats, record.layout().droppedStatsItemSize(), "xl_xact_prepare.ncommitstats");
        abortStats = stats ? data.s32(NCOMMITSTATS_AT + 4) : 0;
        abortStatsAt = list(abortStats, record.layout().droppedStatsItemSize(), "xl_xact_prepare.nabortstats");
        invals = data.s32(NINVALMSGS_AT - shorter);
        invalsAt = list(invals, INVAL_SIZE, "xl_xact_prepare.ninvalmsgs");
        return this;
    }

    /** Goes past an array, and the padding to 8 bytes after it; tells where it begins. */
    private int list(int count, int itemSize, String field) {
        int begin = at;
        if (count < 0 || count > Math.max(0, data.length() - begin) / itemSize) {
            throw record.malformed(field + " is " + count + " at byte " + begin + " of " + data.length()
                    + " of main data; an item takes " + itemSize);
        }
        at = begin + (count * itemSize + 7 & ~7);
        return begin;
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

    /** Byte position of the name in the main data. */
    public int gidAt() {
        return gidAt;
    }

    /** Bytes of the name, without the zero byte at its end. */
    public int gidLength() {
        return gidLength - 1;
    }

    /** How many relations lose their files if it commits. */
    public int commitRelationCount() {
        return commitRelations;
    }

    /** Where in the main data the locator (spcOid, dbOid, relNumber, 4 bytes each) of such a relation stands. */
    public int commitRelationAt(int index) {
        return commitRelationsAt + LOCATOR_SIZE * index;
    }

    /** How many relations lose their files if it is rolled back. */
    public int abortRelationCount() {
        return abortRelations;
    }

    /** Where in the main data the locator (spcOid, dbOid, relNumber, 4 bytes each) of such a relation stands. */
    public int abortRelationAt(int index) {
        return abortRelationsAt + LOCATOR_SIZE * index;
    }

    /** How many entries of the statistics are dropped if it commits; 0 up to 14. */
    public int commitStatsCount() {
        return commitStats;
    }

    /** Where in the main data such an entry stands, see {@link DroppedStats}; {@code index} counts from 0. */
    public int commitStatsAt(int index) {
        return commitStatsAt + record.layout().droppedStatsItemSize() * index;
    }

    /** How many entries of the statistics are dropped if it is rolled back; 0 up to 14. */
    public int abortStatsCount() {
        return abortStats;
    }

    /** Where in the main data such an entry stands, see {@link DroppedStats}; {@code index} counts from 0. */
    public int abortStatsAt(int index) {
        return abortStatsAt + record.layout().droppedStatsItemSize() * index;
    }

    /** How many invalidation messages there are. */
    public int invalidationCount() {
        return invals;
    }

    /** Where in the main data the invalidation messages stand (SharedInvalidationMessage, 16 bytes each). */
    public int invalidationsAt() {
        return invalsAt;
    }

    /** Whether the file of relation descriptors that backends start with goes if it commits. */
    public boolean isInitfileInval() {
        return data.u8(INITFILEINVAL_AT - shorter) != 0;
    }

    /** LSN at the replication origin; 0 if there is none, and in 10. */
    public long originLsn() {
        return origin ? data.u64(ORIGIN_LSN_AT - shorter) : 0;
    }

    /**
     * When it was prepared at the replication origin: microseconds since 2000-01-01 UTC; 0 if there is none, and in 10.
     */
    public long originTimestamp() {
        return origin ? data.u64(ORIGIN_TIMESTAMP_AT - shorter) : 0;
    }
}
