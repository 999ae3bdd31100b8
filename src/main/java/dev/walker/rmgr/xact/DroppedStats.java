package dev.walker.rmgr.xact;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * An entry of the statistics that is dropped: {@code xl_xact_stats_item}, access/xact.h, since 15. {@link XactEnd} and
 * {@link XactPrepare} tell where the entries stand. Valid until the next record.
 */
public final class DroppedStats {
    /** Byte position of {@code kind} (int) in the entry. */
    public static final int KIND_AT = 0;
    /** Byte position of {@code dboid} (Oid, 4 bytes) in the entry. */
    public static final int DBOID_AT = 4;
    /** Byte position of {@code objid_lo} (uint32), {@code objoid} up to 17, in the entry. */
    public static final int OBJID_LO_AT = 8;
    /** Byte position of {@code objid_hi} (uint32) in the entry, since 18. */
    public static final int OBJID_HI_AT = 12;

    private WalBytes data;
    private int at;
    private boolean wide;

    /** A view without a record. */
    public DroppedStats() {}

    /** Moves to an entry at a byte position of the main data that a view of this package has told. */
    public DroppedStats wrap(WalRecord record, int at) {
        data = record.mainData();
        this.at = at;
        wide = record.layout().droppedStatsItemSize() > OBJID_HI_AT;
        return this;
    }

    /** {@code PgStat_Kind}. */
    public int kind() {
        return data.s32(at + KIND_AT);
    }

    /** OID of the database, 0 for shared objects. */
    public long dboid() {
        return data.u32(at + DBOID_AT);
    }

    /** The object, unsigned 64-bit; an OID up to 17. */
    public long objid() {
        long low = data.u32(at + OBJID_LO_AT);
        return wide ? data.u32(at + OBJID_HI_AT) << 32 | low : low;
    }
}
