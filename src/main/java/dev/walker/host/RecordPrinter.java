package dev.walker.host;

import dev.walker.wal.WalRecord;

/** Writes records to an output. */
interface RecordPrinter {
    /** What comes before the first record. */
    default void begin(ByteOutput out) {}

    void print(WalRecord record, ByteOutput out);
}
