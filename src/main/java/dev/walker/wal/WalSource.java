package dev.walker.wal;

/**
 * Supplies the bytes of the WAL of one server, or of a directory of segments. Not thread safe.
 *
 * <p>Every method may throw {@link WalSourceException} when the source cannot be reached or the WAL is gone.
 */
public interface WalSource extends AutoCloseable {
    /** {@code system_identifier} of the cluster that wrote the WAL, unsigned. */
    long systemIdentifier();

    /** The timeline that is followed. */
    int timeline();

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

    @Override
    default void close() {}
}
