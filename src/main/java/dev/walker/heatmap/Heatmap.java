package dev.walker.heatmap;

import dev.walker.wal.Lsn;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.roaringbitmap.RoaringBitmap;

/**
 * Relations, their chunks, and what changes them. Keeps lists of what has changed since it was stored, and gets chunks
 * from the tables when they are needed.
 */
final class Heatmap {
    /** Supplies the content of chunks that are in the tables only. */
    interface ChunkLoader {
        /** Loads a chunk; leaves it empty if there is none in the tables. */
        void load(Chunk chunk);

        /** Loads all chunks of a relation that are not in memory, through {@link Heatmap#chunkOf}. */
        void loadAll(Relation relation);

        /** Gives what is stored of the chunks of a relation from a number on, but not their content. */
        void look(Relation relation, int fromNumber, StoredChunkConsumer consumer);
    }

    /** Receives the counts of a stored chunk. */
    interface StoredChunkConsumer {
        /**
         * @param deadByPage null if there are none
         */
        void accept(int number, int dead, int aborted, int pagesWithGarbage, short[] deadByPage);
    }

    /** Pages with their dead tuples. */
    interface DeadPages {
        void forEach(DeadPage consumer);
    }

    /** Receives the number of dead tuples of a page. */
    interface DeadPage {
        void accept(long block, int dead);
    }

    /** The memory of a chunk all of whose items are dead. */
    private static final long MOST_CHUNK_BYTES = 12_000;
    /** It is not worth while to look at memory more often than after so many chunks. */
    private static final int LEAST_ALLOWANCE = 32;

    /** One part in so many of the limit is kept even where open transactions take the rest. */
    private static final int LEAST_SHARE = 4;

    private static final int RECENT = 64;

    private final RelationMap relations = new RelationMap();
    private int nextRelationId;

    private Chunk[] chunks = new Chunk[64];
    private int chunksUsed;
    private int[] freeSlots = new int[64];
    private int freeSlotCount;

    private final ChunkLoader loader;
    private final OpenXacts openXacts;
    private final Runnable stateChanged;
    private History history;

    /** Relations that were asked for lately, by the last bits of their number. */
    private final Relation[] recent = new Relation[RECENT];

    private long useClock;

    private final long limitBytes;
    /** Chunks that were loaded since {@link #evict}. */
    private int loads;
    /** How many chunks may be loaded or changed until {@link #evict} should look again. */
    private long allowance;

    private long dirtyBytes;

    private final EndedXacts ended = new EndedXacts();
    private final EndedXacts.Target settler = this::apply;

    final List<Relation> dirtyRelations = new ArrayList<>();
    final List<Chunk> dirtyChunks = new ArrayList<>();
    /** Those that had rows. */
    final List<Relation> droppedRelations = new ArrayList<>();
    /** Those whose chunks in the tables are void. */
    final List<Relation> forgottenRelations = new ArrayList<>();
    /** Those that were cut off at {@link Relation#voidFrom} in the tables. */
    final List<Relation> cutRelations = new ArrayList<>();

    /**
     * @param limitBytes that chunks may take after {@link #evict}
     */
    Heatmap(ChunkLoader loader, OpenXacts openXacts, Runnable stateChanged, long limitBytes) {
        this.loader = loader;
        this.openXacts = openXacts;
        this.stateChanged = stateChanged;
        this.limitBytes = limitBytes;
        this.allowance = Math.max(LEAST_ALLOWANCE, limitBytes / MOST_CHUNK_BYTES);
    }

    /** Says who is to be told of relations; to be called before there are any. */
    void history(History history) {
        this.history = history;
    }

    RelationMap relations() {
        return relations;
    }

    // Relations

    /** The relation, or null. */
    Relation find(long spcOid, long dbOid, long relNumber) {
        int place = (int) relNumber & RECENT - 1;
        Relation last = recent[place];
        if (last != null && last.is(spcOid, dbOid, relNumber)) {
            return last;
        }
        Relation relation = relations.get(spcOid, dbOid, relNumber);
        if (relation != null) {
            recent[place] = relation;
        }
        return relation;
    }

    /** The relation, made if it is not there. */
    Relation relation(long spcOid, long dbOid, long relNumber) {
        Relation relation = find(spcOid, dbOid, relNumber);
        if (relation == null) {
            relation = new Relation(nextRelationId++, spcOid, dbOid, relNumber);
            relation.history = history.of(relation);
            relations.add(relation);
        }
        return relation;
    }

    /** Notes that there is something to be stored for a relation. */
    void changed(Relation relation, long lsn) {
        if (Lsn.isBefore(relation.lastChange, lsn)) {
            relation.lastChange = lsn;
        }
        if (!relation.dirty) {
            relation.dirty = true;
            dirtyRelations.add(relation);
        }
        stateChanged.run();
    }

    /** Removes a relation with all that is known of it; {@link #forgetPendingOfDropped} is to follow. */
    void drop(Relation relation) {
        if (history.outlives(relation.history)) {
            // What has become garbage before the file went is told, too.
            for (int number : ended.numbers(relation)) {
                content(chunkOf(relation, number));
            }
        }
        history.dropped(relation.history, deadPages(relation));
        relation.gone = true;
        relation.keepBlocks = 0;
        relations.remove(relation);
        recent[(int) relation.relNumber & RECENT - 1] = null;
        if (relation.stored || relation.hasStoredChunks) {
            droppedRelations.add(relation);
            stateChanged.run();
        }
    }

    /** The pages that have garbage, those in the tables too. */
    private DeadPages deadPages(Relation relation) {
        return consumer -> {
            if (relation.deadTuples == 0) {
                return;
            }
            RoaringBitmap seen = new RoaringBitmap();
            boolean stored = relation.hasStoredChunks;
            for (Chunk chunk = relation.firstChunk; chunk != null; chunk = chunk.next) {
                if (chunk.loaded) {
                    seen.add(chunk.number);
                    giveDead(chunk, consumer);
                } else {
                    // Its place is here, its content is not.
                    stored = true;
                }
            }
            if (stored) {
                loader.look(relation, 0, (number, dead, aborted, pages, deadByPage) -> {
                    if (number < relation.voidFrom && !seen.contains(number)) {
                        giveDead(number, deadByPage, consumer);
                    }
                });
            }
        };
    }

    private static void giveDead(Chunk chunk, DeadPage consumer) {
        for (int block = 0; block < Chunk.BLOCKS; block++) {
            if (chunk.deadOn(block) != 0) {
                consumer.accept(chunk.firstBlock() + block, chunk.deadOn(block));
            }
        }
    }

    private static void giveDead(int number, short[] deadByPage, DeadPage consumer) {
        for (int block = 0; deadByPage != null && block < deadByPage.length; block++) {
            if (deadByPage[block] != 0) {
                consumer.accept(((long) number << Chunk.BLOCK_BITS) + block, deadByPage[block]);
            }
        }
    }

    /** Sees to it that a relation has a row in the tables. */
    void keep(Relation relation) {
        if (!relation.dirty && !relation.gone) {
            relation.dirty = true;
            dirtyRelations.add(relation);
        }
    }

    /** Forgets what is pending for relations that were dropped, and gives their chunks back. */
    void forgetPendingOfDropped(List<Relation> dropped) {
        if (dropped.isEmpty()) {
            return;
        }
        forgetPendingBeyond();
        for (Relation relation : dropped) {
            for (Chunk chunk = relation.firstChunk; chunk != null; chunk = chunk.next) {
                release(chunk);
            }
            relation.firstChunk = null;
        }
    }

    /**
     * Forgets what is known of all pages, but not the counters of relations. Nothing may be pending. A file that has shown
     * no heap page is forgotten as a whole, since it may be that of an index.
     */
    void forgetPages(long lsn) {
        ended.clear();
        forgetPages(any -> true, lsn);
        dirtyChunks.clear();
    }

    /** The same for some relations, with what is pending for them. */
    void forgetPages(Predicate<Relation> which, long lsn) {
        List<Relation> some = new ArrayList<>();
        relations.forEach(relation -> {
            if (which.test(relation)) {
                some.add(relation);
            }
        });
        some.forEach(relation -> relation.keepBlocks = 0);
        forgetPendingBeyond();
        for (Relation relation : some) {
            relation.keepBlocks = Relation.ALL_BLOCKS;
            history.forgotten(relation.history, deadPages(relation));
            for (Chunk chunk = relation.firstChunk; chunk != null; chunk = chunk.next) {
                chunk.gone = true;
                release(chunk);
            }
            relation.firstChunk = null;
            if (!relation.heapSeen) {
                drop(relation);
                continue;
            }
            if (relation.stored || relation.hasStoredChunks) {
                forgottenRelations.add(relation);
                relation.hasStoredChunks = false;
            }
            relation.createdInWal = false;
            relation.doubts++;
            relation.deadTuples = 0;
            relation.deadAborted = 0;
            relation.pagesWithGarbage = 0;
            changed(relation, lsn);
        }
    }

    private void forgetPendingBeyond() {
        openXacts.forgetBeyond();
        ended.forgetBeyond();
    }

    private void release(Chunk chunk) {
        chunk.relation.chunks.remove(chunk);
        chunk.relation.lastChunk = null;
        chunks[chunk.slot] = null;
        if (freeSlotCount == freeSlots.length) {
            freeSlots = Arrays.copyOf(freeSlots, freeSlotCount * 2);
        }
        freeSlots[freeSlotCount++] = chunk.slot;
    }

    /** Removes all blocks from one on. */
    void truncate(Relation relation, long blocks, long lsn) {
        relation.keepBlocks = blocks;
        int from = relation.keepChunks();
        boolean change = cutLast(relation, lsn);
        RoaringBitmap seen = new RoaringBitmap();
        RoaringBitmap unsettled = ended.numbers(relation);
        for (long at = unsettled.nextValue(from); at >= 0; at = unsettled.nextValue((int) at + 1)) {
            Chunk chunk = content(chunkOf(relation, (int) at));
            seen.add(chunk.number);
            change |= takeOff(chunk);
            forgetContent(chunk);
        }
        forgetPendingBeyond();
        change |= cutChunks(relation, from, seen);
        relation.keepBlocks = Relation.ALL_BLOCKS;
        if (change) {
            relation.doubts++;
            changed(relation, lsn);
        }
    }

    /** Removes the last blocks of the chunk that keeps some. */
    private boolean cutLast(Relation relation, long lsn) {
        int first = Chunk.blockInChunk(relation.keepBlocks);
        int number = Chunk.numberOf(relation.keepBlocks);
        if (first == 0 || !relation.hasStoredChunks && relation.chunks.get(number) == null && ended.isEmpty()) {
            return false;
        }
        Chunk chunk = content(chunkOf(relation, number));
        boolean change = false;
        for (int block = first; block < Chunk.BLOCKS; block++) {
            int gone = forgetPage(chunk, block);
            relation.prunedTuples += gone;
            change |= gone > 0 | chunk.setKnown(block, false);
        }
        if (change) {
            changed(chunk, lsn);
        }
        return change;
    }

    /** Removes chunks as a whole, those in the tables without loading them. */
    private boolean cutChunks(Relation relation, int from, RoaringBitmap seen) {
        boolean change = false;
        boolean stored = relation.hasStoredChunks;
        Chunk kept = null;
        for (Chunk chunk = relation.firstChunk; chunk != null; ) {
            Chunk next = chunk.next;
            if (chunk.number < from) {
                chunk.next = kept;
                kept = chunk;
            } else {
                if (chunk.loaded) {
                    change |= takeOff(chunk);
                    seen.add(chunk.number);
                }
                stored |= chunk.stored;
                chunk.gone = true;
                release(chunk);
            }
            chunk = next;
        }
        relation.firstChunk = kept;
        if (stored) {
            boolean[] any = {false};
            loader.look(relation, from, (number, dead, aborted, pages, deadByPage) -> {
                if (number < relation.voidFrom && !seen.contains(number)) {
                    takeOff(relation, dead, aborted, pages);
                    giveDead(number, deadByPage, relation.history::truncated);
                    any[0] = true;
                }
            });
            change |= any[0];
            if (relation.voidFrom == Relation.NO_CHUNK) {
                cutRelations.add(relation);
            }
            relation.voidFrom = Math.min(relation.voidFrom, from);
            stateChanged.run();
        }
        return change;
    }

    /** Takes a chunk off the sums of its relation; tells whether there was anything. */
    private static boolean takeOff(Chunk chunk) {
        takeOff(chunk.relation, chunk.deadCount(), chunk.abortedCount(), chunk.pagesWithGarbage());
        giveDead(chunk, chunk.relation.history::truncated);
        return !chunk.isEmpty();
    }

    private static void takeOff(Relation relation, int dead, int aborted, int pagesWithGarbage) {
        relation.deadTuples -= dead;
        relation.deadAborted -= aborted;
        relation.pagesWithGarbage -= pagesWithGarbage;
        relation.prunedTuples += dead;
    }

    /** Leaves a chunk that is about to go without content, but as one that needs none from the tables. */
    private static void forgetContent(Chunk chunk) {
        boolean stored = chunk.stored;
        chunk.unload();
        chunk.loaded = true;
        chunk.stored = stored;
    }

    // Chunks

    /** The chunk with a number, its content possibly not loaded. */
    Chunk chunkOf(Relation relation, int number) {
        Chunk last = relation.lastChunk;
        if (last != null && last.number == number) {
            return last;
        }
        Chunk chunk = relation.chunks.get(number);
        if (chunk == null) {
            chunk = addChunk(relation, number);
        }
        relation.lastChunk = chunk;
        chunk.lastUsed = ++useClock;
        return chunk;
    }

    private Chunk addChunk(Relation relation, int number) {
        int slot;
        if (freeSlotCount > 0) {
            slot = freeSlots[--freeSlotCount];
        } else {
            slot = chunksUsed++;
            if (slot == chunks.length) {
                chunks = Arrays.copyOf(chunks, slot * 2);
            }
        }
        Chunk chunk = new Chunk(relation, number, slot);
        if (!relation.hasStoredChunks || number >= relation.voidFrom) {
            chunk.loaded = true;
            loads++;
        }
        chunk.next = relation.firstChunk;
        relation.firstChunk = chunk;
        chunks[slot] = chunk;
        relation.chunks.add(chunk);
        return chunk;
    }

    /** The chunk of a block, with its content. */
    Chunk chunk(Relation relation, long block) {
        return content(chunkOf(relation, Chunk.numberOf(block)));
    }

    /** The chunk with a slot, with its content. */
    Chunk chunk(int slot) {
        return content(chunks[slot]);
    }

    /** The chunk with a slot. */
    Chunk chunkAt(int slot) {
        return chunks[slot];
    }

    private Chunk content(Chunk chunk) {
        if (!chunk.loaded || chunk.settled != ended.clock()) {
            bringUpToDate(chunk);
        }
        return chunk;
    }

    private void bringUpToDate(Chunk chunk) {
        if (!chunk.loaded) {
            chunk.loaded = true;
            loads++;
            loader.load(chunk);
        }
        ended.settle(chunk, settler);
    }

    // Ends of transactions

    /** A transaction has ended that has changed much. */
    void end(PendingSets sets, boolean commit, long lsn) {
        ended.add(sets, commit, lsn, history.bucket());
    }

    private void apply(PendingSets.InChunk items, boolean commit, long lsn, long bucket) {
        history.late(items.chunk.relation.history, bucket, () -> {
            if (commit) {
                items.deletes.forEach((int item) -> {
                    history.born = HistoryMetric.bornByCommit(item);
                    die(items.chunk, item & OpenXacts.KEY_MASK, lsn);
                });
            } else {
                items.inserts.forEach((int item) -> {
                    history.born = HistoryMetric.bornByRollback(item);
                    rollBack(items.chunk, item & OpenXacts.KEY_MASK, lsn);
                });
            }
        });
    }

    /** What deleted an item has committed. */
    void die(Chunk chunk, int key, long lsn) {
        addDead(chunk, key, false, lsn);
    }

    /** What inserted an item was rolled back. */
    void rollBack(Chunk chunk, int key, long lsn) {
        if (addDead(chunk, key, true, lsn)) {
            chunk.relation.abortedTuples++;
        }
    }

    /**
     * Brings all chunks up to date.
     *
     * @param whenCrowded is run when this has filled the memory
     */
    void settle(Runnable whenCrowded) {
        for (Chunk chunk = ended.next(); chunk != null; chunk = ended.next()) {
            bringUpToDate(chunk);
            if (isCrowded()) {
                whenCrowded.run();
            }
        }
    }

    /** Notes that a chunk is to be stored, and its relation too. */
    void changed(Chunk chunk, long lsn) {
        if (!chunk.dirty) {
            chunk.dirty = true;
            dirtyChunks.add(chunk);
        }
        changed(chunk.relation, lsn);
    }

    // Pages

    /** Says that an item is dead; tells whether it was not before. */
    boolean addDead(Chunk chunk, int key, boolean aborted, long lsn) {
        boolean change = chunk.addDead(key);
        if (aborted ? chunk.addAborted(key) | change : change) {
            changed(chunk, lsn);
        }
        return change;
    }

    /** An item lost its storage. */
    void prune(Chunk chunk, int key, long lsn) {
        if (chunk.removeDead(key)) {
            chunk.relation.prunedTuples++;
            changed(chunk, lsn);
        }
    }

    /**
     * Items of a page lost their storage.
     *
     * @param offnums a bit for each item number, in {@link ItemSet#MOST_WORDS} words
     */
    void prune(Chunk chunk, int block, long[] offnums, long lsn) {
        int gone = chunk.removeDead(block, offnums);
        if (gone > 0) {
            chunk.relation.prunedTuples += gone;
            changed(chunk, lsn);
        }
    }

    /** Removes the dead items of a page; tells how many. */
    private static int forgetPage(Chunk chunk, int block) {
        if (chunk.deadOn(block) == 0) {
            return 0;
        }
        int gone = 0;
        int end = Chunk.key(block + 1, 0);
        for (int key = chunk.nextDead(Chunk.key(block, 0)); key >= 0 && key < end; key = chunk.nextDead(key + 1)) {
            chunk.removeDead(key);
            gone++;
        }
        return gone;
    }

    /** A page has no dead items now, and is known; the storage of those that it had may be gone. */
    void clean(Chunk chunk, int block, boolean pruned, long lsn) {
        int gone = forgetPage(chunk, block);
        chunk.relation.prunedTuples += pruned ? gone : 0;
        if (chunk.setKnown(block, true) | gone > 0) {
            changed(chunk, lsn);
        }
    }

    boolean isKnown(Chunk chunk, int block) {
        return chunk.relation.createdInWal || chunk.isKnown(block);
    }

    void setKnown(Chunk chunk, int block, long lsn) {
        if (chunk.setKnown(block, true)) {
            changed(chunk, lsn);
        }
    }

    /** What was walked does not fit to what is known of a page. */
    void setUnknown(Chunk chunk, int block, long lsn) {
        boolean change = chunk.setKnown(block, false);
        if (chunk.relation.createdInWal) {
            chunk.relation.createdInWal = false;
            change = true;
        }
        if (change) {
            chunk.relation.doubts++;
            changed(chunk, lsn);
        }
    }

    // Memory

    /** Whether the limit may be exceeded. */
    boolean isCrowded() {
        return loads + dirtyChunks.size() > allowance;
    }

    /** Whether it takes storing to make room; as of the last {@link #evict}. */
    boolean isMuchDirty() {
        return dirtyBytes > limit() / 2;
    }

    /** What open transactions take beyond their share, and cannot leave to the tables, is taken off. */
    private long limit() {
        return Math.max(limitBytes / LEAST_SHARE, limitBytes - openXacts.excessBytes());
    }

    /** Drops the content of chunks that were used least recently and are stored, until the limit is kept. */
    void evict() {
        loads = 0;
        long limit = limit();
        long clean = measure(limit);
        if (clean + dirtyBytes > limit - limit / 4) {
            // Some room, so that this does not have to be done again soon.
            clean = evict(clean, limit / 2 - dirtyBytes);
        }
        long room = (limit - clean - dirtyBytes) / MOST_CHUNK_BYTES;
        allowance = dirtyChunks.size() + Math.max(room, LEAST_ALLOWANCE);
    }

    /** Finds {@link #dirtyBytes}; gives the bytes of the chunks that are not dirty. */
    private long measure(long limit) {
        dirtyBytes = 0;
        if (chunksUsed * MOST_CHUNK_BYTES <= limit / 2) {
            return chunksUsed * MOST_CHUNK_BYTES;
        }
        long clean = 0;
        for (int slot = 0; slot < chunksUsed; slot++) {
            Chunk chunk = chunks[slot];
            if (chunk != null) {
                chunk.bytes = chunk.memory();
                if (chunk.dirty) {
                    dirtyBytes += chunk.bytes;
                } else {
                    clean += chunk.bytes;
                }
            }
        }
        return clean;
    }

    private long evict(long cleanBytes, long goal) {
        List<Chunk> candidates = new ArrayList<>();
        for (int slot = 0; slot < chunksUsed; slot++) {
            Chunk chunk = chunks[slot];
            if (chunk != null && !chunk.dirty) {
                if (chunk == chunk.relation.lastChunk) {
                    // It may have been used ever since.
                    chunk.lastUsed = useClock;
                }
                candidates.add(chunk);
            }
        }
        candidates.sort(Comparator.comparingLong(chunk -> chunk.lastUsed));
        long left = cleanBytes;
        int victims = 0;
        while (victims < candidates.size() && left > goal) {
            Chunk chunk = candidates.get(victims++);
            left -= chunk.bytes;
            // What has no row is empty, and stays so even if the row of an earlier file is yet to be deleted.
            boolean isEmpty = chunk.loaded && !chunk.stored;
            chunk.unload();
            chunk.loaded = isEmpty;
        }
        leaveToTables(candidates.subList(0, victims));
        return left;
    }

    /** Forgets chunks that have no content here; those with something pending are still needed as its place. */
    private void leaveToTables(List<Chunk> unloaded) {
        BitSet pending = openXacts.chunkSlots();
        ended.addChunkSlots(pending);
        Set<Relation> shortened = new HashSet<>();
        for (Chunk chunk : unloaded) {
            if (!pending.get(chunk.slot)) {
                release(chunk);
                chunk.relation.hasStoredChunks |= chunk.stored;
                shortened.add(chunk.relation);
            }
        }
        for (Relation relation : shortened) {
            Chunk kept = null;
            for (Chunk chunk = relation.firstChunk; chunk != null; ) {
                Chunk next = chunk.next;
                if (chunks[chunk.slot] == chunk) {
                    chunk.next = kept;
                    kept = chunk;
                }
                chunk = next;
            }
            relation.firstChunk = kept;
        }
    }

    /** Bytes of all chunks. */
    long memory() {
        long sum = 0;
        for (int slot = 0; slot < chunksUsed; slot++) {
            sum += chunks[slot] == null ? 0 : chunks[slot].memory();
        }
        return sum;
    }

    /** How many chunks are in memory, with content or without. */
    int chunkCount() {
        return chunksUsed - freeSlotCount;
    }
}
