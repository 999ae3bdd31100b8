package dev.walker.host;

import dev.walker.host.metrics.RunMetrics;
import dev.walker.host.metrics.WalkState;
import dev.walker.jdbc.StandbyBehindException;
import dev.walker.remote.Backoff;
import dev.walker.remote.Loss;
import java.sql.SQLException;

/**
 * Tries again what a lost connection has ended, for as long as it takes. What fails before the first walk is not tried
 * again, so that a wrong address is told at once; nor is what no attempt heals. A standby that has still to follow a
 * promotion is waited for in any case.
 */
final class Reconnect {
    /** Connects and walks until the walk ends or a connection is lost. */
    interface Attempt {
        /** Comes back when the walk has ended in order. */
        void run() throws SQLException, InterruptedException;
    }

    private final TargetSession target;
    private final RunEnd end;
    private final RunMetrics metrics;
    private final Log log;
    private final Backoff backoff = new Backoff();
    private boolean walked;

    Reconnect(TargetSession target, RunEnd end, RunMetrics metrics, Log log) {
        this.target = target;
        this.end = end;
        this.metrics = metrics;
        this.log = log;
    }

    /** The present attempt walks. */
    void walking() {
        if (walked) {
            metrics.reconnected();
        }
        walked = true;
        backoff.reset();
    }

    /** Whether any attempt has walked. */
    boolean hasWalked() {
        return walked;
    }

    /** Runs attempts until one comes back, or the program is to end while there is no connection. */
    void run(Attempt attempt) throws SQLException, InterruptedException {
        while (true) {
            try {
                attempt.run();
                return;
            } catch (SQLException | RuntimeException e) {
                end.walks(false);
                boolean isLost = walked && (e instanceof LostConnectionException || Loss.mayHeal(e));
                if (!isLost && !(e instanceof StandbyBehindException)) {
                    target.failed(e);
                    throw e;
                }
                long pause = backoff.next();
                metrics.state(WalkState.RECONNECTING);
                log.warning(e.getMessage() + "; what was walked is saved, tries again in " + pause + " ms");
                target.reconnecting(e);
                if (target.await(pause, end)) {
                    log.info("ended while there was no connection");
                    return;
                }
            }
        }
    }
}
