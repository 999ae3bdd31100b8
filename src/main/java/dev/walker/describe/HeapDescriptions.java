package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.rmgr.heap.FreezePlans;
import dev.walker.rmgr.heap.Heap2Op;
import dev.walker.rmgr.heap.HeapConfirm;
import dev.walker.rmgr.heap.HeapDelete;
import dev.walker.rmgr.heap.HeapFreeze;
import dev.walker.rmgr.heap.HeapInplace;
import dev.walker.rmgr.heap.HeapInsert;
import dev.walker.rmgr.heap.HeapLock;
import dev.walker.rmgr.heap.HeapMultiInsert;
import dev.walker.rmgr.heap.HeapNewCid;
import dev.walker.rmgr.heap.HeapOp;
import dev.walker.rmgr.heap.HeapPrune;
import dev.walker.rmgr.heap.HeapTruncate;
import dev.walker.rmgr.heap.HeapUpdate;
import dev.walker.rmgr.heap.HeapVacuum;
import dev.walker.rmgr.heap.HeapVisible;
import dev.walker.wal.WalRecord;

/** Describes records of Heap and Heap2: access/rmgrdesc/heapdesc.c. */
final class HeapDescriptions {
    /** Byte position of {@code latestRemovedXid} in {@code xl_heap_cleanup_info}, after the locator. */
    private static final int CLEANUP_INFO_LATEST_REMOVED_XID_AT = 12;

    private static final int CLEANUP_INFO_SIZE = 16;

    private final HeapInsert insert = new HeapInsert();
    private final HeapDelete delete = new HeapDelete();
    private final HeapUpdate update = new HeapUpdate();
    private final HeapTruncate truncate = new HeapTruncate();
    private final HeapConfirm confirm = new HeapConfirm();
    private final HeapLock lock = new HeapLock();
    private final HeapInplace inplace = new HeapInplace();
    private final HeapPrune prune = new HeapPrune();
    private final HeapVacuum vacuum = new HeapVacuum();
    private final HeapFreeze freeze = new HeapFreeze();
    private final HeapVisible visible = new HeapVisible();
    private final HeapMultiInsert multiInsert = new HeapMultiInsert();
    private final HeapNewCid newCid = new HeapNewCid();

    void describeHeap(WalRecord record, StringBuilder out) {
        boolean colons = Wording.of(record).namesWithColons;
        switch (HeapOp.of(record)) {
            case INSERT -> {
                insert.wrap(record);
                out.append(colons ? "off: " : "off ").append(insert.offnum());
                appendFlags(record, out, insert.flags());
            }
            case DELETE -> describeDelete(record, out, colons);
            case UPDATE, HOT_UPDATE -> describeUpdate(record, out, colons);
            case TRUNCATE -> {
                if (record.layout().hasHeapTruncate()) {
                    describeTruncate(record, out, colons);
                }
            }
            case CONFIRM ->
                out.append(colons ? "off: " : "off ")
                        .append(confirm.wrap(record).offnum());
            case LOCK -> describeLock(record, out, colons, ": xid ");
            case INPLACE -> {
                inplace.wrap(record);
                out.append(colons ? "off: " : "off ").append(inplace.offnum());
                if (inplace.messageCount() > 0) {
                    Invalidations.append(
                            out,
                            record,
                            HeapInplace.MSGS_AT,
                            inplace.messageCount(),
                            inplace.isRelcacheInitFileInval(),
                            inplace.dbId(),
                            inplace.tsId());
                }
            }
        }
    }

    private void describeDelete(WalRecord record, StringBuilder out, boolean colons) {
        delete.wrap(record);
        if (colons) {
            out.append("xmax: ").append(delete.xmax());
            out.append(", off: ").append(delete.offnum());
            out.append(", infobits: ");
            bracketedInfobits(out, delete.infobitsSet());
            out.append(", flags: ");
            Text.flags(out, delete.flags());
        } else {
            out.append("off ").append(delete.offnum());
            appendFlags(record, out, delete.flags());
            out.append(' ');
            spacedInfobits(out, delete.infobitsSet());
        }
    }

    private void describeUpdate(WalRecord record, StringBuilder out, boolean colons) {
        update.wrap(record);
        if (colons) {
            out.append("old_xmax: ").append(update.oldXmax());
            out.append(", old_off: ").append(update.oldOffnum());
            out.append(", old_infobits: ");
            bracketedInfobits(out, update.oldInfobitsSet());
            out.append(", flags: ");
            Text.flags(out, update.flags());
            out.append(", new_xmax: ").append(update.newXmax());
            out.append(", new_off: ").append(update.newOffnum());
        } else {
            out.append("off ").append(update.oldOffnum());
            out.append(" xmax ").append(update.oldXmax());
            appendFlags(record, out, update.flags());
            out.append(' ');
            spacedInfobits(out, update.oldInfobitsSet());
            out.append("; new off ").append(update.newOffnum());
            out.append(" xmax ").append(update.newXmax());
        }
    }

    private void describeTruncate(WalRecord record, StringBuilder out, boolean colons) {
        truncate.wrap(record);
        boolean cascade = (truncate.flags() & HeapTruncate.CASCADE) != 0;
        boolean restartSeqs = (truncate.flags() & HeapTruncate.RESTART_SEQS) != 0;
        if (colons) {
            out.append("flags: [").append(cascade ? "CASCADE" : "");
            out.append(cascade && restartSeqs ? ", " : "").append(restartSeqs ? "RESTART_SEQS" : "");
            out.append("], nrelids: ").append(truncate.count()).append(", relids: [");
            for (int i = 0; i < truncate.count(); i++) {
                out.append(i > 0 ? ", " : "").append(truncate.relid(i));
            }
            out.append(']');
        } else {
            out.append(cascade ? "cascade " : "").append(restartSeqs ? "restart_seqs " : "");
            out.append("nrelids ").append(truncate.count()).append(" relids");
            for (int i = 0; i < truncate.count(); i++) {
                out.append(' ').append(truncate.relid(i));
            }
        }
    }

    private static void appendFlags(WalRecord record, StringBuilder out, int flags) {
        Wording wording = Wording.of(record);
        if (wording.tellsHeapFlags) {
            out.append(wording.namesWithColons ? ", flags: " : " flags ");
            Text.flags(out, flags);
        }
    }

    private static void appendLockFlags(WalRecord record, StringBuilder out, int flags) {
        if (Wording.of(record).tellsHeapFlags) {
            Text.flags(out, flags);
        } else {
            out.append(flags);
        }
    }

    /** A LOCK or LOCK_UPDATED; up to 15 they differ in what they call the XID. */
    private void describeLock(WalRecord record, StringBuilder out, boolean colons, String xmaxBefore16) {
        lock.wrap(record);
        if (colons) {
            out.append("xmax: ").append(lock.xmax());
            out.append(", off: ").append(lock.offnum());
            out.append(", infobits: ");
            bracketedInfobits(out, lock.infobitsSet());
            out.append(", flags: ");
            Text.flags(out, lock.flags());
        } else {
            out.append("off ").append(lock.offnum());
            out.append(xmaxBefore16).append(lock.xmax()).append(": flags ");
            appendLockFlags(record, out, lock.flags());
            out.append(' ');
            spacedInfobits(out, lock.infobitsSet());
        }
    }

    private static void bracketedInfobits(StringBuilder out, int infobits) {
        out.append('[');
        int empty = out.length();
        infobit(out, infobits, HeapLock.XMAX_IS_MULTI, "IS_MULTI, ");
        infobit(out, infobits, HeapLock.XMAX_LOCK_ONLY, "LOCK_ONLY, ");
        infobit(out, infobits, HeapLock.XMAX_EXCL_LOCK, "EXCL_LOCK, ");
        infobit(out, infobits, HeapLock.XMAX_KEYSHR_LOCK, "KEYSHR_LOCK, ");
        infobit(out, infobits, HeapLock.KEYS_UPDATED, "KEYS_UPDATED, ");
        if (out.length() > empty) {
            out.setLength(out.length() - 2);
        }
        out.append(']');
    }

    private static void spacedInfobits(StringBuilder out, int infobits) {
        infobit(out, infobits, HeapLock.XMAX_IS_MULTI, "IS_MULTI ");
        infobit(out, infobits, HeapLock.XMAX_LOCK_ONLY, "LOCK_ONLY ");
        infobit(out, infobits, HeapLock.XMAX_EXCL_LOCK, "EXCL_LOCK ");
        infobit(out, infobits, HeapLock.XMAX_KEYSHR_LOCK, "KEYSHR_LOCK ");
        infobit(out, infobits, HeapLock.KEYS_UPDATED, "KEYS_UPDATED ");
    }

    private static void infobit(StringBuilder out, int infobits, int bit, String name) {
        if ((infobits & bit) != 0) {
            out.append(name);
        }
    }

    void describeHeap2(WalRecord record, StringBuilder out) {
        boolean colons = Wording.of(record).namesWithColons;
        switch (Heap2Op.of(record)) {
            case REWRITE -> {
                // Nothing is said of it.
            }
            case PRUNE -> {
                prune.wrap(record);
                if (record.layout().hasCombinedPruneRecord()) {
                    describeCombinedPrune(record, out);
                } else {
                    describePrune(record, out, colons);
                }
            }
            case VACUUM -> describeVacuum(record, out, colons);
            case FREEZE_PAGE -> describeFreeze(record, out, colons);
            case CLEANUP_INFO ->
                out.append("remxid ")
                        .append(record.mainData(CLEANUP_INFO_SIZE, "xl_heap_cleanup_info")
                                .u32(CLEANUP_INFO_LATEST_REMOVED_XID_AT));
            case VISIBLE -> {
                if (!record.layout().hasHeapVisible()) {
                    return;
                }
                visible.wrap(record);
                out.append(colons ? "snapshotConflictHorizon: " : "cutoff xid ")
                        .append(visible.snapshotConflictHorizon());
                out.append(colons ? ", flags: " : " flags ");
                appendLockFlags(record, out, visible.flags());
            }
            case MULTI_INSERT -> describeMultiInsert(record, out, colons);
            case LOCK_UPDATED -> describeLock(record, out, colons, ": xmax ");
            case NEW_CID -> describeNewCid(record, out, colons);
        }
    }

    /** PRUNE of 14 to 16, CLEAN of 13. */
    private void describePrune(WalRecord record, StringBuilder out, boolean colons) {
        if (!Wording.of(record).tellsPruneCounts) {
            out.append("remxid ").append(prune.snapshotConflictHorizon());
            return;
        }
        // The view has no items where an image took their place; the counts are told all the same.
        WalBytes data = record.mainData();
        out.append(colons ? "snapshotConflictHorizon: " : "latestRemovedXid ").append(prune.snapshotConflictHorizon());
        out.append(colons ? ", nredirected: " : " nredirected ").append(data.u16(HeapPrune.NREDIRECTED_AT));
        out.append(colons ? ", ndead: " : " ndead ").append(data.u16(HeapPrune.NDEAD_AT));
        if (colons && prune.block().hasData()) {
            out.append(", nunused: ").append(prune.unusedCount()).append(", redirected:");
            appendRedirected(out);
            out.append(", dead:");
            appendDead(out);
            out.append(", unused:");
            appendUnused(out);
        }
    }

    /** PRUNE_ON_ACCESS, PRUNE_VACUUM_SCAN and PRUNE_VACUUM_CLEANUP, since 17. */
    private void describeCombinedPrune(WalRecord record, StringBuilder out) {
        int flags = prune.flags();
        if ((flags & HeapPrune.HAS_CONFLICT_HORIZON) != 0) {
            out.append("snapshotConflictHorizon: ").append(prune.snapshotConflictHorizon());
        }
        out.append(", isCatalogRel: ").append(Text.flag((flags & HeapPrune.IS_CATALOG_REL) != 0));
        int visibility = flags & (HeapPrune.VM_ALL_VISIBLE | HeapPrune.VM_ALL_FROZEN);
        if (visibility != 0) {
            // As in the visibility map: 1 all-visible, 2 all-frozen.
            out.append(", vm_flags: ");
            Text.flags(out, visibility >> 8);
        }
        if (!prune.block().hasData()) {
            return;
        }
        FreezePlans plans = prune.plans();
        out.append(", nplans: ").append(plans.planCount());
        out.append(", nredirected: ").append(prune.redirectedCount());
        out.append(", ndead: ").append(prune.deadCount());
        out.append(", nunused: ").append(prune.unusedCount());
        if (plans.planCount() > 0) {
            out.append(", plans:");
            appendPlans(out, plans);
        }
        if (prune.redirectedCount() > 0) {
            out.append(", redirected:");
            appendRedirected(out);
        }
        if (prune.deadCount() > 0) {
            out.append(", dead:");
            appendDead(out);
        }
        if (prune.unusedCount() > 0) {
            out.append(", unused:");
            appendUnused(out);
        }
    }

    private void appendRedirected(StringBuilder out) {
        out.append(" [");
        for (int i = 0; i < prune.redirectedCount(); i++) {
            out.append(i > 0 ? ", " : "")
                    .append(prune.redirectedFrom(i))
                    .append("->")
                    .append(prune.redirectedTo(i));
        }
        out.append(']');
    }

    private void appendDead(StringBuilder out) {
        out.append(" [");
        for (int i = 0; i < prune.deadCount(); i++) {
            out.append(i > 0 ? ", " : "").append(prune.dead(i));
        }
        out.append(']');
    }

    private void appendUnused(StringBuilder out) {
        out.append(" [");
        for (int i = 0; i < prune.unusedCount(); i++) {
            out.append(i > 0 ? ", " : "").append(prune.unused(i));
        }
        out.append(']');
    }

    private static void appendPlans(StringBuilder out, FreezePlans plans) {
        out.append(" [");
        int tuple = 0;
        for (int plan = 0; plan < plans.planCount(); plan++) {
            int tuples = plans.planTuples(plan);
            out.append(plan > 0 ? ", " : "").append("{ xmax: ").append(plans.planXmax(plan));
            out.append(", infomask: ").append(plans.planInfomask(plan));
            out.append(", infomask2: ").append(plans.planInfomask2(plan));
            out.append(", ntuples: ").append(tuples).append(", offsets: [");
            for (int i = 0; i < tuples; i++) {
                out.append(i > 0 ? ", " : "").append(plans.planOffnum(tuple++));
            }
            out.append("] }");
        }
        out.append(']');
    }

    private void describeVacuum(WalRecord record, StringBuilder out, boolean colons) {
        vacuum.wrap(record);
        out.append(colons ? "nunused: " : "nunused ").append(record.mainData().u16(HeapVacuum.NUNUSED_AT));
        if (colons && vacuum.block().hasData()) {
            out.append(", unused: [");
            for (int i = 0; i < vacuum.count(); i++) {
                out.append(i > 0 ? ", " : "").append(vacuum.unused(i));
            }
            out.append(']');
        }
    }

    private void describeFreeze(WalRecord record, StringBuilder out, boolean colons) {
        freeze.wrap(record);
        out.append(colons ? "snapshotConflictHorizon: " : "cutoff xid ").append(freeze.snapshotConflictHorizon());
        out.append(colons ? ", nplans: " : " ntuples ").append(record.mainData().u16(HeapFreeze.COUNT_AT));
        if (colons && freeze.block().hasData()) {
            out.append(", plans:");
            appendPlans(out, freeze.plans());
        }
    }

    private void describeMultiInsert(WalRecord record, StringBuilder out, boolean colons) {
        multiInsert.wrap(record);
        if (colons) {
            out.append("ntuples: ").append(multiInsert.count());
        } else {
            out.append(multiInsert.count()).append(" tuples");
        }
        appendFlags(record, out, multiInsert.flags());
        if (colons && multiInsert.block().hasData() && !HeapOp.isInitPage(record)) {
            out.append(", offsets: [");
            for (int i = 0; i < multiInsert.count(); i++) {
                out.append(i > 0 ? ", " : "").append(multiInsert.offnum(i));
            }
            out.append(']');
        }
    }

    private void describeNewCid(WalRecord record, StringBuilder out, boolean colons) {
        newCid.wrap(record);
        out.append(colons ? "rel: " : "rel ");
        Text.locator(out, newCid.spcOid(), newCid.dbOid(), newCid.relNumber());
        out.append(colons ? ", tid: " : "; tid ").append(newCid.blockNumber());
        out.append('/').append(newCid.offnum());
        out.append(colons ? ", cmin: " : "; cmin: ").append(newCid.cmin());
        out.append(", cmax: ").append(newCid.cmax());
        out.append(", combo: ").append(newCid.combocid());
    }
}
