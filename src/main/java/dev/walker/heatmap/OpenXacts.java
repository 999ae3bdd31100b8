package dev.walker.heatmap;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.LongConsumer;
import org.roaringbitmap.RoaringBitmap;

/**
 * What open transactions and subtransactions have done to items: an insert becomes garbage if its transaction rolls back,
 * a delete if it commits.
 *
 * <p>Entries of small transactions share one array, linked from the newest to the oldest, so that a transaction costs
 * nothing but its entries. A transaction with many gets bitmaps for each chunk.
 */
final class OpenXacts {
    /** With more entries than this a transaction gets bitmaps. */
    static final int MANY = 4096;
    /** No transaction, or the end of a list. */
    static final int NONE = -1;

    private static final int PREPARED = 1;
    /** Known from the server, not from a record of its own. */
    private static final int FROM_SERVER = 2;
    /** Waits for the next {@link #drainChanged}. */
    private static final int CHANGED = 4;
    /** There are rows in the table. */
    private static final int STORED = 8;
    /** Rows in the table may have what is no longer here. */
    private static final int REWRITE = 16;

    private static final int KIND_DELETE = 1 << 16;
    private static final int KEY_MASK = 0xFFFF;
    private static final int CHUNK_SHIFT = 17;

    /** Pending items of a chunk, of one transaction. */
    static final class InChunk {
        final int chunkSlot;
        /** Null if it is in the table only, like {@link #deletes}. */
        RoaringBitmap inserts = new RoaringBitmap();

        RoaringBitmap deletes = new RoaringBitmap();
        boolean dirty;

        InChunk(int chunkSlot) {
            this.chunkSlot = chunkSlot;
        }
    }

    /** Pending items of a transaction that has many. */
    private static final class Many {
        final LongIntMap byChunk = new LongIntMap();
        final List<InChunk> chunks = new ArrayList<>();
        InChunk last;

        InChunk chunk(int chunkSlot) {
            if (last != null && last.chunkSlot == chunkSlot) {
                return last;
            }
            int index = byChunk.get(chunkSlot);
            if (index == LongIntMap.ABSENT) {
                byChunk.put(chunkSlot, chunks.size());
                last = new InChunk(chunkSlot);
                chunks.add(last);
            } else {
                last = chunks.get(index);
            }
            return last;
        }
    }

    /** Receives pending items one by one. */
    interface ItemConsumer {
        void accept(int chunkSlot, boolean delete, int key);
    }

    /** Gets back what is in the table only. */
    interface RowLoader {
        /** Fills both bitmaps. */
        void load(long storedXid, InChunk items);
    }

    /** Says which pending items are to be forgotten. */
    interface ItemPredicate {
        /** Whether there can be such items in a chunk. */
        boolean touches(int chunkSlot);

        boolean test(int chunkSlot, int key);
    }

    /** Receives what is to be stored of a chunk, of one transaction. */
    interface RowConsumer {
        void accept(long storedXid, InChunk items);
    }

    private final LongIntMap byXid = new LongIntMap();

    private long[] xids = new long[64];
    private int[] heads = new int[64];
    private int[] counts = new int[64];
    private int[] storedHeads = new int[64];
    private byte[] flags = new byte[64];
    private long[] storedXids = new long[64];
    private Many[] many = new Many[64];
    private int used;
    private int[] freeXacts = new int[64];
    private int freeXactCount;

    private long[] entries = new long[1024];
    private int[] nexts = new int[1024];
    private int entriesUsed;
    private int freeEntry = NONE;
    private int pending;

    private int[] changed = new int[64];
    /** Where a changed transaction is in {@link #changed}. */
    private int[] changedAt = new int[64];

    private int changedCount;
    private long[] ended = new long[64];
    private int endedCount;
    private final List<Long> endedPrepared = new ArrayList<>();

    private long lastXid;
    private int lastXact = NONE;

    private RowLoader loader = (storedXid, items) -> {
        throw new IllegalStateException("there is no table to load from");
    };
    private long mostLoadedBytes = Long.MAX_VALUE;
    private long loadedBytes;

    /**
     * Keeps memory within a limit, by leaving to the table what is in it.
     *
     * @param bytes that the bitmaps of large transactions may take
     */
    void limit(long bytes, RowLoader from) {
        mostLoadedBytes = bytes;
        loader = from;
    }

    int size() {
        return byXid.size();
    }

    /** How many entries there is room for. */
    int capacity() {
        return entries.length;
    }

    boolean isOpen(long xid) {
        return find(xid) != NONE;
    }

    /** The handle of an open transaction, {@link #NONE} if it is not known as open. */
    int find(long xid) {
        if (lastXact != NONE && lastXid == xid) {
            return lastXact;
        }
        int xact = byXid.get(xid);
        if (xact != LongIntMap.ABSENT) {
            lastXid = xid;
            lastXact = xact;
        }
        return xact;
    }

    /** The handle of a transaction that has written a record. */
    int open(long xid) {
        int xact = find(xid);
        if (xact == NONE) {
            return add(xid, 0);
        }
        flags[xact] &= ~FROM_SERVER;
        return xact;
    }

    /** The handle of a transaction that the server says is open. */
    int openOnServer(long xid) {
        int xact = find(xid);
        return xact == NONE ? add(xid, FROM_SERVER) : xact;
    }

    private int add(long xid, int flag) {
        int xact;
        if (freeXactCount > 0) {
            xact = freeXacts[--freeXactCount];
        } else {
            xact = used++;
            if (xact == xids.length) {
                int capacity = used * 2;
                xids = Arrays.copyOf(xids, capacity);
                heads = Arrays.copyOf(heads, capacity);
                counts = Arrays.copyOf(counts, capacity);
                storedHeads = Arrays.copyOf(storedHeads, capacity);
                changedAt = Arrays.copyOf(changedAt, capacity);
                flags = Arrays.copyOf(flags, capacity);
                storedXids = Arrays.copyOf(storedXids, capacity);
                many = Arrays.copyOf(many, capacity);
            }
        }
        xids[xact] = xid;
        heads[xact] = NONE;
        counts[xact] = 0;
        storedHeads[xact] = NONE;
        flags[xact] = (byte) flag;
        many[xact] = null;
        byXid.put(xid, xact);
        lastXid = xid;
        lastXact = xact;
        return xact;
    }

    long xid(int xact) {
        return xids[xact];
    }

    boolean isPrepared(int xact) {
        return (flags[xact] & PREPARED) != 0;
    }

    boolean isFromServer(int xact) {
        return (flags[xact] & FROM_SERVER) != 0;
    }

    /** Tells whether anything is pending. */
    boolean hasEntries(int xact) {
        return counts[xact] > 0;
    }

    void setPrepared(int xact) {
        flags[xact] |= PREPARED;
        if (hasEntries(xact)) {
            markChanged(xact);
        }
    }

    /** All open transactions, in no order. */
    void forEach(LongConsumer xids) {
        for (long xid : byXid.keys()) {
            xids.accept(xid);
        }
    }

    void addInsert(int xact, int chunkSlot, int key) {
        add(xact, (long) chunkSlot << CHUNK_SHIFT | key);
    }

    void addDelete(int xact, int chunkSlot, int key) {
        add(xact, (long) chunkSlot << CHUNK_SHIFT | KIND_DELETE | key);
    }

    private void add(int xact, long entry) {
        markChanged(xact);
        if (many[xact] != null) {
            addToMany(xact, entry, true);
            return;
        }
        int at = freeEntry;
        if (at != NONE) {
            freeEntry = nexts[at];
        } else {
            at = entriesUsed++;
            if (at == entries.length) {
                entries = Arrays.copyOf(entries, at * 2);
                nexts = Arrays.copyOf(nexts, at * 2);
            }
        }
        entries[at] = entry;
        nexts[at] = heads[xact];
        heads[xact] = at;
        pending++;
        if (++counts[xact] > MANY) {
            convertToMany(xact);
        }
    }

    private void addToMany(int xact, long entry, boolean dirty) {
        InChunk chunk = content(xact, many[xact].chunk((int) (entry >>> CHUNK_SHIFT)));
        int key = (int) entry & KEY_MASK;
        if (((entry & KIND_DELETE) != 0 ? chunk.deletes : chunk.inserts).checkedAdd(key)) {
            counts[xact]++;
            pending++;
        }
        chunk.dirty |= dirty;
    }

    private void convertToMany(int xact) {
        int head = heads[xact];
        pending -= counts[xact];
        counts[xact] = 0;
        many[xact] = new Many();
        boolean isNew = true;
        for (int at = head; at != NONE; at = nexts[at]) {
            isNew &= at != storedHeads[xact];
            addToMany(xact, entries[at], isNew || (flags[xact] & STORED) == 0);
        }
        freeList(head);
        heads[xact] = NONE;
        storedHeads[xact] = NONE;
    }

    private void freeList(int head) {
        int at = head;
        while (at != NONE) {
            int next = nexts[at];
            nexts[at] = freeEntry;
            freeEntry = at;
            at = next;
        }
    }

    private void markChanged(int xact) {
        if ((flags[xact] & CHANGED) == 0) {
            flags[xact] |= CHANGED;
            if (changedCount == changed.length) {
                changed = Arrays.copyOf(changed, changedCount * 2);
            }
            changedAt[xact] = changedCount;
            changed[changedCount++] = xact;
        }
    }

    private void unmarkChanged(int xact) {
        if ((flags[xact] & CHANGED) != 0) {
            int last = changed[--changedCount];
            changed[changedAt[xact]] = last;
            changedAt[last] = changedAt[xact];
        }
    }

    /** Forgets an insert that was taken back. */
    void removeInsert(int xact, int chunkSlot, int key) {
        long entry = (long) chunkSlot << CHUNK_SHIFT | key;
        if (many[xact] != null) {
            InChunk chunk = content(xact, many[xact].chunk(chunkSlot));
            if (chunk.inserts.checkedRemove(key)) {
                counts[xact]--;
                pending--;
                chunk.dirty = true;
                markChanged(xact);
            }
            return;
        }
        int before = NONE;
        for (int at = heads[xact]; at != NONE; ) {
            int next = nexts[at];
            if (entries[at] == entry) {
                unlink(xact, before, at);
            } else {
                before = at;
            }
            at = next;
        }
    }

    private void unlink(int xact, int before, int at) {
        if (before == NONE) {
            heads[xact] = nexts[at];
        } else {
            nexts[before] = nexts[at];
        }
        nexts[at] = freeEntry;
        freeEntry = at;
        counts[xact]--;
        pending--;
        flags[xact] |= REWRITE;
        markChanged(xact);
    }

    /** Forgets pending items of all transactions. */
    void removeIf(ItemPredicate predicate) {
        if (pending == 0) {
            return;
        }
        for (int xact = 0; xact < used; xact++) {
            if (counts[xact] == 0) {
                continue;
            }
            if (many[xact] != null) {
                removeFromMany(xact, predicate);
                continue;
            }
            int before = NONE;
            for (int at = heads[xact]; at != NONE; ) {
                int next = nexts[at];
                if (predicate.test((int) (entries[at] >>> CHUNK_SHIFT), (int) entries[at] & KEY_MASK)) {
                    unlink(xact, before, at);
                } else {
                    before = at;
                }
                at = next;
            }
        }
    }

    private void removeFromMany(int xact, ItemPredicate predicate) {
        Many all = many[xact];
        List<InChunk> kept = new ArrayList<>();
        boolean removed = false;
        for (InChunk chunk : all.chunks) {
            if (!predicate.touches(chunk.chunkSlot)) {
                kept.add(chunk);
                continue;
            }
            content(xact, chunk);
            int before = chunk.inserts.getCardinality() + chunk.deletes.getCardinality();
            removeFrom(chunk.inserts, chunk.chunkSlot, predicate);
            removeFrom(chunk.deletes, chunk.chunkSlot, predicate);
            int after = chunk.inserts.getCardinality() + chunk.deletes.getCardinality();
            counts[xact] -= before - after;
            pending -= before - after;
            removed |= before != after;
            if (after > 0) {
                kept.add(chunk);
            }
        }
        if (!removed) {
            return;
        }
        all.byChunk.clear();
        all.chunks.clear();
        all.last = null;
        for (InChunk chunk : kept) {
            all.byChunk.put(chunk.chunkSlot, all.chunks.size());
            all.chunks.add(chunk);
        }
        flags[xact] |= REWRITE;
        markChanged(xact);
    }

    private static void removeFrom(RoaringBitmap bitmap, int chunkSlot, ItemPredicate predicate) {
        if (bitmap.isEmpty()) {
            return;
        }
        RoaringBitmap matching = new RoaringBitmap();
        bitmap.forEach((int key) -> {
            if (predicate.test(chunkSlot, key)) {
                matching.add(key);
            }
        });
        bitmap.andNot(matching);
    }

    /** Gives everything that is pending for a transaction, without duplicates if it has many. */
    void forEachItem(int xact, ItemConsumer consumer) {
        if (many[xact] != null) {
            for (InChunk chunk : many[xact].chunks) {
                boolean spilled = chunk.inserts == null;
                content(xact, chunk);
                chunk.inserts.forEach((int key) -> consumer.accept(chunk.chunkSlot, false, key));
                chunk.deletes.forEach((int key) -> consumer.accept(chunk.chunkSlot, true, key));
                if (spilled) {
                    spill(chunk);
                }
            }
            return;
        }
        for (int at = heads[xact]; at != NONE; at = nexts[at]) {
            long entry = entries[at];
            consumer.accept((int) (entry >>> CHUNK_SHIFT), (entry & KIND_DELETE) != 0, (int) entry & KEY_MASK);
        }
    }

    /** Forgets a transaction that has ended. */
    void close(int xact) {
        if ((flags[xact] & STORED) != 0) {
            if (endedCount == ended.length) {
                ended = Arrays.copyOf(ended, endedCount * 2);
            }
            ended[endedCount++] = storedXids[xact];
            if (isPrepared(xact)) {
                endedPrepared.add(storedXids[xact]);
            }
        }
        byXid.remove(xids[xact]);
        freeList(heads[xact]);
        heads[xact] = NONE;
        pending -= counts[xact];
        counts[xact] = 0;
        many[xact] = null;
        if (lastXact == xact) {
            lastXact = NONE;
        }
        unmarkChanged(xact);
        flags[xact] = 0;
        xids[xact] = 0;
        if (freeXactCount == freeXacts.length) {
            freeXacts = Arrays.copyOf(freeXacts, freeXactCount * 2);
        }
        freeXacts[freeXactCount++] = xact;
    }

    // Memory

    private InChunk content(int xact, InChunk chunk) {
        if (chunk.inserts == null) {
            chunk.inserts = new RoaringBitmap();
            chunk.deletes = new RoaringBitmap();
            loader.load(storedXids[xact], chunk);
        }
        return chunk;
    }

    private static void spill(InChunk chunk) {
        chunk.inserts = null;
        chunk.deletes = null;
    }

    private static long bytes(InChunk chunk) {
        return chunk.inserts == null ? 0 : chunk.inserts.getLongSizeInBytes() + chunk.deletes.getLongSizeInBytes();
    }

    /** Leaves to the table what large transactions have in it, if it is too much. Nothing may have changed since. */
    void spill() {
        if (memory() <= mostLoadedBytes) {
            return;
        }
        for (int xact = 0; xact < used; xact++) {
            if (many[xact] != null && (flags[xact] & (STORED | CHANGED)) == STORED) {
                many[xact].chunks.forEach(OpenXacts::spill);
            }
        }
    }

    /** Bytes that the bitmaps of large transactions take. */
    long memory() {
        long sum = 0;
        for (int xact = 0; xact < used; xact++) {
            if (many[xact] != null) {
                sum += many[xact].chunks.stream().mapToLong(OpenXacts::bytes).sum();
            }
        }
        return sum;
    }

    /** The chunks that have something pending. */
    BitSet chunkSlots() {
        BitSet slots = new BitSet();
        for (int xact = 0; xact < used; xact++) {
            if (many[xact] != null) {
                many[xact].chunks.forEach(chunk -> slots.set(chunk.chunkSlot));
            }
            for (int at = heads[xact]; at != NONE; at = nexts[at]) {
                slots.set((int) (entries[at] >>> CHUNK_SHIFT));
            }
        }
        return slots;
    }

    // Storing

    /** Takes items as stored. */
    void load(long storedXid, int chunkSlot, RoaringBitmap inserts, RoaringBitmap deletes) {
        int xact = open(storedXid & 0xFFFF_FFFFL);
        if (inserts != null) {
            inserts.forEach((int key) -> addInsert(xact, chunkSlot, key));
        }
        if (deletes != null) {
            deletes.forEach((int key) -> addDelete(xact, chunkSlot, key));
        }
        flags[xact] |= STORED;
        storedXids[xact] = storedXid;
        if (many[xact] != null) {
            InChunk chunk = many[xact].chunk(chunkSlot);
            loadedBytes += bytes(chunk);
            if (loadedBytes > mostLoadedBytes) {
                spill(chunk);
                loadedBytes = mostLoadedBytes;
            }
        }
    }

    /** Says that everything here is as stored. */
    void loaded() {
        for (int i = 0; i < changedCount; i++) {
            int xact = changed[i];
            flags[xact] &= ~CHANGED;
            storedHeads[xact] = heads[xact];
            if (many[xact] != null) {
                for (InChunk chunk : many[xact].chunks) {
                    chunk.dirty = false;
                }
            }
        }
        changedCount = 0;
    }

    /** Gives the keys of transactions whose rows are to be deleted, and of those among them that were prepared. */
    void drainEnded(LongConsumer storedXids, LongConsumer prepared) {
        for (int i = 0; i < endedCount; i++) {
            storedXids.accept(ended[i]);
        }
        endedCount = 0;
        endedPrepared.forEach(prepared::accept);
        endedPrepared.clear();
    }

    /**
     * Gives what has changed since the last time.
     *
     * @param outcomes gives the key for a transaction that is not stored yet
     * @param deleteAll receives the key of a transaction whose rows are to be deleted first
     * @param rows receives the chunks to be stored; both bitmaps empty if nothing is left
     * @param prepared receives the key of a prepared transaction
     */
    void drainChanged(XidOutcomes outcomes, LongConsumer deleteAll, RowConsumer rows, LongConsumer prepared) {
        for (int i = 0; i < changedCount; i++) {
            int xact = changed[i];
            flags[xact] &= ~CHANGED;
            boolean all = (flags[xact] & STORED) == 0;
            if (all && counts[xact] == 0) {
                flags[xact] &= ~REWRITE;
                continue;
            }
            if (all) {
                storedXids[xact] = outcomes.full(xids[xact]);
                flags[xact] |= STORED;
            } else if ((flags[xact] & REWRITE) != 0) {
                if (many[xact] != null) {
                    for (InChunk chunk : many[xact].chunks) {
                        content(xact, chunk);
                    }
                }
                deleteAll.accept(storedXids[xact]);
                all = true;
            }
            flags[xact] &= ~REWRITE;
            if (many[xact] != null) {
                drainMany(xact, all, rows);
            } else {
                drainList(xact, all, rows);
            }
            if (isPrepared(xact)) {
                prepared.accept(storedXids[xact]);
            }
        }
        changedCount = 0;
    }

    private void drainMany(int xact, boolean all, RowConsumer rows) {
        for (InChunk chunk : many[xact].chunks) {
            if (all || chunk.dirty) {
                rows.accept(storedXids[xact], chunk);
                chunk.dirty = false;
            }
        }
    }

    private void drainList(int xact, boolean all, RowConsumer rows) {
        long[] sorted = new long[counts[xact]];
        LongIntMap wanted = new LongIntMap();
        boolean isNew = true;
        int n = 0;
        for (int at = heads[xact]; at != NONE; at = nexts[at]) {
            isNew &= at != storedHeads[xact];
            sorted[n++] = entries[at];
            if (all || isNew) {
                wanted.put(entries[at] >>> CHUNK_SHIFT, 0);
            }
        }
        storedHeads[xact] = heads[xact];
        Arrays.sort(sorted);
        InChunk row = null;
        for (long entry : sorted) {
            int chunkSlot = (int) (entry >>> CHUNK_SHIFT);
            if (wanted.get(chunkSlot) == LongIntMap.ABSENT) {
                continue;
            }
            if (row == null || row.chunkSlot != chunkSlot) {
                emit(xact, row, rows);
                row = new InChunk(chunkSlot);
            }
            ((entry & KIND_DELETE) != 0 ? row.deletes : row.inserts).add((int) entry & KEY_MASK);
        }
        emit(xact, row, rows);
    }

    private void emit(int xact, InChunk row, RowConsumer rows) {
        if (row != null) {
            rows.accept(storedXids[xact], row);
        }
    }
}
