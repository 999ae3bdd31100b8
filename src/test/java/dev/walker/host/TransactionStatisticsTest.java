package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.WalRecord;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sums by transaction when there is no room for all of them in memory. */
class TransactionStatisticsTest {
    private static final PgVersion VERSION = PgVersion.PG16;
    private static final int COMMIT = 0x00;
    private static final int ABORT = 0x20;
    private static final int HAS_INFO = 0x80;
    private static final int ASSIGNMENT = 0x50;
    private static final int HAS_SUBXACTS = 0x02;

    private record Expected(long xid, String outcome, long count, long bytes) {}

    private static WalRecord record(long xid, int length) {
        return RecordBuilder.of(Rmgr.XLOG, 0x20)
                .xid(xid)
                .longMain()
                .main(new byte[length])
                .decode(VERSION);
    }

    private static WalRecord end(int info, long xid, List<Long> subxacts) {
        return ending(info, xid, subxacts).decode(VERSION);
    }

    private static String csv(TransactionStatistics all) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ByteOutput out = new ByteOutput(bytes)) {
            all.report(DumpCommand.Format.csv, true, 0, out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static TransactionStatistics statistics(int top, int room) {
        return new TransactionStatistics(new RecordFilter(), top, ZoneOffset.UTC, room);
    }

    /** Adds transactions in parts; what is to come of it, the largest first. */
    private static List<Expected> transactions(int number, TransactionStatistics all) {
        Random random = new Random(number);
        List<Expected> expected = new ArrayList<>();
        try (TransactionStatistics part = statistics(0, 1)) {
            long next = 3;
            for (int i = 0; i < number; i++) {
                long xid = next++;
                WalRecord own = record(xid, 300 + random.nextInt(200));
                part.add(own);
                long bytes = own.totalLength();
                List<Long> subxacts = new ArrayList<>();
                for (int sub = random.nextInt(4); sub > 0; sub--) {
                    subxacts.add(next);
                    WalRecord theirs = record(next++, 300 + random.nextInt(200));
                    part.add(theirs);
                    bytes += theirs.totalLength();
                }
                if (i % 5 == 0) {
                    all.merge(part);
                    part.clear();
                }
                boolean isOpen = i % 11 == 0;
                boolean isCommit = i % 3 > 0;
                long count = 1 + subxacts.size();
                if (isOpen) {
                    ByteBuffer main =
                            ByteBuffer.allocate(8 + 4 * subxacts.size()).order(ByteOrder.LITTLE_ENDIAN);
                    main.putInt((int) xid).putInt(subxacts.size());
                    subxacts.forEach(each -> main.putInt(each.intValue()));
                    // It has no XID of its own.
                    part.add(RecordBuilder.of(Rmgr.XACT, ASSIGNMENT)
                            .main(main.array())
                            .decode(VERSION));
                } else {
                    WalRecord end = end(isCommit ? COMMIT : ABORT, xid, subxacts);
                    part.add(end);
                    bytes += end.totalLength();
                    count++;
                }
                expected.add(new Expected(xid, isOpen ? "open" : isCommit ? "committed" : "aborted", count, bytes));
            }
            all.merge(part);
        }
        expected.sort(Comparator.comparingLong(Expected::bytes)
                .thenComparingLong(Expected::count)
                .reversed()
                .thenComparingLong(Expected::xid));
        return expected;
    }

    /** All are shown, in runs of a temporary file, and of some of them the largest. */
    @ParameterizedTest
    @CsvSource({"1000, 0, 7", "1000, 0, 1000", "1000, 0, 100000", "1000, 300, 16", "1000, 16, 16", "1000, 5000, 50"})
    void showsTheLargestFirst(int number, int top, int room) {
        try (TransactionStatistics all = statistics(top, room)) {
            List<Expected> expected = transactions(number, all);
            long total = expected.stream().mapToLong(Expected::bytes).sum();
            List<String> lines = csv(all).lines().toList();
            // Records of no transaction have a row, too.
            String rows = lines.subList(1, lines.size() - 1).stream()
                    .filter(line -> !line.startsWith("(none)"))
                    .map(line -> line.split(","))
                    .map(row -> row[0] + " " + row[1] + " " + row[3] + " " + row[9])
                    .collect(Collectors.joining("\n"));
            int none = lines.stream().anyMatch(line -> line.startsWith("(none)")) ? 1 : 0;
            assertEquals(
                    expected.stream()
                            .limit(top == 0 ? number : top - none)
                            .map(each -> each.xid() + " " + each.outcome() + " " + each.count() + " " + each.bytes())
                            .collect(Collectors.joining("\n")),
                    rows);
            String[] last = lines.get(lines.size() - 1).split(",");
            long assigned = none == 0 ? 0 : Long.parseLong(row(lines, "(none)")[9]);
            if (none == 1 || top == 0) {
                assertEquals(total + assigned, Long.parseLong(last[9]));
            }
        }
    }

    private static String[] row(List<String> lines, String xid) {
        return lines.stream()
                .filter(line -> line.startsWith(xid))
                .findFirst()
                .orElseThrow()
                .split(",");
    }

    /** Subtransactions without number, of a record that is in one part. */
    @Test
    void countsManySubtransactions() {
        try (TransactionStatistics all = statistics(0, 10);
                TransactionStatistics part = statistics(0, 10)) {
            List<Long> subxacts = new ArrayList<>();
            long bytes = 0;
            for (long xid = 0xFFFF_0000L; xid <= 0xFFFF_FFFFL; xid++) {
                if (xid % 7 == 0) {
                    WalRecord record = record(xid, 20);
                    part.add(record);
                    bytes += record.totalLength();
                }
                subxacts.add(xid);
            }
            WalRecord commit = end(COMMIT, 77, subxacts);
            part.add(commit);
            bytes += commit.totalLength();
            all.merge(part);
            part.clear();
            List<String> lines = csv(all).lines().toList();
            assertEquals(3, lines.size(), lines.toString());
            assertEquals(
                    "77,committed,2000-01-01 00:01:17.000000+00:00",
                    lines.get(1).split(",\\d+,")[0]);
            assertEquals(Long.toString(bytes), lines.get(1).split(",")[9]);
        }
    }

    // Subtransactions that are rolled back by themselves

    /** How records tell of subtransactions: not before the end, 64 at a time, or each with its first record too. */
    private enum WalLevel {
        MINIMAL,
        REPLICA,
        LOGICAL
    }

    /** A session that runs transactions with savepoints, as PostgreSQL logs them. */
    private static final class Session {
        private static final int UNREPORTED = 64;

        private final WalLevel level;
        private final Random random;
        private final List<WalRecord> records;
        private final Map<Long, long[]> sums = new TreeMap<>();
        private final Map<Long, String> outcomes = new TreeMap<>();
        private final List<Long> unreported = new ArrayList<>();
        private final Set<Long> told = new HashSet<>();
        private long top;
        /** Open transaction and savepoints, each with XID and the XIDs of those that were released in it. */
        private final Deque<List<Long>> levels = new ArrayDeque<>();

        Session(WalLevel level, Random random, List<WalRecord> records) {
            this.level = level;
            this.random = random;
            this.records = records;
        }

        /** Does one thing; the next XID if it takes one. */
        long step(long nextXid, boolean isLast) {
            long next = nextXid;
            if (levels.isEmpty()) {
                if (isLast) {
                    return next;
                }
                top = next++;
                levels.push(new ArrayList<>(List.of(top)));
                write(top, record(top, 100));
                return next;
            }
            int what = isLast ? 9 : random.nextInt(10);
            if (what < 4) {
                write(levels.peek().get(0), null);
            } else if (what < 7) {
                long xid = next++;
                levels.push(new ArrayList<>(List.of(xid)));
                unreported.add(xid);
                if (level != WalLevel.MINIMAL && unreported.size() == UNREPORTED) {
                    assign();
                }
                if (random.nextInt(5) > 0) {
                    write(xid, null);
                }
            } else if (levels.size() > 1) {
                List<Long> ended = levels.pop();
                if (what < 9) {
                    levels.peek().addAll(ended);
                } else {
                    end(ABORT, ended);
                    return next;
                }
            } else if (what == 9) {
                end(random.nextInt(4) > 0 ? COMMIT : ABORT, levels.pop());
                unreported.clear();
            }
            return next;
        }

        private void write(long xid, WalRecord given) {
            WalRecord record = given;
            if (given == null) {
                RecordBuilder builder =
                        RecordBuilder.of(Rmgr.XLOG, 0x20).xid(xid).longMain().main(new byte[random.nextInt(300)]);
                record = tell(builder, xid).decode(VERSION);
            }
            count(xid, record);
        }

        private RecordBuilder tell(RecordBuilder builder, long xid) {
            return level == WalLevel.LOGICAL && xid != top && told.add(xid) ? builder.topLevelXid(top) : builder;
        }

        private void count(long xid, WalRecord record) {
            records.add(record);
            long[] sum = sums.computeIfAbsent(xid, each -> new long[2]);
            sum[0]++;
            sum[1] += record.totalLength();
        }

        private void assign() {
            ByteBuffer main = ByteBuffer.allocate(8 + 4 * unreported.size()).order(ByteOrder.LITTLE_ENDIAN);
            main.putInt((int) top).putInt(unreported.size());
            unreported.forEach(each -> main.putInt(each.intValue()));
            unreported.clear();
            records.add(RecordBuilder.of(Rmgr.XACT, ASSIGNMENT)
                    .longMain()
                    .main(main.array())
                    .decode(VERSION));
        }

        private void end(int info, List<Long> ended) {
            long xid = ended.get(0);
            List<Long> children = ended.subList(1, ended.size());
            count(xid, tell(ending(info, xid, children), xid).decode(VERSION));
            for (long child : children) {
                long[] theirs = sums.remove(child);
                if (theirs != null) {
                    sums.get(xid)[0] += theirs[0];
                    sums.get(xid)[1] += theirs[1];
                }
            }
            outcomes.put(xid, info == COMMIT ? "committed" : "aborted");
        }
    }

    private static RecordBuilder ending(int info, long xid, List<Long> subxacts) {
        ByteBuffer main = ByteBuffer.allocate(16 + 4 * subxacts.size()).order(ByteOrder.LITTLE_ENDIAN);
        main.putLong(1_000_000 * xid).putInt(HAS_SUBXACTS).putInt(subxacts.size());
        subxacts.forEach(each -> main.putInt(each.intValue()));
        return RecordBuilder.of(Rmgr.XACT, info | HAS_INFO).xid(xid).longMain().main(main.array());
    }

    private static String sums(List<WalRecord> records, Random cuts, int oneIn) {
        try (TransactionStatistics all = statistics(0, 1000);
                TransactionStatistics part = statistics(0, 1000)) {
            for (WalRecord record : records) {
                part.add(record);
                if (cuts.nextInt(oneIn) == 0) {
                    all.merge(part);
                    part.clear();
                }
            }
            all.merge(part);
            return csv(all).lines()
                    .skip(1)
                    .filter(line -> !line.startsWith("(none)") && !line.startsWith("Total"))
                    .map(line -> line.split(","))
                    .map(row -> row[0] + " " + row[1] + " " + row[3] + " " + row[9])
                    .sorted()
                    .collect(Collectors.joining("\n"));
        }
    }

    /** Wherever WAL is cut into parts, and whatever it tells of subtransactions while they are open. */
    @ParameterizedTest
    @CsvSource({"MINIMAL, 1", "REPLICA, 1", "LOGICAL, 1", "MINIMAL, 4", "REPLICA, 4", "LOGICAL, 4"})
    void whatIsRolledBackByItselfStandsForItself(WalLevel level, int sessions) {
        for (int seed = 0; seed < 30; seed++) {
            Random random = new Random(seed);
            List<WalRecord> records = new ArrayList<>();
            List<Session> all = new ArrayList<>();
            for (int i = 0; i < sessions; i++) {
                all.add(new Session(level, random, records));
            }
            // XIDs that begin anew, too.
            long next = seed % 2 == 0 ? 100 : 0x7FFF_FF00L;
            for (int step = 0; step < 2000; step++) {
                next = all.get(random.nextInt(sessions)).step(next, false);
            }
            for (Session session : all) {
                while (!session.levels.isEmpty()) {
                    next = session.step(next, true);
                }
            }
            List<String> expected = new ArrayList<>();
            for (Session session : all) {
                assertEquals(session.outcomes.keySet(), session.sums.keySet());
                session.sums.forEach((xid, sum) ->
                        expected.add(xid + " " + session.outcomes.get(xid) + " " + sum[0] + " " + sum[1]));
            }
            String rows = expected.stream().sorted().collect(Collectors.joining("\n"));
            for (int oneIn : new int[] {1, 3, 50, 100_000}) {
                assertEquals(rows, sums(records, new Random(seed), oneIn), "seed " + seed + ", cut 1 in " + oneIn);
            }
        }
    }

    /** A loop with an exception handler: to look for each among all the others would take hours. */
    @Test
    void countsVeryManyThatAreRolledBackByThemselves() {
        int number = 500_000;
        try (TransactionStatistics all = statistics(1, 1000);
                TransactionStatistics part = statistics(1, 1000)) {
            part.add(record(100, 20));
            for (long xid = 101; xid <= 100 + number; xid++) {
                part.add(RecordBuilder.of(Rmgr.XLOG, 0x20)
                        .xid(xid)
                        .topLevelXid(100)
                        .main(new byte[20])
                        .decode(VERSION));
                part.add(end(ABORT, xid, List.of()));
            }
            WalRecord commit = end(COMMIT, 100, List.of());
            part.add(commit);
            all.merge(part);
            List<String> lines = csv(all).lines().toList();
            // The largest, the others, and the sum.
            assertTrue(lines.get(1).matches("\\d+,aborted,.*"), lines.toString());
            assertEquals(
                    Integer.toString(2 * number + 2),
                    lines.get(lines.size() - 1).split(",")[3],
                    lines.toString());
        }
    }

    /** Of a transaction that is open at the end, records may have told. */
    @Test
    void countsWhatIsToldOfAnOpenTransaction() {
        List<WalRecord> records = new ArrayList<>();
        records.add(record(100, 20));
        for (long xid = 101; xid < 700; xid++) {
            records.add(RecordBuilder.of(Rmgr.XLOG, 0x20)
                    .xid(xid)
                    .topLevelXid(100)
                    .main(new byte[20])
                    .decode(VERSION));
            records.add(record(xid, 20));
        }
        records.add(
                ending(ABORT, 650, LongStream.range(651, 700).boxed().toList()).decode(VERSION));
        for (int oneIn : new int[] {1, 2, 5, 100_000}) {
            assertEquals(
                    List.of("100 open 1099", "650 aborted 101"),
                    sums(records, new Random(1), oneIn)
                            .lines()
                            .map(line -> line.replaceFirst(" \\d+$", ""))
                            .toList());
        }
    }
}
