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

    /** Sums, of a subtransaction in one or more pieces. */
    private static final class Chunk {
        final int[] xids;
        final int[] counts;
        final int[] recordBytes;
        final int[] imageBytes;
        int size;

        Chunk(int capacity) {
            xids = new int[capacity];
            counts = new int[capacity];
            recordBytes = new int[capacity];
            imageBytes = new int[capacity];
        }

        boolean add(int at, long count, long bytesOfRecords, long bytesOfImages) {
            boolean fits = counts[at] + count <= Integer.MAX_VALUE
                    && recordBytes[at] + bytesOfRecords <= Integer.MAX_VALUE
                    && imageBytes[at] + bytesOfImages <= Integer.MAX_VALUE;
            if (fits) {
                counts[at] += (int) count;
                recordBytes[at] += (int) bytesOfRecords;
                imageBytes[at] += (int) bytesOfImages;
            }
            return fits;
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

    /** Those that became known after all older ones, which is nearly all: by their XIDs. */
    private final List<Chunk> inOrder = new ArrayList<>();
    /** The others, and what does not fit into the numbers of a piece, in any order. */
    private final List<Chunk> others = new ArrayList<>();
    /** The newest that was ever in order. */
    private int newest;

    Subtransactions() {}

    /** XIDs begin anew after the last one. */
    private static boolean isNewer(int xid, int other) {
        return xid - other > 0;
    }

    /** Adds what is known of a subtransaction, maybe nothing but that it is one. */
    void add(long xid, long count, long recordBytes, long imageBytes) {
        int sub = (int) xid;
        boolean isNewest = inOrder.isEmpty() && others.isEmpty() || isNewer(sub, newest);
        if (!isNewest) {
            int index = chunkInOrder(sub);
            int at = index < 0 ? -1 : findInOrder(inOrder.get(index), sub);
            if (at >= 0 && inOrder.get(index).add(at, count, recordBytes, imageBytes)) {
                return;
            }
        }
        long counted = count;
        long ofRecords = recordBytes;
        long ofImages = imageBytes;
        List<Chunk> target = isNewest ? inOrder : others;
        newest = isNewest ? sub : newest;
        do {
            int piece = (int) Math.min(counted, Integer.MAX_VALUE);
            int recordPiece = (int) Math.min(ofRecords, Integer.MAX_VALUE);
            int imagePiece = (int) Math.min(ofImages, Integer.MAX_VALUE);
            append(target, sub, piece, recordPiece, imagePiece);
            counted -= piece;
            ofRecords -= recordPiece;
            ofImages -= imagePiece;
            target = others;
        } while (counted > 0 || ofRecords > 0 || ofImages > 0);
    }

    private static void append(List<Chunk> chunks, int xid, int count, int recordBytes, int imageBytes) {
        Chunk chunk = chunks.isEmpty() ? null : chunks.get(chunks.size() - 1);
        if (chunk == null || chunk.size == chunk.xids.length) {
            chunk = new Chunk(chunk == null ? FIRST_CAPACITY : CAPACITY);
            chunks.add(chunk);
        }
        int at = chunk.size++;
        chunk.xids[at] = xid;
        chunk.counts[at] = count;
        chunk.recordBytes[at] = recordBytes;
        chunk.imageBytes[at] = imageBytes;
    }

    /** The chunk in order that may have a subtransaction; -1 if all are newer. */
    private int chunkInOrder(int xid) {
        int low = 0;
        int high = inOrder.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (isNewer(inOrder.get(middle).xids[0], xid)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low - 1;
    }

    /** Where a subtransaction is in a chunk in order; below 0 if it is not. */
    private static int findInOrder(Chunk chunk, int xid) {
        int low = 0;
        int high = chunk.size - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (chunk.xids[middle] == xid) {
                return middle;
            } else if (isNewer(chunk.xids[middle], xid)) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        return -1;
    }

    /** Whether a subtransaction is one of these. */
    boolean has(long xid) {
        int sub = (int) xid;
        int index = chunkInOrder(sub);
        if (index >= 0 && findInOrder(inOrder.get(index), sub) >= 0) {
            return true;
        }
        for (Chunk chunk : others) {
            for (int at = 0; at < chunk.size; at++) {
                if (chunk.xids[at] == sub) {
                    return true;
                }
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
        int youngest = (int) oldest;
        for (int xid : sorted) {
            youngest = isNewer(xid, youngest) ? xid : youngest;
        }
        int index = Math.max(chunkInOrder((int) oldest), 0);
        while (index < inOrder.size() && !isNewer(inOrder.get(index).xids[0], youngest)) {
            Chunk chunk = inOrder.get(index);
            chunk.take(sorted, target);
            if (chunk.size == 0) {
                inOrder.remove(index);
            } else {
                index++;
            }
        }
        others.forEach(chunk -> chunk.take(sorted, target));
        others.removeIf(chunk -> chunk.size == 0);
    }

    /** Adds all to a transaction. */
    void addTo(Transaction transaction) {
        for (List<Chunk> chunks : List.of(inOrder, others)) {
            for (Chunk chunk : chunks) {
                for (int at = 0; at < chunk.size; at++) {
                    chunk.addTo(transaction, at);
                }
            }
        }
    }
}
