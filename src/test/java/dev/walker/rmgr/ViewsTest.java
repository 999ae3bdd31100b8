package dev.walker.rmgr;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.dbase.DbaseCreate;
import dev.walker.rmgr.dbase.DbaseDrop;
import dev.walker.rmgr.dbase.DbaseOp;
import dev.walker.rmgr.dbase.TblspcDrop;
import dev.walker.rmgr.heap.FreezePlans;
import dev.walker.rmgr.heap.Heap2Op;
import dev.walker.rmgr.heap.HeapConfirm;
import dev.walker.rmgr.heap.HeapDelete;
import dev.walker.rmgr.heap.HeapFreeze;
import dev.walker.rmgr.heap.HeapInplace;
import dev.walker.rmgr.heap.HeapInsert;
import dev.walker.rmgr.heap.HeapLock;
import dev.walker.rmgr.heap.HeapMultiInsert;
import dev.walker.rmgr.heap.HeapOp;
import dev.walker.rmgr.heap.HeapPage;
import dev.walker.rmgr.heap.HeapPrune;
import dev.walker.rmgr.heap.HeapTruncate;
import dev.walker.rmgr.heap.HeapUpdate;
import dev.walker.rmgr.heap.HeapVacuum;
import dev.walker.rmgr.heap.HeapVisible;
import dev.walker.rmgr.multixact.MultixactCreate;
import dev.walker.rmgr.smgr.SmgrCreate;
import dev.walker.rmgr.smgr.SmgrTruncate;
import dev.walker.rmgr.standby.RunningXacts;
import dev.walker.rmgr.xact.XactAssignment;
import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.rmgr.xact.XactPrepare;
import dev.walker.rmgr.xlog.XlogCheckpoint;
import dev.walker.rmgr.xlog.XlogEndOfRecovery;
import dev.walker.rmgr.xlog.XlogParameterChange;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalRecord;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ViewsTest {
    private static final RelFileLocator REL = new RelFileLocator(1663, 5, 16559);

    private static RecordBuilder heap(int info) {
        return RecordBuilder.of(Rmgr.HEAP, info).xid(882).block(0, REL, 2);
    }

    private static RecordBuilder heap2(int info) {
        return RecordBuilder.of(Rmgr.HEAP2, info).xid(882).block(0, REL, 2);
    }

    // Records of real servers

    @Test
    void readsAnInsert() {
        HeapInsert insert = new HeapInsert()
                .wrap(heap(0).data("0100 0008 18 00 02000000").main("0200 00").decode(PgVersion.PG15));
        assertEquals(2, insert.offnum());
        assertEquals(2, insert.block().blockNumber());
        assertTrue(insert.hasTuple());
        assertEquals(0x0800, insert.infomask());
        assertEquals(1, insert.infomask2());
        assertEquals(28, insert.tupleLength());
        assertFalse(insert.isSpeculative());
    }

    @Test
    void readsAHotUpdate() {
        HeapUpdate update = new HeapUpdate()
                .wrap(heap(0x40)
                        .data("3100 0880 0028 18 00")
                        .main("7e030000 0400 00 20 00000000 0500")
                        .decode(PgVersion.PG15));
        assertTrue(update.isHot());
        assertFalse(update.isCrossPage());
        assertEquals(894, update.oldXmax());
        assertEquals(4, update.oldOffnum());
        assertEquals(5, update.newOffnum());
        assertEquals(HeapUpdate.PREFIX_FROM_OLD, update.flags());
    }

    @Test
    void readsACommitWithASubtransaction() {
        XactEnd end = new XactEnd()
                .wrap(RecordBuilder.of(Rmgr.XACT, 0x80)
                        .xid(873)
                        .main("4ef922d4d9030300 02000000 01000000 6a030000")
                        .decode(PgVersion.PG15));
        assertTrue(end.isCommit());
        assertEquals(873, end.xid());
        assertEquals(1, end.subxactCount());
        assertEquals(874, end.subxact(0));
    }

    @Test
    void readsTheEndOfAPreparedTransaction() {
        XactEnd end = new XactEnd()
                .wrap(RecordBuilder.of(Rmgr.XACT, 0xB0)
                        .main("30fa22d4d9030300 50000000 62030000")
                        .decode(PgVersion.PG15));
        assertTrue(end.isCommit());
        assertTrue(end.isPrepared());
        assertEquals(866, end.xid());
    }

    @Test
    void readsAMultixact() {
        MultixactCreate create = new MultixactCreate()
                .wrap(RecordBuilder.of(Rmgr.MULTIXACT, 0x20)
                        .main("05000000 09000000 02000000 62030000 00000000 63030000 04000000")
                        .decode(PgVersion.PG15));
        assertEquals(5, create.mid());
        assertEquals(867, create.updater());
    }

    @Test
    void readsPruningBefore17() {
        HeapPrune prune = new HeapPrune()
                .wrap(heap2(0x10).data("2500").main("4f030000 0000 0100").decode(PgVersion.PG15));
        assertEquals(847, prune.snapshotConflictHorizon());
        assertEquals(0, prune.redirectedCount());
        assertEquals(1, prune.deadCount());
        assertEquals(37, prune.dead(0));
        assertEquals(0, prune.unusedCount());
    }

    @Test
    void readsPruningSince17() {
        HeapPrune prune = new HeapPrune()
                .wrap(heap2(0x30).data("0300 1700 1f00 2000").main("fc 80").decode(PgVersion.PG17));
        assertEquals(3, prune.unusedCount());
        assertEquals(32, prune.unused(2));
        assertEquals(0, prune.deadCount());
        assertFalse(prune.plans().next());
    }

    @Test
    void readsAllPartsOfPruningSince17() {
        HeapPrune prune = new HeapPrune()
                .wrap(heap2(0x20)
                        .data("0200 5a5a 00000000 0100 0003 00 00 0200 07000000 0200 0008 00 00 0100"
                                + "0100 0100 0900 0200 0400 0500 0100 0600 0700 0800 0a00")
                        .main("29 f8 4f030000")
                        .decode(PgVersion.PG18));
        assertEquals(847, prune.snapshotConflictHorizon());
        assertEquals(1, prune.redirectedFrom(0));
        assertEquals(9, prune.redirectedTo(0));
        assertEquals(5, prune.dead(1));
        assertEquals(6, prune.unused(0));
        FreezePlans plans = prune.plans();
        assertEquals(3, plans.count());
        StringBuilder text = new StringBuilder();
        while (plans.next()) {
            text.append(plans.offnum()).append(':').append(plans.xmax()).append(' ');
        }
        assertEquals("7:0 8:0 10:7 ", text.toString());
        assertEquals(0x0800, plans.infomask());
    }

    @Test
    void takesTheHeapPagesByIdAndForkNotByPosition() {
        // 17.11 and 18.6: the visibility map of the old page is block 3, and there is no block 1.
        WalRecord record = heap(0x20)
                .block(3, REL, 0)
                .fork(dev.walker.wal.Fork.VM)
                .main("7e030000 0400 00 00 00000000 0500")
                .decode(PgVersion.PG18);
        assertFalse(new HeapUpdate().wrap(record).isCrossPage());
        WalRecord delete = heap(0x10)
                .block(1, REL, 0)
                .fork(dev.walker.wal.Fork.VM)
                .main("7e030000 0400 00 00")
                .decode(PgVersion.PG18);
        assertEquals(2, new HeapDelete().wrap(delete).block().blockNumber());
    }

    @Test
    void multiInsertOfAPageMadeAnewCountsFromOne() {
        HeapMultiInsert insert = new HeapMultiInsert()
                .wrap(heap2(0xD0)
                        .data("0100 0100 0008 18 00 0000 0100 0009 18")
                        .main("00 5a 0200")
                        .decode(PgVersion.PG16));
        assertEquals(2, insert.count());
        assertEquals(1, insert.offnum(0));
        assertEquals(2, insert.offnum(1));
        assertEquals(0x0800, insert.nextInfomask());
        assertEquals(0x0900, insert.nextInfomask());
    }

    @ParameterizedTest
    @CsvSource({"PG13, 72", "PG14, 72", "PG15, 80", "PG18, 80"})
    void readsPreparedTransactions(PgVersion version, int subxactsAt) {
        byte[] main = new byte[subxactsAt + 8];
        System.arraycopy(RecordBuilder.bytes("3445f957"), 0, main, 0, 4);
        main[8] = 100;
        main[28] = 2;
        main[version.major() >= 15 ? 54 : 46] = 4;
        main[subxactsAt - 8] = 'a';
        main[subxactsAt - 7] = 'b';
        main[subxactsAt - 6] = 'c';
        main[subxactsAt] = 101;
        main[subxactsAt + 4] = 102;
        XactPrepare prepare = new XactPrepare()
                .wrap(RecordBuilder.of(Rmgr.XACT, 0x10).xid(100).main(main).decode(version));
        assertEquals(100, prepare.xid());
        assertEquals("abc", prepare.gid());
        assertEquals(2, prepare.subxactCount());
        assertEquals(102, prepare.subxact(1));
    }

    @ParameterizedTest
    @CsvSource({"PG14, 0", "PG15, 12", "PG17, 12", "PG18, 16"})
    void droppedStatisticsComeBeforeTheTwoPhaseXid(PgVersion version, int itemSize) {
        String stats = itemSize == 0 ? "" : "01000000 " + "00".repeat(itemSize);
        int bit = itemSize == 0 ? 0 : 0x100;
        XactEnd end = new XactEnd()
                .wrap(RecordBuilder.of(Rmgr.XACT, 0xC0)
                        .main("0000000000000000" + (bit == 0 ? "14000000" : "14010000")
                                + "01000000 7f060000 05000000 af400000" + stats + "62030000")
                        .decode(version));
        assertFalse(end.isCommit());
        assertEquals(866, end.xid());
        assertEquals(1, end.droppedRelationCount());
        assertEquals(1663, end.droppedSpcOid(0));
        assertEquals(5, end.droppedDbOid(0));
        assertEquals(16559, end.droppedRelNumber(0));
    }

    @Test
    void namesWhatIsWrong() {
        WalFormatException e = assertThrows(WalFormatException.class, () -> new HeapDelete()
                .wrap(heap(0x10).main("7e030000 2401 00 00").decode(PgVersion.PG16)));
        assertEquals("xl_heap_delete.offnum is 292, wanted 1 to 291 (LSN 0/100028, Heap DELETE)", e.getMessage());
        e = assertThrows(WalFormatException.class, () -> new XactEnd()
                .wrap(RecordBuilder.of(Rmgr.XACT, 0x80)
                        .main("0000000000000000 02000000 ffffff7f 00000000")
                        .decode(PgVersion.PG16)));
        assertTrue(e.getMessage().startsWith("xl_xact_subxacts.nsubxacts is 2147483647 at byte 12"), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "PG13, 10, PRUNE",
        "PG13, 20, FREEZE_PAGE",
        "PG13, 30, CLEANUP_INFO",
        "PG14, 20, VACUUM",
        "PG16, 30, FREEZE_PAGE",
        "PG17, 20, PRUNE",
        "PG18, 30, PRUNE",
        "PG18, c0, VISIBLE",
        "PG13, 50, MULTI_INSERT"
    })
    void heap2CodesDependOnTheMajor(PgVersion version, String info, Heap2Op op) {
        assertEquals(op, Heap2Op.of(heap2(Integer.parseInt(info, 16)).decode(version)));
    }

    @ParameterizedTest
    @CsvSource({"PG14, 10, DROP", "PG15, 10, CREATE_WAL_LOG", "PG15, 20, DROP", "PG14, 20, UNKNOWN"})
    void databaseCodesDependOnTheMajor(PgVersion version, String info, DbaseOp op) {
        assertEquals(
                op,
                DbaseOp.of(
                        RecordBuilder.of(Rmgr.DBASE, Integer.parseInt(info, 16)).decode(version)));
    }

    // Hostile input

    private static void readAll(WalRecord record) {
        if (record.rmgrId() == Rmgr.HEAP.id()) {
            switch (HeapOp.of(record)) {
                case INSERT -> new HeapInsert().wrap(record).flags();
                case DELETE -> new HeapDelete().wrap(record).flags();
                case UPDATE, HOT_UPDATE -> new HeapUpdate().wrap(record).newXmax();
                case TRUNCATE -> {
                    HeapTruncate truncate = new HeapTruncate().wrap(record);
                    for (int i = 0; i < truncate.count(); i++) {
                        truncate.relid(i);
                    }
                }
                case CONFIRM -> new HeapConfirm().wrap(record).offnum();
                case LOCK -> new HeapLock().wrap(record).flags();
                default -> new HeapInplace().wrap(record).messageCount();
            }
        } else if (record.rmgrId() == Rmgr.HEAP2.id()) {
            switch (Heap2Op.of(record)) {
                case PRUNE -> readPrune(new HeapPrune().wrap(record));
                case VACUUM -> {
                    HeapVacuum vacuum = new HeapVacuum().wrap(record);
                    for (int i = 0; i < vacuum.count(); i++) {
                        vacuum.unused(i);
                    }
                }
                case FREEZE_PAGE -> readPlans(new HeapFreeze().wrap(record).plans());
                case VISIBLE -> new HeapVisible().wrap(record).flags();
                case MULTI_INSERT -> {
                    HeapMultiInsert insert = new HeapMultiInsert().wrap(record);
                    for (int i = 0; i < insert.count(); i++) {
                        insert.offnum(i);
                        if (insert.hasTuples()) {
                            insert.nextInfomask();
                        }
                    }
                }
                default -> new HeapLock().wrap(record).flags();
            }
        } else if (record.rmgrId() == Rmgr.XACT.id()) {
            switch (XactOp.of(record)) {
                case COMMIT, ABORT, COMMIT_PREPARED, ABORT_PREPARED -> {
                    XactEnd end = new XactEnd().wrap(record);
                    for (int i = 0; i < end.subxactCount(); i++) {
                        end.subxact(i);
                    }
                    for (int i = 0; i < end.droppedRelationCount(); i++) {
                        end.droppedRelNumber(i);
                    }
                }
                case PREPARE -> {
                    XactPrepare prepare = new XactPrepare().wrap(record);
                    prepare.gid();
                    for (int i = 0; i < prepare.subxactCount(); i++) {
                        prepare.subxact(i);
                    }
                }
                default -> {
                    XactAssignment assignment = new XactAssignment().wrap(record);
                    for (int i = 0; i < assignment.subxactCount(); i++) {
                        assignment.subxact(i);
                    }
                }
            }
        } else {
            readOthers(record);
        }
    }

    private static void readPrune(HeapPrune prune) {
        for (int i = 0; i < prune.redirectedCount(); i++) {
            prune.redirectedTo(i);
        }
        for (int i = 0; i < prune.deadCount(); i++) {
            prune.dead(i);
        }
        for (int i = 0; i < prune.unusedCount(); i++) {
            prune.unused(i);
        }
        readPlans(prune.plans());
    }

    private static void readPlans(FreezePlans plans) {
        int count = 0;
        while (plans.next()) {
            assertTrue(plans.offnum() >= 1 && plans.offnum() <= 291);
            plans.xmax();
            plans.infomask();
            plans.infomask2();
            count++;
        }
        assertEquals(plans.count(), count);
    }

    private static void readOthers(WalRecord record) {
        switch (Rmgr.of(record.rmgrId())) {
            case XLOG -> {
                new XlogCheckpoint().wrap(record).oldestActiveXid();
                new XlogEndOfRecovery().wrap(record).endTime();
                new XlogParameterChange().wrap(record).walLevel();
            }
            case SMGR -> {
                new SmgrTruncate().wrap(record).flags();
                new SmgrCreate().wrap(record).forkNumber();
            }
            case STANDBY -> {
                RunningXacts running = new RunningXacts().wrap(record);
                for (int i = 0; i < running.count(); i++) {
                    running.xid(i);
                }
            }
            case MULTIXACT -> new MultixactCreate().wrap(record).updater();
            case DBASE -> {
                new DbaseCreate().wrap(record).tablespaceId();
                DbaseDrop drop = new DbaseDrop().wrap(record);
                for (int i = 0; i < drop.tablespaceCount(); i++) {
                    drop.tablespaceId(i);
                }
            }
            default -> new TblspcDrop().wrap(record).tsId();
        }
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void anyPayloadIsReadOrRefused(PgVersion version) {
        Rmgr[] rmgrs = {
            Rmgr.HEAP,
            Rmgr.HEAP,
            Rmgr.HEAP2,
            Rmgr.HEAP2,
            Rmgr.XACT,
            Rmgr.XLOG,
            Rmgr.SMGR,
            Rmgr.STANDBY,
            Rmgr.MULTIXACT,
            Rmgr.DBASE,
            Rmgr.TBLSPC
        };
        Random random = new Random(version.major());
        int read = 0;
        int refused = 0;
        for (int i = 0; i < 30_000; i++) {
            RecordBuilder builder = RecordBuilder.of(rmgrs[random.nextInt(rmgrs.length)], random.nextInt(16) << 4)
                    .main(bytes(random, random.nextInt(120)));
            for (int id = 0; id < random.nextInt(3); id++) {
                builder.block(id, REL, id).data(bytes(random, random.nextInt(60)));
            }
            try {
                readAll(builder.decode(version));
                read++;
            } catch (WalFormatException e) {
                refused++;
                assertTrue(e.getMessage().contains("LSN 0/100028"), e.getMessage());
            }
        }
        assertTrue(read > 1000 && refused > 1000, read + " read, " + refused + " refused");
    }

    /** Mostly small numbers, which go deeper than random bytes. */
    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            int kind = random.nextInt(8);
            bytes[i] = (byte) (kind < 5 ? 0 : kind < 7 ? random.nextInt(6) : random.nextInt(256));
        }
        return bytes;
    }

    @Test
    void anyPageIsReadOrIsNoHeap() {
        Random random = new Random(7);
        HeapPage page = new HeapPage();
        byte[] bytes = new byte[HeapPage.SIZE];
        int heaps = 0;
        for (int i = 0; i < 50_000; i++) {
            // A plausible header, and line pointers that lead anywhere.
            int items = random.nextInt(300);
            put16(bytes, 12, 24 + 4 * items + (random.nextInt(20) == 0 ? 1 : 0));
            put16(bytes, 14, random.nextInt(10) == 0 ? random.nextInt(9000) : 24 + 4 * items);
            put16(bytes, 16, random.nextInt(10) == 0 ? 8176 : 8192);
            for (int at = 24; at < 24 + 4 * Math.min(items, 8); at++) {
                bytes[at] = (byte) (random.nextInt(4) == 0 ? random.nextInt(256) : 0);
            }
            page.wrap(bytes);
            heaps += page.isHeap() ? 1 : 0;
            assertEquals(page.isHeap(), page.problem().isEmpty());
            for (int offnum = 1; offnum <= page.count(); offnum++) {
                if (page.lpFlags(offnum) == HeapPage.LP_NORMAL) {
                    page.xmin(offnum);
                    page.xmax(offnum);
                    page.infomask(offnum);
                    page.infomask2(offnum);
                }
            }
        }
        assertTrue(heaps > 100 && heaps < 49_000, heaps + " heap pages");
    }

    private static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >> 8);
    }
}
