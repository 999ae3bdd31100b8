package dev.walker.heatmap;

import dev.walker.spi.PluginContext;
import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Type;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.roaringbitmap.RoaringBitmap;

/** Writes what has changed to the tables, and reads it back. */
final class HeatmapTables implements Heatmap.ChunkLoader, PendingSets.Store {
    static final TableSpec RELATION = TableSpec.named("heatmap_relation")
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .value("created_in_wal", Type.BOOLEAN)
            .value("inserts", Type.BIGINT)
            .value("updates", Type.BIGINT)
            .value("hot_updates", Type.BIGINT)
            .value("deletes", Type.BIGINT)
            .value("aborted_tuples", Type.BIGINT)
            .value("pruned_tuples", Type.BIGINT)
            .value("dead_tuples", Type.BIGINT)
            .value("dead_aborted", Type.BIGINT)
            .value("pages_with_garbage", Type.BIGINT)
            .value("last_change", Type.PG_LSN)
            .value("newpage_updates", Type.BIGINT)
            .build();
    static final TableSpec CHUNK = TableSpec.named("heatmap_chunk")
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .key("chunk", Type.INTEGER)
            .value("dead_tuples", Type.INTEGER)
            .value("pages_with_garbage", Type.INTEGER)
            .value("dead_by_page", Type.SMALLINT_ARRAY)
            .value("aborted_by_page", Type.SMALLINT_ARRAY)
            .value("known", Type.BYTEA)
            .value("dead", Type.BYTEA)
            .value("aborted", Type.BYTEA)
            .build();
    static final TableSpec PENDING = TableSpec.named("heatmap_pending")
            .key("xid", Type.BIGINT)
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .key("chunk", Type.INTEGER)
            .value("inserts", Type.BYTEA)
            .value("deletes", Type.BYTEA)
            .build();
    static final TableSpec XACT = TableSpec.named("heatmap_xact")
            .key("kind", Type.TEXT)
            .key("xid", Type.BIGINT)
            .value("detail", Type.BYTEA)
            .build();

    /** One row: what {@link XidOutcomes} and the plugin keep. */
    private static final String STATE = "state";
    /** XIDs that rolled back, a bitmap for each range of 65536. */
    private static final String ABORTED = "aborted";
    /** XIDs of before the walk that committed, a bitmap for each range of 65536. */
    private static final String COMMITTED = "committed";
    /** XIDs that committed as the server has told before the walk came to it, a bitmap for each range of 65536. */
    private static final String AHEAD_COMMITTED = "ahead_committed";
    /** The same of those that rolled back. */
    private static final String AHEAD_ABORTED = "ahead_aborted";
    /** Updaters of multixacts, an array for each range. */
    private static final String MULTIXACT = "multixact";
    /** Files that an open transaction has made: {@code spcOid}, {@code dbOid} and {@code relNumber} of each. */
    private static final String NEW_FILES = "new_files";
    /** A prepared transaction that has something pending. */
    private static final String PREPARED = "prepared";

    private static final int KNOWN_SIZE = 16;
    private static final byte STATE_FORMAT = 1;
    /** Bits of the second byte of {@link #STATE}. */
    private static final int MINIMAL_WAL = 1;

    private static final int CATALOGS_LEFT_OUT = 2;
    private static final int LOCATOR_SIZE = 3 * Integer.BYTES;

    private final StateTable relationTable;
    private final StateTable chunkTable;
    private final StateTable pendingTable;
    private final StateTable xactTable;

    private Heatmap heatmap;
    private byte[] storedState = new byte[0];

    HeatmapTables(PluginContext context) {
        relationTable = context.table(RELATION);
        chunkTable = context.table(CHUNK);
        pendingTable = context.table(PENDING);
        xactTable = context.table(XACT);
    }

    /** What is stored beside the map. */
    static final class State {
        final OpenXacts openXacts;
        final XidOutcomes outcomes;
        final Multixacts multixacts;
        final NewFiles newFiles = new NewFiles();
        boolean minimalWal;
        /** What happened to catalogs was not looked at. */
        boolean catalogsLeftOut;

        State(OpenXacts openXacts, XidOutcomes outcomes, Multixacts multixacts) {
            this.openXacts = openXacts;
            this.outcomes = outcomes;
            this.multixacts = multixacts;
        }
    }

    /** Reads everything but the chunks; tells whether there was anything. */
    boolean load(Heatmap heatmap, State state) {
        this.heatmap = heatmap;
        relationTable.scan(this::loadRelation);
        pendingTable.scan(row -> loadPending(state.openXacts, row));
        boolean[] found = {false};
        xactTable.scan(row -> found[0] |= loadXact(state, row));
        state.openXacts.loaded();
        return found[0];
    }

    private void loadRelation(Object[] row) {
        Relation relation = heatmap.relation((Long) row[0], (Long) row[1], (Long) row[2]);
        relation.createdInWal = (Boolean) row[3];
        relation.inserts = (Long) row[4];
        relation.updates = (Long) row[5];
        relation.hotUpdates = (Long) row[6];
        relation.deletes = (Long) row[7];
        relation.abortedTuples = (Long) row[8];
        relation.prunedTuples = (Long) row[9];
        relation.deadTuples = (Long) row[10];
        relation.deadAborted = (Long) row[11];
        relation.pagesWithGarbage = (Long) row[12];
        relation.lastChange = (Long) row[13];
        relation.newpageUpdates = (Long) row[14];
        relation.heapSeen = !relation.createdInWal || relation.inserts + relation.deadTuples > 0;
        relation.stored = true;
        relation.hasStoredChunks = true;
    }

    private void loadPending(OpenXacts openXacts, Object[] row) {
        Relation relation = heatmap.find((Long) row[1], (Long) row[2], (Long) row[3]);
        if (relation == null) {
            throw new IllegalStateException("walker." + PENDING.name() + " has transaction " + row[0]
                    + " with a relation that walker." + RELATION.name() + " does not have: " + row[1] + "/" + row[2]
                    + "/" + row[3] + "; reset the heatmap");
        }
        openXacts.load((Long) row[0], relation, (Integer) row[4], bitmap(PENDING, row, 5), bitmap(PENDING, row, 6));
    }

    @Override
    public Chunk chunkAt(int slot) {
        return heatmap.chunkAt(slot);
    }

    @Override
    public Chunk chunkOf(Relation relation, int number) {
        return heatmap.chunkOf(relation, number);
    }

    @Override
    public void load(long storedXid, PendingSets.InChunk items) {
        Relation relation = items.chunk.relation;
        pendingTable.scan(
                row -> {
                    add(items.inserts, bitmap(PENDING, row, 5));
                    add(items.deletes, bitmap(PENDING, row, 6));
                },
                storedXid,
                relation.spcOid,
                relation.dbOid,
                relation.relNumber,
                items.chunk.number);
    }

    private static void add(RoaringBitmap target, RoaringBitmap items) {
        if (items != null) {
            target.or(items);
        }
    }

    private boolean loadXact(State state, Object[] row) {
        long xid = (Long) row[1];
        byte[] detail = (byte[]) row[2];
        switch ((String) row[0]) {
            case STATE:
                ByteBuffer buffer = ByteBuffer.wrap(detail);
                if (detail.length != 2 + XidOutcomes.STATE_SIZE || buffer.get() != STATE_FORMAT) {
                    throw damaged(XACT, row, "is not of format " + STATE_FORMAT);
                }
                int bits = buffer.get();
                state.minimalWal = (bits & MINIMAL_WAL) != 0;
                state.catalogsLeftOut = (bits & CATALOGS_LEFT_OUT) != 0;
                state.outcomes.load(buffer);
                storedState = detail;
                return true;
            case ABORTED:
                state.outcomes.aborted.load(bitmap(XACT, row, 2));
                break;
            case COMMITTED:
                state.outcomes.committed.load(bitmap(XACT, row, 2));
                break;
            case AHEAD_COMMITTED:
                state.outcomes.aheadCommitted.load(bitmap(XACT, row, 2));
                break;
            case AHEAD_ABORTED:
                state.outcomes.aheadAborted.load(bitmap(XACT, row, 2));
                break;
            case MULTIXACT:
                state.multixacts.load(xid, updaters(row));
                break;
            case NEW_FILES:
                state.newFiles.load(xid, newFiles(row));
                break;
            case PREPARED:
                state.openXacts.loadPrepared(xid);
                break;
            default:
                throw damaged(XACT, row, "is of a kind that is not known");
        }
        return false;
    }

    private List<Relation> newFiles(Object[] row) {
        List<Relation> relations = new ArrayList<>();
        byte[] detail = (byte[]) row[2];
        if (detail.length % LOCATOR_SIZE != 0) {
            throw damaged(XACT, row, "has " + detail.length + " bytes");
        }
        ByteBuffer buffer = ByteBuffer.wrap(detail);
        while (buffer.hasRemaining()) {
            Relation relation = heatmap.find(
                    Integer.toUnsignedLong(buffer.getInt()),
                    Integer.toUnsignedLong(buffer.getInt()),
                    Integer.toUnsignedLong(buffer.getInt()));
            if (relation != null) {
                relations.add(relation);
            }
        }
        return relations;
    }

    private static int[] updaters(Object[] row) {
        byte[] detail = (byte[]) row[2];
        if (detail.length != Multixacts.RANGE * Integer.BYTES) {
            throw damaged(XACT, row, "has " + detail.length + " bytes");
        }
        int[] updaters = new int[Multixacts.RANGE];
        ByteBuffer.wrap(detail).asIntBuffer().get(updaters);
        return updaters;
    }

    /** Gets the updaters of a range of multixacts back. */
    int[] loadMultixacts(long firstMulti) {
        int[][] updaters = {null};
        xactTable.scan(row -> updaters[0] = updaters(row), MULTIXACT, firstMulti);
        if (updaters[0] == null) {
            throw new IllegalStateException(
                    "walker." + XACT.name() + " has lost the multixacts from " + firstMulti + " on; reset the heatmap");
        }
        return updaters[0];
    }

    @Override
    public void load(Chunk chunk) {
        Relation relation = chunk.relation;
        if (chunk.number >= relation.voidFrom) {
            return;
        }
        chunkTable.scan(
                row -> loadChunk(chunk, row), relation.spcOid, relation.dbOid, relation.relNumber, chunk.number);
    }

    @Override
    public void look(Relation relation, int fromNumber, Heatmap.StoredChunkConsumer consumer) {
        chunkTable.scanFrom(
                row -> {
                    RoaringBitmap aborted = bitmap(CHUNK, row, 10);
                    consumer.accept(
                            (Integer) row[3],
                            (Integer) row[4],
                            aborted == null ? 0 : aborted.getCardinality(),
                            (Integer) row[5],
                            (short[]) row[6]);
                },
                relation.spcOid,
                relation.dbOid,
                relation.relNumber,
                fromNumber);
    }

    @Override
    public void loadAll(Relation relation) {
        chunkTable.scan(
                row -> {
                    if ((Integer) row[3] >= relation.voidFrom) {
                        return;
                    }
                    Chunk chunk = heatmap.chunkOf(relation, (Integer) row[3]);
                    if (!chunk.loaded) {
                        chunk.loaded = true;
                        loadChunk(chunk, row);
                    }
                },
                relation.spcOid,
                relation.dbOid,
                relation.relNumber);
        relation.hasStoredChunks = false;
    }

    private static void loadChunk(Chunk chunk, Object[] row) {
        byte[] known = (byte[]) row[8];
        if (known == null || known.length != KNOWN_SIZE) {
            throw damaged(CHUNK, row, "has no " + KNOWN_SIZE + " bytes in column known");
        }
        ByteBuffer bits = ByteBuffer.wrap(known).order(ByteOrder.LITTLE_ENDIAN);
        try {
            chunk.load(bitmap(CHUNK, row, 9), bitmap(CHUNK, row, 10), bits.getLong(), bits.getLong());
        } catch (IllegalArgumentException e) {
            IllegalStateException damaged = damaged(CHUNK, row, "is damaged: " + e.getMessage());
            damaged.initCause(e);
            throw damaged;
        }
        chunk.stored = true;
    }

    private static IllegalStateException damaged(TableSpec table, Object[] row, String what) {
        StringBuilder key = new StringBuilder();
        for (int i = 0; i < table.keyColumns(); i++) {
            key.append(i == 0 ? "" : ", ")
                    .append(table.columns().get(i).name())
                    .append(' ')
                    .append(row[i]);
        }
        return new IllegalStateException(
                "the row of walker." + table.name() + " with " + key + " " + what + "; reset the heatmap");
    }

    private static RoaringBitmap bitmap(TableSpec table, Object[] row, int column) {
        byte[] bytes = (byte[]) row[column];
        if (bytes == null) {
            return null;
        }
        RoaringBitmap bitmap = new RoaringBitmap();
        try {
            bitmap.deserialize(ByteBuffer.wrap(bytes));
        } catch (IOException | RuntimeException e) {
            IllegalStateException damaged = damaged(
                    table,
                    row,
                    "has no RoaringBitmap in column "
                            + table.columns().get(column).name());
            damaged.initCause(e);
            throw damaged;
        }
        return bitmap;
    }

    private static byte[] bytes(RoaringBitmap bitmap) {
        if (bitmap == null || bitmap.isEmpty()) {
            return null;
        }
        RoaringBitmap compact = bitmap.clone();
        compact.runOptimize();
        ByteBuffer buffer = ByteBuffer.allocate(compact.serializedSizeInBytes());
        compact.serialize(buffer);
        return buffer.array();
    }

    /**
     * Writes what has changed.
     *
     * @param settled is run when all chunks are up to date, and relations are not stored yet
     */
    void flush(State state, Runnable settled) {
        for (Relation relation : heatmap.droppedRelations) {
            relationTable.delete(relation.spcOid, relation.dbOid, relation.relNumber);
            chunkTable.delete(relation.spcOid, relation.dbOid, relation.relNumber);
        }
        heatmap.droppedRelations.clear();
        for (Relation relation : heatmap.forgottenRelations) {
            chunkTable.delete(relation.spcOid, relation.dbOid, relation.relNumber);
        }
        heatmap.forgottenRelations.clear();
        for (Relation relation : heatmap.cutRelations) {
            if (!relation.gone) {
                chunkTable.deleteFrom(relation.spcOid, relation.dbOid, relation.relNumber, relation.voidFrom);
            }
            relation.voidFrom = Relation.NO_CHUNK;
        }
        heatmap.cutRelations.clear();
        heatmap.settle(() -> {
            flushChunks();
            heatmap.evict();
        });
        flushChunks();
        settled.run();
        for (Relation relation : heatmap.dirtyRelations) {
            if (!relation.gone) {
                flushRelation(relation);
            }
            relation.dirty = false;
        }
        heatmap.dirtyRelations.clear();
        flushPending(state);
        flushXacts(state);
    }

    private void flushChunks() {
        for (Chunk chunk : heatmap.dirtyChunks) {
            if (!chunk.relation.gone && !chunk.gone) {
                flushChunk(chunk);
            }
            chunk.dirty = false;
        }
        heatmap.dirtyChunks.clear();
    }

    private void flushRelation(Relation relation) {
        relationTable.put(
                relation.spcOid,
                relation.dbOid,
                relation.relNumber,
                relation.createdInWal,
                relation.inserts,
                relation.updates,
                relation.hotUpdates,
                relation.deletes,
                relation.abortedTuples,
                relation.prunedTuples,
                relation.deadTuples,
                relation.deadAborted,
                relation.pagesWithGarbage,
                relation.lastChange,
                relation.newpageUpdates);
        relation.stored = true;
    }

    private void flushChunk(Chunk chunk) {
        Relation relation = chunk.relation;
        int pagesWithGarbage = chunk.pagesWithGarbage();
        if (chunk.isEmpty()) {
            if (chunk.stored) {
                chunkTable.delete(relation.spcOid, relation.dbOid, relation.relNumber, chunk.number);
                chunk.stored = false;
            }
            return;
        }
        byte[] known = ByteBuffer.allocate(KNOWN_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(chunk.knownLow())
                .putLong(chunk.knownHigh())
                .array();
        chunkTable.put(
                relation.spcOid,
                relation.dbOid,
                relation.relNumber,
                chunk.number,
                chunk.deadCount(),
                pagesWithGarbage,
                chunk.deadByPage(),
                chunk.abortedByPage(),
                known,
                chunk.dead(),
                chunk.aborted());
        chunk.stored = true;
    }

    private void flushPending(State state) {
        state.openXacts.drainEnded(pendingTable::delete, xid -> xactTable.delete(PREPARED, xid));
        state.openXacts.drainChanged(
                state.outcomes,
                pendingTable::delete,
                this::deletePendingRows,
                this::flushPendingRow,
                xid -> xactTable.put(PREPARED, xid, null));
    }

    private void deletePendingRows(long xid, PendingSets.GoneRows gone) {
        Relation relation = gone.relation();
        if (gone.fromChunk() == 0) {
            pendingTable.delete(xid, relation.spcOid, relation.dbOid, relation.relNumber);
        } else {
            pendingTable.deleteFrom(xid, relation.spcOid, relation.dbOid, relation.relNumber, gone.fromChunk());
        }
    }

    private void flushPendingRow(long xid, PendingSets.InChunk items) {
        Chunk chunk = items.chunk;
        Relation relation = chunk.relation;
        byte[] inserts = bytes(items.inserts);
        byte[] deletes = bytes(items.deletes);
        if (inserts == null && deletes == null) {
            pendingTable.delete(xid, relation.spcOid, relation.dbOid, relation.relNumber, chunk.number);
        } else {
            pendingTable.put(xid, relation.spcOid, relation.dbOid, relation.relNumber, chunk.number, inserts, deletes);
        }
    }

    private void flushXacts(State state) {
        state.outcomes.aborted.drainDirty((first, xids) -> flushRange(ABORTED, first, bytes(xids)));
        state.outcomes.committed.drainDirty((first, xids) -> flushRange(COMMITTED, first, bytes(xids)));
        state.outcomes.aheadCommitted.drainDirty((first, xids) -> flushRange(AHEAD_COMMITTED, first, bytes(xids)));
        state.outcomes.aheadAborted.drainDirty((first, xids) -> flushRange(AHEAD_ABORTED, first, bytes(xids)));
        state.multixacts.drainDirty((first, updaters) -> {
            byte[] detail = null;
            if (updaters != null) {
                detail = new byte[updaters.length * Integer.BYTES];
                ByteBuffer.wrap(detail).asIntBuffer().put(updaters);
            }
            flushRange(MULTIXACT, first, detail);
        });
        state.newFiles.drainChanged(state.outcomes, xid -> xactTable.delete(NEW_FILES, xid), this::flushNewFiles);
        ByteBuffer detail = ByteBuffer.allocate(2 + XidOutcomes.STATE_SIZE);
        detail.put(STATE_FORMAT)
                .put((byte) ((state.minimalWal ? MINIMAL_WAL : 0) | (state.catalogsLeftOut ? CATALOGS_LEFT_OUT : 0)));
        state.outcomes.save(detail);
        if (!Arrays.equals(storedState, detail.array())) {
            storedState = detail.array();
            xactTable.put(STATE, 0L, storedState);
        }
    }

    private void flushNewFiles(long xid, List<Relation> relations) {
        ByteBuffer detail = ByteBuffer.allocate(LOCATOR_SIZE * relations.size());
        for (Relation relation : relations) {
            detail.putInt((int) relation.spcOid).putInt((int) relation.dbOid).putInt((int) relation.relNumber);
        }
        xactTable.put(NEW_FILES, xid, detail.array());
    }

    private void flushRange(String kind, long first, byte[] detail) {
        if (detail == null) {
            xactTable.delete(kind, first);
        } else {
            xactTable.put(kind, first, detail);
        }
    }
}
