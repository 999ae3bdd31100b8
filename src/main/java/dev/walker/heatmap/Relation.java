package dev.walker.heatmap;

import dev.walker.wal.RelFileLocator;

/** A heap: counters, and sums over its chunks. */
final class Relation {
    /** {@link #keepBlocks} of a relation that is not being cut. */
    static final long ALL_BLOCKS = Long.MAX_VALUE;
    /** {@link #voidFrom} of a relation whose chunks are valid. */
    static final int NO_CHUNK = Integer.MAX_VALUE;

    final long spcOid;
    final long dbOid;
    final long relNumber;
    /** Tells relations apart, those that were dropped too. */
    final int id;

    /** All of its pages are known: its creation was walked, or {@link Baseline} has read them. */
    boolean createdInWal;
    /** A heap record or the image of a heap page was seen; a file that was only created may be that of an index. */
    boolean heapSeen;
    /** How often a page that was known became unknown. */
    long doubts;

    long inserts;
    long updates;
    long hotUpdates;
    /** Updates whose new version went to another page. */
    long newpageUpdates;

    long deletes;
    long abortedTuples;
    long prunedTuples;
    long deadTuples;
    long deadAborted;
    long pagesWithGarbage;
    long lastChange;

    /** Counts what happens to it, by time and block. */
    RelationHistory history;

    /** Chunks in memory, linked. */
    Chunk firstChunk;
    /** The same by number. */
    final ChunkIndex chunks = new ChunkIndex();
    /** That of the last look-up, or null. */
    Chunk lastChunk;
    /** The tables may have chunks that are not in memory. */
    boolean hasStoredChunks;
    /** Chunks in the tables from this number on are void, until the next flush deletes them. */
    int voidFrom = NO_CHUNK;
    /** There is a row in the table. */
    boolean stored;

    boolean dirty;
    boolean gone;
    /** Blocks from this on are about to lose what is pending for them. */
    long keepBlocks = ALL_BLOCKS;

    Relation(int id, long spcOid, long dbOid, long relNumber) {
        this.id = id;
        this.spcOid = spcOid;
        this.dbOid = dbOid;
        this.relNumber = relNumber;
    }

    boolean is(long spcOid, long dbOid, long relNumber) {
        return this.relNumber == relNumber && this.dbOid == dbOid && this.spcOid == spcOid;
    }

    /** The number of the first chunk that has no block that is kept, see {@link #keepBlocks}. */
    int keepChunks() {
        return (int) (keepBlocks + Chunk.BLOCKS - 1 >>> Chunk.BLOCK_BITS);
    }

    RelFileLocator locator() {
        return new RelFileLocator(spcOid, dbOid, relNumber);
    }
}
