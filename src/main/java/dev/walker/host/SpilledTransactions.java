package dev.walker.host;

import dev.walker.host.OpenTransactions.Outcome;
import dev.walker.host.OpenTransactions.Transaction;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;

/**
 * Any number of transactions, to be given again sorted by size. Those that there is no room for go to a temporary file, in
 * runs that are sorted, which are merged in the end. Not thread safe.
 */
final class SpilledTransactions implements AutoCloseable {
    /** The largest first; what does not depend on the order in which they came. */
    static final Comparator<Transaction> LARGEST_FIRST = Comparator.comparingLong(Transaction::bytes)
            .reversed()
            .thenComparing(
                    Comparator.comparingLong((Transaction each) -> each.count).reversed())
            .thenComparingLong(each -> each.xid);

    /** How many are kept in memory. */
    static final int ROOM = 1 << 16;

    private static final Outcome[] OUTCOMES = Outcome.values();
    private static final int ROW = 5 * Long.BYTES + 1;
    /** How many of a run are read at once, of many runs one after the other. */
    private static final int READ_AT_ONCE = 100;

    private final int room;
    private Transaction[] kept = new Transaction[0];
    private int count;
    private FileChannel file;
    /** Where each run begins in the file. */
    private final List<Long> runs = new ArrayList<>();

    private long fileEnd;

    /** None yet. {@code room} tells how many are kept in memory. */
    SpilledTransactions(int room) {
        this.room = room;
    }

    /** Adds one; {@code open} takes back the objects that are of no use any more. */
    void add(Transaction transaction, OpenTransactions open) {
        if (count == room) {
            spill();
            for (int i = 0; i < count; i++) {
                open.reuse(kept[i]);
            }
            count = 0;
        }
        if (count == kept.length) {
            kept = Arrays.copyOf(kept, Math.min(room, 2 * count + 16));
        }
        kept[count++] = transaction;
    }

    private void spill() {
        sort();
        ByteBuffer rows = ByteBuffer.allocate(READ_AT_ONCE * ROW);
        try {
            if (file == null) {
                // It has no name from the start where the system can do that, so that nothing is left behind.
                Path path = Files.createTempFile("walker-transactions", "");
                file = FileChannel.open(
                        path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            }
            runs.add(fileEnd);
            for (int i = 0; i < count; i++) {
                put(kept[i], rows);
                if (!rows.hasRemaining() || i == count - 1) {
                    rows.flip();
                    while (rows.hasRemaining()) {
                        fileEnd += file.write(rows, fileEnd);
                    }
                    rows.clear();
                }
            }
        } catch (IOException e) {
            throw failed("write", e);
        }
    }

    private void sort() {
        Arrays.sort(kept, 0, count, LARGEST_FIRST);
    }

    private static void put(Transaction transaction, ByteBuffer rows) {
        rows.putLong(transaction.xid)
                .putLong(transaction.count)
                .putLong(transaction.recordBytes)
                .putLong(transaction.imageBytes)
                .putLong(transaction.time)
                .put((byte) transaction.outcome.ordinal());
    }

    private static void get(ByteBuffer rows, Transaction transaction) {
        transaction.xid = rows.getLong();
        transaction.count = rows.getLong();
        transaction.recordBytes = rows.getLong();
        transaction.imageBytes = rows.getLong();
        transaction.time = rows.getLong();
        transaction.outcome = OUTCOMES[rows.get()];
    }

    private static CommandException failed(String what, IOException e) {
        return new CommandException("cannot " + what + " a temporary file in " + System.getProperty("java.io.tmpdir")
                + " for more transactions than fit into memory: " + e.getMessage()
                + "; another directory is taken with java -Djava.io.tmpdir=DIRECTORY, less is needed with --top N");
    }

    /** Gives all, the largest first; each is lent until the next one. May be called once, when all were added. */
    Iterator<Transaction> sorted() {
        sort();
        PriorityQueue<Run> merged = new PriorityQueue<>(Comparator.comparing((Run run) -> run.current, LARGEST_FIRST));
        for (int i = 0; i < runs.size(); i++) {
            add(merged, new FileRun(runs.get(i), i + 1 < runs.size() ? runs.get(i + 1) : fileEnd));
        }
        add(merged, new KeptRun());
        return new Iterator<>() {
            private Run given;

            @Override
            public boolean hasNext() {
                if (given != null) {
                    add(merged, given);
                    given = null;
                }
                return !merged.isEmpty();
            }

            @Override
            public Transaction next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                given = merged.remove();
                return given.current;
            }
        };
    }

    private static void add(PriorityQueue<Run> merged, Run run) {
        if (run.next()) {
            merged.add(run);
        }
    }

    /** Transactions that are sorted. */
    private abstract static class Run {
        Transaction current = new Transaction();

        /** Moves {@link #current} on; false at the end. */
        abstract boolean next();
    }

    private final class KeptRun extends Run {
        private int at;

        @Override
        boolean next() {
            if (at == count) {
                return false;
            }
            current = kept[at++];
            return true;
        }
    }

    private final class FileRun extends Run {
        private final ByteBuffer rows = ByteBuffer.allocate(READ_AT_ONCE * ROW).limit(0);
        private final long end;
        private long at;

        FileRun(long at, long end) {
            this.at = at;
            this.end = end;
        }

        @Override
        boolean next() {
            if (!rows.hasRemaining() && !read()) {
                return false;
            }
            get(rows, current);
            return true;
        }

        private boolean read() {
            if (at == end) {
                return false;
            }
            rows.clear().limit((int) Math.min(rows.capacity(), end - at));
            try {
                while (rows.hasRemaining()) {
                    int read = file.read(rows, at);
                    if (read < 0) {
                        throw new IOException("it ends at byte " + at + ", wanted " + end);
                    }
                    at += read;
                }
            } catch (IOException e) {
                throw failed("read", e);
            }
            rows.flip();
            return true;
        }
    }

    /** Lets the temporary file go. */
    @Override
    public void close() {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            throw failed("close", e);
        }
    }
}
