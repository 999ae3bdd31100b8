package dev.walker.engine;

import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;
import java.util.Collection;
import org.roaringbitmap.RoaringBitmap;

/**
 * The relations that WALker itself writes to, with their TOAST tables and indexes. What it writes to them must not make
 * it write again.
 */
public final class OwnRelations {
    private final long dbOid;
    private final RoaringBitmap relNumbers = new RoaringBitmap();
    /** The lowest and the highest of them: they were made together, so most others are told by a comparison. */
    private long lowest = Long.MAX_VALUE;

    private long highest = -1;

    /**
     * The relations with these relfilenodes.
     *
     * @param dbOid OID of their database; 0 if WALker writes to another server than the one that is walked
     */
    public OwnRelations(long dbOid, Collection<Long> relNumbers) {
        this.dbOid = dbOid;
        for (long relNumber : relNumbers) {
            this.relNumbers.add((int) relNumber);
            lowest = Math.min(lowest, relNumber);
            highest = Math.max(highest, relNumber);
        }
    }

    /** No relations at all. */
    public static OwnRelations none() {
        return new OwnRelations(0, java.util.List.of());
    }

    /** Whether this is one of them. */
    public boolean contains(long relationDbOid, long relNumber) {
        return relNumber >= lowest
                && relNumber <= highest
                && relationDbOid == dbOid
                && dbOid != 0
                && relNumbers.contains((int) relNumber);
    }

    /** Whether a record changes pages, and all of them are of these relations. */
    public boolean owns(WalRecord record) {
        int highest = record.maxBlockId();
        if (highest < 0 || dbOid == 0) {
            return false;
        }
        for (int id = 0; id <= highest; id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                if (!contains(block.dbOid(), block.relNumber())) {
                    return false;
                }
            }
        }
        return true;
    }
}
