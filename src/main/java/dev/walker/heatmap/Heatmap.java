package dev.walker.heatmap;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

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
    }

    private static final int CHUNK_NUMBER_BITS = 32;
    /** The memory of a chunk all of whose items are dead. */
    private static final long MOST_CHUNK_BYTES = 12_000;

    private final RelationMap relations = new RelationMap();
    private int nextRelationId;

    private final LongIntMap chunkSlots = new LongIntMap();
    private Chunk[] chunks = new Chunk[64];
    private int chunksUsed;
    private int[] freeSlots = new int[64];
    private int freeSlotCount;

    private final ChunkLoader loader;
    private final OpenXacts openXacts;
    private final Runnable stateChanged;

    private Relation lastRelation;
    private Chunk lastChunk;
    private long useClock;

    final List<Relation> dirtyRelations = new ArrayList<>();
    final List<Chunk> dirtyChunks = new ArrayList<>();
    /** Those that had rows. */
    final List<Relation> droppedRelations = new ArrayList<>();
    /** Those whose chunks in the tables are void. */
    final List<Relation> forgottenRelations = new ArrayList<>();

    Heatmap(ChunkLoader loader, OpenXacts openXacts, Runnable stateChanged) {
        this.loader = loader;
        this.openXacts = openXacts;
        this.stateChanged = stateChanged;
    }

    RelationMap relations() {
        return relations;
    }

    // Relations

    /** The relation, or null. */
    Relation find(long spcOid, long dbOid, long relNumber) {
        Relation last = lastRelation;
        if (last != null && last.is(spcOid, dbOid, relNumber)) {
            return last;
        }
        Relation relation = relations.get(spcOid, dbOid, relNumber);
        if (relation != null) {
            lastRelation = relation;
        }
        return relation;
    }

    /** The relation, made if it is not there. */
    Relation relation(long spcOid, long dbOid, long relNumber) {
        Relation relation = find(spcOid, dbOid, relNumber);
        if (relation == null) {
            relation = new Relation(nextRelationId++, spcOid, dbOid, relNumber);
            relations.add(relation);
            lastRelation = relation;
        }
        return relation;
    }

    /** Notes that there is something to be stored for a relation. */
    void changed(Relation relation, long lsn) {
        relation.lastChange = lsn;
        if (!relation.dirty) {
            relation.dirty = true;
            dirtyRelations.add(relation);
        }
        stateChanged.run();
    }

    /** Removes a relation with all that is known of it; {@link #forgetPendingOfDropped} is to follow. */
    void drop(Relation relation) {
        relation.gone = true;
        relation.keepBlocks = 0;
        relations.remove(relation);
        if (relation == lastRelation) {
            lastRelation = null;
        }
        if (relation.stored || relation.hasStoredChunks) {
            droppedRelations.add(relation);
            stateChanged.run();
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
        List<Relation> all = new ArrayList<>();
        relations.forEach(all::add);
        for (Relation relation : all) {
            for (Chunk chunk = relation.firstChunk; chunk != null; chunk = chunk.next) {
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
            relation.deadTuples = 0;
            relation.deadAborted = 0;
            relation.pagesWithGarbage = 0;
            changed(relation, lsn);
        }
        dirtyChunks.clear();
    }

    private void forgetPendingBeyond() {
        openXacts.removeIf(new OpenXacts.ItemPredicate() {
            @Override
            public boolean touches(int slot) {
                return chunks[slot].firstBlock() + Chunk.BLOCKS > chunks[slot].relation.keepBlocks;
            }

            @Override
            public boolean test(int slot, int key) {
                Chunk chunk = chunks[slot];
                return chunk.firstBlock() + (key >>> Chunk.OFFNUM_BITS) >= chunk.relation.keepBlocks;
            }
        });
    }

    private void release(Chunk chunk) {
        chunkSlots.remove(chunkKey(chunk.relation, chunk.number));
        chunks[chunk.slot] = null;
        if (chunk == lastChunk) {
            lastChunk = null;
        }
        if (freeSlotCount == freeSlots.length) {
            freeSlots = Arrays.copyOf(freeSlots, freeSlotCount * 2);
        }
        freeSlots[freeSlotCount++] = chunk.slot;
    }

    /** Removes all blocks from one on. */
    void truncate(Relation relation, long blocks, long lsn) {
        if (relation.hasStoredChunks) {
            loader.loadAll(relation);
        }
        relation.keepBlocks = blocks;
        forgetPendingBeyond();
        relation.keepBlocks = Relation.ALL_BLOCKS;
        for (Chunk chunk = relation.firstChunk; chunk != null; chunk = chunk.next) {
            if (chunk.firstBlock() + Chunk.BLOCKS <= blocks) {
                continue;
            }
            content(chunk);
            int first = (int) Math.max(0, blocks - chunk.firstBlock());
            boolean change = false;
            for (int block = first; block < Chunk.BLOCKS; block++) {
                int gone = forgetPage(chunk, block);
                relation.prunedTuples += gone;
                change |= gone > 0 | chunk.setKnown(block, false);
            }
            if (change) {
                relation.doubts++;
                changed(chunk, lsn);
            }
        }
    }

    // Chunks

    private static long chunkKey(Relation relation, int number) {
        return (long) relation.id << CHUNK_NUMBER_BITS | number;
    }

    /** The chunk with a number, its content possibly not loaded. */
    Chunk chunkOf(Relation relation, int number) {
        Chunk last = lastChunk;
        if (last != null && last.relation == relation && last.number == number) {
            return last;
        }
        int slot = chunkSlots.get(chunkKey(relation, number));
        Chunk chunk = slot == LongIntMap.ABSENT ? addChunk(relation, number) : chunks[slot];
        chunk.lastUsed = ++useClock;
        lastChunk = chunk;
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
        chunk.loaded = !relation.hasStoredChunks;
        chunk.next = relation.firstChunk;
        relation.firstChunk = chunk;
        chunks[slot] = chunk;
        chunkSlots.put(chunkKey(relation, number), slot);
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
        if (!chunk.loaded) {
            chunk.loaded = true;
            loader.load(chunk);
        }
        return chunk;
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

    /** Drops the content of chunks that were used least recently, all of them stored, until a limit is kept. */
    void evict(long limitBytes) {
        if (chunksUsed * MOST_CHUNK_BYTES <= limitBytes) {
            return;
        }
        long sum = 0;
        for (int slot = 0; slot < chunksUsed; slot++) {
            Chunk chunk = chunks[slot];
            if (chunk != null && chunk.loaded) {
                chunk.bytes = chunk.memory();
                sum += chunk.bytes;
            }
        }
        if (sum <= limitBytes) {
            return;
        }
        List<Chunk> candidates = new ArrayList<>();
        for (int slot = 0; slot < chunksUsed; slot++) {
            Chunk chunk = chunks[slot];
            if (chunk != null && chunk.loaded && !chunk.dirty) {
                candidates.add(chunk);
            }
        }
        candidates.sort(Comparator.comparingLong(chunk -> chunk.lastUsed));
        // Some room, so that it is not the next flush that has to do this again.
        long goal = limitBytes - limitBytes / 4;
        int victims = 0;
        while (victims < candidates.size() && sum > goal) {
            Chunk chunk = candidates.get(victims++);
            sum -= chunk.bytes;
            chunk.unload();
        }
        leaveToTables(candidates.subList(0, victims));
    }

    /** Forgets chunks that have no content here; those with something pending are still needed as its place. */
    private void leaveToTables(List<Chunk> unloaded) {
        BitSet pending = openXacts.chunkSlots();
        Set<Relation> shortened = new HashSet<>();
        for (Chunk chunk : unloaded) {
            if (!pending.get(chunk.slot)) {
                release(chunk);
                chunk.relation.hasStoredChunks = true;
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

    /** How many chunks are in memory, with content or without. */
    int chunkCount() {
        return chunksUsed - freeSlotCount;
    }
}
