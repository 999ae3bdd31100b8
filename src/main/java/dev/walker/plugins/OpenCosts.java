package dev.walker.plugins;

import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Type;
import dev.walker.wal.RelFileLocator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.roaringbitmap.RoaringBitmap;

/**
 * What transactions and subtransactions have done that may still be rolled back, in table {@code walker.rollbacks_pending}.
 * In memory is only what they have done since the last {@link #save}.
 */
final class OpenCosts {
    static final TableSpec TABLE = TableSpec.named("rollbacks_pending")
            .key("xid", Type.BIGINT)
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .value("prepared", Type.BOOLEAN)
            .value("inserts", Type.BIGINT)
            .value("updates", Type.BIGINT)
            .value("deletes", Type.BIGINT)
            .value("records", Type.BIGINT)
            .value("wal_bytes", Type.BIGINT)
            .value("fpi_bytes", Type.BIGINT)
            .build();

    private final StateTable table;
    private final Map<Long, Map<RelFileLocator, RollbackCost>> unsaved = new HashMap<>();
    /** XIDs that have rows. */
    private final RoaringBitmap stored = new RoaringBitmap();
    /** XIDs of {@link #stored} that have ended. */
    private final Set<Long> ended = new HashSet<>();
    /** Prepared transactions; their subtransactions count with them. */
    private final Set<Long> prepared = new HashSet<>();

    private int size;
    private long lastXid = -1;
    private Map<RelFileLocator, RollbackCost> last = Map.of();

    OpenCosts(StateTable table) {
        this.table = table;
        table.scan(row -> {
            stored.add((int) (long) (Long) row[0]);
            if ((Boolean) row[4]) {
                prepared.add((Long) row[0]);
            }
        });
    }

    /** What a transaction has done to a relation, to be added to. */
    RollbackCost cost(long xid, RelFileLocator place) {
        if (xid != lastXid) {
            last = unsaved.computeIfAbsent(xid, none -> new HashMap<>());
            lastXid = xid;
        }
        RollbackCost cost = last.get(place);
        if (cost == null) {
            cost = new RollbackCost();
            last.put(place, cost);
            size++;
        }
        return cost;
    }

    /** How many pairs of transaction and relation are in memory. */
    int size() {
        return size;
    }

    /** The transaction is prepared, and with it these subtransactions. */
    void prepare(long xid, List<Long> subxids) {
        for (long subxid : subxids) {
            end(subxid).forEach((place, cost) -> cost(xid, place).add(cost));
        }
        prepared.add(xid);
    }

    /** The transaction has ended: what it had done. */
    Map<RelFileLocator, RollbackCost> end(long xid) {
        Map<RelFileLocator, RollbackCost> costs = forget(xid);
        if (stored.checkedRemove((int) xid)) {
            ended.add(xid);
            table.scan(
                    row -> costs.computeIfAbsent(locator(row), none -> new RollbackCost())
                            .add(cost(row)),
                    xid);
        }
        return costs;
    }

    /** The transaction has committed. */
    void commit(long xid) {
        forget(xid);
        if (stored.checkedRemove((int) xid)) {
            ended.add(xid);
        }
    }

    private Map<RelFileLocator, RollbackCost> forget(long xid) {
        prepared.remove(xid);
        if (xid == lastXid) {
            lastXid = -1;
            last = Map.of();
        }
        Map<RelFileLocator, RollbackCost> costs = unsaved.remove(xid);
        if (costs == null) {
            return new HashMap<>();
        }
        size -= costs.size();
        return costs;
    }

    /** All that are not prepared: a crash has ended them. */
    List<Long> unprepared() {
        Set<Long> xids = new HashSet<>(unsaved.keySet());
        stored.forEach((org.roaringbitmap.IntConsumer) xid -> xids.add(Integer.toUnsignedLong(xid)));
        xids.removeAll(prepared);
        return new ArrayList<>(xids);
    }

    /** Forgets all. */
    void clear() {
        stored.forEach((org.roaringbitmap.IntConsumer) xid -> ended.add(Integer.toUnsignedLong(xid)));
        stored.clear();
        unsaved.clear();
        prepared.clear();
        size = 0;
        lastXid = -1;
        last = Map.of();
    }

    /** Writes what has changed. */
    void save() {
        ended.forEach(table::delete);
        ended.clear();
        unsaved.forEach((xid, costs) -> {
            if (stored.contains((int) (long) xid)) {
                table.scan(
                        row -> costs.computeIfAbsent(locator(row), none -> new RollbackCost())
                                .add(cost(row)),
                        xid);
            }
            costs.forEach((place, cost) -> table.put(
                    xid,
                    place.spcOid(),
                    place.dbOid(),
                    place.relNumber(),
                    prepared.contains(xid),
                    cost.inserts,
                    cost.updates,
                    cost.deletes,
                    cost.records,
                    cost.walBytes,
                    cost.fpiBytes));
            stored.add((int) (long) xid);
        });
        unsaved.clear();
        size = 0;
        lastXid = -1;
        last = Map.of();
    }

    private static RelFileLocator locator(Object[] row) {
        return new RelFileLocator((Long) row[1], (Long) row[2], (Long) row[3]);
    }

    private static RollbackCost cost(Object[] row) {
        RollbackCost cost = new RollbackCost();
        cost.inserts = (Long) row[5];
        cost.updates = (Long) row[6];
        cost.deletes = (Long) row[7];
        cost.records = (Long) row[8];
        cost.walBytes = (Long) row[9];
        cost.fpiBytes = (Long) row[10];
        return cost;
    }
}
