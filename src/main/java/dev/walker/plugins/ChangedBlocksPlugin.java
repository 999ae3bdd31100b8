package dev.walker.plugins;

import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.dbase.DbaseCreate;
import dev.walker.rmgr.dbase.DbaseDrop;
import dev.walker.rmgr.dbase.DbaseOp;
import dev.walker.rmgr.heap.Heap2Op;
import dev.walker.rmgr.heap.HeapDelete;
import dev.walker.rmgr.heap.HeapInsert;
import dev.walker.rmgr.heap.HeapLock;
import dev.walker.rmgr.heap.HeapMultiInsert;
import dev.walker.rmgr.heap.HeapOp;
import dev.walker.rmgr.heap.HeapUpdate;
import dev.walker.rmgr.smgr.SmgrCreate;
import dev.walker.rmgr.smgr.SmgrOp;
import dev.walker.rmgr.smgr.SmgrTruncate;
import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.spi.Gap;
import dev.walker.spi.PluginContext;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.BlockRef;
import dev.walker.wal.Fork;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Plugin {@code changed_blocks}: which blocks WAL has changed since an LSN, for incremental backups. What it tells is what
 * the WAL summarizer of PostgreSQL 17 tells: the blocks of all forks but the free space map, and for each fork that was
 * made, cut or dropped the block from which on nothing of before is left ({@code BlockRefTableSetLimitBlock},
 * postmaster/walsummarizer.c). A page of the visibility map that was cut inside counts as gone, since its rest is cleared
 * without any word in WAL; one in which a heap record clears bits counts as changed, though the record has no reference to
 * it before 17.11 and 18.6; and what was changed and then dropped is not told.
 *
 * <p>Changes are kept by ranges of WAL of {@link #RANGE} bytes, older ones by ranges of 16, 256 and 4096 times that. A block
 * counts as changed since an LSN if the range of that LSN or a later one has changed it, so some may be told that were changed
 * shortly before; none is left out. What was not walked is not vouched for: after a gap it begins anew.
 */
public final class ChangedBlocksPlugin implements WalPlugin {
    /** Bytes of WAL of a range that is not merged yet. */
    public static final long RANGE = 16L << 20;

    /** Ranges that are over and wait in memory for a save. */
    private static final int MOST_WAITING = 16;

    /** {@code HEAPBLOCKS_PER_PAGE} of a visibility map with pages of 8 kB, access/heap/visibilitymap.c. */
    private static final long HEAP_BLOCKS_PER_VM_PAGE = (8192 - 24) * 8 / 2;

    private final XactEnd end = new XactEnd();
    private final SmgrCreate create = new SmgrCreate();
    private final SmgrTruncate truncate = new SmgrTruncate();
    private final DbaseCreate databaseCreate = new DbaseCreate();
    private final DbaseDrop databaseDrop = new DbaseDrop();
    private final List<ChangedRange> waiting = new ArrayList<>();
    private PluginContext context;
    private ChangedTables tables;
    private ChangedRange range;
    /** Where the next range begins; {@link Lsn#INVALID} for the next record. */
    private long begin = Lsn.INVALID;
    /** What is stored is from before a gap. */
    private boolean outdated;
    /** There is something to be saved. */
    private boolean changed;

    private boolean published;

    /** For the ServiceLoader. */
    public ChangedBlocksPlugin() {}

    @Override
    public String name() {
        return "changed_blocks";
    }

    @Override
    public void onStartup(PluginContext context) {
        this.context = context;
        tables = new ChangedTables(context);
        List<ChangedRange> stored = tables.stored();
        if (!stored.isEmpty()) {
            range = stored.get(stored.size() - 1);
            begin = range.nextLsn();
            tables.load(range);
        }
    }

    @Override
    public void onGap(Gap gap) {
        waiting.clear();
        range = null;
        begin = gap.toLsn();
        outdated = true;
        changed();
    }

    private void changed() {
        changed = true;
        context.stateChanged();
    }

    /** The range that a record belongs to. */
    private void begin(WalRecord record) {
        long lsn = record.lsn();
        if (range != null && Lsn.isBefore(lsn, range.nextLsn())) {
            return;
        }
        if (range != null) {
            waiting.add(range);
            if (waiting.size() >= MOST_WAITING) {
                context.flushSoon();
            }
        }
        long next = (lsn & -RANGE) + RANGE;
        if (begin == Lsn.INVALID) {
            begin = lsn;
        }
        range = new ChangedRange(begin, next, 0, Instant.now());
        begin = next;
        changed();
    }

    @Override
    public void onRecord(WalRecord record) {
        begin(record);
        if (record.rmgrId() == Rmgr.DBASE.id()) {
            database(record);
        }
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                if (block.fork() != Fork.FSM
                        && range.fork(
                                        block.spcOid(),
                                        block.dbOid(),
                                        block.relNumber(),
                                        block.fork().number())
                                .add(block.blockNumber())) {
                    changed();
                }
            }
        }
    }

    @Override
    public void onHeap(WalRecord record) {
        switch (HeapOp.of(record)) {
            case INSERT:
                int insert = flags(record, HeapInsert.SIZE, "xl_heap_insert", HeapInsert.FLAGS_AT);
                clear(record, 0, insert & HeapInsert.ALL_VISIBLE_CLEARED);
                break;
            case DELETE:
                int delete = flags(record, HeapDelete.SIZE, "xl_heap_delete", HeapDelete.FLAGS_AT);
                clear(record, 0, delete & HeapDelete.ALL_VISIBLE_CLEARED);
                break;
            case UPDATE:
            case HOT_UPDATE:
                int update = flags(record, HeapUpdate.SIZE, "xl_heap_update", HeapUpdate.FLAGS_AT);
                clear(record, 0, update & HeapUpdate.NEW_ALL_VISIBLE_CLEARED);
                boolean crossPage = record.hasBlock(1) && record.block(1).isMainFork();
                clear(record, crossPage ? 1 : 0, update & HeapUpdate.OLD_ALL_VISIBLE_CLEARED);
                break;
            case LOCK:
                lock(record);
                break;
            default:
                break;
        }
    }

    @Override
    public void onHeap2(WalRecord record) {
        switch (Heap2Op.of(record)) {
            case MULTI_INSERT:
                int flags = flags(record, HeapMultiInsert.SIZE, "xl_heap_multi_insert", HeapMultiInsert.FLAGS_AT);
                clear(record, 0, flags & HeapInsert.ALL_VISIBLE_CLEARED);
                break;
            case LOCK_UPDATED:
                lock(record);
                break;
            default:
                break;
        }
    }

    private void lock(WalRecord record) {
        clear(record, 0, flags(record, HeapLock.SIZE, "xl_heap_lock", HeapLock.FLAGS_AT) & HeapLock.ALL_FROZEN_CLEARED);
    }

    private static int flags(WalRecord record, int size, String struct, int at) {
        return record.mainData(size, struct).u8(at);
    }

    /**
     * Notes the page of the visibility map in which a record clears bits of a heap page. Up to 17.10 and 18.5 the record
     * has no reference to it.
     *
     * @param id block reference of the heap page
     * @param flag 0 if it does not
     */
    private void clear(WalRecord record, int id, int flag) {
        if (flag == 0 || !record.hasBlock(id)) {
            return;
        }
        begin(record);
        BlockRef heap = record.block(id);
        if (range.fork(heap.spcOid(), heap.dbOid(), heap.relNumber(), Fork.VM.number())
                .add(heap.blockNumber() / HEAP_BLOCKS_PER_VM_PAGE)) {
            changed();
        }
    }

    @Override
    public void onSmgr(WalRecord record) {
        begin(record);
        switch (SmgrOp.of(record)) {
            case CREATE:
                create.wrap(record);
                cut(create.spcOid(), create.dbOid(), create.relNumber(), create.forkNumber(), 0);
                break;
            case TRUNCATE:
                truncate.wrap(record);
                if (truncate.isMainFork()) {
                    cut(
                            truncate.spcOid(),
                            truncate.dbOid(),
                            truncate.relNumber(),
                            Fork.MAIN.number(),
                            truncate.blkno());
                }
                if ((truncate.flags() & SmgrTruncate.TRUNCATE_VM) != 0) {
                    // The last page that stays is cleared in part.
                    long blocks = truncate.blkno() / HEAP_BLOCKS_PER_VM_PAGE;
                    cut(truncate.spcOid(), truncate.dbOid(), truncate.relNumber(), Fork.VM.number(), blocks);
                }
                break;
            default:
                break;
        }
    }

    @Override
    public void onXact(WalRecord record) {
        begin(record);
        switch (XactOp.of(record)) {
            case COMMIT:
            case COMMIT_PREPARED:
            case ABORT:
            case ABORT_PREPARED:
                end.wrap(record);
                for (int i = 0; i < end.droppedRelationCount(); i++) {
                    for (Fork fork : Fork.values()) {
                        cut(end.droppedSpcOid(i), end.droppedDbOid(i), end.droppedRelNumber(i), fork.number(), 0);
                    }
                }
                break;
            default:
                break;
        }
    }

    private void database(WalRecord record) {
        switch (DbaseOp.of(record)) {
            case CREATE_FILE_COPY:
            case CREATE_WAL_LOG:
                databaseCreate.wrap(record);
                range.cutDatabase(databaseCreate.tablespaceId(), databaseCreate.dbId());
                changed();
                break;
            case DROP:
                databaseDrop.wrap(record);
                for (int i = 0; i < databaseDrop.tablespaceCount(); i++) {
                    range.cutDatabase(databaseDrop.tablespaceId(i), databaseDrop.dbId());
                }
                changed();
                break;
            default:
                break;
        }
    }

    private void cut(long spcOid, long dbOid, long relNumber, int fork, long toBlocks) {
        if (fork != Fork.FSM.number()
                && range.fork(spcOid, dbOid, relNumber, fork).cut(toBlocks)) {
            changed();
        }
    }

    @Override
    public void onFlush(long lsn) {
        if (!changed) {
            return;
        }
        long oldest = oldest();
        int ranges = tables.stored().size();
        if (outdated) {
            tables.clear();
            outdated = false;
        }
        waiting.forEach(tables::save);
        waiting.clear();
        if (range != null) {
            Instant now = Instant.now();
            range.lastChange(now);
            tables.save(range);
            tables.tidy(now);
        }
        changed = false;
        if (!published || oldest != oldest() || ranges != tables.stored().size()) {
            publish();
            published = true;
        }
    }

    private long oldest() {
        List<ChangedRange> stored = tables.stored();
        return stored.isEmpty() ? Lsn.INVALID : stored.get(0).firstLsn();
    }

    private void publish() {
        context.publish(
                "ranges",
                oldest() == Lsn.INVALID
                        ? Optional.empty()
                        : Optional.of("{\"from_lsn\": \"" + Lsn.format(oldest()) + "\", \"ranges\": "
                                + tables.stored().size() + "}"));
    }
}
