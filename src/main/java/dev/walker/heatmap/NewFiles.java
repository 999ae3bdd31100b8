package dev.walker.heatmap;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Files that transactions have made that are still open. If a crash ends such a transaction the server leaves its files
 * behind, but no table has them.
 */
final class NewFiles {
    private static final long NOT_STORED = -1;

    /** What a transaction has made. */
    private static final class Made {
        final List<Relation> relations = new ArrayList<>();
        long storedXid = NOT_STORED;
        boolean dirty;
    }

    /** Receives what is to be stored of a transaction. */
    interface RowConsumer {
        void accept(long storedXid, List<Relation> relations);
    }

    private final Map<Long, Made> byXid = new HashMap<>();
    private final List<Long> ended = new ArrayList<>();

    /** Whether no open transaction has made any. */
    boolean isEmpty() {
        return byXid.isEmpty();
    }

    /** A transaction or subtransaction has made a file. */
    void add(long xid, Relation relation) {
        Made made = byXid.computeIfAbsent(xid, none -> new Made());
        made.relations.add(relation);
        made.dirty = true;
    }

    /** A transaction or subtransaction has ended or was prepared; tells whether there is something to be stored for that. */
    boolean end(long xid) {
        Made made = byXid.remove(xid);
        return made != null && forget(made);
    }

    private boolean forget(Made made) {
        if (made.storedXid == NOT_STORED) {
            return false;
        }
        ended.add(made.storedXid);
        return true;
    }

    /** Gives what is left, and forgets it. */
    List<Relation> takeAll() {
        List<Relation> all = new ArrayList<>();
        Collection<Made> left = byXid.values();
        for (Made made : left) {
            forget(made);
            made.relations.stream().filter(relation -> !relation.gone).forEach(all::add);
        }
        left.clear();
        return all;
    }

    /** Takes what is stored of a transaction. */
    void load(long storedXid, List<Relation> relations) {
        Made made = new Made();
        made.storedXid = storedXid;
        made.relations.addAll(relations);
        byXid.put(storedXid & 0xFFFF_FFFFL, made);
    }

    /**
     * Gives what has changed since the last time.
     *
     * @param outcomes gives the key for a transaction that is not stored yet
     * @param delete receives keys of transactions that have ended
     * @param put receives the others
     */
    void drainChanged(XidOutcomes outcomes, LongConsumer delete, RowConsumer put) {
        ended.forEach(delete::accept);
        ended.clear();
        byXid.forEach((xid, made) -> {
            if (made.dirty) {
                made.dirty = false;
                made.relations.removeIf(relation -> relation.gone);
                if (made.storedXid == NOT_STORED) {
                    made.storedXid = outcomes.full(xid);
                }
                put.accept(made.storedXid, made.relations);
            }
        });
    }
}
