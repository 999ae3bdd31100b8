package dev.walker.engine;

import dev.walker.wal.BlockRef;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalRecord;
import java.util.Collection;
import java.util.Set;

/**
 * The relations that WALker itself writes to, with their TOAST tables and indexes. What it writes to them must not make
 * it write again.
 */
public final class OwnRelations {
    private final Set<RelFileLocator> locators;
    /** The lowest and the highest of them: they were made together, so most others are told by a comparison. */
    private long lowest = Long.MAX_VALUE;

    private long highest = -1;

    /** The relations with these files: a tablespace may have another one of the same relfilenode. */
    public OwnRelations(Collection<RelFileLocator> locators) {
        this.locators = Set.copyOf(locators);
        for (RelFileLocator locator : locators) {
            lowest = Math.min(lowest, locator.relNumber());
            highest = Math.max(highest, locator.relNumber());
        }
    }

    /** No relations at all. */
    public static OwnRelations none() {
        return new OwnRelations(Set.of());
    }

    /** Whether this is one of them. */
    public boolean contains(long spcOid, long dbOid, long relNumber) {
        return relNumber >= lowest
                && relNumber <= highest
                && locators.contains(new RelFileLocator(spcOid, dbOid, relNumber));
    }

    /** Whether a record changes pages, and all of them are of these relations. */
    public boolean owns(WalRecord record) {
        int highest = record.maxBlockId();
        if (highest < 0 || locators.isEmpty()) {
            return false;
        }
        for (int id = 0; id <= highest; id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                if (!contains(block.spcOid(), block.dbOid(), block.relNumber())) {
                    return false;
                }
            }
        }
        return true;
    }
}
