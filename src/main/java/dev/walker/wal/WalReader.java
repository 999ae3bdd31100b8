package dev.walker.wal;

/**
 * Turns bytes of WAL into records. It is fed, never reads by itself, and keeps no more than one record; the bytes may be
 * cut anywhere.
 *
 * <pre>{@code
 * while (true) {
 *     switch (reader.next(record)) {
 *         case RECORD -> use(record);
 *         case NEED_MORE -> reader.feed(chunk, 0, read(reader.wantedLsn(), chunk));
 *         case END_OF_WAL -> { return; }
 *     }
 * }
 * }</pre>
 */
public final class WalReader {
    private final long startLsn;

    /**
     * A reader that begins at a record, or at the first record at or after an LSN.
     *
     * @param startLsn where to begin
     * @param segmentSize bytes of a segment, a power of two from 1 MiB to 1 GiB
     * @param systemIdentifier that of the cluster, to be compared with the long page headers; 0 to take any
     */
    public WalReader(long startLsn, int segmentSize, long systemIdentifier) {
        this.startLsn = startLsn;
    }

    /**
     * LSN of the byte that {@link #feed} must begin with; at first the start of the page that holds the start LSN. It
     * jumps to the next segment after {@code XLOG_SWITCH}.
     */
    public long wantedLsn() {
        return startLsn;
    }

    /**
     * Lends bytes that follow in LSN order, the first at {@link #wantedLsn}. The array must not be touched until
     * {@link #next} has answered {@link ReadStatus#NEED_MORE}.
     */
    public void feed(byte[] array, int from, int length) {
        throw new UnsupportedOperationException();
    }

    /**
     * Moves to the next record.
     *
     * @throws WalFormatException if the bytes are damaged
     * @throws UnsupportedWalException if they are of a PostgreSQL that is not known
     */
    public ReadStatus next(WalRecord record) {
        throw new UnsupportedOperationException();
    }

    /** Where the next record begins, as far as is known: a reader that is made with it goes on where this one is. */
    public long position() {
        return startLsn;
    }
}
