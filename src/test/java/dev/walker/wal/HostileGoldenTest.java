package dev.walker.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.DescribedWorkload;
import dev.walker.testing.Golden;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.RecordUse;
import dev.walker.testing.WalBuilder;
import dev.walker.testing.WalRun;
import dev.walker.version.PgVersion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * WAL of real servers, damaged in all ways: what comes of it is a record, a status or an error that says what is wrong
 * where. {@code -Dwalker.hostile=all} changes every byte of every record, not only of some of each type.
 */
class HostileGoldenTest {
    private static final boolean ALL = System.getProperty("walker.hostile", "").equals("all");

    private static WalReader reader(PgVersion version, long startLsn) {
        return new WalReader(startLsn, DescribedWorkload.segmentSize(version.major()), 0);
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void readsThePagesInPiecesOfAnySize(PgVersion version) {
        byte[] pages = Golden.pages(version);
        long start = Golden.startLsn(pages);
        WalRun whole = WalRun.of(reader(version, start), pages, start, pages.length, new RecordUse());
        assertEquals("NEED_MORE", whole.end(), whole.message());
        assertTrue(whole.records() > 500, whole.toString());
        for (int chunk : new int[] {1, 7, 8191}) {
            assertEquals(whole, WalRun.of(reader(version, start), pages, start, chunk, new RecordUse()));
        }
        byte[] chain = Golden.chain(version).bytes();
        WalRun all = WalRun.of(Golden.chain(version).reader(), chain, 1 << 20, chain.length, new RecordUse());
        assertEquals("NEED_MORE", all.end(), all.message());
        assertTrue(all.records() > 300, all.toString());
        for (int chunk : new int[] {1, 7, 8191}) {
            assertEquals(all, WalRun.of(Golden.chain(version).reader(), chain, 1 << 20, chunk, new RecordUse()));
        }
    }

    /** Two pages, so that each cut is inside of records, of page headers or between them. */
    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void waitsForMoreWhereverThePagesAreCut(PgVersion version) {
        byte[] pages = Golden.pages(version);
        long start = Golden.startLsn(pages);
        RecordUse use = new RecordUse();
        int records = 0;
        for (int length = 0;
                length <= 2 * WalReader.PAGE_SIZE;
                length += length % WalReader.PAGE_SIZE < 2500 || ALL ? 1 : 3) {
            byte[] cut = Arrays.copyOf(pages, length);
            WalRun run = WalRun.of(reader(version, start), cut, start, cut.length, use);
            assertEquals("NEED_MORE", run.end(), run.message());
            assertTrue(run.records() >= records, "less than of " + (length - 1) + " bytes");
            records = run.records();
        }
        // Zeros after the cut are the normal end of a file.
        for (int length = 0; length < WalReader.PAGE_SIZE; length += 5) {
            byte[] torn = Arrays.copyOf(Arrays.copyOf(pages, length), 3 * WalReader.PAGE_SIZE);
            WalRun run = WalRun.of(reader(version, start), torn, start, 8191, use);
            assertEquals("END_OF_WAL", run.end(), run.message());
        }
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void findsEveryChangedByteOfARecord(PgVersion version) {
        byte[] pages = Golden.pages(version);
        long start = Golden.startLsn(pages);
        RecordUse use = new RecordUse();
        int length = 3 * WalReader.PAGE_SIZE;
        byte[] some = Arrays.copyOf(pages, length);
        List<Long> found = new ArrayList<>(List.of(0L));
        WalRun whole = WalRun.of(reader(version, start), some, start, length, use, found::add);
        for (int at = 0; at < length; at += ALL ? 1 : 7) {
            byte before = some[at];
            some[at] ^= (byte) (1 << at % 8);
            WalReader strict = reader(version, start);
            strict.limit(start + length);
            WalRun damaged = WalRun.of(strict, some, start, length, use);
            assertTrue(!damaged.end().equals("END_OF_WAL"), damaged.message());
            WalRun loose = WalRun.of(reader(version, start), some, start, 8191, use);
            assertTrue(loose.records() <= whole.records(), loose.toString());
            // Padding, and what page headers say of no record, may be anything; a record that is given may not.
            if (at % WalReader.PAGE_SIZE >= WalReader.LONG_PAGE_HEADER) {
                assertEquals(found.get(damaged.records()), damaged.found(), damaged.toString());
                assertEquals(found.get(loose.records()), loose.found(), loose.toString());
            }
            some[at] = before;
        }
    }

    /** Here the CRC is right, so that all that looks into a record is reached: decoder, views, descriptions, images. */
    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void copesWithEveryChangedByteOfARecordWhoseCrcIsRight(PgVersion version) {
        RecordUse use = new RecordUse();
        Map<String, Integer> seen = new HashMap<>();
        int refused = 0;
        int runs = 0;
        List<Golden.Sample> samples = Golden.samples(version);
        for (Golden.Sample sample : samples) {
            if (seen.merge(sample.rmgr() + sample.type(), 1, Integer::sum) > (ALL ? 100 : 2)) {
                continue;
            }
            byte[] bytes = Golden.follow(sample.bytes(), 0);
            int step = ALL || bytes.length < 700 ? 1 : 1 + bytes.length / 300;
            for (int at = 4; at < bytes.length; at += at < 200 ? 1 : step) {
                for (int change : ALL ? new int[] {1, 2, 4, 8, 16, 32, 64, 128, 255} : new int[] {1 << at % 8, 0xFF}) {
                    byte[] bad = bytes.clone();
                    bad[at] ^= (byte) change;
                    refused += read(version, bad, use) ? 0 : 1;
                    runs++;
                }
                if (at + 4 <= bytes.length && at % 3 == 0) {
                    byte[] bad = bytes.clone();
                    Arrays.fill(bad, at, at + 4, (byte) 0x7F);
                    refused += read(version, bad, use) ? 0 : 1;
                    runs++;
                }
            }
        }
        int refusedRuns = refused;
        int allRuns = runs;
        assertTrue(runs > 20_000 && refused > runs / 100 && refused < runs / 2, () -> refusedRuns + " of " + allRuns);
    }

    /** Cut short, with a length and CRC that are right for what is left. */
    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void copesWithRecordsThatEndEarlyOrLate(PgVersion version) {
        RecordUse use = new RecordUse();
        Map<String, Integer> seen = new HashMap<>();
        for (Golden.Sample sample : Golden.samples(version)) {
            byte[] bytes = Golden.follow(sample.bytes(), 0);
            if (seen.merge(sample.rmgr() + sample.type(), 1, Integer::sum) > (ALL ? 100 : 2)) {
                continue;
            }
            int step = ALL || bytes.length < 400 ? 1 : 7;
            for (int length = WalRecord.HEADER_SIZE; length < bytes.length + 9; length += step) {
                byte[] cut = Arrays.copyOf(bytes, length);
                cut[0] = (byte) length;
                cut[1] = (byte) (length >> 8);
                cut[2] = (byte) (length >> 16);
                read(version, cut, use);
                shortenMainData(version, bytes, bytes.length - length, use);
            }
        }
    }

    /** The same record with main data that is shorter, and says so: what a view gets to see then. */
    private static void shortenMainData(PgVersion version, byte[] bytes, int by, RecordUse use) {
        int main = mainLengthAt(version, bytes);
        if (main < 0 || by <= 0 || by > (bytes[main] & 0xFF)) {
            return;
        }
        byte[] cut = Arrays.copyOf(bytes, bytes.length - by);
        cut[main] -= (byte) by;
        cut[0] = (byte) cut.length;
        cut[1] = (byte) (cut.length >> 8);
        cut[2] = (byte) (cut.length >> 16);
        assertTrue(read(version, cut, use), () -> RecordBuilder.hex(cut));
    }

    /** Where the length of short main data stands, which comes last in the headers; -1 if there is none. */
    private static int mainLengthAt(PgVersion version, byte[] bytes) {
        WalRecord record = decode(version, bytes);
        int payload = record.mainData().length();
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id)) {
                payload += record.block(id).image().length()
                        + record.block(id).data().length();
            }
        }
        int at = bytes.length - payload - 1;
        return record.mainData().length() > 0 && record.mainData().length() <= 255 && bytes[at - 1] == (byte) 255
                ? at
                : -1;
    }

    private static WalRecord decode(PgVersion version, byte[] bytes) {
        WalBuilder wal = new WalBuilder(version);
        wal.add(Golden.follow(bytes, 0));
        byte[] all = wal.bytes();
        WalReader reader = wal.reader();
        reader.feed(all, 0, all.length);
        WalRecord record = new WalRecord();
        assertEquals(ReadStatus.RECORD, reader.next(record));
        return record;
    }

    /** Whether the record was given. */
    private static boolean read(PgVersion version, byte[] record, RecordUse use) {
        RecordBuilder.fixCrc(record);
        WalBuilder wal = new WalBuilder(version);
        wal.add(record);
        byte[] all = wal.bytes();
        return WalRun.of(wal.reader(), all, wal.startLsn(), all.length, use).records() > 0;
    }
}
