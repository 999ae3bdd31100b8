package dev.walker.plugins;

import dev.walker.rmgr.heap.Heap2Op;
import dev.walker.rmgr.heap.HeapDelete;
import dev.walker.rmgr.heap.HeapMultiInsert;
import dev.walker.rmgr.heap.HeapOp;
import dev.walker.wal.WalRecord;

/** What transactions that were rolled back have done to a relation, or one that still may be. */
final class RollbackCost {
    long rollbacks;
    long inserts;
    long updates;
    long deletes;
    long records;
    long walBytes;
    long fpiBytes;

    /** Views for one thread, which are used again and again. */
    static final class Views {
        private final HeapMultiInsert multiInsert = new HeapMultiInsert();
        private final HeapDelete delete = new HeapDelete();
    }

    /** Adds the volume of a record. */
    void addVolume(WalRecord record) {
        records++;
        walBytes += record.totalLength();
        fpiBytes += record.fpiLength();
    }

    /** Adds the rows of a record of resource manager Heap. */
    void addHeap(WalRecord record, Views views) {
        switch (HeapOp.of(record)) {
            case INSERT:
                inserts++;
                break;
            case UPDATE:
            case HOT_UPDATE:
                updates++;
                break;
            case DELETE:
                // Such a one takes an insert of the same transaction back.
                if (!views.delete.wrap(record).isSuper()) {
                    deletes++;
                }
                break;
            default:
                break;
        }
    }

    /** Adds the rows of a record of resource manager Heap2. */
    void addHeap2(WalRecord record, Views views) {
        if (Heap2Op.of(record) == Heap2Op.MULTI_INSERT) {
            inserts += views.multiInsert.wrap(record).count();
        }
    }

    void add(RollbackCost other) {
        rollbacks += other.rollbacks;
        inserts += other.inserts;
        updates += other.updates;
        deletes += other.deletes;
        records += other.records;
        walBytes += other.walBytes;
        fpiBytes += other.fpiBytes;
    }
}
