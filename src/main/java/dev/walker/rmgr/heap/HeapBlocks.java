package dev.walker.rmgr.heap;

import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** Takes the block reference of a heap page out of a record, checked. */
final class HeapBlocks {
    private HeapBlocks() {}

    static boolean has(WalRecord record, int id) {
        return record.hasBlock(id) && record.block(id).isMainFork();
    }

    static BlockRef require(WalRecord record, int id, String struct) {
        if (!has(record, id)) {
            throw record.malformed(struct + " wants a heap page in block reference " + id + ", found "
                    + (record.hasBlock(id) ? "fork " + record.block(id).fork().shortName() : "none"));
        }
        return record.block(id);
    }

    static int offnum(WalRecord record, int offnum, String field) {
        if (offnum < 1 || offnum > HeapPage.MAX_OFFNUM) {
            throw record.malformed(field + " is " + offnum + ", wanted 1 to " + HeapPage.MAX_OFFNUM);
        }
        return offnum;
    }
}
