package dev.walker.host;

import dev.walker.files.SegmentScan;

/** Sums over records: of a segment, or of all of them. */
interface Statistics<S extends Statistics<S>> extends SegmentScan.Part {
    /** Adds what comes after in LSN order. */
    void merge(S later);

    /** Writes a report. */
    void report(DumpCommand.Format format, boolean sorted, ByteOutput out);
}
