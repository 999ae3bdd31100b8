package dev.walker.version;

/**
 * Everything about WAL that differs between majors, as data. One immutable object per {@link PgVersion}, see
 * {@link #of}.
 */
public final class WalLayout {
    private static final WalLayout[] ALL = new WalLayout[PgVersion.values().length];

    static {
        for (PgVersion version : PgVersion.values()) {
            ALL[version.ordinal()] = new WalLayout(version);
        }
    }

    private final PgVersion version;

    private final int pageInfoMask;
    private final int overwriteContrecordFlag;

    private final long maxRecordSize;
    private final boolean hasCustomRmgrs;
    private final boolean hasTopLevelXidItem;

    private final int imageAppliesBit;
    private final int imagePglzBit;
    private final int imageLz4Bit;
    private final int imageZstdBit;

    private WalLayout(PgVersion version) {
        this.version = version;
        int major = version.major();

        // XLP_BKP_REMOVABLE went, and what followed it took its place.
        boolean noBackupFlag = major >= 19;
        pageInfoMask = noBackupFlag ? 0x0007 : 0x000F;
        overwriteContrecordFlag = noBackupFlag ? 0x0004 : 0x0008;

        maxRecordSize = major >= 16 ? 1020 * 1024 * 1024 : 0x3FFF_FFFF;
        hasCustomRmgrs = major >= 15;
        hasTopLevelXidItem = major >= 14;

        boolean manyCompressions = major >= 15;
        imageAppliesBit = manyCompressions ? 0x02 : 0x04;
        imagePglzBit = manyCompressions ? 0x04 : 0x02;
        imageLz4Bit = manyCompressions ? 0x08 : 0;
        imageZstdBit = manyCompressions ? 0x10 : 0;
    }

    /** The layout of a major. */
    public static WalLayout of(PgVersion version) {
        return ALL[version.ordinal()];
    }

    /** The major. */
    public PgVersion version() {
        return version;
    }

    // WAL pages: access/xlog_internal.h

    /** {@code XLP_ALL_FLAGS}: the bits of {@code xlp_info} that have a meaning. */
    public int pageInfoMask() {
        return pageInfoMask;
    }

    /** {@code XLP_FIRST_IS_OVERWRITE_CONTRECORD}: the record that was to go on here was given up. */
    public int overwriteContrecordFlag() {
        return overwriteContrecordFlag;
    }

    // WAL records: access/xlogrecord.h, access/rmgr.h

    /** The longest record in bytes: {@code XLogRecordMaxSize} since 16, {@code MaxAllocSize} before. */
    public long maxRecordSize() {
        return maxRecordSize;
    }

    /** Whether extensions may have resource managers of their own, with numbers from 128 on. */
    public boolean hasCustomRmgrs() {
        return hasCustomRmgrs;
    }

    /** Whether a record may tell the top-level transaction: {@code XLR_BLOCK_ID_TOPLEVEL_XID}. */
    public boolean hasTopLevelXidItem() {
        return hasTopLevelXidItem;
    }

    // Full-page images: BKPIMAGE_* of access/xlogrecord.h

    /** {@code BKPIMAGE_APPLY} ({@code BKPIMAGE_IS_REQUIRED_FOR_REDO}): redo restores the image. */
    public int imageAppliesBit() {
        return imageAppliesBit;
    }

    /** {@code BKPIMAGE_COMPRESS_PGLZ}, {@code BKPIMAGE_IS_COMPRESSED} up to 14. */
    public int imagePglzBit() {
        return imagePglzBit;
    }

    /** {@code BKPIMAGE_COMPRESS_LZ4}; 0 where there is no such bit. */
    public int imageLz4Bit() {
        return imageLz4Bit;
    }

    /** {@code BKPIMAGE_COMPRESS_ZSTD}; 0 where there is no such bit. */
    public int imageZstdBit() {
        return imageZstdBit;
    }

    // Payload of heap, transaction, checkpoint and database records

    /** Whether {@code TRUNCATE} is told, {@code XLOG_HEAP_TRUNCATE}: since 11. */
    public boolean hasHeapTruncate() {
        return version.major() >= 11;
    }

    /** Whether setting visibility map bits has a record of its own, {@code XLOG_HEAP2_VISIBLE}: up to 18. */
    public boolean hasHeapVisible() {
        return version.major() <= 18;
    }

    /** Bytes of {@code xl_heap_prune.flags}, which end where the conflict horizon begins: 2 since 19, 1 in 17 and 18. */
    public int pruneFlagsSize() {
        return version.major() >= 19 ? 2 : 1;
    }

    /** Whether VACUUM's second pass has a record of its own, {@code XLOG_HEAP2_VACUUM}: 14 to 16. */
    public boolean hasHeapVacuumRecord() {
        return version.major() >= 14 && version.major() <= 16;
    }

    /** Whether {@code xl_heap_prune} says by flags what it holds, freeze plans too: since 17. */
    public boolean hasCombinedPruneRecord() {
        return version.major() >= 17;
    }

    /** Whether freezing is told as {@code xlhp_freeze_plan} shared by tuples, not tuple by tuple: since 16. */
    public boolean hasFreezePlans() {
        return version.major() >= 16;
    }

    /** Whether prune and freeze records tell that the relation is a catalog: since 16. */
    public boolean hasCatalogRelFlag() {
        return version.major() >= 16;
    }

    /** Whether {@code xl_heap_inplace} holds invalidation messages: since 18. */
    public boolean hasInplaceInvalidations() {
        return version.major() >= 18;
    }

    /** Whether transactions tell the statistics that they drop: since 15. */
    public boolean hasDroppedStats() {
        return version.major() >= 15;
    }

    /** Whether transactions tell invalidations command by command, {@code XLOG_XACT_INVALIDATIONS}: since 14. */
    public boolean hasXactInvalidations() {
        return version.major() >= 14;
    }

    /** Bytes of {@code xl_xact_stats_item}. */
    public int droppedStatsItemSize() {
        return version.major() >= 18 ? 16 : 12;
    }

    /** {@code TWOPHASE_MAGIC}, access/transam/twophase.c: what the state of a prepared transaction begins with. */
    public long twophaseMagic() {
        return version.major() >= 11 ? 0x57F94534L : 0x57F94533L;
    }

    /** Whether prepared transactions tell where they come from, {@code origin_lsn}: since 11. */
    public boolean hasPrepareOrigin() {
        return version.major() >= 11;
    }

    /** Whether {@code CheckPoint.nextXid} is aligned to 8 bytes, a {@code FullTransactionId}: since 12. */
    public boolean hasCheckpointFullXid() {
        return version.major() >= 12;
    }

    /** Whether checkpoints tell if logical decoding is on, and multixact offsets have 64 bits: since 19. */
    public boolean hasWideMultiOffsets() {
        return version.major() >= 19;
    }

    /** Whether {@code xl_parameter_change} tells {@code max_wal_senders}: since 12. */
    public boolean hasParameterMaxWalSenders() {
        return version.major() >= 12;
    }

    /** Whether {@code xl_dbase_drop_rec} holds a list of tablespaces, not one: since 13. */
    public boolean hasDatabaseDropList() {
        return version.major() >= 13;
    }

    /** Whether checkpoint and end-of-recovery records tell {@code wal_level}: since 17. */
    public boolean hasCheckpointWalLevel() {
        return version.major() >= 17;
    }

    /** Whether databases can be made by copying block by block through WAL: since 15. */
    public boolean hasDatabaseCreateWalLog() {
        return version.major() >= 15;
    }

    // Payload of records of indexes and of the logs of transaction states

    /** Whether B-trees have posting lists, and their removals tell what was removed: since 13. */
    public boolean hasBtreePostings() {
        return version.major() >= 13;
    }

    /** Whether the metapage tells of cleanups, {@code XLOG_BTREE_META_CLEANUP}: since 11. */
    public boolean hasBtreeCleanupInfo() {
        return version.major() >= 11;
    }

    /** Whether {@code xl_btree_metadata} begins with the version: since 12. */
    public boolean hasBtreeMetadataVersion() {
        return version.major() >= 12;
    }

    /** Whether removals from indexes tell the conflict horizon, not the table to compute it from: since 12. */
    public boolean hasIndexConflictHorizons() {
        return version.major() >= 12;
    }

    /** Whether {@code xl_btree_delete} tells updated tuples too: since 14. */
    public boolean hasBtreeDeleteUpdates() {
        return version.major() >= 14;
    }

    /** Whether removed B-tree pages are stamped with an XID that has its epoch: since 14. */
    public boolean hasBtreeFullXids() {
        return version.major() >= 14;
    }

    /** Whether commit timestamps of other servers have a record, {@code COMMIT_TS_SETTS}: up to 13. */
    public boolean hasCommitTsSet() {
        return version.major() <= 13;
    }

    /**
     * Bytes of a page number of the commit log, of commit timestamps and of multixacts: 8 since 17, 4 before; signed.
     */
    public int slruPageNumberSize() {
        return version.major() >= 17 ? Long.BYTES : Integer.BYTES;
    }

    /** {@code CATALOG_VERSION_NO}, catalog/catversion.h: part of the path of files in a tablespace. */
    public int catalogVersion() {
        return switch (version) {
            case PG10 -> 201707211;
            case PG11 -> 201809051;
            case PG12 -> 201909212;
            case PG13 -> 202007201;
            case PG14 -> 202107181;
            case PG15 -> 202209061;
            case PG16 -> 202307071;
            case PG17 -> 202406281;
            case PG18 -> 202506291;
            case PG19 -> 202610061;
        };
    }
}
