package dev.walker.heatmap;

import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;

/** Counts what happens to a heap in the bucket of the present time, and knows where its history is in the tables. */
final class RelationHistory {
    /** Nothing yet, of {@link #oldest} and {@link #newestMinute}. */
    static final long NONE = Long.MAX_VALUE;
    /** The tables have to be asked, of {@link #newestMinute}. */
    static final long UNKNOWN = Long.MAX_VALUE - 1;

    private final History owner;
    final Relation relation;

    /** What to count in while {@link #limit} allows it; those of {@link #cells}. */
    private long[] counts;

    private int shift;
    /** Ranges from this on take the slow path; 0: all. */
    private int limit;

    /** The counters of the present bucket; null if there are none in memory. */
    HistoryCells cells;
    /** {@link #cells} have what the row of the bucket has; otherwise that is to be added. */
    boolean complete;
    /** Waits for the next flush. */
    boolean listed;
    /** Forgotten; what is counted is lost. */
    boolean forgotten;

    /** The key of its rows; 0 if there are none. */
    long id;
    /** The relation in pg_class; 0 if it is not known. */
    long oid;
    /** Another file of the relation counts into the same rows. */
    boolean shared;
    /** The row of this file is to be written. */
    boolean rowChanged;
    /** The first part of each layer that may have rows. */
    final long[] oldest = {NONE, NONE, NONE};
    /** The last bucket of a minute that has a row. */
    long newestMinute = NONE;

    RelationHistory(History owner, Relation relation) {
        this.owner = owner;
        this.relation = relation;
        rest();
    }

    /** What is counted next goes the slow way. */
    void rest() {
        counts = owner.sink();
        if (owner.isOff()) {
            shift = 63;
            limit = 1;
        } else {
            shift = 0;
            limit = 0;
        }
    }

    /** It is responsible for the rows of another one, too. */
    void takeParts(RelationHistory other) {
        for (int layer = 0; layer < oldest.length; layer++) {
            oldest[layer] = Math.min(oldest[layer], other.oldest[layer]);
        }
        rowChanged = true;
    }

    /** Counts something in the range of a block. */
    void add(long block, int metric, long n) {
        int at = place(block) + metric;
        counts[at] += n;
    }

    /** Where the counters of a block are; {@link #counts} may be another array after this. */
    private int place(long block) {
        long range = block >>> shift;
        if (range >= limit) {
            HistoryCells room = owner.roomFor(this, block);
            counts = room.counts();
            shift = room.shift();
            limit = room.capacity();
            range = block >>> shift;
        }
        return (int) range * HistoryMetric.COUNT;
    }

    /** A tuple became dead. */
    void born(long block) {
        int at = place(block) + owner.born;
        counts[at]++;
    }

    /** Tuples of a block are dead no more. */
    void lost(long block, int tuples) {
        int at = place(block) + owner.lost;
        counts[at] += owner.lost == HistoryMetric.LEARNED ? -tuples : tuples;
    }

    /** A page went with its dead tuples. */
    void truncated(long block, int dead) {
        add(block, HistoryMetric.RECLAIMED_TRUNCATE, dead);
    }

    /** An update put a new version into a block. */
    void updated(WalRecord record, BlockRef block, boolean hot) {
        int at = place(block.blockNumber());
        counts[at + HistoryMetric.UPDATES]++;
        counts[at + HistoryMetric.HOT_UPDATES] += hot ? 1 : 0;
        counts[at + HistoryMetric.WAL_BYTES] += record.totalLength();
        if (block.imageApplies()) {
            counts[at + HistoryMetric.FPI]++;
        }
    }

    /** A record changed a block. */
    void changed(WalRecord record, BlockRef block, int metric, int n) {
        int at = place(block.blockNumber());
        counts[at + metric] += n;
        counts[at + HistoryMetric.WAL_BYTES] += record.totalLength();
        if (block.imageApplies()) {
            counts[at + HistoryMetric.FPI]++;
        }
    }

    /** A record came with an image of a block. */
    void image(long block) {
        int at = place(block) + HistoryMetric.FPI;
        counts[at]++;
    }
}
