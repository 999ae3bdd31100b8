package dev.walker.plugins;

import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.rmgr.xact.XactPrepare;
import dev.walker.rmgr.xlog.XlogOp;
import dev.walker.spi.Gap;
import dev.walker.spi.PluginContext;
import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Type;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Plugin {@code rollbacks}: what transactions and subtransactions that were rolled back have cost, by hour and relation, in
 * table {@code walker.rollbacks}: rows inserted, updated and deleted in vain, records and bytes of WAL. It publishes that of
 * the present hour.
 *
 * <p>A record counts if its {@code xl_xid} is rolled back, by an ABORT record, with a prepared transaction, or by a crash,
 * in the hour of that. It counts with {@code xl_tot_len} for the relation of its first block reference; where there is no
 * block, as in the ABORT record itself, the row has zeros in place of the relation. {@code rollbacks} counts ABORT records,
 * and transactions that a crash has ended, for each relation that they had changed. Of transactions that were under way when
 * the walk began, or when WAL was left out, only what was walked counts.
 */
public final class RollbacksPlugin implements WalPlugin {
    static final TableSpec TABLE = TableSpec.named("rollbacks")
            .key("bucket", Type.TIMESTAMPTZ)
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .value("rollbacks", Type.BIGINT)
            .value("inserts", Type.BIGINT)
            .value("updates", Type.BIGINT)
            .value("deletes", Type.BIGINT)
            .value("records", Type.BIGINT)
            .value("wal_bytes", Type.BIGINT)
            .value("fpi_bytes", Type.BIGINT)
            .build();

    /** Pairs of open transaction and relation that are kept in memory. */
    private static final int MOST_OPEN = 100_000;

    /** Relations of the present hour that are published. */
    private static final int MOST_PUBLISHED = 100;

    private final RollbackCost.Views views = new RollbackCost.Views();
    private final XactEnd end = new XactEnd();
    private final XactPrepare prepare = new XactPrepare();
    private final Places places = new Places();
    private final Set<RelFileLocator> published = new HashSet<>();
    private PluginContext context;
    private HourlySums<RelFileLocator, RollbackCost> sums;
    private OpenCosts open;

    /** For the ServiceLoader. */
    public RollbacksPlugin() {}

    @Override
    public String name() {
        return "rollbacks";
    }

    @Override
    public void onStartup(PluginContext context) {
        this.context = context;
        sums = new HourlySums<>(context.table(TABLE), new Rows());
        sums.present().keySet().forEach(this::isPublished);
        open = new OpenCosts(context.table(OpenCosts.TABLE));
    }

    private final class Rows implements HourlySums.Rows<RelFileLocator, RollbackCost> {
        @Override
        public RelFileLocator key(Object[] row) {
            return places.place(new RelFileLocator((Long) row[1], (Long) row[2], (Long) row[3]));
        }

        @Override
        public RollbackCost nothing() {
            return new RollbackCost();
        }

        @Override
        public void read(Object[] row, RollbackCost cost) {
            cost.rollbacks = (Long) row[4];
            cost.inserts = (Long) row[5];
            cost.updates = (Long) row[6];
            cost.deletes = (Long) row[7];
            cost.records = (Long) row[8];
            cost.walBytes = (Long) row[9];
            cost.fpiBytes = (Long) row[10];
        }

        @Override
        public Object[] row(Instant hour, RelFileLocator place, RollbackCost cost) {
            return new Object[] {
                hour,
                place.spcOid(),
                place.dbOid(),
                place.relNumber(),
                cost.rollbacks,
                cost.inserts,
                cost.updates,
                cost.deletes,
                cost.records,
                cost.walBytes,
                cost.fpiBytes
            };
        }

        @Override
        public void hourIsOver(Map<RelFileLocator, RollbackCost> costs) {
            places.clear();
            published.forEach(place -> context.publish(place.toString(), Optional.empty()));
            published.clear();
        }
    }

    @Override
    public void onGap(Gap gap) {
        // Nobody knows how they have ended.
        open.clear();
        context.stateChanged();
    }

    @Override
    public void onRecord(WalRecord record) {
        if (record.xid() == 0 || record.rmgrId() == Rmgr.XACT.id()) {
            return;
        }
        RollbackCost cost = open.cost(record.xid(), Places.of(record));
        cost.addVolume(record);
        if (record.rmgrId() == Rmgr.HEAP.id()) {
            cost.addHeap(record, views);
        } else if (record.rmgrId() == Rmgr.HEAP2.id()) {
            cost.addHeap2(record, views);
        }
        if (open.size() > MOST_OPEN) {
            context.flushSoon();
        }
    }

    @Override
    public void onXact(WalRecord record) {
        sums.onXact(record);
        switch (XactOp.of(record)) {
            case COMMIT:
            case COMMIT_PREPARED:
                end.wrap(record);
                open.commit(end.xid());
                for (int i = 0; i < end.subxactCount(); i++) {
                    open.commit(end.subxact(i));
                }
                break;
            case ABORT:
            case ABORT_PREPARED:
                aborted(record);
                break;
            case PREPARE:
                prepared(record);
                break;
            default:
                // What else there is comes before the end.
                if (record.xid() != 0) {
                    open.cost(record.xid(), Places.NONE).addVolume(record);
                }
                break;
        }
    }

    private void prepared(WalRecord record) {
        prepare.wrap(record);
        open.cost(prepare.xid(), Places.NONE).addVolume(record);
        List<Long> subxids = new ArrayList<>();
        for (int i = 0; i < prepare.subxactCount(); i++) {
            subxids.add(prepare.subxact(i));
        }
        open.prepare(prepare.xid(), subxids);
    }

    private void aborted(WalRecord record) {
        end.wrap(record);
        Map<RelFileLocator, RollbackCost> costs = open.end(end.xid());
        for (int i = 0; i < end.subxactCount(); i++) {
            open.end(end.subxact(i)).forEach((place, cost) -> costs.computeIfAbsent(place, none -> new RollbackCost())
                    .add(cost));
        }
        costs.computeIfAbsent(Places.NONE, none -> new RollbackCost()).addVolume(record);
        rolledBack(costs);
    }

    private void rolledBack(Map<RelFileLocator, RollbackCost> costs) {
        costs.forEach((place, cost) -> {
            cost.rollbacks = 1;
            sums.sum(places.place(place)).add(cost);
        });
        context.stateChanged();
    }

    @Override
    public void onXlog(WalRecord record) {
        XlogOp op = XlogOp.of(record);
        if (op == XlogOp.CHECKPOINT_SHUTDOWN || op == XlogOp.END_OF_RECOVERY) {
            open.unprepared().forEach(xid -> {
                Map<RelFileLocator, RollbackCost> costs = open.end(xid);
                costs.computeIfAbsent(Places.NONE, none -> new RollbackCost());
                rolledBack(costs);
            });
        }
    }

    @Override
    public void onFlush(long lsn) {
        publish();
        sums.save();
        open.save();
    }

    private void publish() {
        for (RelFileLocator place : sums.changed()) {
            if (isPublished(place)) {
                RollbackCost cost = sums.present().get(place);
                context.publish(
                        place.toString(),
                        Optional.of("{\"hour\": \"" + sums.hour() + "\", \"spc_oid\": " + place.spcOid()
                                + ", \"db_oid\": " + place.dbOid() + ", \"relfilenode\": " + place.relNumber()
                                + ", \"rollbacks\": " + cost.rollbacks + ", \"inserts\": " + cost.inserts
                                + ", \"updates\": " + cost.updates + ", \"deletes\": " + cost.deletes
                                + ", \"records\": " + cost.records + ", \"wal_bytes\": " + cost.walBytes
                                + ", \"fpi_bytes\": " + cost.fpiBytes + "}"));
            }
        }
    }

    private boolean isPublished(RelFileLocator place) {
        return published.contains(place) || published.size() < MOST_PUBLISHED && published.add(place);
    }
}
