package dev.walker.spi;

import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.standby.StandbyOp;
import dev.walker.rmgr.xlog.XlogOp;
import dev.walker.wal.WalRecord;

/** Tells the records that a server writes by itself from those that somebody has it write. */
public final class ServerRecords {
    private ServerRecords() {}

    /**
     * Whether the server has added this record only because something was written before it: checkpoints, {@code
     * XLOG_RUNNING_XACTS} and {@code XLOG_SWITCH}. On an idle server a save leads to some of them, so a plugin should not say
     * {@link PluginContext#stateChanged} for them alone: what it has learnt is saved with what comes next.
     */
    public static boolean isAdded(WalRecord record) {
        if (record.rmgrId() == Rmgr.XLOG.id()) {
            return switch (XlogOp.of(record)) {
                case CHECKPOINT_ONLINE, CHECKPOINT_SHUTDOWN, CHECKPOINT_REDO, SWITCH -> true;
                default -> false;
            };
        }
        return record.rmgrId() == Rmgr.STANDBY.id() && StandbyOp.of(record) == StandbyOp.RUNNING_XACTS;
    }
}
