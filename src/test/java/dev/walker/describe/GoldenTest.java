package dev.walker.describe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.Golden;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** WAL that real servers of all majors wrote, compared with what those servers say of it. */
class GoldenTest {
    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void hasTheNamesOfAllRecordTypes(PgVersion version) {
        assertEquals(String.join("\n", Golden.types(version)), String.join("\n", types(WalLayout.of(version))));
    }

    /** The names of all record types in the form of {@link Golden#types}. */
    static List<String> types(WalLayout layout) {
        List<String> types = new ArrayList<>();
        for (int id = 0; id < Rmgr.CORE_COUNT; id++) {
            for (int info = 0; info < 0x100; info += 0x10) {
                String name = Rmgr.typeName(layout, id, info);
                if (!name.startsWith("UNKNOWN")) {
                    types.add(String.format("type\t%s\t%02x\t%s", Rmgr.name(id), info, name));
                }
            }
        }
        return types;
    }

    @ParameterizedTest
    @EnumSource(PgVersion.class)
    void describesRecordsAsTheServerDoes(PgVersion version) {
        Descriptions descriptions = new Descriptions(ZoneId.of("UTC"));
        List<String> expected = new ArrayList<>();
        List<String> found = new ArrayList<>();
        Set<String> types = new TreeSet<>();
        for (Golden.Sample sample : Golden.samples(version)) {
            WalRecord record = decode(version, sample.bytes());
            StringBuilder text = new StringBuilder();
            descriptions.describe(record, text);
            String type = record.rmgrName() + " " + record.typeName();
            types.add(type);
            found.add(sample.lsn() + " " + type + " " + text);
            expected.add(sample.lsn() + " " + sample.rmgr() + " " + sample.type() + " " + sample.description());
        }
        assertEquals(String.join("\n", expected), String.join("\n", found));
        assertTrue(types.size() >= 110, () -> types.size() + ": " + types);
        assertEquals(
                Rmgr.CORE_COUNT,
                types.stream().map(type -> type.split(" ")[0]).distinct().count(),
                types.toString());
    }

    private static WalRecord decode(PgVersion version, byte[] bytes) {
        WalBuilder wal = new WalBuilder(version);
        wal.add(Golden.follow(bytes, 0));
        byte[] all = wal.bytes();
        WalReader reader = wal.reader();
        WalRecord record = new WalRecord();
        reader.feed(all, 0, all.length);
        assertEquals(ReadStatus.RECORD, reader.next(record), () -> RecordBuilder.hex(bytes));
        return record;
    }
}
