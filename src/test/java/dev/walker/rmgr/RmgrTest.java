package dev.walker.rmgr;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RmgrTest {
    @ParameterizedTest
    @CsvSource({
        "PG13, 9, 0x10, CLEAN",
        "PG13, 9, 0x20, FREEZE_PAGE",
        "PG14, 9, 0x20, VACUUM",
        "PG16, 9, 0x30, FREEZE_PAGE",
        "PG17, 9, 0x30, PRUNE_VACUUM_CLEANUP",
        "PG18, 9, 0xD0, MULTI_INSERT+INIT",
        "PG14, 4, 0x10, DROP",
        "PG15, 4, 0x10, CREATE_WAL_LOG",
        "PG15, 10, 0x80, INSERT+INIT",
        "PG15, 10, 0x90, UNKNOWN (90)",
        "PG15, 1, 0xB1, COMMIT_PREPARED",
        "PG15, 1, 0xF0, UNKNOWN (f0)",
        "PG13, 1, 0x60, UNKNOWN (60)",
        "PG16, 0, 0xE0, UNKNOWN (e0)",
        "PG17, 0, 0xE0, CHECKPOINT_REDO",
        "PG17, 20, 0x00, Generic",
        "PG17, 200, 0x10, UNKNOWN (10)",
        "PG13, 18, 0x20, SETTS",
        "PG14, 18, 0x20, UNKNOWN (20)"
    })
    void namesRecordTypesAsTheServerOfThatMajor(PgVersion version, int rmgrId, String info, String name) {
        assertEquals(name, Rmgr.typeName(WalLayout.of(version), rmgrId, Integer.decode(info)));
    }

    @Test
    void givesTheSameNameEachTime() {
        WalLayout layout = WalLayout.of(PgVersion.PG17);
        for (int id = 0; id < 256; id++) {
            for (int info = 0; info < 256; info++) {
                assertSame(Rmgr.typeName(layout, id, info), Rmgr.typeName(layout, id, info));
                assertSame(Rmgr.name(id), Rmgr.name(id));
            }
        }
    }

    @Test
    void knowsNumbersAndNames() {
        assertEquals(22, Rmgr.CORE_COUNT);
        assertEquals(Rmgr.UNKNOWN, Rmgr.values()[Rmgr.CORE_COUNT]);
        assertEquals(10, Rmgr.HEAP.id());
        assertEquals(-1, Rmgr.UNKNOWN.id());
        assertEquals(Rmgr.LOGICALMSG, Rmgr.of(21));
        assertEquals(Rmgr.UNKNOWN, Rmgr.of(22));
        assertEquals(Rmgr.UNKNOWN, Rmgr.of(-1));
        assertEquals("custom128", Rmgr.name(128));
        assertEquals(OptionalInt.of(9), Rmgr.idOf("heap2"));
        assertEquals(OptionalInt.of(131), Rmgr.idOf("CUSTOM131"));
        assertEquals(OptionalInt.empty(), Rmgr.idOf("custom030"));
        assertTrue(Rmgr.isValidId(WalLayout.of(PgVersion.PG15), 128));
        assertFalse(Rmgr.isValidId(WalLayout.of(PgVersion.PG15), 127));
        assertFalse(Rmgr.isValidId(WalLayout.of(PgVersion.PG14), 128));
    }
}
