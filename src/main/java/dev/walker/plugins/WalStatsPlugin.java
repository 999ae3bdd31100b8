package dev.walker.plugins;

import dev.walker.rmgr.xact.XactEnd;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.spi.PluginContext;
import dev.walker.spi.StateTable;
import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Type;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Plugin {@code walstats}: the volume of WAL by hour, relation, resource manager and type of record, in table {@code
 * walker.walstats}.
 *
 * <p>The hour is that of the last commit or rollback before the record, never an earlier one than before. A record counts
 * with {@code xl_tot_len}, for the relation of its first block reference; {@code fpi_bytes} is what of that are full-page
 * images, without their holes and compressed as they are. Where there is no block, or an hour has had {@link #MOST_RELATIONS} other relations already, the
 * row has zeros in place of the relation. Rows go after {@link #KEPT_HOURS} hours.
 */
public final class WalStatsPlugin implements WalPlugin {
    /** Relations of an hour that get rows of their own. */
    public static final int MOST_RELATIONS = 5000;
    /** For so many hours rows are kept. */
    public static final int KEPT_HOURS = 7 * 24;

    private static final long POSTGRES_EPOCH_SECONDS = 946_684_800L;
    private static final long MICROS = 1_000_000L;

    static final TableSpec TABLE = TableSpec.named("walstats")
            .key("bucket", Type.TIMESTAMPTZ)
            .key("spc_oid", Type.OID)
            .key("db_oid", Type.OID)
            .key("relfilenode", Type.OID)
            .key("resource_manager", Type.TEXT)
            .key("record_type", Type.TEXT)
            .value("records", Type.BIGINT)
            .value("wal_bytes", Type.BIGINT)
            .value("fpi_bytes", Type.BIGINT)
            .build();

    private record Place(long spcOid, long dbOid, long relNumber) {}

    private record Key(Place place, String rmgr, String type) {}

    private static final class Volume {
        long records;
        long bytes;
        long images;
    }

    private static final Place NO_RELATION = new Place(0, 0, 0);

    private final XactEnd end = new XactEnd();
    private final TreeSet<Instant> stored = new TreeSet<>();
    private final Map<Key, Volume> volumes = new HashMap<>();
    private final Set<Place> places = new HashSet<>();
    private final Set<Key> changed = new HashSet<>();

    private PluginContext context;
    private StateTable table;
    /** The present hour; null until one is known. */
    private Instant bucket;
    /** Hours that are over and not saved yet. */
    private final Map<Instant, Map<Key, Volume>> over = new HashMap<>();

    /** For the ServiceLoader. */
    public WalStatsPlugin() {}

    @Override
    public String name() {
        return "walstats";
    }

    @Override
    public void onStartup(PluginContext context) {
        this.context = context;
        table = context.table(TABLE);
        table.scan(row -> stored.add((Instant) row[0]));
        if (!stored.isEmpty()) {
            bucket = stored.last();
            table.scan(this::load, bucket);
        }
    }

    private void load(Object[] row) {
        Volume volume = volume(place((Long) row[1], (Long) row[2], (Long) row[3]), (String) row[4], (String) row[5]);
        volume.records = (Long) row[6];
        volume.bytes = (Long) row[7];
        volume.images = (Long) row[8];
        changed.clear();
    }

    @Override
    public void onRecord(WalRecord record) {
        Volume volume = volume(place(record), record.rmgrName(), record.typeName());
        volume.records++;
        volume.bytes += record.totalLength();
        volume.images += record.fpiLength();
        context.stateChanged();
    }

    @Override
    public void onXact(WalRecord record) {
        XactOp op = XactOp.of(record);
        if (op == XactOp.COMMIT || op == XactOp.ABORT) {
            heard(Instant.ofEpochSecond(end.wrap(record).xactTime() / MICROS + POSTGRES_EPOCH_SECONDS));
        }
    }

    private void heard(Instant time) {
        Instant hour = time.truncatedTo(ChronoUnit.HOURS);
        if (bucket == null) {
            bucket = hour;
        } else if (hour.isAfter(bucket)) {
            Map<Key, Volume> rows = over.computeIfAbsent(bucket, none -> new HashMap<>());
            changed.forEach(key -> rows.put(key, volumes.get(key)));
            volumes.clear();
            places.clear();
            changed.clear();
            bucket = hour;
        }
    }

    private Place place(WalRecord record) {
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                BlockRef block = record.block(id);
                return place(block.spcOid(), block.dbOid(), block.relNumber());
            }
        }
        return NO_RELATION;
    }

    private Place place(long spcOid, long dbOid, long relNumber) {
        Place place = new Place(spcOid, dbOid, relNumber);
        if (places.contains(place)) {
            return place;
        }
        if (places.size() >= MOST_RELATIONS) {
            return NO_RELATION;
        }
        places.add(place);
        return place;
    }

    private Volume volume(Place place, String rmgr, String type) {
        Key key = new Key(place, rmgr, type);
        changed.add(key);
        return volumes.computeIfAbsent(key, none -> new Volume());
    }

    @Override
    public void onFlush(long lsn) {
        if (bucket == null) {
            heard(Instant.now());
        }
        over.forEach((hour, rows) -> rows.forEach((key, volume) -> put(hour, key, volume)));
        over.clear();
        changed.forEach(key -> put(bucket, key, volumes.get(key)));
        changed.clear();
        Instant oldest = bucket.minus(KEPT_HOURS, ChronoUnit.HOURS);
        while (stored.first().isBefore(oldest)) {
            table.delete(stored.pollFirst());
        }
    }

    private void put(Instant hour, Key key, Volume volume) {
        Place place = key.place;
        table.put(
                hour,
                place.spcOid,
                place.dbOid,
                place.relNumber,
                key.rmgr,
                key.type,
                volume.records,
                volume.bytes,
                volume.images);
        stored.add(hour);
    }
}
