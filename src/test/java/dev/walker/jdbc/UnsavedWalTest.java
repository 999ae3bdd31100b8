package dev.walker.jdbc;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.engine.ChangeFlag;
import dev.walker.engine.Dispatcher;
import dev.walker.engine.OwnRelations;
import dev.walker.engine.Walker;
import dev.walker.rmgr.Rmgr;
import dev.walker.testing.MemoryWal;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import java.util.List;
import org.junit.jupiter.api.Test;

class UnsavedWalTest {
    private static final int SEGMENT = 1 << 20;
    /** So that a save is due after one segment of what others write, after two of what the server adds. */
    private static final long MAX_LAG = 4L * SEGMENT;

    private static final RelFileLocator OWN = new RelFileLocator(1663, 5, 100);
    private static final RelFileLocator FOREIGN = new RelFileLocator(1663, 5, 200);

    private final WalBuilder wal = new WalBuilder(PgVersion.PG17);
    private final Walker walker = new Walker(
            new MemoryWal(wal, SEGMENT),
            new Dispatcher(List.of(), failed -> {}, slow -> {}),
            new ChangeFlag(),
            new OwnRelations(List.of(OWN)),
            wal.position());
    private final UnsavedWal unsaved = new UnsavedWal(walker, SEGMENT, MAX_LAG);

    @Test
    void relationOfAnotherTablespaceIsNotOwn() {
        OwnRelations own = new OwnRelations(List.of(OWN));
        assertTrue(own.contains(OWN.spcOid(), OWN.dbOid(), OWN.relNumber()));
        assertFalse(own.contains(OWN.spcOid() + 1, OWN.dbOid(), OWN.relNumber()));
    }

    private void write(RelFileLocator relation, int bytes) {
        wal.add(RecordBuilder.of(Rmgr.HEAP, 0x10)
                .block(0, relation, 0)
                .longMain()
                .main(new byte[bytes]));
    }

    private void walk() {
        while (walker.walk(SEGMENT, Lsn.INVALID)) {
            // On to the end.
        }
    }

    @Test
    void fewBytesThatChangeSegmentsAreSavedSinceTheSlotKeepsSegments() {
        write(FOREIGN, 10);
        walk();
        assertFalse(unsaved.isMuch());
        wal.switchSegment();
        walk();
        assertTrue(unsaved.isMuch());
        unsaved.saved();
        assertFalse(unsaved.isMuch());
        assertFalse(unsaved.hasForeign());
    }

    @Test
    void ownWalIsNoReasonToSaveHoweverMuch() {
        for (int i = 0; i < 5; i++) {
            write(OWN, SEGMENT);
        }
        walker.ownTransaction(77);
        wal.add(RecordBuilder.of(Rmgr.XACT, 0).xid(77).main(new byte[8]));
        walk();
        assertFalse(unsaved.isMuch());
        assertFalse(unsaved.hasForeign());
        wal.add(RecordBuilder.of(Rmgr.XACT, 0).xid(78).main(new byte[8]));
        walk();
        assertFalse(unsaved.isMuch());
        assertTrue(unsaved.hasForeign());
    }

    /** With archive_timeout: a change of segments, then a checkpoint, which is changed away from, too. */
    @Test
    void whatTheServerAddsAfterASaveDoesNotLeadToTheNext() {
        write(OWN, 1000);
        wal.switchSegment();
        wal.add(RecordBuilder.of(Rmgr.STANDBY, 0x10).main(new byte[24]));
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x10).main(new byte[88]));
        wal.switchSegment();
        walk();
        assertFalse(unsaved.isMuch());
        // Somebody changes segments again and again.
        for (int i = 0; i < 2; i++) {
            wal.add(RecordBuilder.of(Rmgr.STANDBY, 0x10).main(new byte[24]));
            wal.switchSegment();
        }
        walk();
        assertTrue(unsaved.isMuch());
    }

    @Test
    void sixteenMegabytesAreSavedWhereThereIsNoLimit() {
        UnsavedWal unlimited = new UnsavedWal(walker, SEGMENT, Long.MAX_VALUE);
        for (int i = 0; i < 15; i++) {
            write(FOREIGN, SEGMENT);
        }
        walk();
        assertFalse(unlimited.isMuch());
        write(FOREIGN, SEGMENT);
        walk();
        assertTrue(unlimited.isMuch());
    }
}
