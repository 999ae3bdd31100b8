package dev.walker.jdbc;

import dev.walker.engine.Settings;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalSourceException;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Sees to it that the slot of a walker that cannot keep up does not fill the disk of the server: {@code walker.max_lag}
 * and {@code walker.max_lag_action}.
 */
final class LagGuard {
    private final ReplicationSlot slot;
    private final long mostBytes;
    private final boolean drops;
    private final WalkLog log;
    private boolean warned;

    LagGuard(ReplicationSlot slot, Settings settings, WalkLog log) {
        this.slot = slot;
        this.mostBytes = settings.maxLagBytes();
        this.drops = settings.dropsSlotBeyondMaxLag();
        this.log = log;
    }

    /**
     * Looks how much the slot keeps. A warning is logged when it becomes half of what it may keep, and again only after
     * it was less than that.
     *
     * @param readable end of the WAL of the server
     * @return why the walk has to end, where the slot was dropped
     */
    Optional<WalSourceException> check(long readable) throws SQLException {
        long kept = readable - slot.restartLsn();
        if (drops && kept > mostBytes) {
            slot.drop();
            return Optional.of(new WalSourceException("replication slot \"" + slot.name() + "\" kept "
                    + megabytes(kept) + " of WAL, from LSN " + Lsn.format(slot.restartLsn())
                    + " on, which is more than walker.max_lag (" + megabytes(mostBytes)
                    + "); it was dropped, so that the WAL does not fill the disk. To go on as long as the WAL is there, "
                    + "raise walker.max_lag, or set walker.max_lag_action to warn, and start again"));
        }
        boolean much = kept > mostBytes / 2;
        if (much && !warned) {
            log.warning("replication slot \"" + slot.name() + "\" keeps " + megabytes(kept)
                    + " of WAL; walker.max_lag is " + megabytes(mostBytes)
                    + (drops ? ", beyond which the slot is dropped and the walk ends" : ""));
        }
        warned = much;
        return Optional.empty();
    }

    private static String megabytes(long bytes) {
        return (bytes >> 20) + " MB";
    }
}
