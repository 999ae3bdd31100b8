package dev.walker.describe;

import dev.walker.rmgr.xlog.XlogCheckpoint;
import dev.walker.rmgr.xlog.XlogEndOfRecovery;
import dev.walker.rmgr.xlog.XlogOp;
import dev.walker.rmgr.xlog.XlogOverwriteContrecord;
import dev.walker.rmgr.xlog.XlogParameterChange;
import dev.walker.rmgr.xlog.XlogRestorePoint;
import dev.walker.wal.WalRecord;

/** Describes records of XLOG: access/rmgrdesc/xlogdesc.c. */
final class XlogDescriptions {
    private final Timestamps timestamps;
    private final XlogCheckpoint checkpoint = new XlogCheckpoint();
    private final XlogEndOfRecovery endOfRecovery = new XlogEndOfRecovery();
    private final XlogOverwriteContrecord overwrite = new XlogOverwriteContrecord();
    private final XlogParameterChange parameters = new XlogParameterChange();
    private final XlogRestorePoint restorePoint = new XlogRestorePoint();

    XlogDescriptions(Timestamps timestamps) {
        this.timestamps = timestamps;
    }

    void describe(WalRecord record, StringBuilder out) {
        switch (XlogOp.of(record)) {
            case CHECKPOINT_SHUTDOWN, CHECKPOINT_ONLINE -> describeCheckpoint(record, out);
            case NEXTOID -> out.append(record.mainData(4, "nextOid").u32(0));
            case BACKUP_END ->
                Text.lsn(out, record, record.mainData(8, "startpoint").u64(0));
            case PARAMETER_CHANGE -> describeParameters(record, out);
            case RESTORE_POINT -> {
                restorePoint.wrap(record);
                Text.bytes(out, record.mainData(), XlogRestorePoint.RP_NAME_AT, restorePoint.nameLength());
            }
            case FPW_CHANGE -> out.append(record.mainData(1, "fullPageWrites").u8(0) != 0);
            case END_OF_RECOVERY -> {
                endOfRecovery.wrap(record);
                out.append("tli ").append(Integer.toUnsignedLong(endOfRecovery.thisTimeLineId()));
                out.append("; prev tli ").append(Integer.toUnsignedLong(endOfRecovery.prevTimeLineId()));
                out.append("; time ");
                timestamps.append(out, endOfRecovery.endTime());
                if (endOfRecovery.hasWalLevel()) {
                    out.append("; wal_level ").append(walLevel(endOfRecovery.walLevel()));
                }
            }
            case OVERWRITE_CONTRECORD -> {
                overwrite.wrap(record);
                out.append("lsn ");
                Text.lsn(out, record, overwrite.overwrittenLsn());
                out.append("; time ");
                timestamps.append(out, overwrite.overwriteTime());
            }
            case CHECKPOINT_REDO -> {
                if (record.layout().hasCheckpointWalLevel()) {
                    out.append("wal_level ")
                            .append(walLevel(record.mainData(4, "wal_level").s32(0)));
                }
            }
            case NOOP, SWITCH, FPI_FOR_HINT, FPI, FPI_MULTI_OR_ASSIGN_LSN, LOGICAL_DECODING_STATUS_CHANGE -> {
                // Nothing is said of them.
            }
        }
    }

    private void describeCheckpoint(WalRecord record, StringBuilder out) {
        checkpoint.wrap(record);
        out.append("redo ");
        Text.lsn(out, record, checkpoint.redo());
        out.append("; tli ").append(Integer.toUnsignedLong(checkpoint.thisTimeLineId()));
        out.append("; prev tli ").append(Integer.toUnsignedLong(checkpoint.prevTimeLineId()));
        out.append("; fpw ").append(checkpoint.isFullPageWrites());
        if (checkpoint.hasWalLevel()) {
            out.append("; wal_level ").append(walLevel(checkpoint.walLevel()));
        }
        if (checkpoint.hasLogicalDecoding()) {
            out.append("; logical decoding ").append(checkpoint.isLogicalDecodingEnabled());
        }
        out.append("; xid ");
        Text.fullXid(out, checkpoint.nextXid());
        out.append("; oid ").append(checkpoint.nextOid());
        out.append("; multi ").append(checkpoint.nextMulti());
        out.append("; offset ").append(checkpoint.nextMultiOffset());
        out.append("; oldest xid ").append(checkpoint.oldestXid());
        out.append(" in DB ").append(checkpoint.oldestXidDb());
        out.append("; oldest multi ").append(checkpoint.oldestMulti());
        out.append(" in DB ").append(checkpoint.oldestMultiDb());
        out.append("; oldest/newest commit timestamp xid: ").append(checkpoint.oldestCommitTsXid());
        out.append('/').append(checkpoint.newestCommitTsXid());
        out.append("; oldest running xid ").append(checkpoint.oldestActiveXid());
        out.append(checkpoint.isShutdown() ? "; shutdown" : "; online");
    }

    private void describeParameters(WalRecord record, StringBuilder out) {
        parameters.wrap(record);
        out.append("max_connections=").append(parameters.maxConnections());
        out.append(" max_worker_processes=").append(parameters.maxWorkerProcesses());
        if (parameters.hasMaxWalSenders()) {
            out.append(" max_wal_senders=").append(parameters.maxWalSenders());
        }
        out.append(" max_prepared_xacts=").append(parameters.maxPreparedXacts());
        out.append(" max_locks_per_xact=").append(parameters.maxLocksPerXact());
        out.append(" wal_level=").append(walLevel(parameters.walLevel()));
        out.append(" wal_log_hints=").append(parameters.isWalLogHints() ? "on" : "off");
        out.append(" track_commit_timestamp=").append(parameters.isTrackCommitTimestamp() ? "on" : "off");
    }

    private static String walLevel(int level) {
        return switch (level) {
            case 0 -> "minimal";
            case 1 -> "replica";
            case 2 -> "logical";
            default -> "?";
        };
    }
}
