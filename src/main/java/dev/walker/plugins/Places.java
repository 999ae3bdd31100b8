package dev.walker.plugins;

import dev.walker.wal.BlockRef;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalRecord;
import java.util.HashSet;
import java.util.Set;

/** The relations that have rows of their own in an hour: the first {@link #MOST}. All others share {@link #NONE}. */
final class Places {
    /** Relations of an hour that get rows of their own. */
    static final int MOST = 5000;

    /** Stands for no relation. */
    static final RelFileLocator NONE = new RelFileLocator(0, 0, 0);

    private final Set<RelFileLocator> known = new HashSet<>();

    /** The relation of the first block reference of a record; {@link #NONE} if it has no block. */
    static RelFileLocator of(WalRecord record) {
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                return block.locator();
            }
        }
        return NONE;
    }

    /** The relation itself while there is room, else {@link #NONE}. */
    RelFileLocator place(RelFileLocator locator) {
        if (known.contains(locator)) {
            return locator;
        }
        if (known.size() >= MOST) {
            return NONE;
        }
        known.add(locator);
        return locator;
    }

    /** Another hour begins. */
    void clear() {
        known.clear();
    }
}
