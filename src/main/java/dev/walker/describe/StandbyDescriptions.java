package dev.walker.describe;

import dev.walker.rmgr.standby.RunningXacts;
import dev.walker.rmgr.standby.StandbyInvalidations;
import dev.walker.rmgr.standby.StandbyLocks;
import dev.walker.rmgr.standby.StandbyOp;
import dev.walker.wal.WalRecord;

/** Describes records of Standby: access/rmgrdesc/standbydesc.c. */
final class StandbyDescriptions {
    private final StandbyLocks locks = new StandbyLocks();
    private final RunningXacts running = new RunningXacts();
    private final StandbyInvalidations invalidations = new StandbyInvalidations();

    void describe(WalRecord record, StringBuilder out) {
        switch (StandbyOp.of(record)) {
            case LOCK -> {
                locks.wrap(record);
                for (int i = 0; i < locks.count(); i++) {
                    out.append("xid ").append(locks.xid(i));
                    out.append(" db ").append(locks.dbOid(i));
                    out.append(" rel ").append(locks.relOid(i)).append(' ');
                }
            }
            case RUNNING_XACTS -> describeRunningXacts(record, out);
            case INVALIDATIONS -> {
                invalidations.wrap(record);
                Invalidations.append(
                        out,
                        record,
                        StandbyInvalidations.MSGS_AT,
                        invalidations.messageCount(),
                        invalidations.isRelcacheInitFileInval(),
                        invalidations.dbId(),
                        invalidations.tsId());
            }
            case UNKNOWN -> {
                // Nothing is said of it.
            }
        }
    }

    private void describeRunningXacts(WalRecord record, StringBuilder out) {
        running.wrap(record);
        boolean listsSubxacts = Wording.of(record).listsRunningSubxacts;
        int xacts = running.xactCount();
        out.append("nextXid ").append(running.nextXid());
        out.append(" latestCompletedXid ").append(running.latestCompletedXid());
        out.append(" oldestRunningXid ").append(running.oldestRunningXid());
        if (xacts > 0) {
            out.append("; ").append(xacts).append(" xacts:");
            for (int i = 0; i < xacts; i++) {
                out.append(' ').append(running.xid(i));
            }
        }
        if (running.isSubxidOverflow()) {
            out.append(listsSubxacts ? "; subxid overflowed" : "; subxid ovf");
        }
        if (listsSubxacts && running.count() > xacts) {
            out.append("; ").append(running.count() - xacts).append(" subxacts:");
            for (int i = xacts; i < running.count(); i++) {
                out.append(' ').append(running.xid(i));
            }
        }
    }
}
