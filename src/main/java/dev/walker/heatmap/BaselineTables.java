package dev.walker.heatmap;

import dev.walker.spi.PluginContext;
import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Type;
import dev.walker.wal.RelFileLocator;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The requests that {@code walker.baseline()} writes, and how far they are. */
final class BaselineTables {
    static final TableSpec REQUEST = TableSpec.named("heatmap_baseline_request")
            .key("request", Type.BIGINT)
            .value("spc_oid", Type.OID)
            .value("db_oid", Type.OID)
            .value("relfilenode", Type.OID)
            .build();
    static final TableSpec BASELINE = TableSpec.named("heatmap_baseline")
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .value("state", Type.TEXT)
            .value("next_block", Type.BIGINT)
            .value("blocks", Type.BIGINT)
            .value("passes", Type.INTEGER)
            .value("unsettled", Type.BIGINT)
            .value("sure", Type.BOOLEAN)
            .value("begin_lsn", Type.PG_LSN)
            .value("error", Type.TEXT)
            .build();

    /** Receives a request. */
    interface RequestConsumer {
        /**
         * @param locator of the relation; with relNumber 0 for all
         */
        void accept(long request, RelFileLocator locator);
    }

    private final StateTable requests;
    private final StateTable baselines;
    private final List<BaselineJob> changed = new ArrayList<>();
    private final List<RelFileLocator> forgotten = new ArrayList<>();

    BaselineTables(PluginContext context) {
        requests = context.table(REQUEST);
        baselines = context.table(BASELINE);
    }

    void requests(RequestConsumer consumer) {
        requests.scan(
                row -> consumer.accept((Long) row[0], new RelFileLocator((Long) row[1], (Long) row[2], (Long) row[3])));
    }

    void deleteRequest(long request) {
        requests.delete(request);
    }

    void load(Consumer<BaselineJob> jobs) {
        baselines.scan(row -> {
            BaselineJob job = new BaselineJob(new RelFileLocator((Long) row[0], (Long) row[1], (Long) row[2]));
            job.state = (String) row[3];
            job.nextBlock = (Long) row[4];
            job.savedBlock = job.nextBlock;
            job.blocks = (Long) row[5];
            job.passes = (Integer) row[6];
            job.unsettled = (Long) row[7];
            job.isSure = (Boolean) row[8];
            job.beginLsn = (Long) row[9];
            job.error = (String) row[10];
            jobs.accept(job);
        });
    }

    /** Notes that a job is to be stored. */
    void changed(BaselineJob job) {
        if (!job.dirty) {
            job.dirty = true;
            changed.add(job);
        }
    }

    /** Notes that the row of a job is to be deleted. */
    void forget(BaselineJob job) {
        forgotten.add(job.locator);
        if (job.dirty) {
            changed.remove(job);
        }
    }

    void flush() {
        forgotten.forEach(locator -> baselines.delete(locator.spcOid(), locator.dbOid(), locator.relNumber()));
        forgotten.clear();
        for (BaselineJob job : changed) {
            job.dirty = false;
            baselines.put(
                    job.locator.spcOid(),
                    job.locator.dbOid(),
                    job.locator.relNumber(),
                    job.state,
                    job.savedBlock,
                    job.blocks,
                    job.passes,
                    job.unsettled,
                    job.isSure,
                    job.beginLsn,
                    job.error);
        }
        changed.clear();
    }
}
