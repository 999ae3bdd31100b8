package dev.walker.heatmap;

import static dev.walker.heatmap.HeapRecords.REL;
import static dev.walker.heatmap.HeapRecords.abort;
import static dev.walker.heatmap.HeapRecords.checkpoint;
import static dev.walker.heatmap.HeapRecords.commit;
import static dev.walker.heatmap.HeapRecords.create;
import static dev.walker.heatmap.HeapRecords.delete;
import static dev.walker.heatmap.HeapRecords.freeze;
import static dev.walker.heatmap.HeapRecords.hotUpdate;
import static dev.walker.heatmap.HeapRecords.image;
import static dev.walker.heatmap.HeapRecords.insert;
import static dev.walker.heatmap.HeapRecords.lock;
import static dev.walker.heatmap.HeapRecords.multiInsert;
import static dev.walker.heatmap.HeapRecords.multixact;
import static dev.walker.heatmap.HeapRecords.prune;
import static dev.walker.heatmap.HeapRecords.runningXacts;
import static dev.walker.heatmap.HeapRecords.truncate;
import static dev.walker.heatmap.HeapRecords.update;
import static dev.walker.heatmap.HeapRecords.visible;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.heatmap.HeapRecords.Page;
import dev.walker.rmgr.Rmgr;
import dev.walker.spi.Gap;
import dev.walker.spi.HeapRead;
import dev.walker.spi.SourceServer;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeatmapPluginTest {
    private static final int INIT = 0x80;
    private static final int SUPER = 0x08;
    private static final int NOTHING = HeapRecords.XMAX_INVALID;
    private static final RelFileLocator CATALOG = new RelFileLocator(1663, 5, 1259);
    /** Records made by the builder begin here. */
    private static final long LSN = 0x100028;

    private final Map<Long, SourceServer.XidStatus> serverXids = new HashMap<>();
    private final Map<Long, Long> serverMultixacts = new HashMap<>();
    /** Block 0, the only one. */
    private byte[] heapPage;

    private int asked;
    private MemoryStore store = new MemoryStore();
    private HeatmapPlugin plugin;
    private PgVersion version = PgVersion.PG17;

    private final SourceServer server = new SourceServer() {
        @Override
        public boolean mayLackWal() {
            return false;
        }

        @Override
        public XidStatus xidStatus(long fullXid) {
            asked++;
            return serverXids.getOrDefault(fullXid, XidStatus.UNKNOWN);
        }

        @Override
        public long multixactUpdater(long multiXid) {
            return serverMultixacts.getOrDefault(multiXid, -1L);
        }

        @Override
        public HeapRead readHeap(RelFileLocator locator, long[] blocks, long lsn) {
            return HeapRead.of(1, blocks.length == 0 ? new byte[0] : heapPage, LSN - 0x10);
        }
    };

    @BeforeEach
    void start() {
        plugin = store.start(server, Map.of());
    }

    private void walk(RecordBuilder... records) {
        for (RecordBuilder record : records) {
            WalkLoop.dispatch(record.decode(version), plugin);
        }
    }

    private void restart() {
        store.flush(plugin, LSN);
        store = store.copy();
        plugin = store.start(server, Map.of());
    }

    private List<Integer> dead(long block) {
        return plugin.deadItems(REL, block);
    }

    private boolean isKnown(long block) {
        return plugin.page(REL, block).known();
    }

    private RelationHeat heat() {
        return plugin.relations().stream()
                .filter(heat -> heat.locator().equals(REL))
                .findAny()
                .orElseThrow();
    }

    // Transactions

    @Test
    void anInsertIsDeadIfItsTransactionRollsBack() {
        walk(create(REL), insert(700, 0, 1), insert(701, 0, 2));
        assertEquals(List.of(), dead(0));
        walk(abort(700), commit(701));
        assertEquals(List.of(1), dead(0));
        assertEquals(1, heat().abortedTuples());
        assertEquals(1, heat().deadAborted());
        assertEquals(1, plugin.page(REL, 0).abortedTuples());
    }

    @Test
    void aDeleteIsDeadIfItsTransactionCommits() {
        walk(create(REL), insert(700, 0, 1), insert(700, 0, 2), commit(700));
        walk(delete(701, 0, 1), delete(702, 0, 2), abort(702));
        assertEquals(List.of(), dead(0));
        walk(commit(701));
        assertEquals(List.of(1), dead(0));
        assertEquals(0, heat().deadAborted());
        assertEquals(2, heat().deletes());
    }

    @Test
    void anUpdateLeavesTheOldVersionOrTheNewOne() {
        walk(create(REL), insert(700, 0, 1), insert(700, 0, 2), commit(700));
        walk(hotUpdate(701, 0, 1, 3), update(702, 0, 2, 1, 1, INIT), abort(701), commit(702));
        assertEquals(List.of(2, 3), dead(0));
        assertEquals(List.of(), dead(1));
        assertEquals(2, heat().updates());
        assertEquals(1, heat().hotUpdates());
        assertEquals(1, heat().newpageUpdates());
        assertEquals(2, heat().deadTuples());
        assertEquals(1, heat().pagesWithGarbage());
    }

    @Test
    void theOldVersionOnAnotherPageStaysWhenTheNewPageIsMadeAnew() {
        walk(create(REL), insert(700, 0, 1), commit(700), delete(701, 0, 1), commit(701));
        walk(insert(702, 0, 2), commit(702), update(703, 0, 2, 1, 1, INIT), commit(703));
        assertEquals(List.of(1, 2), dead(0));
    }

    @Test
    void aSavepointThatIsRolledBackIsDeadAtOnceAndAReleasedDeleteOnlyAtTheEnd() {
        walk(create(REL), insert(700, 0, 1), insert(701, 0, 2), insert(702, 0, 3), abort(701));
        assertEquals(List.of(2), dead(0));
        walk(delete(702, 0, 1));
        assertEquals(List.of(2), dead(0));
        walk(commit(700, 702));
        assertEquals(List.of(1, 2), dead(0));
    }

    @Test
    void allSubtransactionsOfAnAbortRollBack() {
        walk(create(REL), insert(700, 0, 1), insert(701, 0, 2), delete(702, 0, 1), abort(700, 701, 702));
        assertEquals(List.of(1, 2), dead(0));
        assertEquals(2, heat().deadAborted());
    }

    @Test
    void anItemThatItsInserterDeletedIsDeadWhateverHappens() {
        walk(create(REL), insert(700, 0, 1), delete(700, 0, 1));
        assertEquals(List.of(), dead(0));
        walk(abort(700));
        assertEquals(List.of(1), dead(0));
    }

    @Test
    void aSpeculativeInsertionThatIsTakenBackIsDeadAtOnce() {
        walk(create(REL), insert(700, 0, 1), insert(700, 0, 2), delete(700, 0, 1, SUPER));
        assertEquals(List.of(1), dead(0));
        assertEquals(0, heat().deletes());
        walk(commit(700));
        assertEquals(List.of(1), dead(0));
        assertEquals(1, heat().abortedTuples());
        assertEquals(1, heat().deadAborted());
    }

    @Test
    void aSpeculativeInsertionThatIsTakenBackIsCountedOnceIfTheTransactionRollsBackToo() {
        walk(create(REL), insert(700, 0, 1), delete(700, 0, 1, SUPER), abort(700));
        assertEquals(1, heat().abortedTuples());
    }

    @Test
    void theItemOfASpeculativeInsertionThatIsTakenBackCanBeUsedAgain() {
        walk(create(REL), insert(700, 0, 1), delete(700, 0, 1, SUPER));
        walk(prune(version, 0, new int[0], new int[0], new int[] {1}), insert(701, 0, 1), commit(701), abort(700));
        assertEquals(List.of(), dead(0));
        assertTrue(isKnown(0));
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void preparedTransactionsStayPendingOverACrash(PgVersion of) {
        version = of;
        walk(create(REL), insert(700, 0, 1), insert(701, 0, 2), insert(702, 0, 3));
        walk(HeapRecords.prepare(version, 700, 701));
        restart();
        walk(HeapRecords.shutdown(version, LSN, 710, 3));
        assertEquals(List.of(3), dead(0));
        restart();
        walk(HeapRecords.endPrepared(0x40, 700, 701));
        assertEquals(List.of(1, 2, 3), dead(0));
        assertEquals(0, plugin.openTransactions());
    }

    @Test
    void aPreparedTransactionCommits() {
        walk(create(REL), insert(700, 0, 1), insert(701, 0, 2), delete(701, 0, 1));
        walk(HeapRecords.prepare(version, 700, 701), HeapRecords.endPrepared(0x30, 700, 701));
        assertEquals(List.of(1), dead(0));
    }

    @Test
    void aCrashRollsBackWhatIsOpen() {
        walk(create(REL), insert(700, 0, 1), commit(700), delete(701, 0, 1), insert(702, 0, 2));
        walk(checkpoint(true, LSN, 710, 3));
        assertEquals(List.of(2), dead(0));
        walk(insert(711, 0, 3), HeapRecords.endOfRecovery());
        assertEquals(List.of(2, 3), dead(0));
    }

    private boolean isMapped(RelFileLocator locator) {
        return plugin.relations().stream().anyMatch(heat -> heat.locator().equals(locator));
    }

    private static RelFileLocator file(int number) {
        return new RelFileLocator(REL.spcOid(), REL.dbOid(), REL.relNumber() + number);
    }

    /** The server leaves them behind, but no table has them. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void filesThatACrashMakesOrphansAreForgotten(boolean restarts) {
        walk(checkpoint(true, LSN, (1L << 32) + 690, 3));
        walk(create(700, file(1)), insert(file(1), 701, 0, 1), create(701, file(2)), insert(file(2), 700, 0, 1));
        walk(create(702, file(3)), insert(file(3), 702, 0, 1), commit(702));
        walk(create(703, file(4)), insert(file(4), 703, 0, 1), create(704, file(5)), insert(file(5), 704, 0, 1));
        walk(commit(703, 704), create(705, file(6)), insert(file(6), 705, 0, 1), create(706, file(7)));
        if (restarts) {
            restart();
            assertEquals(
                    4,
                    store.rows("heatmap_xact").stream()
                            .filter(row -> row[0].equals("new_files"))
                            .count());
        }
        walk(insert(file(7), 706, 0, 1), HeapRecords.prepare(version, 705, 706));
        walk(create(707, file(8)), insert(file(3), 707, 0, 2), create(707, file(9)), abort(707));
        if (restarts) {
            restart();
        }
        walk(create(701, file(10)), insert(file(10), 701, 0, 1));
        walk(restarts ? HeapRecords.endOfRecovery() : checkpoint(true, LSN, (1L << 32) + 710, 3));
        for (int orphan : new int[] {1, 2, 10}) {
            assertFalse(isMapped(file(orphan)), "file " + orphan);
        }
        for (int table : new int[] {3, 4, 5, 6, 7}) {
            assertTrue(isMapped(file(table)), "file " + table);
        }
        assertEquals(2, plugin.openTransactions(), "those that are prepared");
        restart();
        assertFalse(isMapped(file(1)));
        assertEquals(
                List.of("prepared", "prepared"),
                store.rows("heatmap_xact").stream()
                        .map(row -> row[0])
                        .filter(kind -> List.of("prepared", "new_files").contains(kind))
                        .toList());
        assertEquals(2, store.rows("heatmap_pending").size());
        walk(HeapRecords.endPrepared(0x30, 705, 706), checkpoint(true, LSN, (1L << 32) + 710, 3));
        assertTrue(isMapped(file(6)));
        assertTrue(isMapped(file(7)));
    }

    @Test
    void afterAGapACrashMakesNoOrphans() {
        walk(create(700, REL), insert(700, 0, 1));
        restart();
        plugin.onGap(new Gap(LSN, LSN + 8, 1, 1, "test"));
        walk(checkpoint(true, LSN, 710, 3));
        assertTrue(isMapped(REL), "its transaction may have committed in the gap");
        restart();
        walk(checkpoint(true, LSN, 710, 3));
        assertTrue(isMapped(REL));
    }

    @Test
    void anOnlineCheckpointRollsNothingBack() {
        walk(create(REL), insert(700, 0, 1), checkpoint(false, LSN, 710, 3), commit(700));
        assertEquals(List.of(), dead(0));
    }

    @Test
    void whatIsOlderThanTheOldestRunningTransactionHasRolledBack() {
        walk(checkpoint(true, LSN, 700, 3), create(REL), insert(700, 0, 1), insert(705, 0, 2));
        walk(runningXacts(710, 705));
        assertEquals(List.of(1), dead(0));
        walk(commit(705));
        assertEquals(List.of(1), dead(0));
    }

    @Test
    void oldestRunningTransactionIsComparedModulo() {
        walk(checkpoint(true, LSN, 0xFFFF_FFF0L, 0xFFFF_0000L), create(REL));
        walk(insert(0xFFFF_FFF5L, 0, 1), insert(5, 0, 2), runningXacts(9, 4), commit(5));
        assertEquals(List.of(1), dead(0));
    }

    // Pages

    @Test
    void pagesOfARelationThatWasCreatedAreKnown() {
        walk(insert(700, 3, 7), commit(700));
        assertFalse(isKnown(3));
        walk(create(REL));
        assertTrue(isKnown(3));
        assertTrue(heat().createdInWal());
        assertEquals(0, heat().inserts());
    }

    @Test
    void aPageThatIsMadeAnewIsKnownAndEmpty() {
        walk(insert(700, 0, 1), abort(700));
        assertEquals(List.of(1), dead(0));
        assertFalse(isKnown(0));
        walk(insert(701, 0, 1, INIT, NOTHING), commit(701));
        assertEquals(List.of(), dead(0));
        assertTrue(isKnown(0));
        walk(multiInsert(702, 130, INIT, 0, NOTHING, 1, 2, 3), abort(702));
        assertEquals(List.of(1, 2, 3), dead(130));
        assertTrue(isKnown(130));
        assertFalse(isKnown(129));
    }

    @Test
    void multiInsertHasItsOffsetsInTheMainData() {
        walk(create(REL), multiInsert(700, 0, 0, 0, NOTHING, 4, 9, 291), abort(700));
        assertEquals(List.of(4, 9, 291), dead(0));
        assertEquals(3, heat().inserts());
    }

    @Test
    void frozenTuplesStayAliveWhenTheirTransactionRollsBack() {
        walk(create(REL), multiInsert(700, 0, INIT, 0x20, NOTHING, 1, 2));
        walk(multiInsert(700, 1, INIT, 0, HeapRecords.XMIN_COMMITTED | HeapRecords.XMIN_INVALID, 1, 2), abort(700));
        assertEquals(List.of(), dead(0));
        assertEquals(List.of(), dead(1));
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void pruningTakesTheStorage(PgVersion of) {
        version = of;
        walk(create(REL), multiInsert(700, 0, INIT, 0, NOTHING, 1, 2, 3, 4, 5), abort(700));
        walk(prune(version, 0, new int[] {1, 9}, new int[] {2}, new int[] {4, 6}));
        assertEquals(List.of(3, 5), dead(0));
        assertEquals(3, heat().prunedTuples());
        assertEquals(2, heat().deadTuples());
        assertEquals(2, heat().deadAborted());
        walk(insert(701, 0, 4), commit(701));
        assertTrue(isKnown(0));
    }

    @Test
    void vacuumTakesTheStorageInTheMajorsThatHaveIt() {
        version = PgVersion.PG15;
        walk(create(REL), multiInsert(700, 0, INIT, 0, NOTHING, 1, 2), abort(700));
        walk(RecordBuilder.of(Rmgr.HEAP2, 0x20)
                .block(0, REL, 0)
                .data(HeapRecords.shorts(2))
                .main(HeapRecords.shorts(1)));
        assertEquals(List.of(1), dead(0));
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void freezingMakesAndEndsNoGarbage(PgVersion of) {
        version = of;
        walk(create(REL), insert(700, 0, 1), insert(700, 0, 2), commit(700), delete(701, 0, 1), commit(701));
        walk(freeze(version, 0, 2, 0, NOTHING | 0x0300), freeze(version, 0, 1, 701, HeapRecords.XMAX_COMMITTED));
        assertEquals(List.of(1), dead(0));
        assertTrue(isKnown(0));
        walk(freeze(version, 0, 1, 0, NOTHING));
        assertFalse(isKnown(0), "a dead tuple was frozen as if it were alive");
        assertFalse(heat().createdInWal());
    }

    @Test
    void anAllVisiblePageHasNoGarbageAndIsKnown() {
        walk(visible(7));
        assertTrue(isKnown(7));
        walk(insert(700, 7, 1), abort(700), visible(7));
        assertEquals(List.of(), dead(7));
    }

    @Test
    void locksMakeNoGarbage() {
        walk(create(REL), insert(700, 0, 1), commit(700), lock(701, 0, 1), commit(701));
        assertEquals(List.of(), dead(0));
        assertEquals(0, heat().deadTuples());
    }

    @Test
    void whatDoesNotFitMakesThePageUnknownUntilTheNextImage() {
        walk(create(REL), insert(700, 0, 1), insert(700, 1, 1), abort(700), insert(701, 0, 1));
        assertFalse(isKnown(0));
        assertTrue(isKnown(1), "what was seen of other pages stays known");
        assertFalse(isKnown(2), "pages that were never seen are not");
        walk(commit(701), image(0, new Page().tuple(701, 0, NOTHING)));
        assertTrue(isKnown(0));
        walk(delete(702, 1, 1));
        assertFalse(isKnown(1));
    }

    // Images

    @Test
    void anImageShowsThePage() {
        walk(checkpoint(true, LSN, 700, 3));
        walk(insert(700, 5, 1), commit(700), insert(701, 5, 2), abort(701), insert(702, 5, 3), delete(703, 5, 1));
        assertFalse(isKnown(5));
        walk(image(
                5,
                new Page()
                        .tuple(700, 703, 0)
                        .tuple(701, 0, NOTHING)
                        .tuple(702, 0, NOTHING)
                        .pointer(0)
                        .pointer(2)
                        .pointer(3)
                        .tuple(600, 0, NOTHING | 0x0300)
                        .tuple(600, 601, HeapRecords.XMIN_COMMITTED | HeapRecords.XMAX_COMMITTED)
                        .tuple(600, 0, NOTHING | HeapRecords.XMIN_INVALID)
                        .tuple(0, 700, 0)
                        .tuple(600, 700, HeapRecords.XMIN_COMMITTED | HeapRecords.XMAX_LOCK_ONLY)
                        .tuple(600, 700, HeapRecords.XMIN_COMMITTED | 0x0040)
                        .tuple(700, 700, HeapRecords.XMIN_COMMITTED)));
        assertTrue(isKnown(5));
        assertEquals(List.of(2, 8, 9, 10, 13), dead(5));
        assertEquals(3, plugin.page(REL, 5).abortedTuples());
        walk(commit(703), abort(702));
        assertEquals(List.of(1, 2, 3, 8, 9, 10, 13), dead(5));
    }

    @Test
    void anImageTellsWhatLostItsStorage() {
        walk(create(REL), multiInsert(700, 0, INIT, 0, NOTHING, 1, 2, 3), abort(700));
        walk(RecordBuilder.of(Rmgr.HEAP2, 0x20)
                .block(0, REL, 0)
                .image(new Page().pointer(0).tuple(700, 0, NOTHING).pointer(3).bytes(), 0, 0, true)
                .main(new byte[] {0, (byte) 0x80}));
        assertEquals(List.of(2), dead(0));
        assertEquals(2, heat().prunedTuples());
    }

    @Test
    void anImageCorrectsWhatWasWrong() {
        walk(create(REL), insert(700, 0, 1), insert(701, 0, 2), abort(700), abort(701));
        walk(image(
                0,
                new Page().tuple(600, 0, NOTHING | HeapRecords.XMIN_COMMITTED).tuple(701, 0, NOTHING)));
        assertEquals(List.of(2), dead(0));
        assertEquals(0, heat().prunedTuples(), "it has its storage");
        assertEquals(1, heat().deadAborted());
    }

    @Test
    void whatDeletesWhileTheInserterIsOpenEndsWithIt() {
        walk(checkpoint(true, LSN, 700, 3), insert(701, 0, 1), insert(701, 0, 2));
        walk(image(0, new Page().tuple(701, 702, 0).tuple(701, 702, HeapRecords.XMAX_COMMITTED)));
        assertTrue(isKnown(0));
        assertEquals(List.of(), dead(0));
        walk(commit(701, 702));
        assertEquals(List.of(1, 2), dead(0));
        assertEquals(0, heat().deadAborted());
    }

    /** The server is ahead of the walk: it tells of a subtransaction that it has committed, the end of its parent comes later. */
    @Test
    void whatTheServerTellsOfASubtransactionEndsWithTheInserter() {
        walk(checkpoint(true, LSN, 700, 3));
        serverXids.put(651L, SourceServer.XidStatus.COMMITTED);
        walk(insert(650, 0, 3), image(0, new Page().tuple(650, 651, 0).tuple(650, 0, NOTHING)));
        assertEquals(List.of(), dead(0));
        walk(commit(650, 651));
        assertTrue(isKnown(0));
        assertEquals(List.of(1), dead(0));
    }

    @Test
    void aRecordWithAnImageIsPartOfIt() {
        walk(checkpoint(true, LSN, 700, 3), create(REL), insert(700, 0, 1), commit(700));
        walk(RecordBuilder.of(Rmgr.HEAP, 0x10)
                .xid(701)
                .block(0, REL, 0)
                .image(new Page().tuple(700, 701, 0).bytes(), 0, 0, true)
                .main(HeapRecords.bytes(8).putInt(701).putShort((short) 1).array()));
        assertEquals(List.of(), dead(0));
        walk(commit(701));
        assertEquals(List.of(1), dead(0));
    }

    @Test
    void anImageForCheckingOnlyIsNotUsed() {
        walk(RecordBuilder.of(Rmgr.HEAP, 0x00)
                .xid(700)
                .block(0, REL, 0)
                .image(new Page().tuple(1, 1, HeapRecords.XMAX_COMMITTED).bytes(), 0, 0, false)
                .data("0100 0008 18 00 02000000")
                .main("0200 00"));
        assertFalse(isKnown(0));
        assertEquals(List.of(), dead(0));
    }

    @Test
    void multixactsTellWhoDeletes() {
        walk(checkpoint(true, LSN, 700, 3), multixact(9, 700, 701), multixact(10, 702, 703));
        int multi = HeapRecords.XMIN_COMMITTED | HeapRecords.XMAX_IS_MULTI;
        walk(lock(701, 9, 1), delete(701, 9, 1), commit(701), delete(703, 9, 2), abort(703));
        walk(image(0, new Page().tuple(600, 9, multi).tuple(600, 10, multi)));
        assertEquals(List.of(1), dead(0));
        serverMultixacts.put(4L, 703L);
        walk(image(1, new Page().tuple(600, 4, multi)));
        assertTrue(isKnown(1));
        assertEquals(List.of(), dead(1));
        walk(image(2, new Page().tuple(600, 5, multi)));
        assertFalse(isKnown(2), "nobody knows the members");
    }

    @Test
    void afterAGapNothingIsKnownAndTheServerIsAskedForOutcomes() {
        walk(checkpoint(true, LSN, 700, 3), create(REL), insert(700, 0, 1), insert(701, 0, 2), insert(702, 1, 1));
        walk(abort(700), commit(701), insert(703, 0, 3), delete(704, 0, 2), create(new RelFileLocator(1663, 5, 99)));
        restart();
        assertEquals(List.of(1), dead(0));
        plugin.onGap(new Gap(LSN, LSN + 1000, 1, 1, "removed"));
        for (int i = 0; i < 2; i++) {
            assertEquals(List.of(), dead(0));
            assertFalse(isKnown(0));
            assertFalse(isKnown(1));
            assertEquals(0, plugin.openTransactions());
            assertEquals(0, heat().deadTuples());
            assertEquals(0, heat().pagesWithGarbage());
            assertFalse(heat().createdInWal());
            assertEquals(4, heat().inserts(), "what was walked has happened");
            assertEquals(1, plugin.relations().size(), "a file that may be that of an index is forgotten");
            restart();
        }
        for (String table : List.of("heatmap_chunk", "heatmap_pending")) {
            assertEquals(0, store.rows(table).size(), table);
        }

        // 700 was seen to roll back, 703 and 704 ended in the gap, 705 in what comes after it.
        walk(checkpoint(true, LSN, 705, 3));
        serverXids.put(700L, SourceServer.XidStatus.ABORTED);
        serverXids.put(701L, SourceServer.XidStatus.COMMITTED);
        serverXids.put(703L, SourceServer.XidStatus.ABORTED);
        serverXids.put(704L, SourceServer.XidStatus.COMMITTED);
        Page page = new Page()
                .tuple(700, 0, NOTHING)
                .tuple(701, 704, 0)
                .tuple(703, 0, NOTHING)
                .tuple(701, 0, NOTHING)
                .tuple(701, 705, 0);
        walk(delete(705, 1, 1), image(0, page));
        assertTrue(isKnown(0));
        assertFalse(isKnown(1));
        assertEquals(List.of(1, 2, 3), dead(0));
        walk(commit(705));
        assertEquals(List.of(1, 2, 3, 5), dead(0));
    }

    @Test
    void theServerIsAskedForTransactionsOfBeforeTheWalk() {
        walk(checkpoint(true, LSN, (2L << 32) + 700, 3));
        serverXids.put((2L << 32) + 600, SourceServer.XidStatus.COMMITTED);
        serverXids.put((2L << 32) + 601, SourceServer.XidStatus.ABORTED);
        serverXids.put((2L << 32) + 602, SourceServer.XidStatus.IN_PROGRESS);
        Page page = new Page()
                .tuple(600, 0, NOTHING)
                .tuple(601, 0, NOTHING)
                .tuple(602, 0, NOTHING)
                .tuple(600, 602, 0)
                .tuple(600, 600, 0);
        walk(image(0, page));
        assertTrue(isKnown(0));
        assertEquals(List.of(2, 5), dead(0));
        int once = asked;
        walk(image(1, page));
        assertEquals(once, asked, "each is asked for once");
        walk(commit(602));
        assertEquals(List.of(2, 4, 5), dead(0));
        assertEquals(List.of(2, 4, 5), dead(1));
    }

    /** The server crashed before it had flushed what it had told. */
    @Test
    void pagesAreForgottenIfTheServerHasLostWhatItHadTold() {
        walk(checkpoint(true, LSN, 700, 3));
        serverXids.put(600L, SourceServer.XidStatus.COMMITTED);
        serverXids.put(601L, SourceServer.XidStatus.COMMITTED);
        Page page = new Page().tuple(600, 601, 0);
        walk(image(0, page));
        assertEquals(List.of(1), dead(0));
        restart();
        assertEquals(List.of(1), dead(0));
        serverXids.put(601L, SourceServer.XidStatus.ABORTED);
        restart();
        assertEquals(List.of(), dead(0));
        assertFalse(isKnown(0));
        walk(image(0, page));
        assertTrue(isKnown(0));
        assertEquals(List.of(), dead(0));
        restart();
        assertTrue(isKnown(0));
    }

    @Test
    void whatTheServerHasToldIsCertainOnceItsEndIsWalked() {
        walk(checkpoint(true, LSN, 700, 3));
        for (long xid : List.of(600L, 601L, 602L)) {
            serverXids.put(xid, SourceServer.XidStatus.COMMITTED);
        }
        walk(image(0, new Page().tuple(600, 601, 0).tuple(600, 602, 0)));
        walk(commit(602), runningXacts(700, 602));
        serverXids.clear();
        for (long xid : List.of(600L, 601L, 602L)) {
            serverXids.put(xid, SourceServer.XidStatus.ABORTED);
        }
        restart();
        assertTrue(isKnown(0));
        assertEquals(List.of(1, 2), dead(0));
    }

    @Test
    void aPageStaysUnknownIfNobodyKnowsATransaction() {
        walk(checkpoint(true, LSN, 700, 3), image(0, new Page().tuple(600, 0, NOTHING)));
        assertFalse(isKnown(0));
        walk(image(0, new Page().tuple(600, 0, NOTHING | HeapRecords.XMIN_COMMITTED)));
        assertTrue(isKnown(0));
    }

    @Test
    void whatIsKnownOfAPageSettlesWhatNobodyElseKnows() {
        walk(checkpoint(true, LSN, 700, 3));
        walk(image(0, new Page().tuple(600, 601, HeapRecords.XMIN_COMMITTED | HeapRecords.XMAX_COMMITTED)));
        walk(image(0, new Page().tuple(600, 601, 0)));
        assertTrue(isKnown(0));
        assertEquals(List.of(1), dead(0));
        assertEquals(0, asked);
    }

    /** VACUUM FULL of a catalog copies tuples of transactions that still run. */
    @Test
    void aNewPageOfARewrittenRelationBringsWhatIsPendingAlong() {
        walk(checkpoint(true, LSN, 700, 3), insert(701, 5, 1));
        walk(create(REL), image(0, new Page().tuple(701, 0, NOTHING).tuple(702, 701, HeapRecords.XMIN_COMMITTED)));
        assertTrue(isKnown(0));
        assertEquals(List.of(), dead(0));
        walk(abort(701));
        assertEquals(List.of(1), dead(0));
    }

    @Test
    void indexPagesAreNoHeap() {
        walk(create(REL), image(0, new Page().special(8176)));
        assertTrue(plugin.relations().isEmpty());
        walk(create(REL), RecordBuilder.of(Rmgr.SEQ, 0).xid(3).block(0, REL, 0).willInit());
        assertTrue(plugin.relations().isEmpty());
    }

    @Test
    void anImageThatIsNoHeapPageInAHeapRecordIsDamage() {
        WalFormatException e = assertThrows(
                WalFormatException.class,
                () -> walk(RecordBuilder.of(Rmgr.HEAP, 0x60)
                        .xid(700)
                        .block(0, REL, 0)
                        .image(new Page().special(8000).bytes(), 0, 0, true)
                        .main(new byte[8])));
        assertTrue(e.getMessage().contains("pd_special is 8000, wanted 8192"), e.getMessage());
        assertTrue(e.getMessage().contains("LSN 0/100028"), e.getMessage());
    }

    // Files

    @Test
    void truncatingForgetsBlocksAndWhatIsPendingForThem() {
        walk(create(REL), insert(700, 0, 1), insert(700, 199, 1), insert(700, 200, 1), abort(700));
        walk(insert(701, 0, 2), insert(701, 150, 2), insert(701, 300, 2));
        walk(truncate(200, 0x02));
        assertEquals(List.of(1), dead(200));
        walk(truncate(200, 0x07));
        assertEquals(List.of(), dead(200));
        assertEquals(List.of(1), dead(199));
        assertEquals(1, heat().prunedTuples());
        walk(truncate(140, 0x01), abort(701));
        assertEquals(List.of(), dead(150));
        assertEquals(List.of(), dead(300));
        assertEquals(List.of(1, 2), dead(0));
        assertEquals(2, heat().deadTuples());
    }

    @Test
    void truncatingReachesChunksThatAreInTheTablesOnly() {
        walk(create(REL), insert(700, 0, 1), insert(700, 500, 1), abort(700));
        restart();
        walk(truncate(10, 0x01));
        assertEquals(1, heat().deadTuples());
        restart();
        assertEquals(List.of(), dead(500));
        assertEquals(List.of(1), dead(0));
        assertEquals(1, store.rows("heatmap_chunk").size());
    }

    @Test
    void droppedRelationsAreForgotten() {
        walk(create(REL), insert(700, 0, 1), insert(701, 0, 2), commit(700));
        restart();
        walk(HeapRecords.endWithDrop(0x00, 702, REL));
        assertTrue(plugin.relations().isEmpty());
        walk(create(REL), insert(703, 0, 1), abort(701));
        assertEquals(List.of(), dead(0), "what was pending for the old file does not touch the new one");
        walk(HeapRecords.endWithDrop(0x20, 703, REL));
        restart();
        assertTrue(plugin.relations().isEmpty());
        for (String table : List.of("heatmap_relation", "heatmap_chunk", "heatmap_pending")) {
            assertEquals(List.of(), store.rows(table), table);
        }
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void droppedDatabasesAreForgotten(PgVersion of) {
        version = of;
        RelFileLocator other = new RelFileLocator(1663, 6, 20000);
        walk(create(REL), create(other));
        walk(RecordBuilder.of(Rmgr.DBASE, version.major() >= 15 ? 0x20 : 0x10)
                .main(version.major() >= 13 ? "05000000 01000000 7f060000" : "05000000 7f060000"));
        assertEquals(
                List.of(other),
                plugin.relations().stream().map(RelationHeat::locator).toList());
        walk(RecordBuilder.of(Rmgr.TBLSPC, 0x10).main("7f060000"));
        assertTrue(plugin.relations().isEmpty());
    }

    @Test
    void withMinimalWalARelationThatIsCreatedIsNotKnown() {
        walk(RecordBuilder.of(Rmgr.XLOG, 0x60).main(new byte[28]), create(REL), insert(700, 0, 1));
        assertFalse(isKnown(0));
        assertFalse(heat().createdInWal());
    }

    @Test
    void catalogsCanBeLeftOut() {
        plugin = new MemoryStore().start(server, Map.of("walker.catalogs", "off"));
        RelFileLocator catalog = new RelFileLocator(1663, 5, 1259);
        walk(create(catalog), create(REL));
        walk(RecordBuilder.of(Rmgr.HEAP, 0).xid(700).block(0, catalog, 0).main("0100 00"));
        assertEquals(
                List.of(REL),
                plugin.relations().stream().map(RelationHeat::locator).toList());
    }

    private void restart(String catalogs) {
        store.flush(plugin, LSN);
        store = store.copy();
        plugin = store.start(server, Map.of("walker.catalogs", catalogs));
    }

    private static RecordBuilder insertIntoCatalog(long xid, int offnum) {
        return RecordBuilder.of(Rmgr.HEAP, 0).xid(xid).block(0, CATALOG, 0).main(HeapRecords.shorts(offnum, 0));
    }

    @Test
    void catalogsThatWereLeftOutForAWhileAreNotKnown() {
        walk(checkpoint(true, LSN, 700, 3), create(CATALOG), insertIntoCatalog(700, 1), insertIntoCatalog(701, 2));
        walk(insertIntoCatalog(702, 3), abort(700));
        walk(create(REL), insert(703, 0, 1), abort(703));
        assertEquals(List.of(1), plugin.deadItems(CATALOG, 0));
        restart("off");
        assertEquals(List.of(), plugin.deadItems(CATALOG, 0), "it is not looked at any more");
        assertFalse(plugin.page(CATALOG, 0).known());
        walk(abort(701), abort(702), insertIntoCatalog(704, 2), abort(704), insertIntoCatalog(705, 3));
        restart("off");
        walk(commit(705), insertIntoCatalog(706, 4));
        restart("on");
        assertFalse(plugin.page(CATALOG, 0).known());
        assertEquals(List.of(1), dead(0));
        assertTrue(isKnown(0));
        serverXids.put(705L, SourceServer.XidStatus.COMMITTED);
        serverXids.put(706L, SourceServer.XidStatus.IN_PROGRESS);
        Page page = new Page()
                .pointer(0)
                .tuple(704, 0, NOTHING)
                .tuple(705, 0, NOTHING)
                .tuple(706, 0, NOTHING);
        walk(RecordBuilder.of(Rmgr.XLOG, 0xB0).block(0, CATALOG, 0).image(page.bytes(), 0, 0, true));
        assertTrue(plugin.page(CATALOG, 0).known());
        assertEquals(List.of(2), plugin.deadItems(CATALOG, 0));
        walk(abort(706));
        assertEquals(List.of(2, 4), plugin.deadItems(CATALOG, 0));
    }

    @Test
    void theBaselineOfACatalogEndsWhenCatalogsAreLeftOut() {
        heapPage = new Page()
                .tuple(600, 650, HeapRecords.XMIN_COMMITTED | HeapRecords.XMAX_COMMITTED)
                .bytes();
        store.requestBaseline(1, CATALOG);
        plugin.onPause(LSN - 0x20);
        restart("off");
        for (int i = 0; i < 3; i++) {
            plugin.onPause(LSN);
            store.flush(plugin, LSN);
        }
        assertEquals(List.of(), plugin.deadItems(CATALOG, 0));
        assertFalse(plugin.page(CATALOG, 0).known());
        assertEquals(List.of(), store.rows("heatmap_baseline"));
    }

    /** It gets a file with a number as tables have it. */
    @Test
    void aCatalogThatIsRewrittenWhileCatalogsAreLeftOutIsMapped() {
        restart("off");
        walk(checkpoint(true, LSN, 700, 3), insertIntoCatalog(700, 1), insertIntoCatalog(701, 2), abort(701));
        walk(create(REL), image(0, new Page().tuple(700, 0, NOTHING).tuple(600, 701, HeapRecords.XMIN_COMMITTED)));
        assertEquals(List.of(), dead(0));
        walk(abort(700));
        assertEquals(List.of(1), dead(0));
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        for (Map<String, String> settings : List.of(
                Map.of("walker.catalogs", "perhaps"), Map.of("walker.memory", "much"), Map.of("walker.memory", "0"))) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> new MemoryStore().start(server, settings));
            assertTrue(e.getMessage().contains("wanted"), e.getMessage());
        }
    }

    // Saving

    @Test
    void anIdleServerChangesNothing() {
        walk(create(REL), insert(700, 0, 1), commit(700));
        store.flush(plugin, LSN);
        walk(checkpoint(false, LSN, 710, 3), runningXacts(710, 710), commit(711), abort(712), lock(713, 0, 1));
        walk(
                commit(713),
                multixact(9, 700, 701),
                RecordBuilder.of(Rmgr.BTREE, 0).xid(714));
        assertEquals(0, store.changes);
        walk(insert(715, 0, 2));
        assertTrue(store.changes > 0);
    }

    /** The engine forgets what the walker's own commit has changed, so that an idle server is left alone. */
    @Test
    void whatTheOwnCommitHasChangedIsSavedAtLast() {
        // With a rate the first pause could come too early for a page.
        plugin = store.start(server, Map.of("walker.baseline_rate", "0"));
        heapPage = new Page()
                .tuple(600, 650, HeapRecords.XMIN_COMMITTED | HeapRecords.XMAX_COMMITTED)
                .bytes();
        // pd_lsn: the record before the commit has changed the page.
        ByteBuffer.wrap(heapPage).order(ByteOrder.LITTLE_ENDIAN).putInt(4, (int) LSN);
        store.requestBaseline(1, REL);
        plugin.onPause(LSN - 0x10);
        assertEquals(List.of(), plugin.relations(), "the page is ahead of the walk");
        store.flush(plugin, LSN - 0x10);
        walk(commit(700));
        assertEquals(List.of(1), dead(0));
        store.changes = 0;
        plugin.onPause(LSN + 0x30);
        assertTrue(store.changes > 0, "what the commit has changed");
        store.changes = 0;
        walk(insert(701, 0, 2));
        assertTrue(store.changes > 0, "what comes after it");
        store.flush(plugin, LSN + 0x100);
        plugin.onPause(LSN + 0x100);
        store.flush(plugin, LSN + 0x100);
        assertEquals(0, store.changes);
        assertTrue(store.baselineIsDone());
        plugin.onPause(LSN + 0x100);
        assertEquals(0, store.changes, "all is saved");
    }

    /** The record that changed it was not flushed. */
    @Test
    void aPageThatWasReadAheadOfTheWalkIsReadAgainAfterACrash() {
        plugin = store.start(server, Map.of("walker.baseline_rate", "0"));
        heapPage = new Page()
                .tuple(600, 650, HeapRecords.XMIN_COMMITTED | HeapRecords.XMAX_COMMITTED)
                .bytes();
        ByteBuffer.wrap(heapPage).order(ByteOrder.LITTLE_ENDIAN).putInt(4, (int) LSN + 0x1000);
        store.requestBaseline(1, REL);
        plugin.onPause(LSN - 0x10);
        heapPage =
                new Page().tuple(600, 0, HeapRecords.XMIN_COMMITTED | NOTHING).bytes();
        walk(checkpoint(true, LSN, 700, 3));
        plugin.onPause(LSN + 0x2000);
        assertTrue(isKnown(0));
        assertEquals(List.of(), dead(0));
    }

    @Test
    void aFlushWritesOnlyWhatHasChanged() {
        walk(create(REL), insert(700, 0, 1, INIT, NOTHING), insert(700, 1000, 1, INIT, NOTHING), abort(700));
        walk(insert(701, 0, 2));
        store.flush(plugin, LSN);
        store.writes = 0;
        store.flush(plugin, LSN);
        assertEquals(0, store.writes);
        walk(insert(702, 1000, 2));
        store.flush(plugin, LSN);
        assertEquals(3, store.writes, "the relation, what is pending for one chunk, and a bucket of the history");
    }

    @Test
    void everythingIsThereAfterARestart() {
        walk(checkpoint(true, LSN, 700, 3), create(REL), insert(700, 0, 1), abort(700), insert(701, 0, 2));
        walk(insert(702, 200, 1), delete(702, 200, 1), multixact(9, 700, 703));
        restart();
        assertEquals(List.of(1), dead(0));
        assertTrue(heat().createdInWal());
        assertEquals(2, plugin.openTransactions());
        walk(abort(701), commit(702), insert(703, 200, 3), commit(703));
        assertEquals(List.of(1, 2), dead(0));
        assertEquals(List.of(1), dead(200));
        walk(image(
                77,
                new Page()
                        .tuple(700, 0, NOTHING)
                        .tuple(701, 0, NOTHING)
                        .tuple(703, 0, NOTHING)
                        .tuple(600, 9, HeapRecords.XMIN_COMMITTED | HeapRecords.XMAX_IS_MULTI)));
        assertEquals(List.of(1, 2, 4), dead(77));
        assertEquals(0, asked);
        restart();
        assertEquals(List.of(), store.rows("heatmap_pending"));
        assertEquals(0, plugin.openTransactions());
    }

    @Test
    void afterAResetOpenTransactionsAreStillOpen() {
        walk(checkpoint(true, LSN, 700, 3), create(REL), delete(700, 0, 1), delete(701, 0, 2));
        walk(HeapRecords.prepare(version, 701, 799));
        store.flush(plugin, LSN);
        store.reset();
        restart();
        serverXids.put(700L, SourceServer.XidStatus.IN_PROGRESS);
        Page page = new Page().tuple(600, 700, HeapRecords.XMIN_COMMITTED).tuple(600, 701, HeapRecords.XMIN_COMMITTED);
        walk(checkpoint(false, LSN, 710, 3), image(0, page));
        assertEquals(List.of(), dead(0));
        walk(abort(700), image(1, page));
        assertEquals(List.of(), dead(0));
        assertEquals(List.of(), dead(1));
        walk(HeapRecords.endPrepared(0x30, 701, 799), image(2, page));
        assertEquals(List.of(2), dead(0));
        assertEquals(List.of(2), dead(2));
        restart();
        assertEquals(0, plugin.openTransactions(), "nothing is left of the prepared one");
    }

    @Test
    void theTablesAreWhatSqlReads() {
        walk(create(REL), insert(700, 1, 3), insert(700, 66, 4), insert(700, 66, 5), abort(700));
        walk(insert(701, 66, 6), commit(701), delete(702, 66, 6), commit(702));
        store.flush(plugin, LSN);
        Object[] chunk = store.rows("heatmap_chunk").get(0);
        assertEquals(List.of(1663L, 5L, 20000L, 0, 4, 2), List.of(chunk).subList(0, 6));
        short[] dead = (short[]) chunk[6];
        short[] aborted = (short[]) chunk[7];
        assertEquals(128, dead.length);
        assertEquals(List.of((short) 1, (short) 3, (short) 2), List.of(dead[1], dead[66], aborted[66]));
        byte[] known = (byte[]) chunk[8];
        assertEquals(16, known.length);
        assertEquals(0x02, known[0]);
        assertEquals(0x04, known[8]);
        Object[] relation = store.rows("heatmap_relation").get(0);
        assertEquals(List.of(1663L, 5L, 20000L, true, 4L, 0L, 0L, 1L, 3L, 0L, 4L, 3L, 2L, LSN, 0L), List.of(relation));
    }

    @Test
    void aHugeTransactionFitsIntoLittle() {
        walk(create(REL));
        for (int i = 0; i < 3 * OpenXacts.MANY; i++) {
            walk(delete(700, i / 100, i % 100 + 1));
        }
        restart();
        walk(insert(701, 0, 200), truncate(60, 0x01));
        restart();
        walk(commit(700), abort(701));
        assertEquals(60 * 100 + 1, heat().deadTuples());
        restart();
        assertEquals(List.of(), store.rows("heatmap_pending"));
    }

    @Test
    void chunksThatWereNotUsedLatelyLeaveMemory() {
        plugin = store.start(server, Map.of("walker.memory", "1"));
        int[] offnums = java.util.stream.IntStream.rangeClosed(1, 200).toArray();
        walk(create(REL));
        for (int chunk = 0; chunk < 250; chunk++) {
            walk(multiInsert(700, chunk * 128L, INIT, 0, NOTHING, offnums));
        }
        walk(abort(700));
        store.flush(plugin, LSN);
        // What is read from the table from now on is another set.
        for (Object[] row : store.rows("heatmap_chunk")) {
            row[9] = new byte[] {0x3A, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 7, 0};
        }
        assertEquals(List.of(7), dead(0));
        assertEquals(200, dead(249 * 128L).size());
        assertEquals(50_000, heat().deadTuples());
        assertEquals(1, plugin.page(REL, 0).deadTuples());
    }

    /** A transaction that changes more than fits, over restarts. */
    @Test
    void largeTransactionsAreLeftToTheTable() {
        Map<String, String> little = Map.of("walker.memory", "1");
        plugin = store.start(server, little);
        int[] offnums = java.util.stream.IntStream.rangeClosed(1, 200).toArray();
        walk(create(REL));
        for (int block = 0; block < 20_000; block++) {
            walk(multiInsert(700, block, INIT, 0, NOTHING, offnums));
            if (block % 4000 == 3999) {
                store.flush(plugin, LSN);
                assertTrue(plugin.pendingBytes() <= 1 << 18, plugin.pendingBytes() + " bytes");
            }
            if (block % 8000 == 7999) {
                plugin = store.start(server, little);
                assertTrue(plugin.pendingBytes() <= 1 << 18, plugin.pendingBytes() + " bytes after a restart");
            }
        }
        walk(abort(700));
        store.flush(plugin, LSN);
        assertEquals(4_000_000, heat().deadTuples());
        assertEquals(200, dead(7999).size());
        assertEquals(List.of(), store.rows("heatmap_pending"));
        assertTrue(plugin.chunksInMemory() < 157, plugin.chunksInMemory() + " chunks");
    }

    @Test
    void damagedRowsAreNamed() {
        walk(create(REL), insert(700, 0, 1), abort(700));
        store.flush(plugin, LSN);
        MemoryStore damaged = store.copy();
        damaged.rows("heatmap_chunk").get(0)[9] = new byte[] {1, 2, 3};
        HeatmapPlugin broken = damaged.start(server, Map.of());
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> broken.deadItems(REL, 0));
        assertTrue(e.getMessage().contains("walker.heatmap_chunk with spc_oid 1663"), e.getMessage());
        store.rows("heatmap_chunk").get(0)[9] =
                new byte[] {0x3A, 0x30, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 0, 0};
        HeatmapPlugin other = store.copy().start(server, Map.of());
        e = assertThrows(IllegalStateException.class, () -> other.deadItems(REL, 0));
        assertTrue(e.getMessage().contains("item 65536 is none of a chunk"), e.getMessage());
    }
}
