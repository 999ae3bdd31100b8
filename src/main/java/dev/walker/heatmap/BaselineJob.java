package dev.walker.heatmap;

import dev.walker.wal.RelFileLocator;

/** How far {@link Baseline} is with a relation. */
final class BaselineJob {
    /** Nothing is done yet. */
    static final String WAITING = "waiting";
    /** Pages are being read. */
    static final String READING = "reading";
    /** All pages are known. */
    static final String DONE = "done";
    /** The relation was dropped, or got other files. */
    static final String GONE = "gone";
    /** It does not work; {@link #error} says why. */
    static final String FAILED = "failed";

    /** {@link #endLsn} of a pass that has blocks left. */
    static final long NOT_YET = -1;

    final RelFileLocator locator;
    String state = WAITING;
    String error;
    /** How many blocks the relation had when it was last looked at. */
    long blocks;
    /** The walk must get here before pages are read. */
    long beginLsn;

    // The present pass

    int passes;
    long nextBlock;
    /** All blocks before it are taken over. */
    long savedBlock;
    /** Where the blocks end that were asked for last. */
    long chunkEnd;
    /** When the walk gets here, the pass is over. */
    long endLsn = NOT_YET;
    /** Pages that are not known although they were read. */
    long unsettled;
    /** {@link Relation#doubts} when the pass began, or was loaded. */
    long doubts;
    /** False if there were others in the part of the pass before it was loaded. */
    boolean isSure = true;

    boolean isBlocked;
    long retryNanos;
    boolean dirty;

    BaselineJob(RelFileLocator locator) {
        this.locator = locator;
    }

    boolean isActive() {
        return state.equals(WAITING) || state.equals(READING);
    }

    /** Nothing is to be done before the walk gets here. */
    long waitsFor() {
        return endLsn != NOT_YET ? endLsn : beginLsn;
    }

    void startPass(long doubtsOfRelation) {
        passes++;
        nextBlock = 0;
        savedBlock = 0;
        endLsn = NOT_YET;
        unsettled = 0;
        isSure = true;
        doubts = doubtsOfRelation;
    }
}
