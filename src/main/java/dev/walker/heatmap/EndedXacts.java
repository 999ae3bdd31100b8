package dev.walker.heatmap;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.roaringbitmap.RoaringBitmap;

/**
 * Transactions that have ended after they had changed much. What they did reaches a chunk when somebody looks at it, or
 * when it is stored, so that it needs not be in memory all at once.
 */
final class EndedXacts {
    /** Receives what a transaction did to a chunk. */
    interface Target {
        /**
         * @param lsn of the record that ended it
         * @param bucket when that was
         */
        void apply(PendingSets.InChunk items, boolean commit, long lsn, long bucket);
    }

    private record Ended(PendingSets sets, boolean commit, long lsn, long bucket) {}

    private final List<Ended> list = new ArrayList<>();
    private int clock;

    /** A number that grows with each transaction: a chunk that has it has all that was done to it. */
    int clock() {
        return clock;
    }

    boolean isEmpty() {
        return list.isEmpty();
    }

    void add(PendingSets sets, boolean commit, long lsn, long bucket) {
        if (sets.matters(commit)) {
            list.add(new Ended(sets, commit, lsn, bucket));
            clock++;
        }
    }

    /** Gives all that is left for a chunk. */
    void settle(Chunk chunk, Target target) {
        for (Ended ended : list) {
            PendingSets.InChunk items = ended.sets.take(chunk);
            if (items != null) {
                target.apply(items, ended.commit, ended.lsn, ended.bucket);
            }
        }
        chunk.settled = clock;
    }

    /** A chunk for which something is left, without its content; null if there is none. */
    Chunk next() {
        while (!list.isEmpty()) {
            int at = list.size() - 1;
            Chunk chunk = list.get(at).sets.anyChunk();
            if (chunk != null) {
                return chunk;
            }
            list.remove(at);
        }
        return null;
    }

    /** The numbers of the chunks of a relation for which something is left. */
    RoaringBitmap numbers(Relation relation) {
        RoaringBitmap numbers = new RoaringBitmap();
        list.forEach(ended -> ended.sets.addNumbers(relation, numbers));
        return numbers;
    }

    /** Forgets what is beyond the blocks that relations keep. */
    void forgetBeyond() {
        // Their rows are deleted as a whole.
        list.forEach(ended -> ended.sets.forgetBeyond(false));
    }

    void clear() {
        list.clear();
    }

    /** Adds the slots of chunks that something here refers to. */
    void addChunkSlots(BitSet slots) {
        list.forEach(ended -> ended.sets.chunks().forEach(items -> slots.set(items.chunk.slot)));
    }
}
