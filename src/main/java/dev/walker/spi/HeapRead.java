package dev.walker.spi;

/**
 * What came of {@link SourceServer#readHeap}.
 *
 * @param state whether there are pages
 * @param blocks how many blocks the relation had
 * @param pages the pages that were asked for, one after the other; without those from {@code blocks} on
 * @param lsn end of the WAL just after {@code blocks} was looked at: whatever adds a block later begins behind it
 * @param problem what was found and what to do, for {@link State#FAILED}
 */
public record HeapRead(State state, long blocks, byte[] pages, long lsn, String problem) {
    /** Whether there are pages. */
    public enum State {
        /** There are. */
        READ,
        /** Not now: somebody holds a lock, or a standby has not come so far. */
        LATER,
        /** The database has no relation with these files, or no longer. */
        GONE,
        /** It will not work before somebody does something about it. */
        FAILED
    }

    /** Pages. */
    public static HeapRead of(long blocks, byte[] pages, long lsn) {
        return new HeapRead(State.READ, blocks, pages, lsn, "");
    }

    /** To be tried again. */
    public static HeapRead later() {
        return new HeapRead(State.LATER, 0, new byte[0], 0, "");
    }

    /** Nothing to read. */
    public static HeapRead gone() {
        return new HeapRead(State.GONE, 0, new byte[0], 0, "");
    }

    /** Not to be tried again. */
    public static HeapRead failed(String problem) {
        return new HeapRead(State.FAILED, 0, new byte[0], 0, problem);
    }
}
