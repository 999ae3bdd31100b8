package dev.walker.jdbc;

import dev.walker.engine.Walker;

/**
 * What is walked and not saved, as far as that is a reason to save though no plugin has changed: the slot keeps all of it.
 * What counts is the distance, since a change of segments keeps the rest of a segment for a few bytes. WALker's own WAL is
 * left out, so that no save leads to the next one.
 */
final class UnsavedWal {
    /** What may be walked without being saved. */
    private static final long MOST_BYTES = 16L << 20;

    /**
     * The same where nobody but the server itself has written anything. A save has it make a checkpoint, and with {@code
     * archive_timeout} change segments, which is the end of it after two or three segments.
     */
    private static final int MOST_SEGMENTS = 8;

    private final Walker walker;
    private final long most;
    private final long mostOfServer;
    private long position;
    private long foreignBytes;
    private long activeBytes;
    private long ownBytes;

    /**
     * For a walk of which all is saved.
     *
     * @param segmentSize bytes of a segment
     * @param maxLagBytes {@code walker.max_lag}; it is not to be reached by what is walked
     */
    UnsavedWal(Walker walker, int segmentSize, long maxLagBytes) {
        this.walker = walker;
        this.most = Math.min(MOST_BYTES, maxLagBytes / 4);
        this.mostOfServer = Math.max(most, Math.min((long) MOST_SEGMENTS * segmentSize, maxLagBytes / 2));
        saved();
    }

    /** All is saved. */
    void saved() {
        position = walker.position();
        foreignBytes = walker.foreignBytes();
        activeBytes = walker.activeBytes();
        ownBytes = ownBytes();
    }

    private long ownBytes() {
        return walker.bytes() - walker.foreignBytes();
    }

    /** Whether there is WAL that others than WALker have caused. */
    boolean hasForeign() {
        return walker.foreignBytes() > foreignBytes;
    }

    /** Whether the slot should not keep it any longer. */
    boolean isMuch() {
        long distance = walker.position() - position - (ownBytes() - ownBytes);
        return distance >= (walker.activeBytes() > activeBytes ? most : mostOfServer);
    }
}
