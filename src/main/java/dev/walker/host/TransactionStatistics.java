package dev.walker.host;

import dev.walker.host.OpenTransactions.Outcome;
import dev.walker.host.OpenTransactions.Transaction;
import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.xact.XactAssignment;
import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.rmgr.xact.XactPrepare;
import dev.walker.wal.WalRecord;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;

/**
 * Number and size of records by transaction, with the outcome and the time of its end.
 *
 * <p>Subtransactions count for their top-level transaction, as far as its end or a record tells that they are its own; one
 * that was rolled back by itself stands for itself. Only transactions that are open, and the largest of the others, are
 * kept: memory does not grow with the length of WAL.
 */
final class TransactionStatistics implements Statistics<TransactionStatistics> {
    /** The most transactions to show. */
    private static final int MOST = 400_000;

    private static final int FIRST_CAPACITY = 256;
    private static final int FIRST_EVENTS = 4 * 256;
    private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSSxxx", Locale.ROOT);

    /** {@code BootstrapTransactionId}: always taken as committed. */
    private static final long BOOTSTRAP_XID = 1;

    private static final int CHECKPOINT_SHUTDOWN = 0x00;
    private static final int END_OF_RECOVERY = 0x90;

    // What happened, in order: kind, XID, and two numbers more.
    private static final long LINK = 0;
    private static final long COMMITTED = 1;
    private static final long ABORTED = 2;
    private static final long PREPARED = 3;
    private static final long CRASH = 4;

    private final RecordFilter filter;
    private final int top;
    private final ZoneId zone;

    // What a part has: rows by XID. Row 0 is of no transaction.
    /** Row numbers plus one in a hash table whose size is a power of two; 0 where there is none. */
    private int[] slots = new int[2 * FIRST_CAPACITY];

    private int rows = 1;
    private long[] xids = new long[FIRST_CAPACITY];
    private long[] firstLsns = new long[FIRST_CAPACITY];
    private long[] counts = new long[FIRST_CAPACITY];
    private long[] recordBytes = new long[FIRST_CAPACITY];
    private long[] imageBytes = new long[FIRST_CAPACITY];
    private long[] events = new long[FIRST_EVENTS];
    private int eventsEnd;
    private final XactEnd end = new XactEnd();
    private final XactAssignment assignment = new XactAssignment();
    private final XactPrepare prepare = new XactPrepare();

    // What the sum of all parts has.
    private final OpenTransactions open = new OpenTransactions();
    private final PriorityQueue<Transaction> largest =
            new PriorityQueue<>(Comparator.comparingLong(Transaction::bytes));
    private final Transaction none = new Transaction();
    private final Transaction dropped = new Transaction();
    private long droppedTransactions;

    private long firstLsn;
    private long endLsn;

    /**
     * Empty sums.
     *
     * @param top how many transactions are shown, 0 for all
     */
    TransactionStatistics(RecordFilter filter, int top, ZoneId zone) {
        this.filter = filter;
        this.top = top;
        this.zone = zone;
        none.outcome = Outcome.NONE;
    }

    // Records

    @Override
    public void add(WalRecord record) {
        if (filter.accepts(record)) {
            firstLsn = firstLsn == 0 ? record.lsn() : firstLsn;
            endLsn = record.endLsn();
            int row = row(xidOf(record), record.lsn());
            int images = record.fpiLength();
            counts[row]++;
            recordBytes[row] += record.totalLength() - images;
            imageBytes[row] += images;
        }
        if (record.rmgrId() == Rmgr.XACT.id()) {
            addXact(record);
        } else if (record.rmgrId() == Rmgr.XLOG.id()
                && (record.rmgrInfo() == CHECKPOINT_SHUTDOWN || record.rmgrInfo() == END_OF_RECOVERY)) {
            event(CRASH, 0, record.lsn(), 0);
        }
        if (record.hasTopLevelXid()) {
            // From now on the subtransaction is known as one of it, also in records that do not tell.
            event(LINK, record.xid(), record.topLevelXid(), record.lsn());
        }
    }

    /** The transaction that a record is of; the end of a prepared one is in a record without a transaction. */
    private long xidOf(WalRecord record) {
        if (record.hasTopLevelXid()) {
            return record.topLevelXid();
        }
        if (record.xid() == 0 && record.rmgrId() == Rmgr.XACT.id()) {
            XactOp op = XactOp.of(record);
            if (op == XactOp.COMMIT_PREPARED || op == XactOp.ABORT_PREPARED) {
                return end.wrap(record).xid();
            }
        }
        return record.xid();
    }

    private void addXact(WalRecord record) {
        switch (XactOp.of(record)) {
            case COMMIT:
            case COMMIT_PREPARED:
            case ABORT:
            case ABORT_PREPARED:
                end.wrap(record);
                for (int i = 0; i < end.subxactCount(); i++) {
                    event(LINK, end.subxact(i), end.xid(), record.lsn());
                }
                if (end.xid() != 0) {
                    event(end.isCommit() ? COMMITTED : ABORTED, end.xid(), end.xactTime(), record.lsn());
                }
                break;
            case ASSIGNMENT:
                assignment.wrap(record);
                for (int i = 0; i < assignment.subxactCount(); i++) {
                    event(LINK, assignment.subxact(i), assignment.topLevelXid(), record.lsn());
                }
                break;
            case PREPARE:
                prepare.wrap(record);
                for (int i = 0; i < prepare.subxactCount(); i++) {
                    event(LINK, prepare.subxact(i), prepare.xid(), record.lsn());
                }
                event(PREPARED, prepare.xid(), prepare.preparedAt(), record.lsn());
                break;
            default:
                break;
        }
    }

    private void event(long kind, long xid, long first, long second) {
        if (eventsEnd == events.length) {
            events = Arrays.copyOf(events, 2 * events.length);
        }
        events[eventsEnd] = kind;
        events[eventsEnd + 1] = xid;
        events[eventsEnd + 2] = first;
        events[eventsEnd + 3] = second;
        eventsEnd += 4;
    }

    private int row(long xid, long lsn) {
        if (xid == 0) {
            return 0;
        }
        int mask = slots.length - 1;
        int slot = hash(xid) & mask;
        while (slots[slot] != 0) {
            if (xids[slots[slot] - 1] == xid) {
                return slots[slot] - 1;
            }
            slot = slot + 1 & mask;
        }
        if (rows == counts.length) {
            grow();
            return row(xid, lsn);
        }
        xids[rows] = xid;
        firstLsns[rows] = lsn;
        slots[slot] = rows + 1;
        return rows++;
    }

    private static int hash(long xid) {
        return (int) (xid * 0x9E3779B97F4A7C15L >>> 32);
    }

    private void grow() {
        int capacity = 2 * counts.length;
        xids = Arrays.copyOf(xids, capacity);
        firstLsns = Arrays.copyOf(firstLsns, capacity);
        counts = Arrays.copyOf(counts, capacity);
        recordBytes = Arrays.copyOf(recordBytes, capacity);
        imageBytes = Arrays.copyOf(imageBytes, capacity);
        slots = new int[2 * capacity];
        int mask = slots.length - 1;
        for (int row = 1; row < rows; row++) {
            int slot = hash(xids[row]) & mask;
            while (slots[slot] != 0) {
                slot = slot + 1 & mask;
            }
            slots[slot] = row + 1;
        }
    }

    // The sum of all parts

    @Override
    public void merge(TransactionStatistics later) {
        if (later.endLsn != 0) {
            firstLsn = firstLsn == 0 ? later.firstLsn : firstLsn;
            endLsn = later.endLsn;
        }
        for (int row = 0; row < later.rows; row++) {
            Transaction transaction = row == 0 ? none : open.getOrBegin(later.xids[row], 0);
            if (transaction.firstLsn == 0) {
                transaction.firstLsn = later.firstLsns[row];
            }
            transaction.count += later.counts[row];
            transaction.recordBytes += later.recordBytes[row];
            transaction.imageBytes += later.imageBytes[row];
        }
        for (int at = 0; at < later.eventsEnd; at += 4) {
            happened(later.events[at], later.events[at + 1], later.events[at + 2], later.events[at + 3]);
        }
    }

    @Override
    public void clear() {
        Arrays.fill(slots, 0);
        Arrays.fill(counts, 0, rows, 0);
        Arrays.fill(recordBytes, 0, rows, 0);
        Arrays.fill(imageBytes, 0, rows, 0);
        rows = 1;
        eventsEnd = 0;
        firstLsn = 0;
        endLsn = 0;
    }

    @Override
    public boolean growsWithRecords() {
        return true;
    }

    private void happened(long kind, long xid, long first, long second) {
        if (kind == LINK) {
            Transaction subtransaction = open.remove(xid);
            if (subtransaction != null) {
                open.getOrBegin(first, second).add(subtransaction);
                open.reuse(subtransaction);
            }
        } else if (kind == CRASH) {
            crash(first);
        } else if (kind == PREPARED) {
            Transaction transaction = open.get(xid);
            if (transaction != null) {
                transaction.outcome = Outcome.PREPARED;
                transaction.time = first;
            }
        } else {
            Transaction transaction = open.remove(xid);
            if (transaction != null) {
                transaction.time = first;
                ended(transaction, kind == COMMITTED ? Outcome.COMMITTED : Outcome.ABORTED);
            }
        }
    }

    /** What was open when the server started, prepared transactions apart, is over. */
    private void crash(long lsn) {
        List<Transaction> over = new ArrayList<>();
        open.forEach(transaction -> {
            if (transaction.outcome == Outcome.OPEN && Long.compareUnsigned(transaction.firstLsn, lsn) < 0) {
                over.add(transaction);
            }
        });
        for (Transaction transaction : over) {
            open.remove(transaction.xid);
            ended(transaction, transaction.xid == BOOTSTRAP_XID ? Outcome.COMMITTED : Outcome.CRASHED);
        }
    }

    private void ended(Transaction transaction, Outcome outcome) {
        transaction.outcome = outcome;
        if (transaction.count == 0) {
            // Nothing of it was wanted.
            open.reuse(transaction);
            return;
        }
        largest.add(transaction);
        if (top > 0 && largest.size() > top) {
            Transaction smallest = largest.remove();
            dropped.add(smallest);
            droppedTransactions++;
            open.reuse(smallest);
        }
        if (largest.size() > MOST) {
            throw new CommandException("there are more than " + MOST
                    + " transactions to show, which would take too much memory; wanted --top N with a lower N, or parts of WAL"
                    + " with --start and --end");
        }
    }

    // The report

    @Override
    public void report(DumpCommand.Format format, boolean sorted, ByteOutput out) {
        StatisticsTable table = new StatisticsTable(List.of("xid", "outcome", "time"), "Transaction", true);
        for (Transaction transaction : largest) {
            addRow(table, transaction);
        }
        open.forEach(transaction -> {
            if (transaction.count > 0) {
                addRow(table, transaction);
            }
        });
        if (none.count > 0) {
            addRow(table, none);
        }
        table.addToTotal(dropped.count, dropped.recordBytes, dropped.imageBytes);
        table.notShown(droppedTransactions);
        table.sort(top);
        table.write(format, firstLsn, endLsn, out);
    }

    private void addRow(StatisticsTable table, Transaction transaction) {
        table.add(
                List.of(
                        transaction == none ? "(none)" : Long.toString(transaction.xid),
                        transaction.outcome.text,
                        transaction.time == 0 ? "" : time(transaction.time)),
                transaction.count,
                transaction.recordBytes,
                transaction.imageBytes);
    }

    private String time(long micros) {
        return TIME.format(EPOCH.plus(micros, ChronoUnit.MICROS).atZone(zone));
    }
}
