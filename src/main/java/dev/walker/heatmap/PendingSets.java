package dev.walker.heatmap;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.roaringbitmap.RoaringBitmap;

/**
 * What a transaction has changed that has changed much: bitmaps for each chunk. Those that are as stored may be left to
 * the table; then a bit is what remains of them here.
 */
final class PendingSets {
    /** Pending items of a chunk, of one transaction: keys, and beside them what did it, see {@link OpenXacts}. */
    static final class InChunk {
        final Chunk chunk;
        final RoaringBitmap inserts = new RoaringBitmap();
        final RoaringBitmap deletes = new RoaringBitmap();
        boolean dirty;

        InChunk(Chunk chunk) {
            this.chunk = chunk;
        }

        boolean isEmpty() {
            return inserts.isEmpty() && deletes.isEmpty();
        }

        /** About how many bytes of memory it takes, with what has to be there for it. */
        private long bytes() {
            return INDEX_BYTES + inserts.getLongSizeInBytes() + deletes.getLongSizeInBytes();
        }
    }

    /** Where rows are that are not here. */
    interface Store {
        /** The chunk with a slot, without its content. */
        Chunk chunkAt(int slot);

        /** The chunk with a number, without its content. */
        Chunk chunkOf(Relation relation, int number);

        /** Fills both bitmaps. */
        void load(long storedXid, InChunk items);
    }

    /**
     * Rows of the table that are void.
     *
     * @param relation whose rows they are
     * @param fromChunk the first of them
     */
    record GoneRows(Relation relation, int fromChunk) {}

    /** The memory that a full bitmap takes. */
    static final long MOST_ITEMS_BYTES = 8_300;

    /** Objects of {@link InChunk} and {@link Chunk}, and their places in maps. */
    static final int INDEX_BYTES = 400;

    private final Store store;
    private final LongIntMap bySlot = new LongIntMap();
    private final List<InChunk> chunks = new ArrayList<>();
    private InChunk last;

    /** Chunk numbers whose rows are in the table only. */
    private final Map<Relation, RoaringBitmap> inTable = new HashMap<>();

    private final List<GoneRows> gone = new ArrayList<>();

    /** The key in the table, once there is one. */
    long storedXid;

    private boolean hasInserts;
    private boolean hasDeletes;

    PendingSets(Store store) {
        this.store = store;
    }

    /** Whether its end may make garbage. */
    boolean matters(boolean commit) {
        return commit ? hasDeletes : hasInserts;
    }

    boolean isEmpty() {
        return chunks.stream().allMatch(InChunk::isEmpty) && inTable.isEmpty();
    }

    /** Adds an item; tells whether its chunk is to be stored now and was not before. */
    boolean add(Chunk chunk, boolean delete, int key) {
        InChunk items = items(chunk);
        if (delete) {
            hasDeletes = true;
            items.deletes.add(key);
        } else {
            hasInserts = true;
            items.inserts.add(key);
        }
        boolean first = !items.dirty;
        items.dirty = true;
        return first;
    }

    /** Tells whether it was there. */
    boolean removeInsert(Chunk chunk, int key) {
        InChunk items = items(chunk);
        if (!items.inserts.checkedRemove(key)) {
            return false;
        }
        items.dirty = true;
        return true;
    }

    private InChunk items(Chunk chunk) {
        if (last != null && last.chunk == chunk) {
            return last;
        }
        int index = bySlot.get(chunk.slot);
        if (index == LongIntMap.ABSENT) {
            InChunk items = new InChunk(chunk);
            if (takeRow(chunk.relation, chunk.number)) {
                store.load(storedXid, items);
            }
            bySlot.put(chunk.slot, chunks.size());
            chunks.add(items);
            last = items;
        } else {
            last = chunks.get(index);
        }
        return last;
    }

    private boolean takeRow(Relation relation, int number) {
        RoaringBitmap rows = inTable.isEmpty() ? null : inTable.get(relation);
        if (rows == null || !rows.checkedRemove(number)) {
            return false;
        }
        if (rows.isEmpty()) {
            inTable.remove(relation);
        }
        return true;
    }

    /** Takes the items of a chunk out; null if there are none. */
    InChunk take(Chunk chunk) {
        int index = bySlot.get(chunk.slot);
        if (index != LongIntMap.ABSENT) {
            return takeAt(index);
        }
        if (!takeRow(chunk.relation, chunk.number)) {
            return null;
        }
        InChunk items = new InChunk(chunk);
        store.load(storedXid, items);
        return items;
    }

    private InChunk takeAt(int index) {
        InChunk items = chunks.get(index);
        bySlot.remove(items.chunk.slot);
        InChunk moved = chunks.remove(chunks.size() - 1);
        if (moved != items) {
            chunks.set(index, moved);
            bySlot.put(moved.chunk.slot, index);
        }
        if (items == last) {
            last = null;
        }
        return items;
    }

    /** A chunk that has something, without its content; null if nothing is left. */
    Chunk anyChunk() {
        if (!chunks.isEmpty()) {
            return chunks.get(chunks.size() - 1).chunk;
        }
        for (Map.Entry<Relation, RoaringBitmap> entry : inTable.entrySet()) {
            return store.chunkOf(entry.getKey(), entry.getValue().first());
        }
        return null;
    }

    /** Adds the numbers of the chunks of a relation that have something. */
    void addNumbers(Relation relation, RoaringBitmap numbers) {
        for (InChunk items : chunks) {
            if (items.chunk.relation == relation) {
                numbers.add(items.chunk.number);
            }
        }
        RoaringBitmap rows = inTable.get(relation);
        if (rows != null) {
            numbers.or(rows);
        }
    }

    /** Notes a row that is in the table and stays there. */
    void addRow(Relation relation, int number) {
        inTable.computeIfAbsent(relation, any -> new RoaringBitmap()).add(number);
        hasInserts = true;
        hasDeletes = true;
    }

    /** Leaves everything to the table, which has it. */
    void spill() {
        for (InChunk items : chunks) {
            if (!items.isEmpty()) {
                inTable.computeIfAbsent(items.chunk.relation, any -> new RoaringBitmap())
                        .add(items.chunk.number);
            }
        }
        inTable.values().forEach(RoaringBitmap::runOptimize);
        bySlot.clear();
        chunks.clear();
        last = null;
    }

    /** About how many bytes of memory the bitmaps take. */
    long memory() {
        return chunks.stream().mapToLong(InChunk::bytes).sum();
    }

    /** What is in memory. */
    List<InChunk> chunks() {
        return chunks;
    }

    /**
     * Forgets what is beyond the blocks that relations keep; tells whether there was anything.
     *
     * @param stored whether the table may have it too
     */
    boolean forgetBeyond(boolean stored) {
        Map<Relation, Integer> cut = new HashMap<>();
        for (Relation relation : List.copyOf(inTable.keySet())) {
            if (relation.keepBlocks != Relation.ALL_BLOCKS) {
                forgetRowsBeyond(relation, cut);
            }
        }
        boolean changed = false;
        for (int i = chunks.size() - 1; i >= 0; i--) {
            InChunk items = chunks.get(i);
            Relation relation = items.chunk.relation;
            if (relation.keepBlocks == Relation.ALL_BLOCKS) {
                continue;
            }
            if (items.chunk.number >= relation.keepChunks()) {
                cut.put(relation, relation.keepChunks());
                takeAt(i);
            } else if (items.chunk.isCut()) {
                changed |= forgetBeyond(items);
            }
        }
        if (stored) {
            cut.forEach((relation, from) -> gone.add(new GoneRows(relation, from)));
        }
        return changed || !cut.isEmpty();
    }

    private void forgetRowsBeyond(Relation relation, Map<Relation, Integer> cut) {
        int from = relation.keepChunks();
        RoaringBitmap rows = inTable.get(relation);
        if (relation.keepBlocks % Chunk.BLOCKS != 0 && rows.contains(from - 1)) {
            items(store.chunkOf(relation, from - 1));
        }
        if (rows.nextValue(from) >= 0) {
            cut.put(relation, from);
            rows.remove((long) from, 1L << 32);
        }
        if (rows.isEmpty()) {
            inTable.remove(relation);
        }
    }

    private static boolean forgetBeyond(InChunk items) {
        int first = items.chunk.firstCutKey();
        int before = items.inserts.getCardinality() + items.deletes.getCardinality();
        for (int by : new int[] {0, OpenXacts.BY_UPDATE, OpenXacts.BY_HOT_UPDATE}) {
            items.inserts.remove((long) by + first, (long) by + Chunk.KEYS);
            items.deletes.remove((long) by + first, (long) by + Chunk.KEYS);
        }
        boolean changed = items.inserts.getCardinality() + items.deletes.getCardinality() != before;
        items.dirty |= changed;
        return changed;
    }

    /** The rows that are to be deleted before others are written; none the next time. */
    List<GoneRows> drainGone() {
        List<GoneRows> rows = List.copyOf(gone);
        gone.clear();
        return rows;
    }
}
