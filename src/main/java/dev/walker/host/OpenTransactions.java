package dev.walker.host;

import java.util.function.Consumer;

/**
 * Transactions that are open, by XID. An object whose transaction is over is used again for another one, so that memory
 * does not depend on the length of WAL, nor on when the garbage collector runs.
 */
final class OpenTransactions {
    /** How a transaction ended. */
    enum Outcome {
        OPEN("open"),
        PREPARED("prepared"),
        COMMITTED("committed"),
        ABORTED("aborted"),
        CRASHED("crashed"),
        NONE("");

        final String text;

        Outcome(String text) {
            this.text = text;
        }
    }

    /** A transaction, in the sum of all parts. */
    static final class Transaction {
        long xid;
        long firstLsn;
        long count;
        long recordBytes;
        long imageBytes;
        Outcome outcome = Outcome.OPEN;
        long time;
        /** Those that records told of so far; null if there are none. */
        Subtransactions subtransactions;

        private Transaction next;

        long bytes() {
            return recordBytes + imageBytes;
        }

        Transaction copy() {
            Transaction copy = new Transaction();
            copy.begin(xid, firstLsn);
            copy.add(this);
            if (subtransactions != null) {
                subtransactions.addTo(copy);
            }
            copy.outcome = outcome;
            copy.time = time;
            return copy;
        }

        void add(Transaction other) {
            count += other.count;
            recordBytes += other.recordBytes;
            imageBytes += other.imageBytes;
        }

        private void begin(long newXid, long lsn) {
            xid = newXid;
            firstLsn = lsn;
            count = 0;
            recordBytes = 0;
            imageBytes = 0;
            outcome = Outcome.OPEN;
            time = 0;
            subtransactions = null;
        }
    }

    private static final int FIRST_CAPACITY = 1024;

    /** Chains; their number is a power of two. */
    private Transaction[] chains = new Transaction[FIRST_CAPACITY];

    private int size;
    private Transaction free;

    OpenTransactions() {}

    private int chain(long xid) {
        // Those that are open at a time follow one another.
        return (int) xid & chains.length - 1;
    }

    /** The transaction with an XID; null if it is not open. */
    Transaction get(long xid) {
        Transaction found = chains[chain(xid)];
        while (found != null && found.xid != xid) {
            found = found.next;
        }
        return found;
    }

    /** The transaction with an XID, which begins with a record if it is not open. */
    Transaction getOrBegin(long xid, long firstLsn) {
        Transaction found = get(xid);
        if (found != null) {
            return found;
        }
        if (size == chains.length) {
            grow();
        }
        Transaction fresh = free == null ? new Transaction() : free;
        free = fresh.next;
        fresh.begin(xid, firstLsn);
        link(fresh);
        size++;
        return fresh;
    }

    private void link(Transaction transaction) {
        int chain = chain(transaction.xid);
        transaction.next = chains[chain];
        chains[chain] = transaction;
    }

    private void grow() {
        Transaction[] old = chains;
        chains = new Transaction[2 * old.length];
        for (Transaction each : old) {
            while (each != null) {
                Transaction rest = each.next;
                link(each);
                each = rest;
            }
        }
    }

    /** Takes a transaction out; null if it is not open. */
    Transaction remove(long xid) {
        int chain = chain(xid);
        Transaction before = null;
        for (Transaction each = chains[chain]; each != null; before = each, each = each.next) {
            if (each.xid == xid) {
                if (before == null) {
                    chains[chain] = each.next;
                } else {
                    before.next = each.next;
                }
                each.next = null;
                size--;
                return each;
            }
        }
        return null;
    }

    /** Takes back the object of a transaction that was removed, and is of no use any more. */
    void reuse(Transaction over) {
        over.next = free;
        free = over;
    }

    /** Gives each; none may be removed meanwhile. */
    void forEach(Consumer<Transaction> consumer) {
        for (Transaction first : chains) {
            for (Transaction each = first; each != null; each = each.next) {
                consumer.accept(each);
            }
        }
    }
}
