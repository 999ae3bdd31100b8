package dev.walker.sql;

import dev.walker.describe.Descriptions;
import dev.walker.engine.RecordRange;
import dev.walker.wal.RecordRow;
import dev.walker.wal.WalRecord;
import java.time.ZoneId;
import java.util.Iterator;
import java.util.NoSuchElementException;

/** Rows of {@code walker.records}, made while they are asked for: the description, then the columns of {@link RecordRow}. */
final class RecordRows implements Iterator<String[]> {
    private final RecordRange range;
    private final WalRecord record = new WalRecord();
    private final Descriptions descriptions;
    private final StringBuilder text = new StringBuilder();
    private boolean peeked;
    private boolean more;

    /**
     * The records of a range.
     *
     * @param zone time zone of timestamps in descriptions
     */
    RecordRows(RecordRange range, ZoneId zone) {
        this.range = range;
        this.descriptions = new Descriptions(zone);
    }

    @Override
    public boolean hasNext() {
        if (!peeked) {
            try {
                more = range.next(record);
            } catch (RuntimeException e) {
                throw Functions.<RuntimeException>undeclared(Functions.describe(e));
            }
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
        text.setLength(0);
        descriptions.describe(record, text);
        String[] columns = RecordRow.of(record);
        String[] row = new String[columns.length + 1];
        System.arraycopy(columns, 0, row, 1, columns.length);
        // As pg_walinspect has it: nothing to say is an empty text in 15, and null since 16.
        boolean isNull = text.length() == 0 && record.layout().version().major() >= 16;
        row[0] = isNull ? null : text.toString();
        return row;
    }
}
