package dev.walker.wal;

/**
 * Supplies the bytes of the WAL of one server, or of a directory of segments. Not thread safe.
 *
 * <p>Every method may throw {@link WalSourceException} when the source cannot be reached or the WAL is gone.
 */
public interface WalSource extends AutoCloseable {
    /** {@code system_identifier} of the cluster that wrote the WAL, unsigned. */
    long systemIdentifier();

    /** The timeline that is followed: the last one of {@link #history}. */
    int timeline();

    /** From which timelines it came. Grows when a standby is promoted, together with {@link #readableUpTo}. */
    default TimelineHistory history() {
        return TimelineHistory.none(timeline());
    }

    /**
     * Where WAL can be read without a break up to the end, as far as that is known without reading it.
     *
     * @param lsn where it is wanted from
     * @return {@code lsn}, or if WAL from there on is missing the first LSN after what is missing, the start of a segment
     */
    default long firstReadable(long lsn) {
        return lsn;
    }

    /** Bytes of a segment. */
    int segmentSize();

    /**
     * The LSN up to which bytes may be read now; bytes at and after it may still change. Asks the server, so it may
     * grow from call to call.
     */
    long readableUpTo();

    /**
     * Reads bytes that begin at {@code lsn}.
     *
     * @param lsn where to begin, before {@link #readableUpTo()}
     * @param target receives the bytes
     * @param targetAt where in {@code target}
     * @param length how many bytes are wanted at the most; the source may give fewer, but at least one
     * @return how many bytes were read
     */
    int read(long lsn, byte[] target, int targetAt, int length);

    /** Where the WAL of the server ends at present, even if {@link #readableUpTo} does not get there yet: for the lag. */
    default long endOfWal() {
        return readableUpTo();
    }

    /** How WAL is read, for people: {@code file} or {@code stream}. */
    default String mode() {
        return "file";
    }

    /** Names the replication slot that keeps the WAL; a source that streams takes hold of it. */
    default void attach(String slot) {}

    /** Lets go of the slot, so that it can be dropped. */
    default void detach() {}

    /**
     * Lets the slot know that WAL before an LSN is not needed any more, if the source holds it.
     *
     * @return whether it does; if not, the slot is to be advanced by SQL
     */
    default boolean release(long lsn) {
        return false;
    }

    @Override
    default void close() {}
}
