package dev.walker.rmgr.relmap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * Relfilenodes of mapped catalogs changed: {@code xl_relmap_update}, utils/relmapper.h, with the whole new map,
 * {@code RelMapFile}. Valid until the next record.
 */
public final class RelmapUpdate {
    /** Byte position of {@code dbid} (Oid, 4 bytes) in the main data. */
    public static final int DBID_AT = 0;
    /** Byte position of {@code tsid} (Oid, 4 bytes) in the main data. */
    public static final int TSID_AT = 4;
    /** Byte position of {@code nbytes} (int32) in the main data. */
    public static final int NBYTES_AT = 8;
    /** Byte position of {@code RelMapFile.magic} (int32) in the main data. */
    public static final int MAGIC_AT = 12;
    /** Byte position of {@code RelMapFile.num_mappings} (int32) in the main data. */
    public static final int NUM_MAPPINGS_AT = 16;
    /** Byte position of {@code RelMapFile.mappings} (OID and relfilenode, 4 bytes each) in the main data. */
    public static final int MAPPINGS_AT = 20;
    /** {@code RELMAPPER_FILEMAGIC}. */
    public static final long MAGIC = 0x592717L;

    private static final int MAPPING_SIZE = 8;

    private WalBytes data;
    private int count;

    /** A view without a record. */
    public RelmapUpdate() {}

    /**
     * Moves to a record of type UPDATE.
     *
     * @throws dev.walker.wal.WalFormatException if it is too short or no map
     */
    public RelmapUpdate wrap(WalRecord record) {
        data = record.mainData(MAPPINGS_AT, "xl_relmap_update");
        int nbytes = data.s32(NBYTES_AT);
        if (nbytes != data.length() - MAGIC_AT) {
            throw record.malformed(
                    "xl_relmap_update.nbytes is " + nbytes + " in " + data.length() + " bytes of main data");
        }
        if (data.u32(MAGIC_AT) != MAGIC) {
            throw record.malformed("RelMapFile.magic is 0x" + Long.toHexString(data.u32(MAGIC_AT)) + ", wanted 0x"
                    + Long.toHexString(MAGIC));
        }
        count = data.s32(NUM_MAPPINGS_AT);
        if (count < 0 || count > (data.length() - MAPPINGS_AT) / MAPPING_SIZE) {
            throw record.malformed("RelMapFile.num_mappings is " + count + " in " + nbytes + " bytes of map");
        }
        return this;
    }

    /** OID of the database; 0 for the map of shared catalogs. */
    public long dbid() {
        return data.u32(DBID_AT);
    }

    /** OID of the tablespace of the database. */
    public long tsid() {
        return data.u32(TSID_AT);
    }

    /** Bytes of the map. */
    public int nbytes() {
        return data.s32(NBYTES_AT);
    }

    /** How many catalogs are in the map. */
    public int mappingCount() {
        return count;
    }

    /** OID of a catalog; {@code index} counts from 0. */
    public long mappedOid(int index) {
        return data.u32(MAPPINGS_AT + MAPPING_SIZE * index);
    }

    /** Relfilenode of a catalog; {@code index} counts from 0. */
    public long mappedRelNumber(int index) {
        return data.u32(MAPPINGS_AT + MAPPING_SIZE * index + 4);
    }
}
