package dev.walker.describe;

import dev.walker.rmgr.btree.BtreeDedup;
import dev.walker.rmgr.btree.BtreeInsert;
import dev.walker.rmgr.btree.BtreeMarkPageHalfdead;
import dev.walker.rmgr.btree.BtreeMetadata;
import dev.walker.rmgr.btree.BtreeNewroot;
import dev.walker.rmgr.btree.BtreeOp;
import dev.walker.rmgr.btree.BtreeRemoval;
import dev.walker.rmgr.btree.BtreeReusePage;
import dev.walker.rmgr.btree.BtreeSplit;
import dev.walker.rmgr.btree.BtreeUnlinkPage;
import dev.walker.wal.WalRecord;

/** Describes records of Btree: access/rmgrdesc/nbtdesc.c. */
final class BtreeDescriptions {
    private final BtreeInsert insert = new BtreeInsert();
    private final BtreeSplit split = new BtreeSplit();
    private final BtreeDedup dedup = new BtreeDedup();
    private final BtreeRemoval removal = new BtreeRemoval();
    private final BtreeMarkPageHalfdead halfdead = new BtreeMarkPageHalfdead();
    private final BtreeUnlinkPage unlink = new BtreeUnlinkPage();
    private final BtreeNewroot newroot = new BtreeNewroot();
    private final BtreeReusePage reuse = new BtreeReusePage();
    private final BtreeMetadata metadata = new BtreeMetadata();

    void describe(WalRecord record, StringBuilder out) {
        Wording wording = Wording.of(record);
        boolean colons = wording.namesWithColons;
        switch (BtreeOp.of(record)) {
            case INSERT_LEAF, INSERT_UPPER, INSERT_META, INSERT_POST ->
                out.append(colons ? "off: " : "off ").append(insert.wrap(record).offnum());
            case SPLIT_L, SPLIT_R, SPLIT_L_ROOT, SPLIT_R_ROOT, SPLIT_L_HIGHKEY, SPLIT_R_HIGHKEY -> {
                split.wrap(record);
                if (!record.layout().hasBtreePostings()) {
                    out.append("level ").append(split.level());
                    out.append(", firstright ").append(split.firstrightoff());
                    out.append(", newitemoff ").append(split.newitemoff());
                    return;
                }
                out.append(colons ? "level: " : "level ").append(split.level());
                out.append(colons ? ", firstrightoff: " : ", firstrightoff ").append(split.firstrightoff());
                out.append(colons ? ", newitemoff: " : ", newitemoff ").append(split.newitemoff());
                out.append(colons ? ", postingoff: " : ", postingoff ").append(split.postingoff());
            }
            case DEDUP ->
                out.append(colons ? "nintervals: " : "nintervals ")
                        .append(dedup.wrap(record).nintervals());
            case VACUUM -> {
                removal.wrap(record);
                if (!record.layout().hasBtreePostings()) {
                    out.append("lastBlockVacuumed ").append(removal.lastBlockVacuumed());
                    return;
                }
                out.append(colons ? "ndeleted: " : "ndeleted ").append(removal.deletedCount());
                out.append(colons ? ", nupdated: " : "; nupdated ").append(removal.updatedCount());
                appendItems(out, colons);
            }
            case DELETE -> describeDelete(record, out, wording);
            case MARK_PAGE_HALFDEAD -> {
                halfdead.wrap(record);
                out.append(colons ? "topparent: " : "topparent ").append(halfdead.topparent());
                out.append(colons ? ", leaf: " : "; leaf ").append(halfdead.leafblk());
                out.append(colons ? ", left: " : "; left ").append(halfdead.leftblk());
                out.append(colons ? ", right: " : "; right ").append(halfdead.rightblk());
            }
            case UNLINK_PAGE, UNLINK_PAGE_META -> describeUnlink(record, out, colons);
            case NEWROOT ->
                out.append(colons ? "level: " : "lev ")
                        .append(newroot.wrap(record).level());
            case REUSE_PAGE -> describeReuse(record, out, wording);
            case META_CLEANUP -> describeMetaCleanup(record, out, colons);
            case UNKNOWN -> {
                // Nothing is said of it.
            }
        }
    }

    private void describeDelete(WalRecord record, StringBuilder out, Wording wording) {
        removal.wrap(record);
        if (!record.layout().hasBtreePostings()) {
            out.append(removal.deletedCount()).append(" items");
            if (record.layout().hasIndexConflictHorizons()) {
                out.append(", latest removed xid ").append(removal.snapshotConflictHorizon());
            }
            return;
        }
        boolean colons = wording.namesWithColons;
        out.append(colons ? "snapshotConflictHorizon: " : "latestRemovedXid ")
                .append(removal.snapshotConflictHorizon());
        out.append(colons ? ", ndeleted: " : "; ndeleted ").append(removal.deletedCount());
        if (record.layout().hasBtreeDeleteUpdates()) {
            out.append(colons ? ", nupdated: " : "; nupdated ").append(removal.updatedCount());
        }
        if (wording.tellsCatalogRel) {
            out.append(", isCatalogRel: ").append(Text.flag(removal.isCatalogRel()));
        }
        appendItems(out, colons);
    }

    private void appendItems(StringBuilder out, boolean colons) {
        if (!colons || !removal.hasItems()) {
            return;
        }
        out.append(", deleted: [");
        for (int i = 0; i < removal.deletedCount(); i++) {
            out.append(i > 0 ? ", " : "").append(removal.deleted(i));
        }
        out.append("], updated: [");
        for (boolean first = true; removal.nextUpdate(); first = false) {
            out.append(first ? "{ off: " : ", { off: ").append(removal.updatedOffnum());
            out.append(", nptids: ").append(removal.deletedTids()).append(", ptids: [");
            for (int i = 0; i < removal.deletedTids(); i++) {
                out.append(i > 0 ? ", " : "").append(removal.deletedTid(i));
            }
            out.append("] }");
        }
        out.append(']');
    }

    private void describeUnlink(WalRecord record, StringBuilder out, boolean colons) {
        unlink.wrap(record);
        out.append(colons ? "left: " : "left ").append(unlink.leftsib());
        out.append(colons ? ", right: " : "; right ").append(unlink.rightsib());
        boolean fullXid = record.layout().hasBtreeFullXids();
        if (fullXid) {
            out.append(colons ? ", level: " : "; level ").append(unlink.level());
            out.append(colons ? ", safexid: " : "; safexid ");
            Text.fullXid(out, unlink.safexid());
        } else {
            out.append("; btpo_xact ").append(unlink.safexid());
        }
        out.append(colons ? ", leafleft: " : "; leafleft ").append(unlink.leafleftsib());
        out.append(colons ? ", leafright: " : "; leafright ").append(unlink.leafrightsib());
        out.append(colons ? ", leaftopparent: " : fullXid ? "; leaftopparent " : "; topparent ")
                .append(unlink.leaftopparent());
    }

    private void describeReuse(WalRecord record, StringBuilder out, Wording wording) {
        reuse.wrap(record);
        boolean colons = wording.namesWithColons;
        out.append(colons ? "rel: " : "rel ");
        Text.locator(out, reuse.spcOid(), reuse.dbOid(), reuse.relNumber());
        out.append(colons ? ", snapshotConflictHorizon: " : "; latestRemovedXid ");
        if (record.layout().hasBtreeFullXids()) {
            Text.fullXid(out, reuse.snapshotConflictHorizon());
        } else {
            out.append(reuse.snapshotConflictHorizon());
        }
        if (wording.tellsCatalogRel) {
            out.append(", isCatalogRel: ").append(Text.flag(reuse.isCatalogRel()));
        }
    }

    private void describeMetaCleanup(WalRecord record, StringBuilder out, boolean colons) {
        metadata.wrap(record, 0);
        if (record.layout().hasBtreeFullXids()) {
            out.append(colons ? "last_cleanup_num_delpages: " : "last_cleanup_num_delpages ")
                    .append(metadata.lastCleanupNumDelpages());
        } else {
            out.append("oldest_btpo_xact ")
                    .append(metadata.lastCleanupNumDelpages())
                    .append("; last_cleanup_num_heap_tuples: ");
            Text.fixed(out, metadata.lastCleanupNumHeapTuples());
        }
    }
}
