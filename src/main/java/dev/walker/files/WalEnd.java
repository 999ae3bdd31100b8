package dev.walker.files;

/**
 * Why there are no more records.
 *
 * @param kind what it is
 * @param lsn where the next record would begin
 * @param reason what was found there and what was wanted, or which file is missing
 * @param resumeLsn after a {@link Kind#GAP}, where WAL goes on; 0 otherwise
 */
public record WalEnd(Kind kind, long lsn, String reason, long resumeLsn) {
    /** What the end is. */
    public enum Kind {
        /** The LSN up to which records were wanted. */
        UNTIL,
        /** The end of WAL: nothing valid comes after it. */
        TIP,
        /** Segments are missing, and later ones are there. */
        GAP,
        /** Something is wrong, though WAL goes on after it. */
        DAMAGE
    }
}
