package dev.walker.testing;

import dev.walker.describe.Descriptions;
import dev.walker.fpi.FullPageImage;
import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.heap.Heap2Op;
import dev.walker.rmgr.heap.HeapInsert;
import dev.walker.rmgr.heap.HeapMultiInsert;
import dev.walker.rmgr.heap.HeapOp;
import dev.walker.rmgr.heap.HeapPage;
import dev.walker.rmgr.heap.HeapUpdate;
import dev.walker.rmgr.logicalmsg.LogicalMessage;
import dev.walker.rmgr.relmap.RelmapUpdate;
import dev.walker.rmgr.seq.SeqLog;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.rmgr.xact.XactPrepare;
import dev.walker.wal.BlockRef;
import dev.walker.wal.RecordRow;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalRecord;
import java.time.ZoneId;
import java.util.Arrays;

/** Uses all that a record gives, as plugins and commands do, and tells what it found in a number. */
public final class RecordUse {
    private final Descriptions descriptions = new Descriptions(ZoneId.of("UTC"));
    private final FullPageImage images = new FullPageImage();
    private final byte[] page = new byte[FullPageImage.PAGE_SIZE];
    private final HeapPage heapPage = new HeapPage();
    private final HeapInsert insert = new HeapInsert();
    private final HeapUpdate update = new HeapUpdate();
    private final HeapMultiInsert multiInsert = new HeapMultiInsert();
    private final SeqLog seqLog = new SeqLog();
    private final RelmapUpdate relmapUpdate = new RelmapUpdate();
    private final LogicalMessage logicalMessage = new LogicalMessage();
    private final XactPrepare prepare = new XactPrepare();

    private long found;

    /** Nothing used yet. */
    public RecordUse() {}

    /**
     * Uses a record.
     *
     * @return what was found, the same for the same record
     * @throws AssertionError if an error does not tell where it is
     */
    public long use(WalRecord record) {
        found = record.totalLength();
        add(record.toString().hashCode());
        add(Arrays.hashCode(RecordRow.of(record)));
        long payload = record.mainData().length();
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                payload += block.image().length() + block.data().length();
                if (block.hasImage()) {
                    attempt(() -> useImage(block));
                }
            }
        }
        if (payload > record.totalLength()) {
            throw new AssertionError(payload + " bytes of payload in " + record);
        }
        StringBuilder text = new StringBuilder();
        attempt(() -> descriptions.describe(record, text));
        add(text.toString().hashCode());
        attempt(() -> useViews(record));
        return found;
    }

    private void add(long number) {
        found = 31 * found + number;
    }

    /** The payload may be malformed though the CRC is right; then the error says so. */
    private void attempt(Runnable use) {
        try {
            use.run();
        } catch (WalFormatException e) {
            checkMessage(e);
            add(e.getMessage().hashCode());
        }
    }

    /** An error names the LSN, and says more than that. */
    public static void checkMessage(WalFormatException e) {
        if (!e.getMessage().contains("LSN ") || e.getMessage().length() < 30) {
            throw new AssertionError("does not tell what is wrong where: " + e.getMessage(), e);
        }
    }

    private void useImage(BlockRef block) {
        images.restore(block, page);
        heapPage.wrap(page);
        add(heapPage.problem().hashCode() + heapPage.lsn());
        for (int offnum = 1; heapPage.isHeap() && offnum <= heapPage.count(); offnum++) {
            add(heapPage.lpFlags(offnum));
            if (heapPage.lpFlags(offnum) == HeapPage.LP_NORMAL) {
                add(heapPage.xmin(offnum)
                        + heapPage.xmax(offnum)
                        + heapPage.infomask(offnum)
                        + heapPage.infomask2(offnum));
            }
        }
    }

    /** What descriptions do not look at. */
    private void useViews(WalRecord record) {
        switch (Rmgr.of(record.rmgrId())) {
            case HEAP -> {
                HeapOp op = HeapOp.of(record);
                if (op == HeapOp.INSERT && insert.wrap(record).hasTuple()) {
                    add(insert.infomask() + insert.infomask2() + insert.tupleLength());
                } else if (op == HeapOp.UPDATE || op == HeapOp.HOT_UPDATE) {
                    update.wrap(record);
                    add(update.oldBlock().blockNumber() + update.newBlock().blockNumber());
                }
            }
            case HEAP2 -> {
                if (Heap2Op.of(record) == Heap2Op.MULTI_INSERT) {
                    multiInsert.wrap(record);
                    for (int i = 0; i < multiInsert.count(); i++) {
                        add(multiInsert.offnum(i));
                        add(multiInsert.hasTuples() ? multiInsert.nextInfomask() : 0);
                    }
                }
            }
            case SEQ -> {
                seqLog.wrap(record);
                add(seqLog.lastValue() + seqLog.logCount() + (seqLog.isCalled() ? 1 : 0));
            }
            case RELMAP -> {
                relmapUpdate.wrap(record);
                for (int i = 0; i < relmapUpdate.mappingCount(); i++) {
                    add(relmapUpdate.mappedOid(i) + relmapUpdate.mappedRelNumber(i));
                }
            }
            case LOGICALMSG -> {
                logicalMessage.wrap(record);
                add(logicalMessage.prefix().hashCode()
                        + logicalMessage.message().length());
            }
            case XACT -> {
                if (XactOp.of(record) == XactOp.PREPARE) {
                    prepare.wrap(record);
                    add(prepare.gid().hashCode() + prepare.originLsn() + prepare.originTimestamp());
                }
            }
            default -> {
                // The description used all of it.
            }
        }
    }
}
