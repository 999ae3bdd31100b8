package dev.walker.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.heatmap.MemoryStore;
import dev.walker.rmgr.Rmgr;
import dev.walker.spi.SourceServer;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.WalRecord;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WalStatsPluginTest {
    private static final Instant POSTGRES_EPOCH = Instant.parse("2000-01-01T00:00:00Z");
    private static final Instant TEN = Instant.parse("2026-11-22T10:00:00Z");
    private static final Instant FAR = Instant.parse("2036-01-01T00:00:00Z");

    private final MemoryStore store = new MemoryStore();
    private WalStatsPlugin plugin;

    @BeforeEach
    void start() {
        plugin = store.start(new WalStatsPlugin(), SourceServer.none(), Map.of());
    }

    private void commitAt(Instant time) {
        byte[] main = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong((time.getEpochSecond() - POSTGRES_EPOCH.getEpochSecond()) * 1_000_000)
                .array();
        WalRecord record = RecordBuilder.of(Rmgr.XACT, 0).xid(700).main(main).decode(PgVersion.PG17);
        plugin.onXact(record);
        plugin.onRecord(record);
    }

    /** How many commits each hour has had. */
    private Map<Instant, Long> saved() {
        store.flush(plugin, 0);
        Map<Instant, Long> records = new TreeMap<>();
        store.rows("walstats").forEach(row -> records.merge((Instant) row[0], (Long) row[6], Long::sum));
        return records;
    }

    @Test
    void commitsThatComeALittleLateStayInTheHour() {
        commitAt(TEN.plusSeconds(3599));
        commitAt(TEN.plusSeconds(3601));
        commitAt(TEN.plusSeconds(3598));
        assertEquals(Map.of(TEN, 1L, TEN.plusSeconds(3600), 2L), saved());
    }

    @Test
    void clockThatWasAheadDoesNotTakeAllThatFollows() {
        commitAt(TEN);
        commitAt(TEN.plusSeconds(3600));
        commitAt(FAR);
        commitAt(TEN.plusSeconds(10));
        commitAt(TEN.plusSeconds(20));
        assertEquals(Map.of(TEN, 3L, TEN.plusSeconds(3600), 1L, FAR, 1L), saved());
        commitAt(FAR.plusSeconds(1));
        // What was saved is gone on with.
        commitAt(TEN.plusSeconds(30));
        assertEquals(Map.of(TEN, 4L, TEN.plusSeconds(3600), 1L, FAR, 2L), saved());
        start();
        commitAt(TEN.plusSeconds(40));
        assertEquals(Map.of(TEN, 5L, TEN.plusSeconds(3600), 1L, FAR, 2L), saved());
    }

    @Test
    void clockThatIsAheadDoesNotHaveAllDropped() {
        commitAt(Instant.now());
        commitAt(FAR);
        assertEquals(2, saved().size());
    }

    @Test
    void rowsOfAClockThatWasAheadGoWithThoseOfItsTime() {
        Instant now = Instant.now().truncatedTo(ChronoUnit.HOURS);
        Instant before = now.minus(200, ChronoUnit.HOURS);
        Instant tomorrow = now.plus(24, ChronoUnit.HOURS);
        commitAt(before);
        commitAt(tomorrow);
        commitAt(FAR);
        commitAt(before.plusSeconds(7200));
        assertEquals(Set.of(before, before.plusSeconds(7200), tomorrow, FAR), saved().keySet());
        start();
        commitAt(now);
        // What is not far ahead becomes old by itself.
        assertEquals(Set.of(now, tomorrow), saved().keySet());
    }

    /** A save has the server write them, so they would keep an idle server busy. */
    @Test
    void whatTheServerAddsByItselfIsSavedWithWhatComesNext() {
        commitAt(TEN);
        store.flush(plugin, 0);
        plugin.onRecord(RecordBuilder.of(Rmgr.STANDBY, 0x10).main(new byte[24]).decode(PgVersion.PG17));
        plugin.onRecord(RecordBuilder.of(Rmgr.XLOG, 0x10).main(new byte[88]).decode(PgVersion.PG17));
        assertFalse(store.isChanged());
        assertEquals(Map.of(TEN, 3L), saved());
        commitAt(TEN);
        assertTrue(store.isChanged());
        assertEquals(Map.of(TEN, 4L), saved());
    }
}
