package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.WalRecord;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
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
        ByteBuffer main = ByteBuffer.allocate(16 + 4 * subxacts.size()).order(ByteOrder.LITTLE_ENDIAN);
        main.putLong(1_000_000 * xid).putInt(HAS_SUBXACTS).putInt(subxacts.size());
        for (long subxact : subxacts) {
            main.putInt((int) subxact);
        }
        return RecordBuilder.of(Rmgr.XACT, info | HAS_INFO)
                .xid(xid)
                .longMain()
                .main(main.array())
                .decode(VERSION);
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
}
