package dev.walker.jdbc;

import dev.walker.wal.Lsn;
import java.sql.SQLException;
import java.util.Set;

/**
 * Sessions that wait until the walk has come to an LSN ({@code walker.wait_for()}). They see how far it is when it is saved,
 * but do not tell for which LSN they wait, and may do so for one that does not come. Saving writes WAL, too, so it is done
 * for them only when it may show them what they wait for.
 */
final class Waiters {
    /** What the server of the tables tells. */
    interface Server {
        /** The transactions that wait. */
        Set<String> waiting() throws SQLException;

        /** Where what is written next goes, where its WAL is the one that is walked; else {@link Lsn#INVALID}. */
        long insertLsn() throws SQLException;
    }

    /** The longest pause between two saves for a waiter who may have come unseen, as a power of two of the shortest. */
    private static final int MOST_DOUBLINGS = 6;

    private final Server server;
    private final long pauseNanos;
    private Set<String> known = Set.of();
    private long goal = Lsn.INVALID;
    private int doublings;

    /**
     * Nobody waits yet.
     *
     * @param pauseNanos time between two saves of nothing but WALker's own WAL, which becomes longer
     */
    Waiters(Server server, long pauseNanos) {
        this.server = server;
        this.pauseNanos = pauseNanos;
    }

    /** Nobody waits. */
    void gone() {
        known = Set.of();
        goal = Lsn.INVALID;
    }

    /**
     * Looks who waits; whether to save for them.
     *
     * @param saved before this all is saved
     * @param walked before this all is walked
     * @param hasForeign whether that has grown by more than WALker's own WAL
     * @param sinceNanos since when it is saved
     */
    boolean wantSave(long saved, long walked, boolean hasForeign, long sinceNanos) throws SQLException {
        Set<String> waiting = server.waiting();
        boolean came = !known.containsAll(waiting);
        known = waiting;
        if (came) {
            // Most wait for what was written before they came. It may not be flushed; the commit of a save does that.
            goal = server.insertLsn();
            doublings = 0;
        }
        if (!Lsn.isBefore(saved, walked)) {
            return came && isBehind(saved);
        }
        if (hasForeign || isBehind(saved)) {
            return true;
        }
        // A transaction that has waited before may wait again, for WALker's own WAL.
        if (waiting.isEmpty() || sinceNanos < pauseNanos << doublings) {
            return false;
        }
        doublings = Math.min(doublings + 1, MOST_DOUBLINGS);
        return true;
    }

    /** Whether somebody waits for what is sure to come at once. */
    boolean isBehind(long saved) {
        return Lsn.isBefore(saved, goal);
    }
}
