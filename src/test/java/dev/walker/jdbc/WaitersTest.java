package dev.walker.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.wal.Lsn;
import java.sql.SQLException;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WaitersTest {
    private static final long PAUSE = 1000;

    private Set<String> waiting = Set.of();
    private long insertLsn = 100;

    private final Waiters waiters = new Waiters(
            new Waiters.Server() {
                @Override
                public Set<String> waiting() {
                    return waiting;
                }

                @Override
                public long insertLsn() {
                    return insertLsn;
                }
            },
            PAUSE);

    private boolean wantSave(long saved, long walked, boolean foreign) throws SQLException {
        return waiters.wantSave(saved, walked, foreign, 0);
    }

    @Test
    void oneWhoSeesAlreadyWhatHeWaitsForNeedsNoSave() throws SQLException {
        waiting = Set.of("3/1");
        assertFalse(wantSave(100, 100, false));
        assertFalse(waiters.isBehind(100));
    }

    @Test
    void newWaiterIsServedUntilWhatWasThereIsSavedBeItOwnWal() throws SQLException {
        waiting = Set.of("3/1");
        // Not flushed: the commit of the save does that.
        assertTrue(wantSave(90, 90, false));
        assertTrue(waiters.isBehind(90));
        assertFalse(wantSave(90, 90, false));
        assertTrue(wantSave(90, 120, false));
        assertFalse(waiters.isBehind(120));
        // What that save has written.
        assertFalse(wantSave(120, 140, false));
    }

    @Test
    void eachNewWaiterIsServed() throws SQLException {
        waiting = Set.of("3/1");
        assertTrue(wantSave(90, 110, false));
        insertLsn = 130;
        waiting = Set.of("3/1", "4/7");
        assertTrue(wantSave(110, 120, false));
        assertTrue(waiters.isBehind(120));
        assertTrue(wantSave(120, 130, false));
        assertFalse(waiters.isBehind(130));
        waiting = Set.of("3/1");
        assertFalse(wantSave(130, 150, false));
    }

    @Test
    void foreignWalIsShownAtOnce() throws SQLException {
        waiting = Set.of("3/1");
        assertFalse(wantSave(100, 100, false));
        assertTrue(wantSave(100, 110, true));
    }

    @Test
    void waiterForAnLsnThatDoesNotComeIsServedLessAndLess() throws SQLException {
        waiting = Set.of("3/1");
        assertTrue(wantSave(90, 100, true));
        int saves = 0;
        for (long since = 0, step = 0; step < 100_000; step++, since += 10) {
            if (waiters.wantSave(100, 110, false, since)) {
                saves++;
                since = 0;
            }
        }
        // A second, two, four and so on up to 64.
        assertEquals(20, saves, 1);
    }

    @Test
    void transactionThatWaitsAgainIsServedWithinThePause() throws SQLException {
        waiting = Set.of("3/1");
        assertTrue(wantSave(90, 100, true));
        assertFalse(waiters.wantSave(100, 110, false, PAUSE - 1));
        assertTrue(waiters.wantSave(100, 110, false, PAUSE));
    }

    @Test
    void nobodyIsServedWhereNobodyWaits() throws SQLException {
        waiting = Set.of("3/1");
        assertTrue(wantSave(90, 90, false));
        waiters.gone();
        assertFalse(waiters.isBehind(90));
        waiting = Set.of();
        assertFalse(waiters.wantSave(100, 110, false, 100 * PAUSE));
    }

    @Test
    void whereTheServerIsAnotherOnlyItsWalCounts() throws SQLException {
        insertLsn = Lsn.INVALID;
        waiting = Set.of("3/1");
        assertFalse(wantSave(90, 90, false));
        assertTrue(wantSave(90, 95, true));
        assertFalse(waiters.isBehind(95));
    }
}
