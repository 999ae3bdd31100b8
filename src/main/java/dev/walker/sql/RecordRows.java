package dev.walker.sql;

import dev.walker.engine.RecordRange;
import dev.walker.wal.RecordRow;
import dev.walker.wal.WalRecord;
import java.util.Iterator;
import java.util.NoSuchElementException;

/** Rows of {@code walker.records}, made while they are asked for. */
final class RecordRows implements Iterator<String[]> {
    private final RecordRange range;
    private final WalRecord record = new WalRecord();
    private boolean peeked;
    private boolean more;

    RecordRows(RecordRange range) {
        this.range = range;
    }

    @Override
    public boolean hasNext() {
        if (!peeked) {
            more = range.next(record);
            peeked = true;
        }
        return more;
    }

    @Override
    public String[] next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        peeked = false;
        return RecordRow.of(record);
    }
}
