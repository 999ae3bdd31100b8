package dev.walker.plugins;

import dev.walker.spi.PluginContext;
import dev.walker.spi.ServerRecords;
import dev.walker.spi.TableSpec;
import dev.walker.spi.TableSpec.Type;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalRecord;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Plugin {@code walstats}: the volume of WAL by hour, relation, resource manager and type of record, in table {@code
 * walker.walstats}. It publishes that of the present hour by resource manager.
 *
 * <p>The hour is that of the last commit or rollback before the record, see {@link HourlySums}. A record counts
 * with {@code xl_tot_len}, for the relation of its first block reference; {@code fpi_bytes} is what of that are full-page
 * images, without their holes and compressed as they are. Where there is no block, or an hour has had {@link Places#MOST}
 * other relations already, the row has zeros in place of the relation. Rows go after {@link HourlySums#KEPT_HOURS} hours.
 */
public final class WalStatsPlugin implements WalPlugin {
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

    private record Key(RelFileLocator place, String rmgr, String type) {}

    private static final class Volume {
        long records;
        long bytes;
        long images;

        void add(Volume other) {
            records += other.records;
            bytes += other.bytes;
            images += other.images;
        }
    }

    private final Places places = new Places();
    private final Set<String> published = new HashSet<>();
    private PluginContext context;
    private HourlySums<Key, Volume> sums;

    /** For the ServiceLoader. */
    public WalStatsPlugin() {}

    @Override
    public String name() {
        return "walstats";
    }

    @Override
    public void onStartup(PluginContext context) {
        this.context = context;
        sums = new HourlySums<>(context.table(TABLE), new Rows());
        sums.present().keySet().forEach(key -> published.add(key.rmgr));
    }

    private final class Rows implements HourlySums.Rows<Key, Volume> {
        @Override
        public Key key(Object[] row) {
            RelFileLocator locator = new RelFileLocator((Long) row[1], (Long) row[2], (Long) row[3]);
            return new Key(places.place(locator), (String) row[4], (String) row[5]);
        }

        @Override
        public Volume nothing() {
            return new Volume();
        }

        @Override
        public void read(Object[] row, Volume volume) {
            volume.records = (Long) row[6];
            volume.bytes = (Long) row[7];
            volume.images = (Long) row[8];
        }

        @Override
        public Object[] row(Instant hour, Key key, Volume volume) {
            return new Object[] {
                hour,
                key.place.spcOid(),
                key.place.dbOid(),
                key.place.relNumber(),
                key.rmgr,
                key.type,
                volume.records,
                volume.bytes,
                volume.images
            };
        }

        @Override
        public void hourIsOver(Map<Key, Volume> volumes) {
            places.clear();
            published.forEach(rmgr -> context.publish(rmgr, Optional.empty()));
            published.clear();
        }
    }

    @Override
    public void onRecord(WalRecord record) {
        Volume volume = sums.sum(new Key(places.place(Places.of(record)), record.rmgrName(), record.typeName()));
        volume.records++;
        volume.bytes += record.totalLength();
        volume.images += record.fpiLength();
        if (!ServerRecords.isAdded(record)) {
            context.stateChanged();
        }
    }

    @Override
    public void onXact(WalRecord record) {
        sums.onXact(record);
    }

    @Override
    public void onFlush(long lsn) {
        publish();
        sums.save();
    }

    private void publish() {
        Set<String> rmgrs = new HashSet<>();
        sums.changed().forEach(key -> rmgrs.add(key.rmgr));
        Map<String, Volume> volumes = new HashMap<>();
        sums.present().forEach((key, volume) -> {
            if (rmgrs.contains(key.rmgr)) {
                volumes.computeIfAbsent(key.rmgr, none -> new Volume()).add(volume);
            }
        });
        volumes.forEach((rmgr, volume) -> {
            published.add(rmgr);
            context.publish(
                    rmgr,
                    Optional.of("{\"hour\": \"" + sums.hour() + "\", \"resource_manager\": \"" + rmgr
                            + "\", \"records\": " + volume.records + ", \"wal_bytes\": " + volume.bytes
                            + ", \"fpi_bytes\": " + volume.images + "}"));
        });
    }
}
