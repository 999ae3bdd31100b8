package dev.walker.host;

import dev.walker.host.OpenTransactions.Transaction;
import java.util.ArrayList;
import java.util.List;

/**
 * Sums of the subtransactions of an open transaction, in 28 bytes each: which of them will be rolled back by themselves is not
 * known before it happens.
 */
final class Subtransactions {
    private static final int FIRST_CAPACITY = 8;
    private static final int CAPACITY = 256;

    /** Some of them; one may be in two chunks. */
    private static final class Chunk {
        final int[] xids;
        final long[] counts;
        final long[] recordBytes;
        final long[] imageBytes;
        int size;
        /** None here nor in a chunk before is newer. */
        int newest;

        Chunk(int capacity, int newest) {
            xids = new int[capacity];
            counts = new long[capacity];
            recordBytes = new long[capacity];
            imageBytes = new long[capacity];
            this.newest = newest;
        }

        /** Where a subtransaction is; -1 if it is not in here. */
        int find(int xid) {
            int at = size - 1;
            while (at >= 0 && xids[at] != xid) {
                at--;
            }
            return at;
        }

        void addTo(Transaction transaction, int at) {
            transaction.count += counts[at];
            transaction.recordBytes += recordBytes[at];
            transaction.imageBytes += imageBytes[at];
        }

        /** Keeps those that are older than one, and adds the others to a transaction. */
        void takeFrom(int xid, Transaction target) {
            int kept = 0;
            for (int at = 0; at < size; at++) {
                if (isNewer(xid, xids[at])) {
                    xids[kept] = xids[at];
                    counts[kept] = counts[at];
                    recordBytes[kept] = recordBytes[at];
                    imageBytes[kept] = imageBytes[at];
                    kept++;
                } else {
                    addTo(target, at);
                }
            }
            size = kept;
            newest = xid - 1;
        }
    }

    /** In the order in which they became known, which is nearly that of their XIDs. */
    private final List<Chunk> chunks = new ArrayList<>();

    Subtransactions() {}

    /** XIDs begin anew after the last one. */
    private static boolean isNewer(int xid, int other) {
        return xid - other > 0;
    }

    /** Adds what is known of a subtransaction, maybe nothing but that it is one. */
    void add(long xid, long count, long recordBytes, long imageBytes) {
        int sub = (int) xid;
        Chunk chunk = chunks.isEmpty() ? null : chunks.get(chunks.size() - 1);
        int at = chunk == null || isNewer(sub, chunk.newest) ? -1 : chunk.find(sub);
        if (at < 0) {
            if (chunk == null || chunk.size == chunk.xids.length) {
                chunk = new Chunk(chunk == null ? FIRST_CAPACITY : CAPACITY, chunk == null ? sub : chunk.newest);
                chunks.add(chunk);
            }
            at = chunk.size++;
            chunk.xids[at] = sub;
            chunk.counts[at] = 0;
            chunk.recordBytes[at] = 0;
            chunk.imageBytes[at] = 0;
            chunk.newest = isNewer(sub, chunk.newest) ? sub : chunk.newest;
        }
        chunk.counts[at] += count;
        chunk.recordBytes[at] += recordBytes;
        chunk.imageBytes[at] += imageBytes;
    }

    /** Whether a subtransaction is one of these. */
    boolean has(long xid) {
        for (int i = chunks.size() - 1; i >= 0 && !isNewer((int) xid, chunks.get(i).newest); i--) {
            if (chunks.get(i).find((int) xid) >= 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Takes out a subtransaction that is rolled back, with all newer ones: as long as it is open, those that begin are in it.
     *
     * @param target what they are added to
     */
    void takeFrom(long xid, Transaction target) {
        for (int i = chunks.size() - 1; i >= 0 && !isNewer((int) xid, chunks.get(i).newest); i--) {
            chunks.get(i).takeFrom((int) xid, target);
            if (chunks.get(i).size == 0) {
                chunks.remove(i);
            }
        }
    }

    /** Adds all to a transaction. */
    void addTo(Transaction transaction) {
        for (Chunk chunk : chunks) {
            for (int at = 0; at < chunk.size; at++) {
                chunk.addTo(transaction, at);
            }
        }
    }
}
