package dev.walker.describe;

import dev.walker.rmgr.xact.DroppedStats;
import dev.walker.rmgr.xact.XactAssignment;
import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactInvalidations;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.rmgr.xact.XactPrepare;
import dev.walker.wal.Fork;
import dev.walker.wal.WalRecord;

/** Describes records of Transaction: access/rmgrdesc/xactdesc.c. */
final class XactDescriptions {
    private final Timestamps timestamps;
    private final XactEnd end = new XactEnd();
    private final XactPrepare prepare = new XactPrepare();
    private final XactAssignment assignment = new XactAssignment();
    private final XactInvalidations invalidations = new XactInvalidations();
    private final DroppedStats stats = new DroppedStats();

    XactDescriptions(Timestamps timestamps) {
        this.timestamps = timestamps;
    }

    void describe(WalRecord record, StringBuilder out) {
        switch (XactOp.of(record)) {
            case COMMIT, COMMIT_PREPARED -> describeCommit(record, out);
            case ABORT, ABORT_PREPARED -> describeAbort(record, out);
            case PREPARE -> {
                if (Wording.of(record).tellsPrepare) {
                    describePrepare(record, out);
                }
            }
            case ASSIGNMENT -> {
                assignment.wrap(record);
                out.append("xtop ").append(assignment.topLevelXid()).append(": subxacts:");
                for (int i = 0; i < assignment.subxactCount(); i++) {
                    out.append(' ').append(assignment.subxact(i));
                }
            }
            case INVALIDATIONS -> {
                if (record.layout().hasXactInvalidations()) {
                    invalidations.wrap(record);
                    Invalidations.append(
                            out, record, XactInvalidations.MSGS_AT, invalidations.messageCount(), false, 0, 0);
                }
            }
            case UNKNOWN -> {
                // Nothing is said of it.
            }
        }
    }

    /** What commit and abort have in common. */
    private void describeEnd(WalRecord record, StringBuilder out) {
        end.wrap(record);
        if ((end.xinfo() & XactEnd.HAS_TWOPHASE) != 0 && end.xid() != 0) {
            out.append(end.xid()).append(": ");
        }
        timestamps.append(out, end.xactTime());
        if (end.droppedRelationCount() > 0) {
            out.append("; rels:");
            Wording wording = Wording.of(record);
            for (int i = 0; i < end.droppedRelationCount(); i++) {
                out.append(' ');
                Text.path(out, wording, end.droppedSpcOid(i), end.droppedDbOid(i), end.droppedRelNumber(i), Fork.MAIN);
            }
        }
        if (end.subxactCount() > 0) {
            out.append("; subxacts:");
            for (int i = 0; i < end.subxactCount(); i++) {
                out.append(' ').append(end.subxact(i));
            }
        }
    }

    private void describeCommit(WalRecord record, StringBuilder out) {
        describeEnd(record, out);
        appendStats(record, out);
        Invalidations.append(
                out,
                record,
                end.invalidationsAt(),
                end.invalidationCount(),
                (end.xinfo() & XactEnd.UPDATE_RELCACHE_FILE) != 0,
                end.dbOid(),
                end.tsOid());
        if (Wording.of(record).tellsApplyFeedback && (end.xinfo() & XactEnd.APPLY_FEEDBACK) != 0) {
            out.append("; apply_feedback");
        }
        if ((end.xinfo() & XactEnd.FORCE_SYNC_COMMIT) != 0) {
            out.append("; sync");
        }
        if ((end.xinfo() & XactEnd.HAS_ORIGIN) != 0) {
            appendOrigin(record, out, end.originLsn(), end.originTimestamp());
        }
    }

    private void describeAbort(WalRecord record, StringBuilder out) {
        describeEnd(record, out);
        if (Wording.of(record).tellsOriginOfAllEnds && (end.xinfo() & XactEnd.HAS_ORIGIN) != 0) {
            appendOrigin(record, out, end.originLsn(), end.originTimestamp());
        }
        appendStats(record, out);
    }

    private void describePrepare(WalRecord record, StringBuilder out) {
        prepare.wrap(record);
        out.append("gid ");
        Text.bytes(out, record.mainData(), prepare.gidAt(), prepare.gidLength());
        out.append(": ");
        timestamps.append(out, prepare.preparedAt());
        if (prepare.commitRelationCount() > 0) {
            out.append("; rels(commit):");
            for (int i = 0; i < prepare.commitRelationCount(); i++) {
                out.append(' ');
                Text.path(out, record, prepare.commitRelationAt(i));
            }
        }
        if (prepare.abortRelationCount() > 0) {
            out.append("; rels(abort):");
            for (int i = 0; i < prepare.abortRelationCount(); i++) {
                out.append(' ');
                Text.path(out, record, prepare.abortRelationAt(i));
            }
        }
        if (prepare.commitStatsCount() > 0) {
            out.append("; commit dropped stats:");
            for (int i = 0; i < prepare.commitStatsCount(); i++) {
                appendStats(out, stats.wrap(record, prepare.commitStatsAt(i)));
            }
        }
        if (prepare.abortStatsCount() > 0) {
            out.append("; abort dropped stats:");
            for (int i = 0; i < prepare.abortStatsCount(); i++) {
                appendStats(out, stats.wrap(record, prepare.abortStatsAt(i)));
            }
        }
        if (prepare.subxactCount() > 0) {
            out.append("; subxacts:");
            for (int i = 0; i < prepare.subxactCount(); i++) {
                out.append(' ').append(prepare.subxact(i));
            }
        }
        Invalidations.append(
                out,
                record,
                prepare.invalidationsAt(),
                prepare.invalidationCount(),
                prepare.isInitfileInval(),
                prepare.database(),
                0);
        if (Wording.of(record).tellsOriginOfAllEnds && record.origin() != 0) {
            appendOrigin(record, out, prepare.originLsn(), prepare.originTimestamp());
        }
    }

    private void appendStats(WalRecord record, StringBuilder out) {
        if (end.droppedStatsCount() == 0) {
            return;
        }
        out.append("; dropped stats:");
        for (int i = 0; i < end.droppedStatsCount(); i++) {
            appendStats(out, stats.wrap(record, end.droppedStatsAt(i)));
        }
    }

    private static void appendStats(StringBuilder out, DroppedStats stats) {
        out.append(' ').append(stats.kind()).append('/').append(stats.dboid()).append('/');
        Text.unsigned(out, stats.objid());
    }

    private void appendOrigin(WalRecord record, StringBuilder out, long lsn, long timestamp) {
        out.append("; origin: node ").append(record.origin()).append(", lsn ");
        Text.lsn(out, record, lsn);
        out.append(", at ");
        timestamps.append(out, timestamp);
    }
}
