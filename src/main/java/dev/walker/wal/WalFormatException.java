package dev.walker.wal;

/** Bytes that cannot be WAL of the expected place: damage, as opposed to the end of WAL. */
public class WalFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long lsn;

    /**
     * @param lsn where the damage was found
     * @param message C field, found, wanted and segment; the LSN is added to it
     */
    public WalFormatException(long lsn, String message) {
        super(message);
        this.lsn = lsn;
    }

    /** LSN of the page or record that is damaged. */
    public long lsn() {
        return lsn;
    }
}
