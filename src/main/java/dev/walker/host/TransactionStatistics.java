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
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Number and size of records by transaction, with the outcome and the time of its end.
 *
 * <p>Subtransactions count for their top-level transaction, as its end tells; one that was rolled back by itself stands for
 * itself, with those that were released in it. What other records tell of subtransactions ({@code wal_level}) counts only if
 * WAL ends before their transaction does. Only transactions that are open, their subtransactions, and the largest of the others
 * are kept, and where many are to be shown, those go to a temporary file: memory does not grow with the length of WAL.
 */
final class TransactionStatistics implements Statistics<TransactionStatistics> {
    // What a row begins with: XID, the longest outcome, and the time with two spaces
    private static final int WIDTH_WITHOUT_TIME = 20;
    private static final int WIDTH_WITH_TIME = 53;

    private static final int FIRST_CAPACITY = 256;
    private static final int FIRST_EVENTS = 4 * 256;
    private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSSxxx", Locale.ROOT);

    /** {@code BootstrapTransactionId}: always taken as committed. */
    private static final long BOOTSTRAP_XID = 1;

    private static final int CHECKPOINT_SHUTDOWN = 0x00;
    private static final int END_OF_RECOVERY = 0x90;

    /** Of more events the memory is let go when a part is used again. */
    private static final int KEPT_EVENTS = 1 << 16;

    // What happened, in order: kind and XID in one number, and a time or an LSN.
    /** How many are of a transaction that ends; then LSN, and these, two of them in a number. */
    private static final long LINKS = 0;

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
    private int[] xids = new int[FIRST_CAPACITY];
    /** The top-level transaction of a subtransaction, as far as a record told while it was open; else 0. */
    private int[] topLevelXids = new int[FIRST_CAPACITY];

    private long[] firstLsns = new long[FIRST_CAPACITY];
    private int[] counts = new int[FIRST_CAPACITY];
    private long[] recordBytes = new long[FIRST_CAPACITY];
    private long[] imageBytes = new long[FIRST_CAPACITY];
    private long[] events = new long[FIRST_EVENTS];
    private int eventsEnd;
    private int linksAt;
    private final XactEnd end = new XactEnd();
    private final XactAssignment assignment = new XactAssignment();
    private final XactPrepare prepare = new XactPrepare();

    // What the sum of all parts has.
    private final OpenTransactions open = new OpenTransactions();
    /** Those of them of which records have told subtransactions. */
    private final Set<Transaction> withSubtransactions = new LinkedHashSet<>();

    private final boolean isSpilled;
    private final PriorityQueue<Transaction> largest =
            new PriorityQueue<>(SpilledTransactions.LARGEST_FIRST.reversed());
    private final SpilledTransactions spilled;
    private final Transaction none = new Transaction();
    private final Transaction total = new Transaction();
    private long transactions;
    private int widest;
    private final StringBuilder text = new StringBuilder();

    private long endLsn;

    /**
     * Empty sums.
     *
     * @param top how many transactions are shown, 0 for all
     */
    TransactionStatistics(RecordFilter filter, int top, ZoneId zone) {
        this(filter, top, zone, SpilledTransactions.ROOM);
    }

    /** Empty sums; {@code room} tells how many transactions that are over are kept in memory. */
    TransactionStatistics(RecordFilter filter, int top, ZoneId zone, int room) {
        this.filter = filter;
        this.top = top;
        this.zone = zone;
        this.isSpilled = top == 0 || top > room;
        this.spilled = new SpilledTransactions(isSpilled ? room : 0);
        none.outcome = Outcome.NONE;
    }

    // Records

    @Override
    public void add(WalRecord record) {
        if (filter.accepts(record)) {
            endLsn = record.endLsn();
            int row = row(xidOf(record), record.lsn());
            int images = record.fpiLength();
            counts[row]++;
            recordBytes[row] += record.totalLength() - images;
            imageBytes[row] += images;
        }
        if (record.hasTopLevelXid()) {
            isOf(record.topLevelXid(), record.xid(), record.lsn());
        }
        if (record.rmgrId() == Rmgr.XACT.id()) {
            addXact(record);
        } else if (record.rmgrId() == Rmgr.XLOG.id()
                && (record.rmgrInfo() == CHECKPOINT_SHUTDOWN || record.rmgrInfo() == END_OF_RECOVERY)) {
            event(CRASH, 0, record.lsn());
        }
    }

    /** The transaction that a record is of; the end of a prepared one is in a record without a transaction. */
    private long xidOf(WalRecord record) {
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
                if (links(end.xid(), end.subxactCount(), record.lsn())) {
                    for (int i = 0; i < end.subxactCount(); i++) {
                        link(i, end.subxact(i));
                    }
                }
                if (end.xid() != 0) {
                    event(end.isCommit() ? COMMITTED : ABORTED, end.xid(), end.xactTime());
                }
                break;
            case ASSIGNMENT:
                assignment.wrap(record);
                for (int i = 0; i < assignment.subxactCount(); i++) {
                    isOf(assignment.topLevelXid(), assignment.subxact(i), record.lsn());
                }
                break;
            case PREPARE:
                prepare.wrap(record);
                if (links(prepare.xid(), prepare.subxactCount(), record.lsn())) {
                    for (int i = 0; i < prepare.subxactCount(); i++) {
                        link(i, prepare.subxact(i));
                    }
                }
                event(PREPARED, prepare.xid(), prepare.preparedAt());
                break;
            default:
                break;
        }
    }

    /** A record tells of an open transaction that a subtransaction is its own. */
    private void isOf(long topLevelXid, long xid, long lsn) {
        if (xid != 0 && xid != topLevelXid) {
            int row = row(xid, lsn);
            topLevelXids[row] = (int) topLevelXid;
        }
    }

    private void event(long kind, long xid, long number) {
        reserveEvents(2);
        events[eventsEnd++] = kind << 32 | xid;
        events[eventsEnd++] = number;
    }

    private void reserveEvents(int more) {
        if (more > events.length - eventsEnd) {
            events = Arrays.copyOf(events, Math.max(2 * events.length, eventsEnd + more));
        }
    }

    /** Begins with subtransactions of a transaction, which {@link #link} is to tell; false if there are none. */
    private boolean links(long topLevelXid, int number, long lsn) {
        if (number == 0) {
            return false;
        }
        event(LINKS, topLevelXid, number);
        reserveEvents(1 + numbersOf(number));
        events[eventsEnd] = lsn;
        linksAt = eventsEnd + 1;
        eventsEnd = linksAt + numbersOf(number);
        Arrays.fill(events, linksAt, eventsEnd, 0);
        return true;
    }

    private void link(int index, long xid) {
        events[linksAt + index / 2] |= index % 2 == 0 ? xid : xid << 32;
    }

    private static long linkAt(long[] events, int at, int index) {
        long two = events[at + index / 2];
        return index % 2 == 0 ? two & 0xFFFF_FFFFL : two >>> 32;
    }

    private static int numbersOf(int links) {
        return links / 2 + links % 2;
    }

    private int row(long xid, long lsn) {
        if (xid == 0) {
            return 0;
        }
        int mask = slots.length - 1;
        int slot = hash(xid) & mask;
        while (slots[slot] != 0) {
            if (xids[slots[slot] - 1] == (int) xid) {
                return slots[slot] - 1;
            }
            slot = slot + 1 & mask;
        }
        if (rows == counts.length) {
            grow();
            return row(xid, lsn);
        }
        xids[rows] = (int) xid;
        topLevelXids[rows] = 0;
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
        topLevelXids = Arrays.copyOf(topLevelXids, capacity);
        firstLsns = Arrays.copyOf(firstLsns, capacity);
        counts = Arrays.copyOf(counts, capacity);
        recordBytes = Arrays.copyOf(recordBytes, capacity);
        imageBytes = Arrays.copyOf(imageBytes, capacity);
        slots = new int[2 * capacity];
        int mask = slots.length - 1;
        for (int row = 1; row < rows; row++) {
            int slot = hash(Integer.toUnsignedLong(xids[row])) & mask;
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
            endLsn = later.endLsn;
        }
        for (int row = 0; row < later.rows; row++) {
            long rowXid = Integer.toUnsignedLong(later.xids[row]);
            if (later.topLevelXids[row] != 0) {
                Transaction top = topLevel(Integer.toUnsignedLong(later.topLevelXids[row]), later.firstLsns[row]);
                belongsWhileOpen(rowXid, top);
                top.subtransactions.add(rowXid, later.counts[row], later.recordBytes[row], later.imageBytes[row]);
                continue;
            }
            Transaction transaction = row == 0 ? none : open.getOrBegin(rowXid, 0);
            if (transaction.firstLsn == 0) {
                transaction.firstLsn = later.firstLsns[row];
            }
            transaction.count += later.counts[row];
            transaction.recordBytes += later.recordBytes[row];
            transaction.imageBytes += later.imageBytes[row];
        }
        long[] all = later.events;
        int linksOf = 0;
        int numberOfLinks = 0;
        for (int at = 0; at < later.eventsEnd; ) {
            long kind = all[at] >>> 32;
            long xid = all[at] & 0xFFFF_FFFFL;
            long number = all[at + 1];
            at += 2;
            if (kind == LINKS) {
                long lsn = all[at++];
                linksOf = at;
                numberOfLinks = (int) number;
                for (int i = 0; i < number; i++) {
                    belongs(linkAt(all, at, i), xid, lsn);
                }
                at += numbersOf((int) number);
            } else {
                if (kind == ABORTED) {
                    takeAborted(xid, all, linksOf, numberOfLinks);
                }
                happened(kind, xid, number);
                numberOfLinks = 0;
            }
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
        if (events.length > KEPT_EVENTS) {
            events = new long[FIRST_EVENTS];
        }
        endLsn = 0;
    }

    @Override
    public boolean growsWithRecords() {
        return true;
    }

    private void belongs(long xid, long topLevelXid, long lsn) {
        Transaction subtransaction = remove(xid);
        if (subtransaction != null) {
            open.getOrBegin(topLevelXid, lsn).add(subtransaction);
            open.reuse(subtransaction);
        }
    }

    /** The open transaction with an XID, which has subtransactions. */
    private Transaction topLevel(long xid, long lsn) {
        Transaction transaction = open.getOrBegin(xid, lsn);
        if (transaction.subtransactions == null) {
            transaction.subtransactions = new Subtransactions();
            withSubtransactions.add(transaction);
        }
        return transaction;
    }

    /** Gives what is known of a subtransaction to the transaction it is of, which may still tell otherwise. */
    private void belongsWhileOpen(long xid, Transaction top) {
        Transaction subtransaction = remove(xid);
        if (subtransaction != null) {
            top.subtransactions.add(xid, subtransaction.count, subtransaction.recordBytes, subtransaction.imageBytes);
            open.reuse(subtransaction);
        }
    }

    /** Takes a transaction out, with its subtransactions; null if it is not open. */
    private Transaction remove(long xid) {
        Transaction transaction = open.remove(xid);
        if (transaction != null && transaction.subtransactions != null) {
            transaction.subtransactions.addTo(transaction);
            transaction.subtransactions = null;
            withSubtransactions.remove(transaction);
        }
        return transaction;
    }

    /** What is rolled back may be a subtransaction of one that goes on: takes it from that, with those in it. */
    private void takeAborted(long xid, long[] links, int linksOf, int number) {
        Transaction top = topLevelOf(xid);
        if (top == null) {
            return;
        }
        int[] sorted = new int[number + 1];
        for (int i = 0; i < number; i++) {
            sorted[i] = (int) linkAt(links, linksOf, i);
        }
        sorted[number] = (int) xid;
        Arrays.sort(sorted);
        top.subtransactions.take(xid, sorted, open.getOrBegin(xid, top.firstLsn));
    }

    private void happened(long kind, long xid, long first) {
        if (kind == CRASH) {
            crash(first);
        } else if (kind == PREPARED) {
            Transaction transaction = open.get(xid);
            if (transaction != null) {
                transaction.outcome = Outcome.PREPARED;
                transaction.time = first;
            }
        } else {
            Transaction transaction = remove(xid);
            if (transaction != null) {
                transaction.time = first;
                ended(transaction, kind == COMMITTED ? Outcome.COMMITTED : Outcome.ABORTED);
            }
        }
    }

    /** Gives what has come of subtransactions since records told of them to their transactions, which will not end. */
    private void gather() {
        if (withSubtransactions.isEmpty()) {
            return;
        }
        List<Transaction> told = new ArrayList<>();
        open.forEach(transaction -> {
            if (transaction.subtransactions == null && topLevelOf(transaction.xid) != null) {
                told.add(transaction);
            }
        });
        for (Transaction subtransaction : told) {
            belongsWhileOpen(subtransaction.xid, topLevelOf(subtransaction.xid));
        }
    }

    /** The open transaction of which a record told that a subtransaction is its own; null if there is none. */
    private Transaction topLevelOf(long xid) {
        for (Transaction transaction : withSubtransactions) {
            if (transaction.subtransactions.has(xid)) {
                return transaction;
            }
        }
        return null;
    }

    /** What was open when the server started, prepared transactions apart, is over. */
    private void crash(long lsn) {
        gather();
        List<Transaction> over = new ArrayList<>();
        open.forEach(transaction -> {
            if (transaction.outcome == Outcome.OPEN && Long.compareUnsigned(transaction.firstLsn, lsn) < 0) {
                over.add(transaction);
            }
        });
        for (Transaction transaction : over) {
            remove(transaction.xid);
            ended(transaction, transaction.xid == BOOTSTRAP_XID ? Outcome.COMMITTED : Outcome.CRASHED);
        }
    }

    private void ended(Transaction transaction, Outcome outcome) {
        transaction.outcome = outcome;
        if (transaction.count == 0) {
            // Nothing of it was wanted.
            open.reuse(transaction);
        } else {
            keep(transaction, open);
        }
    }

    /** Keeps a transaction for the report, if it may be shown; its object is of no other use any more. */
    private void keep(Transaction transaction, OpenTransactions objects) {
        total.add(transaction);
        transactions++;
        widest = Math.max(widest, transaction.time == 0 ? WIDTH_WITHOUT_TIME : WIDTH_WITH_TIME);
        if (isSpilled) {
            spilled.add(transaction, objects);
            return;
        }
        largest.add(transaction);
        if (largest.size() > top) {
            objects.reuse(largest.remove());
        }
    }

    // The report

    @Override
    public void report(DumpCommand.Format format, boolean sorted, long firstLsn, ByteOutput out) {
        gather();
        // These are in use, and not given back.
        OpenTransactions others = new OpenTransactions();
        open.forEach(transaction -> {
            Transaction copy = transaction.copy();
            if (copy.count > 0) {
                keep(copy, others);
            }
        });
        if (none.count > 0) {
            keep(none.copy(), others);
        }
        long shown = top == 0 ? transactions : Math.min(top, transactions);
        StatisticsTable table = new StatisticsTable(List.of("xid", "outcome", "time"), "Transaction", true);
        table.addToTotal(total.count, total.recordBytes, total.imageBytes);
        table.notShown(transactions - shown);
        table.stream(rows(largestFirst(), shown), widest);
        table.write(format, firstLsn, endLsn, out);
    }

    private Iterator<Transaction> largestFirst() {
        if (isSpilled) {
            return spilled.sorted();
        }
        List<Transaction> all = new ArrayList<>(largest);
        all.sort(SpilledTransactions.LARGEST_FIRST);
        return all.iterator();
    }

    private Iterator<StatisticsTable.Row> rows(Iterator<Transaction> all, long number) {
        return new Iterator<>() {
            private long left = number;

            @Override
            public boolean hasNext() {
                return left > 0 && all.hasNext();
            }

            @Override
            public StatisticsTable.Row next() {
                left--;
                return row(all.next());
            }
        };
    }

    private StatisticsTable.Row row(Transaction transaction) {
        return new StatisticsTable.Row(
                List.of(
                        transaction.outcome == Outcome.NONE ? "(none)" : Long.toString(transaction.xid),
                        transaction.outcome.text,
                        transaction.time == 0 ? "" : time(transaction.time)),
                transaction.count,
                transaction.recordBytes,
                transaction.imageBytes);
    }

    @Override
    public void close() {
        spilled.close();
    }

    /** As {@code yyyy-MM-dd HH:mm:ss.SSSSSSxxx}: a formatter would leave twenty times as much garbage for each. */
    private String time(long micros) {
        ZonedDateTime time = EPOCH.plus(micros, ChronoUnit.MICROS).atZone(zone);
        if (time.getYear() < 1000 || time.getYear() > 9999) {
            return TIME.format(time);
        }
        text.setLength(0);
        text.append(time.getYear());
        twoDigits('-', time.getMonthValue());
        twoDigits('-', time.getDayOfMonth());
        twoDigits(' ', time.getHour());
        twoDigits(':', time.getMinute());
        twoDigits(':', time.getSecond());
        text.append('.');
        int start = text.length();
        text.append(1_000_000 + time.getNano() / 1000).deleteCharAt(start);
        String offset = time.getOffset().getId();
        return text.append(offset.equals("Z") ? "+00:00" : offset).toString();
    }

    private void twoDigits(char before, int value) {
        text.append(before).append((char) ('0' + value / 10)).append((char) ('0' + value % 10));
    }
}
