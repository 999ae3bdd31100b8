package dev.walker.host;

import dev.walker.files.SegmentScan;

/** Sums over records: of a segment, or of all of them. */
interface Statistics<S extends Statistics<S>> extends SegmentScan.Part, AutoCloseable {
    /** Adds what comes after in LSN order. */
    void merge(S later);

    /** Forgets all, to be used for another part. */
    void clear();

    /** Whether the memory of a part depends on how many records it has. */
    default boolean growsWithRecords() {
        return false;
    }

    /**
     * Writes a report.
     *
     * @param firstLsn LSN of the first record that was read, whether it is counted or not
     */
    void report(DumpCommand.Format format, boolean sorted, long firstLsn, ByteOutput out);

    /** Lets go what it has outside of memory. */
    @Override
    default void close() {}
}
