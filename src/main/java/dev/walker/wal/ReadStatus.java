package dev.walker.wal;

/** What {@link WalReader#next} found. */
public enum ReadStatus {
    /** A whole, checked record. */
    RECORD,
    /** The bytes fed so far end before the next record does. */
    NEED_MORE,
    /** WAL ends here, for the reason that the reader tells: zeros, a recycled page, a torn record. */
    END_OF_WAL
}
