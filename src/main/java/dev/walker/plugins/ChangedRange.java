package dev.walker.plugins;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/** What a range of WAL has changed. */
final class ChangedRange {
    private final long firstLsn;
    private final long nextLsn;
    private final int level;
    private final Map<ChangedFork, ChangedBlocks> forks = new HashMap<>();
    private Instant lastChange;

    private ChangedFork lastFork;
    private ChangedBlocks lastBlocks;

    /**
     * A range.
     *
     * @param firstLsn records from here on
     * @param nextLsn and before this belong to it
     * @param level how often it was merged with others
     * @param lastChange about when the last record was written
     */
    ChangedRange(long firstLsn, long nextLsn, int level, Instant lastChange) {
        this.firstLsn = firstLsn;
        this.nextLsn = nextLsn;
        this.level = level;
        this.lastChange = lastChange;
    }

    long firstLsn() {
        return firstLsn;
    }

    long nextLsn() {
        return nextLsn;
    }

    int level() {
        return level;
    }

    Instant lastChange() {
        return lastChange;
    }

    /** Another record was written about then. */
    void lastChange(Instant time) {
        lastChange = time;
    }

    /** What has happened to a fork, to be added to. */
    ChangedBlocks fork(long spcOid, long dbOid, long relNumber, int fork) {
        if (lastFork == null
                || lastFork.relNumber() != relNumber
                || lastFork.dbOid() != dbOid
                || lastFork.fork() != fork
                || lastFork.spcOid() != spcOid) {
            lastFork = new ChangedFork(spcOid, dbOid, relNumber, fork);
            lastBlocks = forks.computeIfAbsent(lastFork, none -> new ChangedBlocks());
        }
        return lastBlocks;
    }

    /** A database was made or dropped: what was changed in it before is gone. */
    void cutDatabase(long spcOid, long dbOid) {
        forks.forEach((fork, blocks) -> {
            if (fork.spcOid() == spcOid && fork.dbOid() == dbOid) {
                blocks.cut(0);
            }
        });
        fork(spcOid, dbOid, 0, 0).cut(0);
    }

    /** All forks of which something is known. */
    Map<ChangedFork, ChangedBlocks> forks() {
        return forks;
    }
}
