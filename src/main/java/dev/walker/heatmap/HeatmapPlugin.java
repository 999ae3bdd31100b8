package dev.walker.heatmap;

import dev.walker.fpi.FullPageImage;
import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.dbase.DbaseCreate;
import dev.walker.rmgr.dbase.DbaseDrop;
import dev.walker.rmgr.dbase.DbaseOp;
import dev.walker.rmgr.dbase.TblspcDrop;
import dev.walker.rmgr.heap.FreezePlans;
import dev.walker.rmgr.heap.Heap2Op;
import dev.walker.rmgr.heap.HeapDelete;
import dev.walker.rmgr.heap.HeapFreeze;
import dev.walker.rmgr.heap.HeapInsert;
import dev.walker.rmgr.heap.HeapMultiInsert;
import dev.walker.rmgr.heap.HeapOp;
import dev.walker.rmgr.heap.HeapPage;
import dev.walker.rmgr.heap.HeapPrune;
import dev.walker.rmgr.heap.HeapUpdate;
import dev.walker.rmgr.heap.HeapVacuum;
import dev.walker.rmgr.heap.HeapVisible;
import dev.walker.rmgr.heap.Infomask;
import dev.walker.rmgr.multixact.MultixactCreate;
import dev.walker.rmgr.multixact.MultixactOp;
import dev.walker.rmgr.smgr.SmgrCreate;
import dev.walker.rmgr.smgr.SmgrOp;
import dev.walker.rmgr.smgr.SmgrTruncate;
import dev.walker.rmgr.standby.RunningXacts;
import dev.walker.rmgr.standby.StandbyOp;
import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.rmgr.xact.XactPrepare;
import dev.walker.rmgr.xlog.XlogCheckpoint;
import dev.walker.rmgr.xlog.XlogEndOfRecovery;
import dev.walker.rmgr.xlog.XlogOp;
import dev.walker.rmgr.xlog.XlogParameterChange;
import dev.walker.spi.Gap;
import dev.walker.spi.PluginContext;
import dev.walker.spi.PluginSettings;
import dev.walker.spi.SourceServer.XidStatus;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.BlockRef;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Plugin {@code heatmap}: the exact set of dead tuples of each heap page, see the package page for the rules and the
 * tables.
 *
 * <p>Settings: {@code walker.catalogs} (on by default; off leaves out relations whose relfilenode is below 16384), {@code
 * walker.memory} (megabytes that the maps and what is pending may take after a flush, 256 by default), {@code walker.baseline_rate} (megabytes that are
 * read in a second for {@code walker.baseline()}, 64 by default, 0 for no limit), {@code walker.heatmap_history} (how long the
 * history goes back, 7 days by default).
 */
public final class HeatmapPlugin implements WalPlugin {
    // What is done for a record begins in a method named walk...: bin/walker and install.sh have Java compile these on
    // their own. Put into the loop over the records, all of it is compiled several times, for twice as long.

    /** {@code FirstNormalObjectId}: relations below are catalogs that were never rewritten. */
    private static final long FIRST_NORMAL_OBJECT_ID = 16384;

    private static final Pattern MEGABYTES = Pattern.compile("(\\d{1,6})( ?MB)?");

    private static final int DEFAULT_MEMORY = 256;
    /** What open transactions have changed may take one part in so many of the memory, and twice that while it grows. */
    private static final int PENDING_SHARE = 8;

    /** Updaters of multixacts may take one part in so many. */
    private static final int MULTIXACT_SHARE = 16;
    /** So may counters of the history. */
    private static final int HISTORY_SHARE = 16;
    /** What a transaction with so many subtransactions did reaches the map when it is stored, not all at once. */
    private static final int MANY_SUBXACTS = 64;

    private static final int DEFAULT_BASELINE_RATE = 64;

    /** Of each resource manager, whether its records come to a callback of their own. */
    private static final boolean[] HAS_CALLBACK = new boolean[Rmgr.MAX_ID + 1];

    static {
        for (Rmgr rmgr : List.of(Rmgr.HEAP, Rmgr.HEAP2, Rmgr.XACT, Rmgr.XLOG, Rmgr.SMGR, Rmgr.STANDBY)) {
            HAS_CALLBACK[rmgr.id()] = true;
        }
    }

    private final HeapInsert insert = new HeapInsert();
    private final HeapDelete delete = new HeapDelete();
    private final HeapUpdate update = new HeapUpdate();
    private final HeapMultiInsert multiInsert = new HeapMultiInsert();
    private final HeapPrune prune = new HeapPrune();
    private final HeapVacuum vacuum = new HeapVacuum();
    private final HeapFreeze freeze = new HeapFreeze();
    private final HeapVisible visible = new HeapVisible();
    private final XactEnd xactEnd = new XactEnd();
    private final XactPrepare xactPrepare = new XactPrepare();
    private final XlogCheckpoint checkpoint = new XlogCheckpoint();
    private final XlogEndOfRecovery endOfRecovery = new XlogEndOfRecovery();
    private final XlogParameterChange parameterChange = new XlogParameterChange();
    private final SmgrCreate smgrCreate = new SmgrCreate();
    private final SmgrTruncate smgrTruncate = new SmgrTruncate();
    private final RunningXacts runningXacts = new RunningXacts();
    private final MultixactCreate multixactCreate = new MultixactCreate();
    private final DbaseCreate dbaseCreate = new DbaseCreate();
    private final DbaseDrop dbaseDrop = new DbaseDrop();
    private final TblspcDrop tblspcDrop = new TblspcDrop();

    private final FullPageImage fullPageImage = new FullPageImage();
    private final byte[] pageBytes = new byte[HeapPage.SIZE];
    private final HeapPage page = new HeapPage();
    private final long[] imageDead = new long[1 << Chunk.OFFNUM_BITS - 6];
    private final long[] imageAborted = new long[1 << Chunk.OFFNUM_BITS - 6];

    /** Item numbers whose storage the record at hand takes. */
    private final long[] gone = new long[ItemSet.MOST_WORDS];

    private final OpenXacts.KindConsumer commitItem = this::commitItem;
    private final OpenXacts.KindConsumer abortItem = this::abortItem;
    private final List<Relation> dropped = new ArrayList<>();

    private final Set<Long> xidsToAsk = new HashSet<>();

    private final HistoryClock clock;

    private PluginContext context;
    private HeatmapTables tables;
    private Baseline baseline;
    private OpenXacts openXacts;
    private Heatmap heatmap;
    private History history;
    private Multixacts multixacts;
    private XidOutcomes outcomes;
    private HeatmapTables.State state;

    private boolean catalogs = true;
    /** There is something to be saved. */
    private boolean changed;

    /** LSN of the first record that was walked, 0 if there was none yet. */
    private long startLsn;

    /** The image at hand shows changes that were not in records of this page. */
    private boolean unheardOf;

    /** LSN of the record at hand. */
    private long lsn;
    /** The open transaction of the record at hand, if the record changes tuples. */
    private int recordXact = OpenXacts.NONE;

    /** A plugin, to be given to an engine. */
    public HeatmapPlugin() {
        this(new HistoryClock(() -> System.currentTimeMillis() * 1000, System::nanoTime));
    }

    HeatmapPlugin(HistoryClock clock) {
        this.clock = clock;
    }

    @Override
    public String name() {
        return "heatmap";
    }

    @Override
    public void checkSettings(PluginSettings settings) {
        isOn(settings, "walker.catalogs", true);
        number(settings, "walker.memory", 1, DEFAULT_MEMORY);
        number(settings, "walker.baseline_rate", 0, DEFAULT_BASELINE_RATE);
        History.keepSeconds("walker.heatmap_history", settings);
    }

    @Override
    public void onStartup(PluginContext context) {
        this.context = context;
        catalogs = isOn(context, "walker.catalogs", true);
        long memory = (long) number(context, "walker.memory", 1, DEFAULT_MEMORY) << 20;
        tables = new HeatmapTables(context);
        openXacts = new OpenXacts(tables, memory / PENDING_SHARE);
        heatmap = new Heatmap(
                tables,
                openXacts,
                this::stateChanged,
                memory - 2 * memory / PENDING_SHARE - memory / MULTIXACT_SHARE - memory / HISTORY_SHARE);
        multixacts = new Multixacts(context.server(), tables::loadMultixacts, memory / MULTIXACT_SHARE);
        outcomes = new XidOutcomes(context.server(), openXacts::isOpen);
        state = new HeatmapTables.State(openXacts, outcomes, multixacts);
        history = new History(context, clock, memory / HISTORY_SHARE, heatmap::keep);
        heatmap.history(history);
        boolean goesOn = tables.load(heatmap, state);
        history.load(heatmap);
        if (!goesOn) {
            beginAnew();
        }
        catalogsComeOrGo();
        outcomes.beginSession();
        boolean confirmed = outcomes.confirm();
        if (!confirmed) {
            forgetWhatWasTold();
        }
        baseline = new Baseline(
                heatmap,
                context.server(),
                new BaselineTables(context),
                new BaselinePages(),
                locator -> catalogs || locator.relNumber() >= FIRST_NORMAL_OBJECT_ID,
                this::stateChanged,
                number(context, "walker.baseline_rate", 0, DEFAULT_BASELINE_RATE) * ((1L << 20) / HeapPage.SIZE),
                System::nanoTime);
        baseline.load();
        if (!confirmed) {
            baseline.startOver();
        }
    }

    /** Pages were judged by transactions that the server has lost since: no page is certain any more. */
    private void forgetWhatWasTold() {
        context.log(
                "the server has lost transactions, in a crash or a failover, which it told had ended before their ends"
                        + " were walked: no page counts as known any more, until an image of it comes or walker.baseline() has it read");
        history.begin();
        heatmap.forgetPages(relation -> relation.heapSeen, Lsn.INVALID);
        stateChanged();
    }

    /** {@code walker.catalogs} may be another one than that of the walk so far. */
    private void catalogsComeOrGo() {
        if (state.catalogsLeftOut != catalogs) {
            return;
        }
        state.catalogsLeftOut = !catalogs;
        outcomes.beginAgain();
        if (!catalogs) {
            history.begin();
            heatmap.forgetPages(relation -> relation.relNumber < FIRST_NORMAL_OBJECT_ID, Lsn.INVALID);
        }
        stateChanged();
    }

    /** What was not walked is asked of the server. */
    private void beginAnew() {
        long nextFullXid = context.server().nextFullXid();
        if (nextFullXid != 0) {
            outcomes.epoch(nextFullXid);
        }
        state.minimalWal = context.server().mayLackWal();
    }

    /**
     * Items may have been pruned, and their numbers used again, and transactions may have ended: no dead item, no page and
     * no outcome is certain any more. What is left are the counters of changes that were walked.
     */
    @Override
    public void onGap(Gap gap) {
        lsn = gap.toLsn();
        history.begin();
        startLsn = 0;
        openXacts.forEach(xid -> openXacts.close(openXacts.find(xid)));
        state.newFiles.takeAll();
        outcomes.forget();
        multixacts.forget();
        heatmap.forgetPages(lsn);
        baseline.startOver();
        beginAnew();
        stateChanged();
    }

    private static boolean isOn(PluginSettings settings, String setting, boolean otherwise) {
        String value = settings.setting(setting).orElse(otherwise ? "on" : "off");
        switch (value.trim().toLowerCase(Locale.ROOT)) {
            case "on":
            case "true":
            case "yes":
            case "1":
                return true;
            case "off":
            case "false":
            case "no":
            case "0":
                return false;
            default:
                throw new IllegalArgumentException(setting + " is \"" + value + "\", wanted on or off");
        }
    }

    private static int number(PluginSettings settings, String setting, int least, int otherwise) {
        String value = settings.setting(setting).orElse(Integer.toString(otherwise));
        Matcher matcher = MEGABYTES.matcher(value.trim());
        if (matcher.matches()) {
            int number = Integer.parseInt(matcher.group(1));
            if (number >= least) {
                return number;
            }
        }
        throw new IllegalArgumentException(
                setting + " is \"" + value + "\", wanted a number of megabytes from " + least + " on");
    }

    private void stateChanged() {
        changed = true;
        // Said each time: what has changed with the walker's own commit is no reason to save, but what comes later is.
        context.stateChanged();
    }

    @Override
    public boolean onPause(long lsn) {
        this.lsn = lsn;
        if (changed) {
            // Perhaps by the walker's own commit, which does not count otherwise.
            context.stateChanged();
        }
        history.tick();
        outcomes.reached(lsn);
        return baseline.work(lsn);
    }

    @Override
    public void onFlush(long lsn) {
        baseline.reached(lsn);
        tables.flush(state, history::flush);
        baseline.flush();
        changed = false;
        openXacts.spill();
        multixacts.spill();
        heatmap.evict();
    }

    /** Keeps memory within its limit, where that needs a save before it is time. */
    private void makeRoom() {
        if (heatmap.isCrowded()) {
            heatmap.evict();
            if (heatmap.isMuchDirty()) {
                context.flushSoon();
            }
        }
        if (openXacts.isCrowded() && openXacts.isFull()) {
            stateChanged();
            context.flushSoon();
        }
    }

    private void begin(WalRecord record) {
        lsn = record.lsn();
        makeRoom();
        history.begin();
        if (Long.compareUnsigned(lsn, baseline.nextLsn()) >= 0) {
            baseline.reached(lsn);
        }
        if (startLsn == 0) {
            startLsn = lsn;
        }
    }

    // Heap

    @Override
    public void onHeap(WalRecord record) {
        begin(record);
        switch (HeapOp.of(record)) {
            case INSERT:
                walkInsert(record);
                break;
            case DELETE:
                walkDelete(record);
                break;
            case UPDATE:
            case HOT_UPDATE:
                walkUpdate(record);
                break;
            case TRUNCATE:
                break;
            default:
                // Locks, confirmations and in-place updates make no garbage, but may come with an image.
                applyImages(record);
                break;
        }
    }

    @Override
    public void onHeap2(WalRecord record) {
        begin(record);
        switch (Heap2Op.of(record)) {
            case MULTI_INSERT:
                walkMultiInsert(record);
                break;
            case PRUNE:
                walkPrune(record);
                break;
            case VACUUM:
                walkVacuum(record);
                break;
            case FREEZE_PAGE:
                walkFreeze(record);
                break;
            case VISIBLE:
                walkVisible(record);
                break;
            case LOCK_UPDATED:
                applyImages(record);
                break;
            default:
                break;
        }
    }

    private void walkInsert(WalRecord record) {
        insert.wrap(record);
        BlockRef block = insert.block();
        openXact(record);
        if (isIgnored(block)) {
            return;
        }
        boolean image = preparePage(record, block);
        Chunk chunk = chunk(block);
        boolean frozen = isFrozen(image, insert.offnum(), insert.hasTuple() ? insert.infomask() : 0);
        insertItem(chunk, block, insert.offnum(), frozen);
        chunk.relation.inserts++;
        chunk.relation.history.changed(record, block, HistoryMetric.INSERTS, 1);
        heatmap.changed(chunk.relation, lsn);
    }

    private void walkMultiInsert(WalRecord record) {
        multiInsert.wrap(record);
        BlockRef block = multiInsert.block();
        openXact(record);
        if (isIgnored(block)) {
            return;
        }
        boolean image = preparePage(record, block);
        Chunk chunk = chunk(block);
        for (int i = 0; i < multiInsert.count(); i++) {
            int offnum = multiInsert.offnum(i);
            int infomask = multiInsert.hasTuples() ? multiInsert.nextInfomask() : 0;
            boolean frozen = multiInsert.isAllFrozenSet() || isFrozen(image, offnum, infomask);
            insertItem(chunk, block, offnum, frozen);
        }
        chunk.relation.inserts += multiInsert.count();
        chunk.relation.history.changed(record, block, HistoryMetric.INSERTS, multiInsert.count());
        heatmap.changed(chunk.relation, lsn);
    }

    /** Whether a new tuple stays alive even if its transaction rolls back (COPY FREEZE). */
    private boolean isFrozen(boolean image, int offnum, int loggedInfomask) {
        if (image) {
            return offnum <= page.count()
                    && page.lpFlags(offnum) == HeapPage.LP_NORMAL
                    && Infomask.isXminFrozen(page.infomask(offnum));
        }
        return Infomask.isXminFrozen(loggedInfomask);
    }

    private void insertItem(Chunk chunk, BlockRef block, int offnum, boolean frozen) {
        int key = Chunk.key(Chunk.blockInChunk(block.blockNumber()), offnum);
        expectFree(chunk, block, key);
        if (!frozen && recordXact != OpenXacts.NONE) {
            openXacts.addInsert(recordXact, chunk.slot, key);
        }
    }

    /** A new tuple is to have storage of its own. */
    private void expectFree(Chunk chunk, BlockRef block, int key) {
        if (chunk.isDead(key) && !block.imageApplies()) {
            // The storage of the old item must have gone by a record that was not walked.
            heatmap.prune(chunk, key, lsn);
            heatmap.setUnknown(chunk, key >>> Chunk.OFFNUM_BITS, lsn);
        } else if (chunk.relation.createdInWal) {
            heatmap.setKnown(chunk, key >>> Chunk.OFFNUM_BITS, lsn);
        }
    }

    /** A tuple that is deleted is to be alive. */
    private void expectAlive(Chunk chunk, BlockRef block, int key) {
        if (chunk.isDead(key) && !block.imageApplies()) {
            heatmap.setUnknown(chunk, key >>> Chunk.OFFNUM_BITS, lsn);
        }
    }

    private void deleteItem(Chunk chunk, BlockRef block, int offnum, int by) {
        int key = Chunk.key(Chunk.blockInChunk(block.blockNumber()), offnum);
        expectAlive(chunk, block, key);
        if (recordXact != OpenXacts.NONE) {
            openXacts.addDelete(recordXact, chunk.slot, key | by);
        } else {
            dieAtOnce(chunk, key | by);
        }
    }

    /** A transaction that has committed from the start has deleted an item; what did it is beside its key. */
    private void dieAtOnce(Chunk chunk, int item) {
        history.born = HistoryMetric.bornByCommit(item);
        heatmap.addDead(chunk, item & OpenXacts.KEY_MASK, false, lsn);
    }

    /**
     * Notes that the transaction of a record is open, before anything asks for it, also if it is a catalog that is left out:
     * one that is rewritten gets a file that is not told from those of tables. That of initdb has committed from the start.
     */
    private void openXact(WalRecord record) {
        long xid = record.xid();
        if (xid == 0) {
            throw record.malformed("xl_xid is 0, wanted the transaction that changes the heap");
        }
        outcomes.met(xid);
        recordXact = xid < XidOutcomes.FIRST_NORMAL ? OpenXacts.NONE : openXacts.open(xid);
    }

    private void walkDelete(WalRecord record) {
        delete.wrap(record);
        BlockRef block = delete.block();
        openXact(record);
        if (isIgnored(block)) {
            return;
        }
        Chunk chunk = chunk(block);
        boolean known = heatmap.isKnown(chunk, Chunk.blockInChunk(block.blockNumber()));
        if (delete.isSuper() && known) {
            history.born = HistoryMetric.BORN_ABORTED_INSERT;
        }
        preparePage(record, block, false);
        if (delete.isSuper()) {
            int key = Chunk.key(Chunk.blockInChunk(block.blockNumber()), delete.offnum());
            if (recordXact != OpenXacts.NONE) {
                openXacts.removeInsert(recordXact, chunk.slot, key);
            }
            history.born = HistoryMetric.BORN_ABORTED_INSERT;
            heatmap.addDead(chunk, key, true, lsn);
            chunk.relation.abortedTuples++;
            chunk.relation.history.changed(record, block, HistoryMetric.WAL_BYTES, 0);
        } else {
            deleteItem(chunk, block, delete.offnum(), 0);
            chunk.relation.deletes++;
            chunk.relation.history.changed(record, block, HistoryMetric.DELETES, 1);
        }
        heatmap.changed(chunk.relation, lsn);
    }

    private void walkUpdate(WalRecord record) {
        update.wrap(record);
        BlockRef newBlock = update.newBlock();
        BlockRef oldBlock = update.oldBlock();
        openXact(record);
        if (isIgnored(newBlock)) {
            return;
        }
        if (update.isCrossPage()) {
            leavePage(record, oldBlock);
        }
        preparePage(record, newBlock);
        Chunk chunk = chunk(newBlock);
        Relation relation = chunk.relation;
        int by = update.isHot() ? OpenXacts.BY_HOT_UPDATE : OpenXacts.BY_UPDATE;
        int blockInChunk = Chunk.blockInChunk(newBlock.blockNumber());
        int newKey = Chunk.key(blockInChunk, update.newOffnum());
        if (update.isCrossPage()) {
            relation.newpageUpdates++;
            expectFree(chunk, newBlock, newKey);
            if (recordXact != OpenXacts.NONE) {
                openXacts.addInsert(recordXact, chunk.slot, newKey | by);
            }
        } else {
            int oldKey = Chunk.key(blockInChunk, update.oldOffnum());
            expectAlive(chunk, newBlock, oldKey);
            expectFree(chunk, newBlock, newKey);
            if (recordXact != OpenXacts.NONE) {
                openXacts.addUpdate(recordXact, chunk.slot, oldKey | by, update.newOffnum());
            } else {
                dieAtOnce(chunk, oldKey | by);
            }
        }
        relation.updates++;
        relation.hotUpdates += update.isHot() ? 1 : 0;
        relation.history.updated(record, newBlock, update.isHot());
        heatmap.changed(relation, lsn);
    }

    /** An update leaves a page for another one. */
    private void leavePage(WalRecord record, BlockRef block) {
        preparePage(record, block, false);
        Chunk chunk = chunk(block);
        deleteItem(chunk, block, update.oldOffnum(), OpenXacts.BY_UPDATE);
        if (block.imageApplies()) {
            chunk.relation.history.image(block.blockNumber());
        }
    }

    private void walkPrune(WalRecord record) {
        prune.wrap(record);
        BlockRef block = prune.block();
        if (isIgnored(block)) {
            return;
        }
        Chunk chunk = chunk(block);
        chunk.relation.history.changed(record, block, HistoryMetric.PRUNES, 1);
        history.lost = lostByPruning(record);
        if (preparePage(record, block, false)) {
            return;
        }
        int blockInChunk = Chunk.blockInChunk(block.blockNumber());
        Arrays.fill(gone, 0);
        prune.addGone(gone);
        heatmap.prune(chunk, blockInChunk, gone, lsn);
        if (history.lost == HistoryMetric.RECLAIMED_VACUUM_CLEANUP) {
            chunk.relation.history.add(block.blockNumber(), HistoryMetric.ITEMS_FREED, prune.unusedCount());
        }
        checkFrozen(chunk, blockInChunk, prune.plans());
    }

    private int lostByPruning(WalRecord record) {
        return switch (prune.reason()) {
            case ON_ACCESS -> HistoryMetric.RECLAIMED_ON_ACCESS;
            case VACUUM_SCAN -> HistoryMetric.RECLAIMED_VACUUM_SCAN;
            case VACUUM_CLEANUP -> HistoryMetric.RECLAIMED_VACUUM_CLEANUP;
            // While vacuum prunes its transaction has no XID.
            case NOT_LOGGED -> record.xid() != 0 ? HistoryMetric.RECLAIMED_ON_ACCESS : HistoryMetric.RECLAIMED_PRUNE;
        };
    }

    private void walkVacuum(WalRecord record) {
        vacuum.wrap(record);
        BlockRef block = vacuum.block();
        if (isIgnored(block)) {
            return;
        }
        Chunk chunk = chunk(block);
        chunk.relation.history.changed(record, block, HistoryMetric.ITEMS_FREED, vacuum.count());
        history.lost = HistoryMetric.RECLAIMED_VACUUM_CLEANUP;
        if (preparePage(record, block, false)) {
            return;
        }
        int blockInChunk = Chunk.blockInChunk(block.blockNumber());
        Arrays.fill(gone, 0);
        for (int i = 0; i < vacuum.count(); i++) {
            set(gone, vacuum.unused(i));
        }
        heatmap.prune(chunk, blockInChunk, gone, lsn);
    }

    private void walkFreeze(WalRecord record) {
        freeze.wrap(record);
        BlockRef block = freeze.block();
        if (isIgnored(block)) {
            return;
        }
        Chunk chunk = chunk(block);
        chunk.relation.history.changed(record, block, HistoryMetric.WAL_BYTES, 0);
        if (preparePage(record, block, false)) {
            return;
        }
        checkFrozen(chunk, Chunk.blockInChunk(block.blockNumber()), freeze.plans());
    }

    /** Freezing makes and ends no garbage; a tuple that nothing deletes any more cannot have been dead. */
    private void checkFrozen(Chunk chunk, int blockInChunk, FreezePlans plans) {
        while (plans.next()) {
            int key = Chunk.key(blockInChunk, plans.offnum());
            if (plans.xmax() == 0 && chunk.isDead(key)) {
                history.lost = HistoryMetric.LEARNED;
                chunk.removeDead(key);
                heatmap.setUnknown(chunk, blockInChunk, lsn);
                heatmap.changed(chunk, lsn);
            }
        }
    }

    private void walkVisible(WalRecord record) {
        visible.wrap(record);
        BlockRef block = visible.block();
        if (isIgnored(block)) {
            return;
        }
        Chunk chunk = chunk(block);
        chunk.relation.history.changed(record, block, HistoryMetric.WAL_BYTES, 0);
        preparePage(record, block, false);
        if ((visible.flags() & (HeapVisible.ALL_VISIBLE | HeapVisible.ALL_FROZEN)) != 0) {
            heatmap.clean(chunk, Chunk.blockInChunk(block.blockNumber()), false, lsn);
        }
    }

    // Pages

    private boolean isIgnored(BlockRef block) {
        return !catalogs && block.relNumber() < FIRST_NORMAL_OBJECT_ID;
    }

    private Chunk chunk(BlockRef block) {
        Relation relation = heatmap.relation(block.spcOid(), block.dbOid(), block.relNumber());
        relation.heapSeen = true;
        return heatmap.chunk(relation, block.blockNumber());
    }

    private boolean preparePage(WalRecord record, BlockRef block) {
        return preparePage(record, block, HeapOp.isInitPage(record));
    }

    /** Takes over an image, or forgets a page that is made anew; tells whether there was an image. */
    private boolean preparePage(WalRecord record, BlockRef block, boolean initPage) {
        if (block.imageApplies()) {
            applyImage(record, block);
            return true;
        }
        if (initPage) {
            heatmap.clean(chunk(block), Chunk.blockInChunk(block.blockNumber()), true, lsn);
        }
        return false;
    }

    private void applyImages(WalRecord record) {
        boolean counted = false;
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                if (block.isMainFork() && !isIgnored(block)) {
                    count(chunk(block).relation, record, block, counted);
                    counted = true;
                    if (block.imageApplies()) {
                        applyImage(record, block);
                    }
                }
            }
        }
    }

    /** Counts a block of a record that makes no garbage; its bytes with the first block only. */
    private static void count(Relation relation, WalRecord record, BlockRef block, boolean counted) {
        if (!counted) {
            relation.history.changed(record, block, HistoryMetric.WAL_BYTES, 0);
        } else if (block.imageApplies()) {
            relation.history.image(block.blockNumber());
        }
    }

    private void applyImage(WalRecord record, BlockRef block) {
        fullPageImage.restore(block, pageBytes);
        if (!page.wrap(pageBytes).isHeap()) {
            throw record.malformed("the image of block " + block.blockNumber() + " of " + block.locator()
                    + " is no heap page: " + page.problem());
        }
        applyPage(chunk(block), Chunk.blockInChunk(block.blockNumber()));
    }

    /** Makes what is known of a page agree with {@link #page}. */
    private void applyPage(Chunk chunk, int block) {
        boolean wasKnown = heatmap.isKnown(chunk, block);
        boolean known = wasKnown && !(unheardOf && !chunk.isKnown(block));
        boolean complete = true;
        int lost = history.lost;
        for (int i = 0; i < imageDead.length; i++) {
            imageDead[i] = 0;
            imageAborted[i] = 0;
        }
        for (int offnum = 1; offnum <= page.count(); offnum++) {
            if (page.lpFlags(offnum) == HeapPage.LP_NORMAL) {
                complete &= judge(chunk, block, offnum, known);
            }
        }
        int end = Chunk.key(block + 1, 0);
        int first = Chunk.key(block, 0);
        if (chunk.deadOn(block) != 0) {
            for (int key = chunk.nextDead(first); key >= 0 && key < end; key = chunk.nextDead(key + 1)) {
                int offnum = key - first;
                if (!isSet(imageDead, offnum)) {
                    boolean pruned = offnum > page.count() || page.lpFlags(offnum) != HeapPage.LP_NORMAL;
                    history.lost = pruned ? lost : HistoryMetric.LEARNED;
                    chunk.removeDead(key);
                    if (pruned) {
                        chunk.relation.prunedTuples++;
                    }
                    heatmap.changed(chunk, lsn);
                } else if (!isSet(imageAborted, offnum) && chunk.removeAborted(key)) {
                    heatmap.changed(chunk, lsn);
                }
            }
        }
        for (int i = 0; i < imageDead.length; i++) {
            for (long bits = imageDead[i]; bits != 0; bits &= bits - 1) {
                int offnum = i << 6 | Long.numberOfTrailingZeros(bits);
                heatmap.addDead(chunk, first | offnum, isSet(imageAborted, offnum), lsn);
            }
        }
        if (complete) {
            heatmap.setKnown(chunk, block, lsn);
        } else if (wasKnown) {
            heatmap.setUnknown(chunk, block, lsn);
        }
    }

    private static boolean isSet(long[] bits, int index) {
        return (bits[index >>> 6] >>> index & 1) != 0;
    }

    private static void set(long[] bits, int index) {
        bits[index >>> 6] |= 1L << index;
    }

    /**
     * Decides whether an item of the image is dead, as the dirty snapshot does: {@code HeapTupleSatisfiesDirty},
     * access/heap/heapam_visibility.c.
     *
     * @param known whether the state of the page was complete; then it settles what nobody else knows, and all that is
     *     pending is there already
     * @return false if nobody knows
     */
    private boolean judge(Chunk chunk, int block, int offnum, boolean known) {
        int infomask = page.infomask(offnum);
        int key = Chunk.key(block, offnum);
        boolean inserterIsOpen = false;
        if ((infomask & Infomask.XMIN_COMMITTED) == 0) {
            long xmin = page.xmin(offnum);
            XidStatus status =
                    (infomask & Infomask.XMIN_INVALID) != 0 ? XidStatus.ABORTED : outcomes.status(xmin, !known);
            switch (status) {
                case ABORTED:
                    set(imageDead, offnum);
                    set(imageAborted, offnum);
                    return true;
                case UNKNOWN:
                    return keep(chunk, key, offnum, known);
                case IN_PROGRESS:
                    inserterIsOpen = true;
                    if (!known) {
                        openXacts.addInsert(openXacts.openOnServer(xmin), chunk.slot, key | insertedBy(offnum));
                        heatmap.changed(chunk.relation, lsn);
                    }
                    break;
                default:
                    break;
            }
        }
        if ((infomask & Infomask.XMAX_INVALID) != 0 || Infomask.isLockedOnly(infomask)) {
            return true;
        }
        if ((infomask & Infomask.XMAX_COMMITTED) != 0) {
            die(chunk, block, offnum, inserterIsOpen, known);
            return true;
        }
        long deleter = page.xmax(offnum);
        if ((infomask & Infomask.XMAX_IS_MULTI) != 0) {
            deleter = multixacts.updater(deleter, !known);
            if (deleter == Multixacts.UNKNOWN) {
                return keep(chunk, key, offnum, known);
            }
        }
        switch (outcomes.status(deleter, !known)) {
            case COMMITTED:
                die(chunk, block, offnum, inserterIsOpen, known);
                return true;
            case UNKNOWN:
                return keep(chunk, key, offnum, known);
            case IN_PROGRESS:
                if (!known) {
                    dieLater(chunk, block, offnum, deleter);
                }
                return true;
            default:
                return true;
        }
    }

    /**
     * What deleted an item has committed, or is a subtransaction of the inserter that has changed nothing else in the WAL,
     * as with {@code wal_level = minimal}.
     */
    private void die(Chunk chunk, int block, int offnum, boolean inserterIsOpen, boolean known) {
        if (!inserterIsOpen) {
            set(imageDead, offnum);
        } else if (!known) {
            dieLater(chunk, block, offnum, page.xmin(offnum));
        }
    }

    /** An item is dead if a transaction commits. */
    private void dieLater(Chunk chunk, int block, int offnum, long xid) {
        openXacts.addDelete(
                openXacts.openOnServer(xid),
                chunk.slot,
                Chunk.key(block, offnum) | deletedBy(chunk.firstBlock() + block, offnum));
        heatmap.changed(chunk.relation, lsn);
    }

    private int insertedBy(int offnum) {
        if ((page.infomask2(offnum) & Infomask.ONLY_TUPLE) != 0) {
            return OpenXacts.BY_HOT_UPDATE;
        }
        return (page.infomask(offnum) & Infomask.UPDATED) != 0 ? OpenXacts.BY_UPDATE : 0;
    }

    private int deletedBy(long block, int offnum) {
        if ((page.infomask2(offnum) & Infomask.HOT_UPDATED) != 0) {
            return OpenXacts.BY_HOT_UPDATE;
        }
        return page.hasNewerVersion(block, offnum) ? OpenXacts.BY_UPDATE : 0;
    }

    /** Leaves an item as it was; tells whether that is certain. */
    private boolean keep(Chunk chunk, int key, int offnum, boolean known) {
        if (chunk.isDead(key)) {
            set(imageDead, offnum);
            if (chunk.isAborted(key)) {
                set(imageAborted, offnum);
            }
        }
        return known;
    }

    /** The pages that {@link Baseline} reads, in the place of an image. */
    private final class BaselinePages implements Baseline.Pages {
        @Override
        public boolean look(byte[] pages, int at) {
            wrap(pages, at);
            if (!page.isHeap()) {
                return false;
            }
            for (int offnum = 1; offnum <= page.count(); offnum++) {
                if (page.lpFlags(offnum) == HeapPage.LP_NORMAL) {
                    look(offnum);
                }
            }
            return true;
        }

        private void look(int offnum) {
            int infomask = page.infomask(offnum);
            lookAtHints(offnum, infomask);
            if ((infomask & (Infomask.XMIN_COMMITTED | Infomask.XMIN_INVALID)) == 0) {
                note(page.xmin(offnum));
            }
            if ((infomask & (Infomask.XMAX_INVALID | Infomask.XMAX_COMMITTED | Infomask.XMAX_IS_MULTI)) == 0
                    && !Infomask.isLockedOnly(infomask)) {
                note(page.xmax(offnum));
            }
        }

        /** These may tell of ends that the walk has not come to. */
        private void lookAtHints(int offnum, int infomask) {
            int inserted = infomask & (Infomask.XMIN_COMMITTED | Infomask.XMIN_INVALID);
            if (inserted != 0 && inserted != Infomask.XMIN_FROZEN) {
                outcomes.ahead(page.xmin(offnum), inserted == Infomask.XMIN_COMMITTED);
            }
            int deleted = infomask & (Infomask.XMAX_COMMITTED | Infomask.XMAX_INVALID);
            if (deleted != 0 && (infomask & Infomask.XMAX_IS_MULTI) == 0 && !Infomask.isLockedOnly(infomask)) {
                outcomes.ahead(page.xmax(offnum), (infomask & Infomask.XMAX_COMMITTED) != 0);
            }
        }

        private void note(long xid) {
            if (outcomes.isToBeAsked(xid)) {
                xidsToAsk.add(xid);
            }
        }

        @Override
        public void askServer() {
            outcomes.askAll(xidsToAsk);
            xidsToAsk.clear();
        }

        @Override
        public boolean install(Relation relation, long block, byte[] pages, int at) {
            relation.heapSeen = true;
            history.begin();
            wrap(pages, at);
            Chunk chunk = heatmap.chunk(relation, block);
            applyPage(chunk, Chunk.blockInChunk(block));
            return chunk.isKnown(Chunk.blockInChunk(block));
        }

        private void wrap(byte[] pages, int at) {
            System.arraycopy(pages, at, pageBytes, 0, HeapPage.SIZE);
            page.wrap(pageBytes);
        }
    }

    // Transactions

    @Override
    public void onXact(WalRecord record) {
        begin(record);
        switch (XactOp.of(record)) {
            case COMMIT:
            case COMMIT_PREPARED:
            case ABORT:
            case ABORT_PREPARED:
                walkEnd(record);
                break;
            case PREPARE:
                xactPrepare.wrap(record);
                prepared(xactPrepare.xid());
                for (int i = 0; i < xactPrepare.subxactCount(); i++) {
                    prepared(xactPrepare.subxact(i));
                }
                break;
            default:
                break;
        }
    }

    private void prepared(long xid) {
        endNewFiles(xid);
        int xact = openXacts.find(xid);
        if (xact != OpenXacts.NONE) {
            openXacts.setPrepared(xact);
            if (openXacts.hasEntries(xact)) {
                stateChanged();
            }
        }
    }

    private void walkEnd(WalRecord record) {
        xactEnd.wrap(record);
        history.heard(xactEnd.xactTime());
        for (int i = 0; i < xactEnd.droppedRelationCount(); i++) {
            drop(xactEnd.droppedSpcOid(i), xactEnd.droppedDbOid(i), xactEnd.droppedRelNumber(i));
        }
        finishDrops();
        boolean commit = xactEnd.isCommit();
        PendingSets together = xactEnd.subxactCount() < MANY_SUBXACTS ? null : new PendingSets(tables);
        walkEnd(xactEnd.xid(), commit, together);
        for (int i = 0; i < xactEnd.subxactCount(); i++) {
            walkEnd(xactEnd.subxact(i), commit, together);
        }
        if (together != null) {
            heatmap.end(together, commit, lsn);
        }
    }

    /**
     * Ends a transaction or subtransaction.
     *
     * @param together takes what it did, if that is not to reach the map at once; or null
     */
    private void walkEnd(long xid, boolean commit, PendingSets together) {
        if (xid < XidOutcomes.FIRST_NORMAL) {
            return;
        }
        outcomes.met(xid);
        endNewFiles(xid);
        int xact = openXacts.find(xid);
        boolean left = false;
        if (xact != OpenXacts.NONE) {
            left = openXacts.hasEntries(xact);
            PendingSets sets = openXacts.sets(xact);
            if (sets != null) {
                heatmap.end(sets, commit, lsn);
            } else if (together != null) {
                openXacts.forEachItem(
                        xact, (slot, isDelete, key) -> together.add(heatmap.chunkAt(slot), isDelete, key));
            } else if (commit) {
                openXacts.forEachDelete(xact, commitItem);
            } else {
                openXacts.forEachInsert(xact, abortItem);
            }
            openXacts.close(xact);
            if (left) {
                stateChanged();
            }
        }
        if (commit) {
            outcomes.commit(xid);
        } else {
            // Where changes may not be in the WAL, or are left out, it is not told who made them.
            outcomes.abort(xid, left || state.minimalWal || !catalogs);
        }
    }

    /** The files of a transaction are no orphans if a crash comes now. */
    private void endNewFiles(long xid) {
        if (!state.newFiles.isEmpty() && state.newFiles.end(xid)) {
            stateChanged();
        }
    }

    private void commitItem(int chunkSlot, int item) {
        history.born = HistoryMetric.bornByCommit(item);
        heatmap.die(heatmap.chunk(chunkSlot), item & OpenXacts.KEY_MASK, lsn);
    }

    private void abortItem(int chunkSlot, int item) {
        history.born = HistoryMetric.bornByRollback(item);
        heatmap.rollBack(heatmap.chunk(chunkSlot), item & OpenXacts.KEY_MASK, lsn);
    }

    /** No transaction runs at this point: those that are open and not prepared were lost in a crash. */
    private void endOfAll() {
        // The server may have lost WAL that it had when it was asked for sizes and pages.
        baseline.startOver();
        if (!state.newFiles.isEmpty()) {
            for (Relation orphan : state.newFiles.takeAll()) {
                heatmap.drop(orphan);
                dropped.add(orphan);
            }
            finishDrops();
            stateChanged();
        }
        openXacts.forEach(xid -> {
            if (!openXacts.isPrepared(openXacts.find(xid))) {
                endWithoutRecord(xid);
            }
        });
    }

    /** A transaction cannot be running any more, and no record told its end. */
    private void endWithoutRecord(long xid) {
        if (outcomes.isOld(xid)) {
            switch (outcomes.ask(xid)) {
                case COMMITTED:
                    walkEnd(xid, true, null);
                    return;
                case ABORTED:
                    walkEnd(xid, false, null);
                    return;
                case IN_PROGRESS:
                    // Prepared before the walk began.
                    return;
                default:
                    if (openXacts.isFromServer(openXacts.find(xid))) {
                        return;
                    }
                    break;
            }
        }
        walkEnd(xid, false, null);
    }

    @Override
    public void onStandby(WalRecord record) {
        begin(record);
        if (StandbyOp.of(record) == StandbyOp.RUNNING_XACTS) {
            runningXacts.wrap(record);
            // Such records are for standbys, which need WAL that is not minimal.
            state.minimalWal = false;
            outcomes.met(runningXacts.nextXid());
            outcomes.oldestRunning(runningXacts.oldestRunningXid());
            int oldest = (int) runningXacts.oldestRunningXid();
            openXacts.forEach(xid -> {
                if ((int) xid - oldest < 0 && !openXacts.isPrepared(openXacts.find(xid))) {
                    endWithoutRecord(xid);
                }
            });
        }
    }

    // Checkpoints and images without another change

    @Override
    public void onXlog(WalRecord record) {
        begin(record);
        switch (XlogOp.of(record)) {
            case CHECKPOINT_SHUTDOWN:
            case CHECKPOINT_ONLINE:
                checkpoint(record);
                break;
            case END_OF_RECOVERY:
                endOfRecovery.wrap(record);
                if (endOfRecovery.hasWalLevel()) {
                    state.minimalWal = endOfRecovery.walLevel() == 0;
                }
                endOfAll();
                break;
            case PARAMETER_CHANGE:
                state.minimalWal = parameterChange.wrap(record).walLevel() == 0;
                break;
            case FPI:
                // A page that is made anew, with tuples of transactions that changed it in another file.
                unheardOf = true;
                fullPageImages(record);
                unheardOf = false;
                break;
            case FPI_FOR_HINT:
                fullPageImages(record);
                break;
            default:
                break;
        }
    }

    private void checkpoint(WalRecord record) {
        checkpoint.wrap(record);
        if (checkpoint.hasWalLevel()) {
            state.minimalWal = checkpoint.walLevel() == 0;
        }
        outcomes.epoch(checkpoint.nextXid());
        if (!outcomes.boundaryIsKnown() && !Lsn.isBefore(checkpoint.redo(), startLsn)) {
            // Its nextXid was taken at the redo point, so what comes after it began during the walk.
            outcomes.beginsBefore(checkpoint.nextXid());
        }
        if (checkpoint.isShutdown()) {
            endOfAll();
        }
        outcomes.oldest(checkpoint.oldestXid());
        multixacts.removeBefore(checkpoint.oldestMulti());
    }

    private void fullPageImages(WalRecord record) {
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                if (block.isMainFork() && block.imageApplies() && !isIgnored(block)) {
                    fullPageImage(record, block, id != 0);
                }
            }
        }
    }

    /** These come for relations of all kinds, but for one in a record. */
    private void fullPageImage(WalRecord record, BlockRef block, boolean counted) {
        Relation relation = heatmap.find(block.spcOid(), block.dbOid(), block.relNumber());
        if (relation == null && HeapPage.isOther(block)) {
            return;
        }
        fullPageImage.restore(block, pageBytes);
        page.wrap(pageBytes);
        if (!page.isHeap()) {
            if (relation != null) {
                forgetIfNoHeap(relation, block);
            }
        } else if (!page.isNew() || relation != null && relation.heapSeen) {
            Chunk chunk = chunk(block);
            count(chunk.relation, record, block, counted);
            applyPage(chunk, Chunk.blockInChunk(block.blockNumber()));
        }
    }

    private void forgetIfNoHeap(Relation relation, BlockRef block) {
        if (relation.heapSeen) {
            heatmap.setUnknown(
                    heatmap.chunk(relation, block.blockNumber()), Chunk.blockInChunk(block.blockNumber()), lsn);
        } else {
            drop(relation.spcOid, relation.dbOid, relation.relNumber);
            finishDrops();
        }
    }

    // Files

    @Override
    public void onSmgr(WalRecord record) {
        begin(record);
        switch (SmgrOp.of(record)) {
            case CREATE:
                smgrCreate.wrap(record);
                if (smgrCreate.forkNumber() == 0) {
                    created(record.xid(), smgrCreate.spcOid(), smgrCreate.dbOid(), smgrCreate.relNumber());
                }
                break;
            case TRUNCATE:
                smgrTruncate.wrap(record);
                Relation relation = heatmap.find(smgrTruncate.spcOid(), smgrTruncate.dbOid(), smgrTruncate.relNumber());
                if (relation != null && smgrTruncate.isMainFork()) {
                    history.lost = HistoryMetric.RECLAIMED_TRUNCATE;
                    heatmap.truncate(relation, smgrTruncate.blkno(), lsn);
                }
                break;
            default:
                break;
        }
    }

    private void created(long xid, long spcOid, long dbOid, long relNumber) {
        if (!catalogs && relNumber < FIRST_NORMAL_OBJECT_ID) {
            return;
        }
        drop(spcOid, dbOid, relNumber);
        finishDrops();
        if (!state.minimalWal) {
            Relation relation = heatmap.relation(spcOid, dbOid, relNumber);
            relation.createdInWal = true;
            heatmap.changed(relation, lsn);
            if (xid >= XidOutcomes.FIRST_NORMAL) {
                state.newFiles.add(xid, relation);
            }
        }
    }

    private void drop(long spcOid, long dbOid, long relNumber) {
        Relation relation = heatmap.find(spcOid, dbOid, relNumber);
        if (relation != null) {
            heatmap.drop(relation);
            dropped.add(relation);
        }
    }

    private void finishDrops() {
        if (!dropped.isEmpty()) {
            heatmap.forgetPendingOfDropped(dropped);
            dropped.clear();
        }
    }

    /** The other resource managers. */
    @Override
    public void onRecord(WalRecord record) {
        if (!HAS_CALLBACK[record.rmgrId()]) {
            begin(record);
            other(record, Rmgr.of(record.rmgrId()));
        }
    }

    private void other(WalRecord record, Rmgr rmgr) {
        switch (rmgr) {
            case MULTIXACT:
                if (MultixactOp.of(record) == MultixactOp.CREATE_ID) {
                    long updater = multixactCreate.wrap(record).updater();
                    if (updater != 0) {
                        multixacts.add(multixactCreate.mid(), updater);
                    }
                }
                break;
            case DBASE:
                database(record);
                break;
            case TBLSPC:
                if (record.rmgrInfo() == TblspcDrop.XLOG_TBLSPC_DROP) {
                    dropAll(tblspcDrop.wrap(record).tsId(), 0, true);
                }
                break;
            case HASH:
            case BRIN:
            case SEQ:
                notOfHeap(record);
                break;
            default:
                break;
        }
    }

    private void database(WalRecord record) {
        switch (DbaseOp.of(record)) {
            case CREATE_FILE_COPY:
            case CREATE_WAL_LOG:
                dbaseCreate.wrap(record);
                dropAll(dbaseCreate.tablespaceId(), dbaseCreate.dbId(), false);
                break;
            case DROP:
                dbaseDrop.wrap(record);
                for (int i = 0; i < dbaseDrop.tablespaceCount(); i++) {
                    dropAll(dbaseDrop.tablespaceId(i), dbaseDrop.dbId(), false);
                }
                break;
            default:
                break;
        }
    }

    private void dropAll(long spcOid, long dbOid, boolean anyDatabase) {
        heatmap.relations().forEach(relation -> {
            if (relation.spcOid == spcOid && (anyDatabase || relation.dbOid == dbOid)) {
                dropped.add(relation);
            }
        });
        for (Relation relation : dropped) {
            heatmap.drop(relation);
        }
        finishDrops();
    }

    /** A file that was created turns out to be that of an index or a sequence. Others show it by their images. */
    private void notOfHeap(WalRecord record) {
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                Relation relation = heatmap.find(block.spcOid(), block.dbOid(), block.relNumber());
                if (relation != null && !relation.heapSeen) {
                    drop(relation.spcOid, relation.dbOid, relation.relNumber);
                    finishDrops();
                }
            }
        }
    }

    // Questions

    /** All relations that are known of. */
    public List<RelationHeat> relations() {
        settle();
        List<RelationHeat> all = new ArrayList<>();
        heatmap.relations().forEach(relation -> all.add(heat(relation)));
        return all;
    }

    /** So that the sums are right, and all chunks there. */
    private void settle() {
        heatmap.settle(() -> {});
        heatmap.dirtyChunks.forEach(Chunk::pagesWithGarbage);
    }

    private static RelationHeat heat(Relation relation) {
        return new RelationHeat(
                relation.locator(),
                relation.createdInWal,
                relation.inserts,
                relation.updates,
                relation.hotUpdates,
                relation.newpageUpdates,
                relation.deletes,
                relation.abortedTuples,
                relation.prunedTuples,
                relation.deadTuples,
                relation.deadAborted,
                relation.pagesWithGarbage,
                relation.lastChange);
    }

    /** The pages of a relation that have garbage or were seen to be known, by block number; empty if it is not known of. */
    public List<PageHeat> pages(RelFileLocator locator) {
        List<PageHeat> pages = new ArrayList<>();
        Relation relation = heatmap.find(locator.spcOid(), locator.dbOid(), locator.relNumber());
        if (relation == null) {
            return pages;
        }
        settle();
        if (relation.hasStoredChunks) {
            tables.loadAll(relation);
        }
        List<Chunk> chunks = new ArrayList<>();
        for (Chunk chunk = relation.firstChunk; chunk != null; chunk = chunk.next) {
            chunks.add(heatmap.chunk(chunk.slot));
        }
        chunks.sort(Comparator.comparingInt(chunk -> chunk.number));
        for (Chunk chunk : chunks) {
            for (int block = 0; block < Chunk.BLOCKS; block++) {
                if (chunk.isKnown(block) || chunk.deadOn(block) != 0) {
                    pages.add(page(chunk, block));
                }
            }
        }
        return pages;
    }

    private PageHeat page(Chunk chunk, int block) {
        return new PageHeat(
                chunk.firstBlock() + block, chunk.deadOn(block), chunk.abortedOn(block), heatmap.isKnown(chunk, block));
    }

    /** A page of a relation; not known if there is nothing about it. */
    public PageHeat page(RelFileLocator locator, long block) {
        Relation relation = heatmap.find(locator.spcOid(), locator.dbOid(), locator.relNumber());
        if (relation == null) {
            return new PageHeat(block, 0, 0, false);
        }
        return page(heatmap.chunk(relation, block), Chunk.blockInChunk(block));
    }

    /** The item numbers of a page that are dead, ascending. */
    public List<Integer> deadItems(RelFileLocator locator, long block) {
        List<Integer> items = new ArrayList<>();
        Relation relation = heatmap.find(locator.spcOid(), locator.dbOid(), locator.relNumber());
        if (relation != null) {
            Chunk chunk = heatmap.chunk(relation, block);
            int first = Chunk.key(Chunk.blockInChunk(block), 0);
            int end = first + Chunk.key(1, 0);
            for (int key = chunk.nextDead(first); key >= 0 && key < end; key = chunk.nextDead(key + 1)) {
                items.add(key - first);
            }
        }
        return items;
    }

    /** Bytes that bitmaps of what is pending take. */
    long pendingBytes() {
        return openXacts.memory();
    }

    /** Bytes that the map takes, as far as it is in memory. */
    long mapBytes() {
        return heatmap.memory();
    }

    /** How many ranges of multixacts are in memory. */
    int multixactRangesInMemory() {
        return multixacts.rangesInMemory();
    }

    /** How many chunks are in memory, with content or without. */
    int chunksInMemory() {
        return heatmap.chunkCount();
    }

    /** How many transactions and subtransactions are open that have changed heap pages. */
    public int openTransactions() {
        return openXacts.size();
    }
}
