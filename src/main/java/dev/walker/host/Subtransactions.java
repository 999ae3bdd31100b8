package dev.walker.host;

import dev.walker.host.OpenTransactions.Transaction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Sums of the subtransactions of an open transaction, in 16 bytes each: which of them will be rolled back by themselves is not
 * known before it happens.
 */
final class Subtransactions {
    private static final int FIRST_CAPACITY = 8;
    private static final int CAPACITY = 256;

    /** Pieces of sums, one subtransaction in one or more of them. */
    private static final class Chunk {
        final int[] xids;
        final int[] counts;
        final int[] recordBytes;
        final int[] imageBytes;
        int size;
        /** None here nor in a chunk before is newer. */
        int newest;

        Chunk(int capacity, int newest) {
            xids = new int[capacity];
            counts = new int[capacity];
            recordBytes = new int[capacity];
            imageBytes = new int[capacity];
            this.newest = newest;
        }

        /** Where the last piece of a subtransaction is; -1 if there is none in here. */
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

        /** Adds some to a transaction, and keeps the others. */
        void take(int[] sorted, Transaction target) {
            int kept = 0;
            for (int at = 0; at < size; at++) {
                if (Arrays.binarySearch(sorted, xids[at]) < 0) {
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
        boolean fits = at >= 0
                && chunk.counts[at] + count <= Integer.MAX_VALUE
                && chunk.recordBytes[at] + recordBytes <= Integer.MAX_VALUE
                && chunk.imageBytes[at] + imageBytes <= Integer.MAX_VALUE;
        if (fits) {
            chunk.counts[at] += (int) count;
            chunk.recordBytes[at] += (int) recordBytes;
            chunk.imageBytes[at] += (int) imageBytes;
            return;
        }
        long counted = count;
        long ofRecords = recordBytes;
        long ofImages = imageBytes;
        do {
            int piece = (int) Math.min(counted, Integer.MAX_VALUE);
            int recordPiece = (int) Math.min(ofRecords, Integer.MAX_VALUE);
            int imagePiece = (int) Math.min(ofImages, Integer.MAX_VALUE);
            append(sub, piece, recordPiece, imagePiece);
            counted -= piece;
            ofRecords -= recordPiece;
            ofImages -= imagePiece;
        } while (counted > 0 || ofRecords > 0 || ofImages > 0);
    }

    private void append(int xid, int count, int recordBytes, int imageBytes) {
        Chunk chunk = chunks.isEmpty() ? null : chunks.get(chunks.size() - 1);
        if (chunk == null || chunk.size == chunk.xids.length) {
            chunk = new Chunk(chunk == null ? FIRST_CAPACITY : CAPACITY, chunk == null ? xid : chunk.newest);
            chunks.add(chunk);
        }
        int at = chunk.size++;
        chunk.xids[at] = xid;
        chunk.counts[at] = count;
        chunk.recordBytes[at] = recordBytes;
        chunk.imageBytes[at] = imageBytes;
        chunk.newest = isNewer(xid, chunk.newest) ? xid : chunk.newest;
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
     * Takes out a subtransaction that is rolled back, with those in it.
     *
     * @param oldest XID of the subtransaction: those in it have newer ones
     * @param sorted all of these XIDs
     * @param target what they are added to
     */
    void take(long oldest, int[] sorted, Transaction target) {
        for (int i = chunks.size() - 1; i >= 0 && !isNewer((int) oldest, chunks.get(i).newest); i--) {
            chunks.get(i).take(sorted, target);
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
