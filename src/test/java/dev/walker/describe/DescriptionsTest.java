package dev.walker.describe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalRecord;
import java.lang.management.ManagementFactory;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the comparison with servers cannot show: words of 13 and 14, rare records, bad input, and that nothing is
 * allocated.
 */
class DescriptionsTest {
    private static final RelFileLocator REL = new RelFileLocator(1663, 5, 16559);

    private final Descriptions descriptions = new Descriptions(ZoneOffset.UTC);

    private String describe(WalRecord record) {
        StringBuilder out = new StringBuilder();
        descriptions.describe(record, out);
        return out.toString();
    }

    @ParameterizedTest(name = "{0} {1} {2}: {4}")
    @CsvSource(
            delimiter = '|',
            value = {
                // Truncation of the commit log needs a million transactions.
                "PG16 | CLOG | 10 | 07000000 00020000 05000000 | page 7; oldestXact 512",
                "PG17 | CLOG | 10 | 0700000000000000 00020000 05000000 | page 7; oldestXact 512",
                "PG16 | COMMIT_TS | 10 | 07000000 00020000 | pageno 7, oldestXid 512",
                "PG18 | COMMIT_TS | 10 | 0700000000000000 00020000 | pageno 7, oldestXid 512",
                "PG13 | COMMIT_TS | 20 | 0000000000000000 0300 0000 64000000 65000000 66000000"
                        + " | set 2000-01-01 00:00:00+00/3 for: 100, 101, 102",
                "PG14 | COMMIT_TS | 20 | 0000000000000000 0300 0000 64000000 | ",
                "PG13 | LOGICALMSG | 00 | 05000000 01000000 0200000000000000 0300000000000000 7000 616263"
                        + " | transactional message size 3 bytes",
                "PG14 | LOGICALMSG | 00 | 05000000 00000000 0200000000000000 0300000000000000 7000 616263"
                        + " | non-transactional, prefix \"p\"; payload (3 bytes): 61 62 63",
                "PG13 | HASH | C0 | 00020000 03000000 | ntuples 3, latest removed xid 512",
                "PG14 | HASH | C0 | 00020000 03000000 | ntuples 3, latestRemovedXid 512",
                "PG16 | HASH | C0 | 00020000 0300 00 00 | ntuples 3, snapshotConflictHorizon 512",
                "PG17 | HASH | C0 | 00020000 0300 01 00 | ntuples 3, snapshotConflictHorizon 512, isCatalogRel T",
                "PG13 | SPGIST | 10 | 01 01 0200 0300 0400 0500"
                        + " | add leaf to page; off 2; headoff 3; parentoff 4 (newpage) (nulls)",
                "PG13 | SPGIST | 40 | 0100 0200 01 00 | prefix off: 1, postfix off: 2 (same 0, new 1)",
                "PG13 | SPGIST | 80 | 0100 0200 00020000 | newest XID 512",
                "PG14 | SPGIST | 80 | 0100 0200 00020000"
                        + " | ntoplaceholder: 1, firstplaceholder: 2, newestredirectxid: 512",
                "PG13 | BTREE | 80 | 01000000 02000000 03000000 04000000 05000000 06000000"
                        + " | left 1; right 2; btpo_xact 6; leafleft 3; leafright 4; topparent 5",
                "PG14 | BTREE | 80 | 01000000 02000000 00000000 00000000 07000000 01000000 03000000 04000000 05000000"
                        + " | left 1; right 2; level 0; safexid 1:7; leafleft 3; leafright 4; leaftopparent 5",
                "PG13 | BTREE | D0 | 7f060000 05000000 af400000 09000000 00020000"
                        + " | rel 1663/5/16559; latestRemovedXid 512",
                "PG14 | BTREE | D0 | 7f060000 05000000 af400000 09000000 00020000 01000000"
                        + " | rel 1663/5/16559; latestRemovedXid 1:512",
                "PG13 | BTREE | 70 | 00020000 03000000 | latestRemovedXid 512; ndeleted 3",
                "PG14 | BTREE | 70 | 00020000 0300 0000 | latestRemovedXid 512; ndeleted 3; nupdated 0",
                "PG13 | HEAP2 | 30 | 7f060000 05000000 af400000 00020000 | remxid 512",
                "PG13 | DBASE | 10 | 05000000 01000000 7f060000 | dir 1663/5",
                "PG14 | DBASE | 00 | 05000000 7f060000 01000000 7f060000 | copy dir 1663/1 to 1663/5",
                "PG14 | XACT | A0 | 0000000000000000 20000000 0100000002000000 0000000000000000"
                        + " | 2000-01-01 00:00:00+00",
                "PG15 | XACT | A0 | 0000000000000000 20000000 0100000002000000 0000000000000000"
                        + " | 2000-01-01 00:00:00+00; origin: node 0, lsn 2/1, at 2000-01-01 00:00:00+00",
                "PG14 | STANDBY | 10 | 01000000 01000000 01000000 09000000 05000000 08000000 05000000 06000000"
                        + " | nextXid 9 latestCompletedXid 8 oldestRunningXid 5; 1 xacts: 5; subxid ovf",
                "PG17 | STANDBY | 20 | 05000000 7f060000 01000000 01000000 fa000000 05000000 ff400000 00000000"
                        + " | ; relcache init file inval dbid 5 tsid 1663; inval msgs: unrecognized id -6",
                "PG18 | STANDBY | 20 | 05000000 7f060000 00000000 01000000 fa000000 05000000 ff400000 00000000"
                        + " | ; inval msgs: relsync 16639",
                "PG18 | XLOG | E0 | 03000000 | wal_level ?",
                "PG18 | MULTIXACT | 20 | 05000000 ffffffff 01000000 08000000 09000000"
                        + " | 5 offset 4294967295 nmembers 1: 8 (unk) ",
                "PG18 | GENERIC | 00 | 1000 0100 aa 2000 0000 | offset 16, length 1; offset 32, length 0",
                "PG18 | BTREE | F0 | 01 | ",
                "PG18 | SMGR | 00 | 01 | ",
            })
    void hasTheWordsOfTheMajor(PgVersion version, Rmgr rmgr, String info, String main, String expected) {
        RecordBuilder builder =
                RecordBuilder.of(rmgr, Integer.parseInt(info, 16)).main(main);
        // CsvSource takes spaces at the ends away.
        assertEquals(
                expected == null ? "" : expected.strip(),
                describe(builder.decode(version)).strip());
    }

    @Test
    void tellsPruningInTheWordsOfTheMajor() {
        RecordBuilder clean =
                RecordBuilder.of(Rmgr.HEAP2, 0x10).block(0, REL, 3).data("2500").main("4f030000 0000 0100");
        assertEquals("remxid 847", describe(clean.decode(PgVersion.PG13)));
        assertEquals("latestRemovedXid 847 nredirected 0 ndead 1", describe(clean.decode(PgVersion.PG14)));
        clean.main("4f030000 0000 0100 00");
        assertEquals(
                "snapshotConflictHorizon: 847, nredirected: 0, ndead: 1, nunused: 0, redirected: [], dead: [37],"
                        + " unused: []",
                describe(clean.decode(PgVersion.PG16)));
        assertEquals(
                ", isCatalogRel: F, nplans: 0, nredirected: 0, ndead: 0, nunused: 3, unused: [23, 31, 32]",
                describe(RecordBuilder.of(Rmgr.HEAP2, 0x30)
                        .block(0, REL, 2)
                        .data("0300 1700 1f00 2000")
                        .main("fc80")
                        .decode(PgVersion.PG17)));
    }

    @Test
    void tellsSuperDeletesOfAnySpeculativeInsertion() {
        WalRecord record = RecordBuilder.of(Rmgr.HEAP, 0x10)
                .xid(700)
                .block(0, REL, 3)
                .main("bc020000 0100 00 08")
                .decode(PgVersion.PG18);
        assertEquals("xmax: 700, off: 1, infobits: [], flags: 0x08", describe(record));
    }

    @Test
    void tellsTheMetapageOfBtreesInTheWordsOfTheMajor() {
        RecordBuilder cleanup = RecordBuilder.of(Rmgr.BTREE, 0xE0)
                .block(0, REL, 0)
                .data("04000000 03000000 00000000 03000000 00000000 09000000 000000000000f8bf 01");
        assertEquals(
                "oldest_btpo_xact 9; last_cleanup_num_heap_tuples: -1.500000",
                describe(cleanup.decode(PgVersion.PG13)));
        assertEquals("last_cleanup_num_delpages 9", describe(cleanup.decode(PgVersion.PG15)));
        assertEquals("last_cleanup_num_delpages: 9", describe(cleanup.decode(PgVersion.PG16)));
    }

    @Test
    void tellsNumbersOfCustomResourceManagers() {
        assertEquals(
                "rmid: 128", describe(RecordBuilder.of(128, 0x30).main("00").decode(PgVersion.PG16)));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-0.0, -0",
        "7, 7",
        "999999, 999999",
        "1000000, 1e+06",
        "1234567, 1.23457e+06",
        "-1234565, -1.23456e+06",
        "0.5, 0.5",
        "0.0001, 0.0001",
        "0.00001234, 1.234e-05",
        "123456.7, 123457",
        "999999.5, 1e+06",
        "1e300, 1e+300",
        "-1e-300, -1e-300",
        "NaN, nan",
        "-Infinity, -inf"
    })
    void writesNumbersAsPrintfDoes(double value, String expected) {
        StringBuilder out = new StringBuilder();
        Text.general(out, value);
        assertEquals(expected, out.toString());
    }

    /** All types, whatever they hold: an answer or a WalFormatException that names the place. */
    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void copesWithAnything(PgVersion version) {
        Random random = new Random(version.major());
        StringBuilder out = new StringBuilder();
        int described = 0;
        int refused = 0;
        for (int rmgr = 0; rmgr < Rmgr.CORE_COUNT; rmgr++) {
            for (int info = 0; info < 0x100; info += 0x10) {
                for (int run = 0; run < 150; run++) {
                    RecordBuilder builder = RecordBuilder.of(rmgr, info).main(bytes(random, run % 100));
                    if (run % 3 > 0) {
                        builder.block(0, REL, 1).data(bytes(random, random.nextInt(60)));
                        if (run % 2 > 0) {
                            builder.block(1, REL, 2).data(bytes(random, random.nextInt(9)));
                        }
                    }
                    WalRecord record = builder.decode(version);
                    out.setLength(0);
                    try {
                        descriptions.describe(record, out);
                        described++;
                    } catch (WalFormatException e) {
                        assertTrue(e.getMessage().contains("(LSN "), e.getMessage());
                        refused++;
                    }
                    assertTrue(out.length() < 20_000, () -> record + " has a description of " + out.length());
                }
            }
        }
        assertTrue(described > 10_000, described + " described");
        assertTrue(refused > 10_000, refused + " refused");
    }

    /** Small numbers, for the most part, so that counts fit now and then. */
    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        if (random.nextInt(8) > 0) {
            int zeros = 1 + random.nextInt(4);
            for (int i = 0; i < length; i++) {
                bytes[i] = (byte) (random.nextInt(zeros + 1) > 0 ? 0 : bytes[i] & 0x07);
            }
        }
        return bytes;
    }

    /** Each record of a real kind cut at every byte of its main data, and with every byte of it changed. */
    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void copesWithEveryCutAndChange(PgVersion version) {
        String invalidation = "fe000000 05000000 ff400000 00000000";
        Object[][] kinds = {
            {
                Rmgr.XACT,
                0x80,
                "0000000000000000 8b000000 05000000 7f060000 02000000 09000000 0a000000" + " 01000000 "
                        + invalidation.replace("fe", "05") + " 00"
            },
            {Rmgr.XACT, 0xB0, "0000000000000000 b0000000 09000000 61626300 0100000002000000 0000000000000000"},
            {Rmgr.STANDBY, 0x00, "02000000 01000000 02000000 03000000 04000000 05000000 06000000"},
            {Rmgr.STANDBY, 0x20, "05000000 7f060000 01000000 01000000 " + invalidation},
            {Rmgr.STANDBY, 0x10, "02000000 01000000 00000000 09000000 05000000 08000000 05000000 06000000 07000000"},
            {Rmgr.MULTIXACT, 0x20, "05000000 09000000 02000000 62030000 00000000 63030000 04000000"},
            {Rmgr.LOGICALMSG, 0x00, "05000000 01000000 0200000000000000 0300000000000000 7000 616263"},
            {Rmgr.TBLSPC, 0x00, "09000000 2f7400"},
            {Rmgr.RELMAP, 0x00, "05000000 7f060000 18000000 17275900 02000000 01000000 02000000 03000000 04000000"},
            {Rmgr.HEAP, 0x30, "05000000 02000000 01000000 0a000000 0b000000"},
        };
        StringBuilder out = new StringBuilder();
        int refused = 0;
        for (Object[] kind : kinds) {
            byte[] whole = RecordBuilder.bytes((String) kind[2]);
            for (int at = 0; at < whole.length; at++) {
                refused += tries((Rmgr) kind[0], (int) kind[1], Arrays.copyOf(whole, at), version, out);
                for (int change : new int[] {0x01, 0x02, 0x04, 0x10, 0x40, 0x80, 0xFF}) {
                    byte[] changed = whole.clone();
                    changed[at] ^= (byte) change;
                    refused += tries((Rmgr) kind[0], (int) kind[1], changed, version, out);
                }
            }
        }
        assertTrue(refused > 500, refused + " refused");
    }

    private int tries(Rmgr rmgr, int info, byte[] main, PgVersion version, StringBuilder out) {
        WalRecord record = RecordBuilder.of(rmgr, info).main(main).decode(version);
        out.setLength(0);
        try {
            descriptions.describe(record, out);
            return 0;
        } catch (WalFormatException e) {
            return 1;
        }
    }

    @Test
    void allocatesNothing() {
        WalRecord[] records = {
            RecordBuilder.of(Rmgr.HEAP, 0x00)
                    .block(0, REL, 1)
                    .data("0200 0008 18 00 02000000")
                    .main("0200 00")
                    .decode(PgVersion.PG17),
            RecordBuilder.of(Rmgr.HEAP2, 0x30)
                    .block(0, REL, 2)
                    .data("0300 1700 1f00 2000")
                    .main("fc80")
                    .decode(PgVersion.PG17),
            RecordBuilder.of(Rmgr.BTREE, 0x00).block(0, REL, 2).main("0200").decode(PgVersion.PG15),
            RecordBuilder.of(Rmgr.XACT, 0x80)
                    .main("4ef922d4d9030300 02000000 01000000 6a030000")
                    .decode(PgVersion.PG18),
            RecordBuilder.of(Rmgr.SMGR, 0x10)
                    .main("80400000 05000000 af400000 02000000")
                    .decode(PgVersion.PG16),
        };
        Descriptions zoned = new Descriptions(java.time.ZoneId.of("Europe/Berlin"));
        StringBuilder out = new StringBuilder(1000);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        // Compilation by the JIT may allocate on this thread; one clean round is enough.
        for (int round = 0; round < 10; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 10_000; i++) {
                out.setLength(0);
                for (WalRecord record : records) {
                    zoned.describe(record, out);
                }
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        // 50,000 records; an object of the smallest size for each would be 800,000 bytes.
        assertTrue(least < 1000, least + " bytes");
    }
}
