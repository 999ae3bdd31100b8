package dev.walker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.spi.WalPlugin;
import dev.walker.testing.MemoryWal;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalRecord;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

class WalkerTest {
    private static final int SEGMENT = 1 << 20;
    private static final int COMMIT = 0x00;
    private static final long OWN = 700;
    private static final long FOREIGN = 701;
    private static final int ASSIGNMENT = 0x50;
    private static final int INVALIDATIONS = 0x60;

    private final WalBuilder wal = new WalBuilder(PgVersion.PG17);
    private final ChangeFlag changes = new ChangeFlag();
    private boolean urgent;

    private final WalPlugin counter = new WalPlugin() {
        @Override
        public void onXact(WalRecord record) {
            if (urgent) {
                changes.hurry();
            } else {
                changes.raise();
            }
        }
    };

    private Walker walker() {
        Dispatcher dispatcher =
                new Dispatcher(List.of(new LoadedPlugin("counter", counter, 0)), failed -> {}, slow -> {});
        Walker walker =
                new Walker(new MemoryWal(wal, SEGMENT), dispatcher, changes, OwnRelations.none(), wal.position());
        walker.ownTransaction(OWN);
        return walker;
    }

    private void commit(long xid) {
        wal.add(RecordBuilder.of(Rmgr.XACT, COMMIT).xid(xid).main(new byte[8]));
    }

    private void assign(long topLevelXid, long subxact) {
        ByteBuffer main = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        main.putInt((int) topLevelXid).putInt(1).putInt((int) subxact);
        wal.add(RecordBuilder.of(Rmgr.XACT, ASSIGNMENT).xid(subxact).main(main.array()));
    }

    /** As with wal_level = logical, where each save would bring about the next. */
    @Test
    void subtransactionsOfAnOwnTransactionAreNoReasonToSave() {
        Walker walker = walker();
        assign(OWN, 801);
        wal.add(RecordBuilder.of(Rmgr.XACT, INVALIDATIONS).xid(OWN).main(new byte[4]));
        commit(OWN);
        assertFalse(walker.walk(SEGMENT, Lsn.INVALID));
        assertFalse(changes.isRaised());
        assertEquals(0, walker.foreignBytes());
        assign(FOREIGN, 802);
        assertFalse(walker.walk(SEGMENT, Lsn.INVALID));
        assertTrue(changes.isRaised());
    }

    @Test
    void endOfAnOwnTransactionIsNoReasonToSave() {
        Walker walker = walker();
        commit(OWN);
        assertFalse(walker.walk(SEGMENT, Lsn.INVALID));
        assertEquals(1, walker.records());
        assertFalse(changes.isRaised());
        commit(FOREIGN);
        walker.walk(SEGMENT, Lsn.INVALID);
        assertTrue(changes.isRaised());
    }

    @Test
    void whatCannotWaitIsSavedEvenIfTheEndOfAnOwnTransactionBringsItAbout() {
        Walker walker = walker();
        urgent = true;
        commit(OWN);
        commit(FOREIGN);
        assertTrue(walker.walk(SEGMENT, Lsn.INVALID));
        assertTrue(changes.isUrgent());
        assertEquals(1, walker.records());
    }
}
