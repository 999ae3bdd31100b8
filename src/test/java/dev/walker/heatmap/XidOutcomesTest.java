package dev.walker.heatmap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.spi.SourceServer;
import dev.walker.spi.SourceServer.XidStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

class XidOutcomesTest {
    private final Set<Long> open = new HashSet<>();
    private final List<Long> asked = new ArrayList<>();
    private XidStatus answer = XidStatus.COMMITTED;
    private Optional<SourceServer.Point> point = Optional.empty();

    private final XidOutcomes outcomes = new XidOutcomes(
            new SourceServer() {
                @Override
                public XidStatus xidStatus(long fullXid) {
                    asked.add(fullXid);
                    return answer;
                }

                @Override
                public long multixactUpdater(long multiXid) {
                    return -1;
                }

                @Override
                public Optional<Point> point() {
                    return point;
                }
            },
            open::contains);

    @Test
    void whatBeganDuringTheWalkHasCommittedUnlessItIsOpenOrRolledBack() {
        outcomes.beginsBefore(700);
        open.add(701L);
        outcomes.abort(702, true);
        assertEquals(XidStatus.COMMITTED, outcomes.status(700, true));
        assertEquals(XidStatus.IN_PROGRESS, outcomes.status(701, true));
        assertEquals(XidStatus.ABORTED, outcomes.status(702, true));
        assertEquals(XidStatus.ABORTED, outcomes.status(0, true));
        assertEquals(XidStatus.COMMITTED, outcomes.status(2, true));
        assertTrue(asked.isEmpty());
        assertEquals(XidStatus.UNKNOWN, outcomes.status(699, false));
        assertEquals(XidStatus.COMMITTED, outcomes.status(699, true));
        assertEquals(List.of(699L), asked);
    }

    @Test
    void aStandbyThatHasStillToReplayACommitHasNotLostIt() {
        outcomes.epoch(800);
        assertEquals(XidStatus.COMMITTED, outcomes.ask(600));
        answer = XidStatus.IN_PROGRESS;
        point = Optional.of(new SourceServer.Point(0x1000, 700, true));
        outcomes.beginSession();
        assertTrue(outcomes.confirm());
        answer = XidStatus.ABORTED;
        assertFalse(outcomes.confirm());
        assertEquals(XidStatus.ABORTED, outcomes.ask(600));
    }

    @Test
    void aServerHasLostACommitThatIsPreparedAgain() {
        outcomes.epoch(800);
        assertEquals(XidStatus.COMMITTED, outcomes.ask(600));
        answer = XidStatus.IN_PROGRESS;
        point = Optional.of(new SourceServer.Point(0x1000, 600, false));
        outcomes.beginSession();
        assertFalse(outcomes.confirm());
        assertTrue(outcomes.confirm());
    }

    @Test
    void whatHadEndedWhereTheWalkStandsIsNotAheadOfIt() {
        outcomes.epoch(800);
        point = Optional.of(new SourceServer.Point(0x1000, (3L << 32) + 700, false));
        outcomes.oldestRunning(500);
        outcomes.beginSession();
        outcomes.reached(0xFF8);
        outcomes.ahead(600, true);
        outcomes.ahead(700, false);
        outcomes.reached(0x1000);
        outcomes.ahead(699, true);
        outcomes.ahead(701, true);
        assertArrayEquals(new long[] {701}, outcomes.aheadCommitted.toArray());
        assertArrayEquals(new long[] {700}, outcomes.aheadAborted.toArray());
        outcomes.oldestRunning(702);
        outcomes.beginSession();
        outcomes.reached(0x2000);
        outcomes.ahead(701, true);
        assertTrue(outcomes.aheadCommitted.isEmpty());
    }

    @Test
    void beforeTheFirstCheckpointNothingIsCertainAndNobodyIsAsked() {
        assertEquals(XidStatus.UNKNOWN, outcomes.status(700, true));
        outcomes.commit(700);
        outcomes.abort(701, false);
        assertEquals(XidStatus.COMMITTED, outcomes.status(700, true));
        assertEquals(XidStatus.ABORTED, outcomes.status(701, true));
        assertTrue(asked.isEmpty());
    }

    @Test
    void theServerIsAskedWithTheRightEpoch() {
        outcomes.beginsBefore((5L << 32) + 10);
        outcomes.status(9, true);
        outcomes.status(0xFFFF_FFF0L, true);
        assertEquals(List.of((5L << 32) + 9, (4L << 32) + 0xFFFF_FFF0L), asked);
    }

    @Test
    void xidsGoRoundAndRound() {
        outcomes.beginsBefore(0xFFFF_FF00L);
        outcomes.met(0xFFFF_FFF0L);
        outcomes.met(50);
        assertEquals((1L << 32) + 50, outcomes.full(50));
        assertEquals(0xFFFF_FFF0L, outcomes.full(0xFFFF_FFF0L));
        assertFalse(outcomes.isOld(50));
        assertTrue(outcomes.isOld(0xFFFF_FE00L));
        outcomes.abort(0xFFFF_FFF0L, true);
        outcomes.abort(50, true);
        outcomes.oldest(20);
        assertEquals(XidStatus.ABORTED, outcomes.status(50, true));
        assertFalse(outcomes.aborted.contains(0xFFFF_FFF0L));
        assertFalse(outcomes.isOld(0x7FFF_FFFFL), "nothing of before the walk is left");
    }

    @Test
    void anUnknownAnswerIsKeptUntilTheNextCheckpoint() {
        outcomes.beginsBefore(700);
        answer = XidStatus.UNKNOWN;
        outcomes.status(600, true);
        outcomes.status(600, true);
        assertEquals(1, asked.size());
        outcomes.oldest(3);
        outcomes.status(600, true);
        assertEquals(2, asked.size());
    }

    @Test
    void xidSetsStoreTheRangesThatChanged() {
        Random random = new Random(1);
        XidSet set = new XidSet();
        Set<Long> model = new HashSet<>();
        Map<Long, RoaringBitmap> stored = new TreeMap<>();
        for (int step = 0; step < 20_000; step++) {
            long xid = (0xFFF0_0000L + random.nextInt(1 << 21)) & 0xFFFF_FFFFL;
            if (random.nextInt(3000) == 0) {
                set.removeBefore(xid);
                model.removeIf(other -> (int) (long) other - (int) xid < 0);
            } else if (random.nextInt(500) == 0) {
                set.drainDirty((first, xids) -> {
                    if (xids.isEmpty()) {
                        stored.remove(first);
                    } else {
                        stored.put(first, xids);
                    }
                });
                Set<Long> all = new HashSet<>();
                stored.values().forEach(xids -> xids.forEach((int other) -> all.add(other & 0xFFFF_FFFFL)));
                assertEquals(model, all);
            } else {
                set.add(xid);
                model.add(xid);
            }
            assertEquals(model.contains(xid), set.contains(xid));
        }
    }

    @Test
    void mapsKeepWhatAModelKeeps() {
        Random random = new Random(2);
        LongIntMap map = new LongIntMap();
        Map<Long, Integer> model = new HashMap<>();
        for (int step = 0; step < 200_000; step++) {
            long key = random.nextInt(500) * (random.nextBoolean() ? 1L : 0x1_0000_0000L);
            if (random.nextBoolean()) {
                map.put(key, step);
                model.put(key, step);
            } else {
                map.remove(key);
                model.remove(key);
            }
            assertEquals(model.size(), map.size());
            assertEquals(model.getOrDefault(key + 1, LongIntMap.ABSENT), map.get(key + 1));
        }
        for (long key : map.keys()) {
            assertEquals(model.remove(key), map.get(key));
        }
        assertTrue(model.isEmpty());
    }

    @Test
    void itemSetsKeepWhatAModelKeeps() throws IOException {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            ItemSet set = new ItemSet();
            java.util.TreeSet<Integer> model = new java.util.TreeSet<>();
            for (int step = 0; step < 20_000; step++) {
                int key = Chunk.key(random.nextInt(128), 1 + random.nextInt(random.nextBoolean() ? 4 : 291));
                boolean grows = step / 3000 % 2 == 0;
                if (random.nextInt(4) == 0 ^ grows) {
                    assertEquals(model.add(key), set.add(key));
                } else {
                    Integer other = model.ceiling(key);
                    int gone = other == null ? key : other;
                    assertEquals(model.remove(gone), set.remove(gone));
                }
                if (random.nextInt(500) == 0) {
                    set.compact();
                }
                if (random.nextInt(50) == 0) {
                    int block = random.nextInt(128);
                    long[] offnums = new long[ItemSet.MOST_WORDS];
                    for (int offnum = 1; offnum <= 291; offnum += 1 + random.nextInt(3)) {
                        offnums[offnum >>> 6] |= 1L << offnum;
                    }
                    int before = model.size();
                    model.removeIf(item ->
                            item >>> Chunk.OFFNUM_BITS == block && (offnums[(item & 511) >>> 6] >>> item & 1) != 0);
                    assertEquals(before - model.size(), set.removeOn(block, offnums));
                    short[] counts = new short[Chunk.BLOCKS];
                    model.forEach(item -> counts[item >>> Chunk.OFFNUM_BITS]++);
                    assertArrayEquals(counts, set.countsByBlock());
                    assertEquals(counts[block], set.countOn(block));
                    assertEquals(
                            model.stream()
                                    .map(item -> item >>> Chunk.OFFNUM_BITS)
                                    .distinct()
                                    .count(),
                            set.blocks());
                }
                int from = random.nextInt(Chunk.KEYS);
                Integer next = model.ceiling(from);
                assertEquals(next == null ? -1 : next, set.next(from));
                assertEquals(model.contains(key), set.contains(key));
                assertEquals(model.size(), set.count());
            }
            RoaringBitmap stored = new RoaringBitmap();
            stored.deserialize(ByteBuffer.wrap(set.toBytes()));
            assertEquals(set.toBitmap(), stored);
            assertEquals(set.toBitmap(), ItemSet.of(stored).toBitmap());
            assertEquals(model.size(), set.toBitmap().getCardinality());
        }
    }

    @Test
    void relationMapsKeepWhatAModelKeeps() {
        Random random = new Random(3);
        RelationMap map = new RelationMap();
        Map<Long, Relation> model = new HashMap<>();
        for (int step = 0; step < 100_000; step++) {
            long number = random.nextInt(300);
            Relation relation = map.get(1663, number % 3, number);
            assertEquals(model.get(number), relation);
            if (relation == null) {
                relation = new Relation(step, 1663, number % 3, number);
                map.add(relation);
                model.put(number, relation);
            } else {
                map.remove(relation);
                model.remove(number);
            }
            assertEquals(model.size(), map.size());
        }
    }

    @Test
    void multixactsAreForgottenWhenNoTableCanHoldThem() {
        Multixacts multixacts = new Multixacts(SourceServer.none(), first -> new int[Multixacts.RANGE], 1 << 20);
        multixacts.add(5, 700);
        multixacts.add(0xFFFF_FFF0L, 600);
        multixacts.add(5000, 701);
        multixacts.removeBefore(2000);
        assertEquals(Multixacts.UNKNOWN, multixacts.updater(5, true));
        assertEquals(Multixacts.UNKNOWN, multixacts.updater(0xFFFF_FFF0L, true));
        assertEquals(701, multixacts.updater(5000, false));
        multixacts.removeBefore(5001);
        assertEquals(701, multixacts.updater(5000, false), "its range is not all older");
    }
}
