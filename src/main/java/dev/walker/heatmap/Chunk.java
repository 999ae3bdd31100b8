package dev.walker.heatmap;

import org.roaringbitmap.RoaringBitmap;

/** 128 blocks of a heap: which of their items are dead, and which blocks are known. */
final class Chunk {
    /** Blocks of a chunk. */
    static final int BLOCKS = 128;
    /** Bits of a block number that tell the block in its chunk. */
    static final int BLOCK_BITS = 7;
    /** Bits of a key that hold the item number. */
    static final int OFFNUM_BITS = 9;
    /** One more than the highest key. */
    static final int KEYS = BLOCKS << OFFNUM_BITS;

    private static final int EMPTY_BYTES = 128;

    final Relation relation;
    /** The block number of the first block divided by {@link #BLOCKS}. */
    final int number;
    /** What stands for the chunk in pending entries. */
    final int slot;
    /** The next chunk of the relation in memory. */
    Chunk next;

    /** The content below is here; otherwise the tables have it. */
    boolean loaded;
    /** There is a row in the table. */
    boolean stored;

    boolean dirty;
    /** Its blocks were cut off. */
    boolean gone;
    /** {@link EndedXacts#clock} when the content had all that was done. */
    int settled;

    long lastUsed;
    int bytes;

    private ItemSet dead;
    private ItemSet aborted;
    private long knownLow;
    private long knownHigh;
    /** How many the sum of the relation has in it. */
    private int pagesWithGarbage;

    Chunk(Relation relation, int number, int slot) {
        this.relation = relation;
        this.number = number;
        this.slot = slot;
    }

    static int numberOf(long block) {
        return (int) (block >>> BLOCK_BITS);
    }

    static int blockInChunk(long block) {
        return (int) (block & BLOCKS - 1);
    }

    static int key(int blockInChunk, int offnum) {
        return blockInChunk << OFFNUM_BITS | offnum;
    }

    long firstBlock() {
        return (long) number << BLOCK_BITS;
    }

    /** Whether it has blocks that its relation is about to lose, see {@link Relation#keepBlocks}. */
    boolean isCut() {
        return firstBlock() + BLOCKS > relation.keepBlocks;
    }

    /** The first key that its relation is about to lose. */
    int firstCutKey() {
        return key((int) Math.min(BLOCKS, Math.max(0, relation.keepBlocks - firstBlock())), 0);
    }

    boolean isKnown(int block) {
        return ((block < 64 ? knownLow : knownHigh) >>> block & 1) != 0;
    }

    /** Tells whether that is a change. */
    boolean setKnown(int block, boolean known) {
        if (isKnown(block) == known) {
            return false;
        }
        if (block < 64) {
            knownLow ^= 1L << block;
        } else {
            knownHigh ^= 1L << block;
        }
        return true;
    }

    boolean hasKnown() {
        return (knownLow | knownHigh) != 0;
    }

    void forgetKnown() {
        knownLow = 0;
        knownHigh = 0;
    }

    boolean isDead(int key) {
        return dead != null && dead.contains(key);
    }

    boolean isAborted(int key) {
        return aborted != null && aborted.contains(key);
    }

    int deadCount() {
        return dead == null ? 0 : dead.count();
    }

    int abortedCount() {
        return aborted == null ? 0 : aborted.count();
    }

    /** Counts them, and makes the sum of the relation agree: that is cheaper now and then than with each change. */
    int pagesWithGarbage() {
        int before = pagesWithGarbage;
        pagesWithGarbage = countPages();
        relation.pagesWithGarbage += pagesWithGarbage - before;
        return pagesWithGarbage;
    }

    private int countPages() {
        return deadCount() == 0 ? 0 : dead.blocks();
    }

    int deadOn(int block) {
        return dead == null ? 0 : dead.countOn(block);
    }

    int abortedOn(int block) {
        return aborted == null ? 0 : aborted.countOn(block);
    }

    /** The lowest dead key from {@code key} on, -1 if there is none. */
    int nextDead(int key) {
        return dead == null || key >= KEYS ? -1 : dead.next(key);
    }

    /** Adds a dead item; tells whether that is a change. */
    boolean addDead(int key) {
        if (dead == null) {
            dead = new ItemSet();
        }
        if (!dead.add(key)) {
            return false;
        }
        relation.deadTuples++;
        relation.history.born(firstBlock() + (key >>> OFFNUM_BITS));
        return true;
    }

    /** Says that the inserter of a dead item rolled back; tells whether that is a change. */
    boolean addAborted(int key) {
        if (aborted == null) {
            aborted = new ItemSet();
        }
        if (!aborted.add(key)) {
            return false;
        }
        relation.deadAborted++;
        return true;
    }

    /** Takes an item out of the dead ones; tells whether that is a change. */
    boolean removeDead(int key) {
        if (dead == null || !dead.remove(key)) {
            return false;
        }
        lost(key >>> OFFNUM_BITS, 1);
        removeAborted(key);
        return true;
    }

    /**
     * Takes items of a block out of the dead ones; tells how many of them were dead.
     *
     * @param offnums a bit for each item number, in {@link ItemSet#MOST_WORDS} words
     */
    int removeDead(int block, long[] offnums) {
        int removed = dead == null ? 0 : dead.removeOn(block, offnums);
        if (removed > 0) {
            lost(block, removed);
            if (aborted != null) {
                relation.deadAborted -= aborted.removeOn(block, offnums);
            }
        }
        return removed;
    }

    private void lost(int block, int items) {
        relation.deadTuples -= items;
        relation.history.lost(firstBlock() + block, items);
    }

    /** Says that the inserter of an item did not roll back; tells whether that is a change. */
    boolean removeAborted(int key) {
        if (aborted == null || !aborted.remove(key)) {
            return false;
        }
        relation.deadAborted--;
        return true;
    }

    /** Nothing to be stored. */
    boolean isEmpty() {
        return deadCount() == 0 && !hasKnown();
    }

    /**
     * Takes the content as stored; the sums of the relation include it already.
     *
     * @throws IllegalArgumentException if a bitmap has what is no item
     */
    void load(RoaringBitmap dead, RoaringBitmap aborted, long knownLow, long knownHigh) {
        this.knownLow = knownLow;
        this.knownHigh = knownHigh;
        if (dead != null) {
            this.dead = ItemSet.of(dead);
            pagesWithGarbage = countPages();
        }
        if (aborted != null) {
            this.aborted = ItemSet.of(aborted);
        }
    }

    /** Drops the content, which the tables have. */
    void unload() {
        dead = null;
        aborted = null;
        knownLow = 0;
        knownHigh = 0;
        pagesWithGarbage = 0;
        loaded = false;
        bytes = 0;
    }

    /** About how many bytes of memory the content takes. */
    int memory() {
        int sum = EMPTY_BYTES;
        if (dead != null) {
            sum += dead.memory();
        }
        if (aborted != null) {
            sum += aborted.memory();
        }
        return sum;
    }

    /** The dead items for the table, null if there are none. */
    byte[] dead() {
        return toBytes(dead);
    }

    /** The dead items whose inserter rolled back, for the table; null if there are none. */
    byte[] aborted() {
        return toBytes(aborted);
    }

    private static byte[] toBytes(ItemSet items) {
        if (items == null || items.count() == 0) {
            return null;
        }
        items.compact();
        return items.toBytes();
    }

    short[] deadByPage() {
        return dead == null || dead.count() == 0 ? null : dead.countsByBlock();
    }

    short[] abortedByPage() {
        return aborted == null || aborted.count() == 0 ? null : aborted.countsByBlock();
    }

    long knownLow() {
        return knownLow;
    }

    long knownHigh() {
        return knownHigh;
    }
}
