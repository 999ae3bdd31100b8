package dev.walker.wal;

/** WAL that is wanted was removed. A walk can only go on if it leaves out what is missing. */
public class WalGapException extends WalSourceException {
    private static final long serialVersionUID = 1L;

    private final long missingLsn;

    /**
     * With what is missing.
     *
     * @param message names the segment, the first LSN that is missing and the first one that is there
     * @param missingLsn first LSN that is wanted and not there
     */
    public WalGapException(String message, long missingLsn) {
        super(message);
        this.missingLsn = missingLsn;
    }

    /** First LSN that is wanted and not there. */
    public long missingLsn() {
        return missingLsn;
    }
}
