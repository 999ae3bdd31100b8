package dev.walker.heatmap;

import dev.walker.spi.SourceServer;
import dev.walker.wal.RelFileLocator;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Which rows of the history belong to which file. A table that gets new files ({@code TRUNCATE}, {@code VACUUM FULL},
 * {@code CLUSTER}, some of {@code ALTER TABLE}) goes on with the rows that it had, where the server can be asked which
 * table a file is of. Elsewhere the history of a file ends with it.
 */
final class HistoryFiles {
    /** A relation of {@code pg_class}. */
    private record Key(long dbOid, long oid) {}

    /** Files that the server is asked for at once. */
    private static final int MOST_ASKED = 1000;

    private final HistoryTables tables;
    private final SourceServer server;
    /** Lets go of counters in memory, which are in the tables. */
    private final Consumer<RelationHistory> release;

    private final Set<RelationHistory> all = new LinkedHashSet<>();
    private final Map<Key, RelationHistory> byOid = new HashMap<>();
    /** Those of which the server may yet say whose file they are. */
    private final Set<RelationHistory> unresolved = new LinkedHashSet<>();
    /** Those whose file is gone, but their relation may have another one. */
    private final Set<RelationHistory> orphans = new LinkedHashSet<>();
    /** Those that were dropped after another file took over. */
    private final List<RelationHistory> superseded = new ArrayList<>();

    private final List<Relation> deletedRows = new ArrayList<>();
    private final Set<Long> deletedIds = new LinkedHashSet<>();
    private long lastId;
    private boolean orphansWanted;

    HistoryFiles(HistoryTables tables, SourceServer server, Consumer<RelationHistory> release) {
        this.tables = tables;
        this.server = server;
        this.release = release;
    }

    /** Those with rows. */
    Collection<RelationHistory> all() {
        return all;
    }

    private static Key key(RelationHistory history) {
        return new Key(history.relation.dbOid, history.oid);
    }

    /** Takes a file as stored; {@code gone}: its relation has another one now, or none. */
    void loaded(RelationHistory history, boolean gone) {
        lastId = Math.max(lastId, history.id);
        all.add(history);
        if (history.oid == 0) {
            if (gone) {
                remove(history);
            } else {
                unresolved.add(history);
            }
            return;
        }
        RelationHistory other = byOid.put(key(history), history);
        if (other != null) {
            history.shared = true;
            other.shared = true;
        }
        if (gone) {
            dropped(history);
        }
    }

    /** Gives a file its place in the tables; tells whether it had none. */
    boolean register(RelationHistory history) {
        if (history.id != 0) {
            return false;
        }
        history.id = ++lastId;
        history.newestMinute = RelationHistory.NONE;
        history.rowChanged = true;
        all.add(history);
        unresolved.add(history);
        return true;
    }

    /** Whether the rows stay when the file is gone. */
    static boolean outlives(RelationHistory history) {
        return history.id != 0 && history.oid != 0;
    }

    /** A file is gone. */
    void dropped(RelationHistory history) {
        unresolved.remove(history);
        if (history.id == 0) {
            return;
        }
        if (history.shared) {
            superseded.add(history);
        } else if (history.oid != 0) {
            orphans.add(history);
            orphansWanted = true;
        } else {
            remove(history);
        }
    }

    private void remove(RelationHistory history) {
        all.remove(history);
        deletedIds.add(history.id);
        deletedRows.add(history.relation);
    }

    /** There is to be no history. */
    void removeAll() {
        List.copyOf(all).forEach(this::remove);
        unresolved.clear();
        orphans.clear();
        superseded.clear();
    }

    /** It is time to ask again for relations that may have been dropped. */
    void lookAgain() {
        orphansWanted = true;
    }

    /** Puts files and relations together. All counters must be written. */
    void settle() {
        ask();
        superseded.forEach(this::leaveToOthers);
        superseded.clear();
        if (orphansWanted && !orphans.isEmpty()) {
            removeGone();
        }
        orphansWanted = false;
    }

    private void leaveToOthers(RelationHistory history) {
        List<RelationHistory> others = new ArrayList<>();
        for (RelationHistory other : all) {
            if (other.id == history.id && other != history) {
                others.add(other);
            }
        }
        if (others.isEmpty()) {
            // All files went at once; their relation may yet have another one.
            history.shared = false;
            orphans.add(history);
            orphansWanted = true;
            return;
        }
        all.remove(history);
        deletedRows.add(history.relation);
        for (RelationHistory other : others) {
            other.takeParts(history);
            other.shared = others.size() > 1;
            byOid.put(key(other), other);
            // The row has what this one counted, perhaps after the other one was written.
            release.accept(other);
            other.newestMinute = RelationHistory.UNKNOWN;
        }
    }

    private void ask() {
        List<RelationHistory> asked = new ArrayList<>();
        List<RelFileLocator> files = new ArrayList<>();
        for (RelationHistory history : unresolved) {
            if (asked.size() == MOST_ASKED) {
                break;
            }
            asked.add(history);
            files.add(history.relation.locator());
        }
        if (asked.isEmpty()) {
            return;
        }
        long[] oids = server.relationOids(files);
        for (int i = 0; i < oids.length; i++) {
            RelationHistory history = asked.get(i);
            unresolved.remove(history);
            if (oids[i] > 0) {
                resolved(history, oids[i]);
            } else if (oids[i] == 0) {
                // Perhaps its creation is not committed yet. Others are asked for first the next time.
                unresolved.add(history);
            }
        }
    }

    private void resolved(RelationHistory history, long oid) {
        history.oid = oid;
        history.rowChanged = true;
        RelationHistory before = byOid.put(key(history), history);
        if (before == null) {
            return;
        }
        moveRows(history, before.id);
        history.takeParts(before);
        history.newestMinute = RelationHistory.UNKNOWN;
        release.accept(history);
        release.accept(before);
        if (orphans.remove(before)) {
            all.remove(before);
            deletedRows.add(before.relation);
        } else {
            before.shared = true;
            history.shared = true;
        }
    }

    private void moveRows(RelationHistory history, long id) {
        for (HistoryLayer layer : HistoryLayer.values()) {
            tables.readLayer(history.id, layer, (of, bucket, cells) -> {
                tables.addTo(cells, id, of, bucket);
                tables.write(id, of, bucket, cells);
            });
        }
        tables.deleteAll(history.id);
        history.id = id;
    }

    private void removeGone() {
        Map<Long, Set<Long>> oidsByDatabase = new HashMap<>();
        for (RelationHistory history : orphans) {
            oidsByDatabase
                    .computeIfAbsent(history.relation.dbOid, database -> new LinkedHashSet<>())
                    .add(history.oid);
        }
        oidsByDatabase.forEach((database, oids) -> {
            Set<Long> gone = server.goneRelations(database, oids);
            orphans.removeIf(history -> {
                boolean isGone = history.relation.dbOid == database && gone.contains(history.oid);
                if (isGone) {
                    byOid.remove(key(history));
                    remove(history);
                }
                return isGone;
            });
        });
    }

    /** Writes what has changed about files. */
    void flush() {
        deletedIds.forEach(tables::deleteAll);
        deletedIds.clear();
        deletedRows.forEach(tables::deleteRelation);
        deletedRows.clear();
        for (RelationHistory history : all) {
            if (history.rowChanged) {
                tables.putRelation(history);
                history.rowChanged = false;
            }
        }
    }
}
