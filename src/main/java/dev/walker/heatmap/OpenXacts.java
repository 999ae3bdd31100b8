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
    /** With more entries than this a transaction gets bitmaps, where there is enough memory. */
    static final int MANY = 4096;
    /** The same where memory is little. */
    private static final int LEAST_MANY = 64;
    /** A transaction with no more items is not left to the table when rows are read back: a note of its rows takes more. */
    private static final int FEW = 32;
    /** Bytes of a transaction in the arrays below. */
    private static final int XACT_BYTES = 5 * Integer.BYTES + 2 * Long.BYTES + Byte.BYTES + Integer.BYTES;
    /** Bytes of an entry. */
    private static final int ENTRY_BYTES = Long.BYTES + Integer.BYTES;

    private static final int FIRST_XACTS = 64;
    private static final int FIRST_ENTRIES = 1024;

    /** It is not worth while to look at memory again after fewer changed chunks, if there is room for them. */
    private static final long MOST_LEAST_ALLOWANCE = 1024;
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

    /** Beside the key of an item: an update inserted or deleted it, not HOT. */
    static final int BY_UPDATE = 1 << 16;
    /** Beside the key of an item: a HOT update inserted or deleted it. */
    static final int BY_HOT_UPDATE = 2 << 16;
    /** The key of an item without what is beside it. */
    static final int KEY_MASK = 0xFFFF;

    // An entry: an item that was deleted, an item that was inserted, or one of each on the same page, as an update does
    // it.
    // The item numbers, from the deleted one on, then the block in its chunk and what did it, then what there is, and
    // the
    // chunk.
    private static final int OFFNUM_BITS = Chunk.OFFNUM_BITS;
    private static final int OFFNUM_MASK = (1 << OFFNUM_BITS) - 1;
    private static final int BLOCK_SHIFT = 2 * OFFNUM_BITS;
    private static final int BLOCK_MASK = (1 << Chunk.BLOCK_BITS + 2) - 1;
    private static final int DELETES = 1 << 27;
    private static final int INSERTS = 1 << 28;
    private static final int CHUNK_SHIFT = 29;

    /** Receives pending items one by one: keys, and what did it. */
    interface ItemConsumer {
        void accept(int chunkSlot, boolean delete, int key);
    }

    /** Receives pending items of one kind: keys, and what did it. */
    interface KindConsumer {
        void accept(int chunkSlot, int key);
    }

    /** Receives what is to be stored of a chunk, of one transaction. */
    interface RowConsumer {
        void accept(long storedXid, PendingSets.InChunk items);
    }

    /** Receives rows that are to be deleted. */
    interface GoneConsumer {
        void accept(long storedXid, PendingSets.GoneRows rows);
    }

    private final LongIntMap byXid = new LongIntMap();

    private long[] xids = new long[FIRST_XACTS];
    private int[] heads = new int[FIRST_XACTS];
    private int[] counts = new int[FIRST_XACTS];
    private int[] storedHeads = new int[FIRST_XACTS];
    private byte[] flags = new byte[FIRST_XACTS];
    private long[] storedXids = new long[FIRST_XACTS];
    private PendingSets[] many = new PendingSets[FIRST_XACTS];
    private int used;
    private int[] freeXacts = new int[64];
    private int freeXactCount;

    private long[] entries = new long[FIRST_ENTRIES];
    private int[] nexts = new int[FIRST_ENTRIES];
    private int entriesUsed;
    private int freeEntry = NONE;
    private int pending;

    private int[] changed = new int[FIRST_XACTS];
    /** Where a changed transaction is in {@link #changed}. */
    private int[] changedAt = new int[FIRST_XACTS];

    private int changedCount;
    private long[] ended = new long[64];
    private int endedCount;
    private final List<Long> endedPrepared = new ArrayList<>();

    private long lastXid;
    private int lastXact = NONE;

    private final PendingSets.Store store;
    private final int most;
    private final long limitBytes;
    private long loadedBytes;
    private int manyCount;
    /** Bitmaps that have grown or come since the last {@link #spill}. */
    private int growing;
    /** How many that may be until memory is looked at. */
    private long allowance;

    /**
     * Nothing is open.
     *
     * @param limitBytes that the bitmaps of large transactions may take after {@link #spill}
     */
    OpenXacts(PendingSets.Store store, long limitBytes) {
        this.store = store;
        this.limitBytes = limitBytes;
        // The entries of small ones are not left to the table, so where there is little room they are few.
        most = (int) Math.max(LEAST_MANY, Math.min(MANY, limitBytes / MANY));
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
                int capacity = used + (used >> 1);
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
        return counts[xact] > 0 || many[xact] != null && !many[xact].isEmpty();
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

    /** An item was inserted, with {@link #BY_UPDATE} or {@link #BY_HOT_UPDATE} beside its key if it is a new version. */
    void addInsert(int xact, int chunkSlot, int key) {
        add(xact, insertion(chunkSlot, key));
    }

    /** An item was deleted, with {@link #BY_UPDATE} or {@link #BY_HOT_UPDATE} beside its key if it is an old version. */
    void addDelete(int xact, int chunkSlot, int key) {
        add(xact, inBlock(chunkSlot, key) | DELETES | key & OFFNUM_MASK);
    }

    /**
     * An item was deleted, and its new version inserted on the same page.
     *
     * @param oldKey with what did it, as in {@link #addDelete}
     */
    void addUpdate(int xact, int chunkSlot, int oldKey, int newOffnum) {
        add(xact, inBlock(chunkSlot, oldKey) | DELETES | oldKey & OFFNUM_MASK | INSERTS | newOffnum << OFFNUM_BITS);
    }

    private static long insertion(int chunkSlot, int key) {
        return inBlock(chunkSlot, key) | INSERTS | (key & OFFNUM_MASK) << OFFNUM_BITS;
    }

    private static long inBlock(int chunkSlot, int key) {
        return (long) chunkSlot << CHUNK_SHIFT | key >>> OFFNUM_BITS << BLOCK_SHIFT;
    }

    private static int chunkSlot(long entry) {
        return (int) (entry >>> CHUNK_SHIFT);
    }

    private static int block(long entry) {
        return (int) entry >>> BLOCK_SHIFT & BLOCK_MASK;
    }

    /** The key of the deleted item, and what did it. */
    private static int deleted(long entry) {
        return block(entry) << OFFNUM_BITS | (int) entry & OFFNUM_MASK;
    }

    /** The key of the inserted item, and what did it. */
    private static int inserted(long entry) {
        return block(entry) << OFFNUM_BITS | (int) entry >>> OFFNUM_BITS & OFFNUM_MASK;
    }

    private void add(int xact, long entry) {
        markChanged(xact);
        if (many[xact] != null) {
            addToMany(xact, entry);
            return;
        }
        int at = freeEntry;
        if (at != NONE) {
            freeEntry = nexts[at];
        } else {
            at = entriesUsed++;
            if (at == entries.length) {
                entries = Arrays.copyOf(entries, at + (at >> 1));
                nexts = Arrays.copyOf(nexts, entries.length);
            }
        }
        entries[at] = entry;
        nexts[at] = heads[xact];
        heads[xact] = at;
        pending++;
        if (++counts[xact] > most) {
            convertToMany(xact);
        }
    }

    private void addToMany(int xact, long entry) {
        Chunk chunk = store.chunkAt(chunkSlot(entry));
        boolean grows = false;
        if ((entry & DELETES) != 0) {
            grows = many[xact].add(chunk, true, deleted(entry));
        }
        if ((entry & INSERTS) != 0) {
            grows |= many[xact].add(chunk, false, inserted(entry));
        }
        if (grows) {
            growing++;
        }
    }

    private void convertToMany(int xact) {
        makeMany(xact);
        int head = heads[xact];
        for (int at = head; at != NONE; at = nexts[at]) {
            addToMany(xact, entries[at]);
        }
        freeList(head);
        pending -= counts[xact];
        counts[xact] = 0;
        heads[xact] = NONE;
        storedHeads[xact] = NONE;
    }

    private void makeMany(int xact) {
        many[xact] = new PendingSets(store);
        many[xact].storedXid = storedXids[xact];
        manyCount++;
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
        long entry = insertion(chunkSlot, key);
        if (many[xact] != null) {
            if (many[xact].removeInsert(store.chunkAt(chunkSlot), key)) {
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

    /** Forgets pending items of all transactions, as far as they are beyond the blocks that their relation keeps. */
    void forgetBeyond() {
        if (pending == 0 && manyCount == 0) {
            return;
        }
        for (int xact = 0; xact < used; xact++) {
            if (many[xact] != null) {
                if (many[xact].forgetBeyond((flags[xact] & STORED) != 0)) {
                    markChanged(xact);
                }
            } else if (counts[xact] > 0) {
                forgetEntriesBeyond(xact);
            }
        }
    }

    private void forgetEntriesBeyond(int xact) {
        int before = NONE;
        for (int at = heads[xact]; at != NONE; ) {
            int next = nexts[at];
            Chunk chunk = store.chunkAt(chunkSlot(entries[at]));
            if (chunk.isCut() && (deleted(entries[at]) & KEY_MASK) >= chunk.firstCutKey()) {
                unlink(xact, before, at);
            } else {
                before = at;
            }
            at = next;
        }
    }

    /** The bitmaps of a transaction that has changed much; null if it has not. */
    PendingSets sets(int xact) {
        return many[xact];
    }

    /** Gives everything that is pending for a transaction that has no {@link #sets}; some of it perhaps twice. */
    void forEachItem(int xact, ItemConsumer consumer) {
        for (int at = heads[xact]; at != NONE; at = nexts[at]) {
            long entry = entries[at];
            if ((entry & DELETES) != 0) {
                consumer.accept(chunkSlot(entry), true, deleted(entry));
            }
            if ((entry & INSERTS) != 0) {
                consumer.accept(chunkSlot(entry), false, inserted(entry));
            }
        }
    }

    /** The same, but deletions only. */
    void forEachDelete(int xact, KindConsumer consumer) {
        for (int at = heads[xact]; at != NONE; at = nexts[at]) {
            long entry = entries[at];
            if ((entry & DELETES) != 0) {
                consumer.accept(chunkSlot(entry), deleted(entry));
            }
        }
    }

    /** The same, but insertions only. */
    void forEachInsert(int xact, KindConsumer consumer) {
        for (int at = heads[xact]; at != NONE; at = nexts[at]) {
            long entry = entries[at];
            if ((entry & INSERTS) != 0) {
                consumer.accept(chunkSlot(entry), inserted(entry));
            }
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
        if (many[xact] != null) {
            many[xact] = null;
            manyCount--;
        }
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

    /** Leaves to the table what large transactions have in it, if it is too much. Nothing may have changed since. */
    void spill() {
        growing = 0;
        allowance = 0;
        if (!isFull()) {
            return;
        }
        for (int xact = 0; xact < used; xact++) {
            if (many[xact] != null && (flags[xact] & (STORED | CHANGED)) == STORED) {
                many[xact].spill();
            }
        }
    }

    /** Whether memory should be looked at. */
    boolean isCrowded() {
        return growing > allowance;
    }

    /** Looks at memory; tells whether it takes {@link #spill} to keep the limit. */
    boolean isFull() {
        long bitmaps = bitmapBytes();
        long room = limitBytes - smallBytes() - bitmaps;
        allowance = growing + Math.max(room / PendingSets.MOST_ITEMS_BYTES, leastAllowance());
        // Nothing else can be left to the table.
        return room < 0 && bitmaps > 0;
    }

    private long leastAllowance() {
        return Math.min(MOST_LEAST_ALLOWANCE, limitBytes / PendingSets.MOST_ITEMS_BYTES);
    }

    /** Bytes that all of it takes. */
    long memory() {
        return smallBytes() + bitmapBytes();
    }

    /** Bytes beyond the limit that {@link #spill} cannot give back. */
    long excessBytes() {
        return Math.max(0, smallBytes() - limitBytes);
    }

    /** Bytes that the bitmaps of large transactions take. */
    private long bitmapBytes() {
        if (manyCount == 0) {
            return 0;
        }
        long sum = 0;
        for (int xact = 0; xact < used; xact++) {
            sum += many[xact] == null ? 0 : many[xact].memory();
        }
        return sum;
    }

    /** Bytes of what is there for each transaction, and of the entries of small ones; but for what is always there. */
    private long smallBytes() {
        return (long) (xids.length - FIRST_XACTS) * XACT_BYTES
                + (long) (entries.length - FIRST_ENTRIES) * ENTRY_BYTES
                + (long) (changed.length - FIRST_XACTS) * Integer.BYTES
                + byXid.memory();
    }

    /** The chunks that have something pending. */
    BitSet chunkSlots() {
        BitSet slots = new BitSet();
        for (int xact = 0; xact < used; xact++) {
            if (many[xact] != null) {
                many[xact].chunks().forEach(items -> slots.set(items.chunk.slot));
            }
            for (int at = heads[xact]; at != NONE; at = nexts[at]) {
                slots.set(chunkSlot(entries[at]));
            }
        }
        return slots;
    }

    // Storing

    /** Takes a row of the table: its items, or a note that it is there if there is no room. */
    void load(long storedXid, Relation relation, int chunkNumber, RoaringBitmap inserts, RoaringBitmap deletes) {
        int xact = open(storedXid & 0xFFFF_FFFFL);
        flags[xact] |= STORED;
        storedXids[xact] = storedXid;
        int items = cardinality(inserts) + cardinality(deletes);
        boolean few = many[xact] == null && counts[xact] + items <= FEW;
        if (!few) {
            loadedBytes += PendingSets.INDEX_BYTES + sizeOf(inserts) + sizeOf(deletes);
        }
        if (!few && loadedBytes + smallBytes() > limitBytes) {
            if (many[xact] == null) {
                convertToMany(xact);
            }
            many[xact].addRow(relation, chunkNumber);
            return;
        }
        int slot = store.chunkOf(relation, chunkNumber).slot;
        if (inserts != null) {
            inserts.forEach((int key) -> addInsert(xact, slot, key));
        }
        if (deletes != null) {
            deletes.forEach((int key) -> addDelete(xact, slot, key));
        }
    }

    /** Takes the row that says that a transaction is prepared; others of it may be gone. */
    void loadPrepared(long storedXid) {
        int xact = open(storedXid & 0xFFFF_FFFFL);
        flags[xact] |= STORED | PREPARED;
        storedXids[xact] = storedXid;
    }

    private static int cardinality(RoaringBitmap bitmap) {
        return bitmap == null ? 0 : bitmap.getCardinality();
    }

    /** The memory that the items take when they are added one by one. */
    private static long sizeOf(RoaringBitmap bitmap) {
        return bitmap == null ? 0 : Math.min(PendingSets.MOST_ITEMS_BYTES, 2L * cardinality(bitmap));
    }

    /** Says that everything here is as stored. */
    void loaded() {
        for (int i = 0; i < changedCount; i++) {
            int xact = changed[i];
            flags[xact] &= ~CHANGED;
            storedHeads[xact] = heads[xact];
            if (many[xact] != null) {
                many[xact].chunks().forEach(items -> items.dirty = false);
            }
        }
        changedCount = 0;
        growing = 0;
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
     * @param gone receives rows that are to be deleted first
     * @param rows receives the chunks to be stored; both bitmaps empty if nothing is left
     * @param prepared receives the key of a prepared transaction
     */
    void drainChanged(
            XidOutcomes outcomes, LongConsumer deleteAll, GoneConsumer gone, RowConsumer rows, LongConsumer prepared) {
        for (int i = 0; i < changedCount; i++) {
            int xact = changed[i];
            flags[xact] &= ~CHANGED;
            boolean all = (flags[xact] & STORED) == 0;
            if (all && !hasEntries(xact)) {
                flags[xact] &= ~REWRITE;
                continue;
            }
            if (all) {
                storedXids[xact] = outcomes.full(xids[xact]);
                flags[xact] |= STORED;
            } else if ((flags[xact] & REWRITE) != 0) {
                deleteAll.accept(storedXids[xact]);
                all = true;
            }
            flags[xact] &= ~REWRITE;
            if (many[xact] != null) {
                many[xact].storedXid = storedXids[xact];
                drainMany(xact, all, gone, rows);
            } else {
                drainList(xact, all, rows);
            }
            if (isPrepared(xact)) {
                prepared.accept(storedXids[xact]);
            }
        }
        changedCount = 0;
    }

    private void drainMany(int xact, boolean all, GoneConsumer gone, RowConsumer rows) {
        many[xact].drainGone().forEach(each -> gone.accept(storedXids[xact], each));
        for (PendingSets.InChunk items : many[xact].chunks()) {
            if (all || items.dirty) {
                rows.accept(storedXids[xact], items);
                items.dirty = false;
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
                wanted.put(chunkSlot(entries[at]), 0);
            }
        }
        storedHeads[xact] = heads[xact];
        Arrays.sort(sorted);
        PendingSets.InChunk row = null;
        for (long entry : sorted) {
            int chunkSlot = chunkSlot(entry);
            if (wanted.get(chunkSlot) == LongIntMap.ABSENT) {
                continue;
            }
            if (row == null || row.chunk.slot != chunkSlot) {
                emit(xact, row, rows);
                row = new PendingSets.InChunk(store.chunkAt(chunkSlot));
            }
            if ((entry & DELETES) != 0) {
                row.deletes.add(deleted(entry));
            }
            if ((entry & INSERTS) != 0) {
                row.inserts.add(inserted(entry));
            }
        }
        emit(xact, row, rows);
    }

    private void emit(int xact, PendingSets.InChunk row, RowConsumer rows) {
        if (row != null) {
            rows.accept(storedXids[xact], row);
        }
    }
}
