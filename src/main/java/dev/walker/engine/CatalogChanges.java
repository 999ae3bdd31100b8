package dev.walker.engine;

import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.wal.WalRecord;
import java.util.HashSet;
import java.util.Set;

/** Databases whose catalogs were changed by what is walked: commits that brought invalidation messages. */
final class CatalogChanges {
    private final XactEnd end = new XactEnd();
    private Set<Long> databases = new HashSet<>();

    CatalogChanges() {}

    /** Looks at a record; most are told by one comparison that they are none of these. */
    void look(WalRecord record) {
        if (record.rmgrId() != Rmgr.XACT.id() || (record.info() & XactEnd.HAS_INFO) == 0) {
            return;
        }
        XactOp op = XactOp.of(record);
        if (op == XactOp.COMMIT || op == XactOp.COMMIT_PREPARED) {
            end.wrap(record);
            if (end.invalidationCount() > 0) {
                databases.add(end.dbOid());
            }
        }
    }

    /** OIDs of the databases since the last call; 0 is for what all share. */
    Set<Long> take() {
        if (databases.isEmpty()) {
            return Set.of();
        }
        Set<Long> taken = databases;
        databases = new HashSet<>();
        return taken;
    }
}
