package dev.walker.wal;

/** WAL of a PostgreSQL that this WALker does not know: too old, too new or built with other block sizes. */
public class UnsupportedWalException extends WalFormatException {
    private static final long serialVersionUID = 1L;

    /**
     * @param lsn where it was found
     * @param message field, found, wanted and segment
     */
    public UnsupportedWalException(long lsn, String message) {
        super(lsn, message);
    }
}
