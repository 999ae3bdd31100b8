package dev.walker.engine;

import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.wal.WalRecord;

/** What has been walked, by resource manager. Not thread safe. */
public final class WalkCounters {
    private final long[] records = new long[Rmgr.MAX_ID + 1];
    private final long[] bytes = new long[Rmgr.MAX_ID + 1];
    private long xactTime;

    WalkCounters() {}

    void count(WalRecord record) {
        int rmgrId = record.rmgrId();
        records[rmgrId]++;
        bytes[rmgrId] += record.totalLength();
        if (rmgrId == Rmgr.XACT.id()) {
            noteTime(record);
        }
    }

    private void noteTime(WalRecord record) {
        XactOp op = XactOp.of(record);
        boolean end = op == XactOp.COMMIT
                || op == XactOp.ABORT
                || op == XactOp.COMMIT_PREPARED
                || op == XactOp.ABORT_PREPARED;
        if (end && record.mainData().length() >= XactEnd.XACT_TIME_AT + Long.BYTES) {
            xactTime = record.mainData().u64(XactEnd.XACT_TIME_AT);
        }
    }

    /** Records, by the id of the resource manager; a copy. */
    public long[] recordsByRmgr() {
        return records.clone();
    }

    /** Bytes of these records, by the id of the resource manager; a copy. */
    public long[] bytesByRmgr() {
        return bytes.clone();
    }

    /** All records. */
    public long records() {
        return sum(records);
    }

    /** Bytes of all records. */
    public long bytes() {
        return sum(bytes);
    }

    private static long sum(long[] parts) {
        long sum = 0;
        for (long part : parts) {
            sum += part;
        }
        return sum;
    }

    /**
     * When the last transaction ended whose end was walked, by the clock of the server: a TimestampTz, microseconds since
     * 2000-01-01 UTC; 0 for none.
     */
    public long lastXactTime() {
        return xactTime;
    }
}
