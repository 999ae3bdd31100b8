package dev.walker.heatmap;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.version.PgVersion;
import dev.walker.wal.RelFileLocator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Records that change heaps and end transactions, as the server writes them. */
final class HeapRecords {
    static final RelFileLocator REL = new RelFileLocator(1663, 5, 20000);
    static final int XMIN_COMMITTED = 0x0100;
    static final int XMIN_INVALID = 0x0200;
    static final int XMAX_COMMITTED = 0x0400;
    static final int XMAX_INVALID = 0x0800;
    static final int XMAX_IS_MULTI = 0x1000;
    static final int XMAX_LOCK_ONLY = 0x0080;

    private HeapRecords() {}

    static ByteBuffer bytes(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The bytes of 16-bit numbers. */
    static byte[] shorts(int... values) {
        ByteBuffer buffer = bytes(2 * values.length);
        for (int value : values) {
            buffer.putShort((short) value);
        }
        return buffer.array();
    }

    private static byte[] tuple(int infomask) {
        return bytes(9).putShort((short) 1)
                .putShort((short) infomask)
                .put((byte) 24)
                .array();
    }

    static RecordBuilder insert(long xid, long block, int offnum) {
        return insert(xid, block, offnum, 0, XMAX_INVALID);
    }

    /** {@code info} is INIT_PAGE or 0. */
    static RecordBuilder insert(long xid, long block, int offnum, int info, int infomask) {
        return insert(REL, xid, block, offnum, info, infomask);
    }

    static RecordBuilder insert(RelFileLocator locator, long xid, long block, int offnum) {
        return insert(locator, xid, block, offnum, 0, XMAX_INVALID);
    }

    private static RecordBuilder insert(
            RelFileLocator locator, long xid, long block, int offnum, int info, int infomask) {
        return RecordBuilder.of(Rmgr.HEAP, info)
                .xid(xid)
                .block(0, locator, block)
                .data(tuple(infomask))
                .main(bytes(3).putShort((short) offnum).array());
    }

    static RecordBuilder multiInsert(long xid, long block, int info, int flags, int infomask, int... offnums) {
        boolean init = info != 0;
        ByteBuffer main = bytes(4 + (init ? 0 : 2 * offnums.length));
        main.put((byte) flags).put((byte) 0x5A).putShort((short) offnums.length);
        ByteBuffer data = bytes(10 * offnums.length);
        for (int offnum : offnums) {
            if (!init) {
                main.putShort((short) offnum);
            }
            // 7 bytes of header and 1 of tuple, then the next one at an even place.
            data.putShort((short) 1)
                    .putShort((short) 1)
                    .putShort((short) infomask)
                    .put((byte) 24)
                    .put((byte) 0);
        }
        byte[] used = new byte[data.position()];
        System.arraycopy(data.array(), 0, used, 0, used.length);
        return RecordBuilder.of(Rmgr.HEAP2, 0x50 | info)
                .xid(xid)
                .block(0, REL, block)
                .data(used)
                .main(main.array());
    }

    static RecordBuilder delete(long xid, long block, int offnum) {
        return delete(xid, block, offnum, 0);
    }

    static RecordBuilder delete(long xid, long block, int offnum, int flags) {
        return RecordBuilder.of(Rmgr.HEAP, 0x10)
                .xid(xid)
                .block(0, REL, block)
                .main(bytes(8).putInt((int) xid)
                        .putShort((short) offnum)
                        .put((byte) 0)
                        .put((byte) flags)
                        .array());
    }

    private static byte[] updateMain(long xid, int oldOffnum, int newOffnum) {
        return bytes(14)
                .putInt((int) xid)
                .putShort((short) oldOffnum)
                .putShort((short) 0)
                .putInt(0)
                .putShort((short) newOffnum)
                .array();
    }

    static RecordBuilder hotUpdate(long xid, long block, int oldOffnum, int newOffnum) {
        return RecordBuilder.of(Rmgr.HEAP, 0x40)
                .xid(xid)
                .block(0, REL, block)
                .data(tuple(XMAX_INVALID))
                .main(updateMain(xid, oldOffnum, newOffnum));
    }

    static RecordBuilder update(long xid, long oldBlock, int oldOffnum, long newBlock, int newOffnum, int info) {
        return RecordBuilder.of(Rmgr.HEAP, 0x20 | info)
                .xid(xid)
                .block(0, REL, newBlock)
                .data(tuple(XMAX_INVALID))
                .block(1, REL, oldBlock)
                .main(updateMain(xid, oldOffnum, newOffnum));
    }

    static RecordBuilder lock(long xid, long block, int offnum) {
        return RecordBuilder.of(Rmgr.HEAP, 0x60)
                .xid(xid)
                .block(0, REL, block)
                .main(bytes(8).putInt((int) xid)
                        .putShort((short) offnum)
                        .put((byte) 0x06)
                        .array());
    }

    static RecordBuilder visible(long block) {
        return RecordBuilder.of(Rmgr.HEAP2, 0x40)
                .block(0, REL, 0)
                .fork(dev.walker.wal.Fork.VM)
                .block(1, REL, block)
                .main(bytes(5).put(4, (byte) 3).array());
    }

    /** Pruning as of a major: redirections are pairs. */
    static RecordBuilder prune(PgVersion version, long block, int[] redirected, int[] dead, int[] unused) {
        if (version.major() < 17) {
            ByteBuffer main = bytes(version.major() == 16 ? 9 : 8);
            main.putInt(0).putShort((short) (redirected.length / 2)).putShort((short) dead.length);
            ByteBuffer data = bytes(2 * (redirected.length + dead.length + unused.length));
            data.put(shorts(redirected)).put(shorts(dead)).put(shorts(unused));
            return RecordBuilder.of(Rmgr.HEAP2, 0x10)
                    .block(0, REL, block)
                    .data(data.array())
                    .main(main.array());
        }
        ByteBuffer data = bytes(6 + 2 * (redirected.length + dead.length + unused.length));
        int flags = 0x04;
        if (redirected.length > 0) {
            flags |= 0x20;
            data.putShort((short) (redirected.length / 2)).put(shorts(redirected));
        }
        if (dead.length > 0) {
            flags |= 0x40;
            data.putShort((short) dead.length).put(shorts(dead));
        }
        if (unused.length > 0) {
            flags |= 0x80;
            data.putShort((short) unused.length).put(shorts(unused));
        }
        byte[] used = new byte[data.position()];
        System.arraycopy(data.array(), 0, used, 0, used.length);
        return RecordBuilder.of(Rmgr.HEAP2, 0x10)
                .block(0, REL, block)
                .data(used)
                .main(version.major() >= 19 ? shorts(flags) : new byte[] {(byte) 0xFC, (byte) flags});
    }

    /** Freezing one tuple as of a major. */
    static RecordBuilder freeze(PgVersion version, long block, int offnum, long xmax, int infomask) {
        if (version.major() >= 17) {
            return RecordBuilder.of(Rmgr.HEAP2, 0x20)
                    .block(0, REL, block)
                    .data(bytes(18)
                            .putShort((short) 1)
                            .putShort((short) 0)
                            .put(plan(xmax, infomask))
                            .putShort((short) offnum)
                            .array())
                    .main(version.major() >= 19 ? shorts(0x10) : new byte[] {0, 0x10});
        }
        int info = version.major() <= 13 ? 0x20 : 0x30;
        if (version.major() == 16) {
            return RecordBuilder.of(Rmgr.HEAP2, info)
                    .block(0, REL, block)
                    .data(bytes(14)
                            .put(plan(xmax, infomask))
                            .putShort((short) offnum)
                            .array())
                    .main(bytes(7).putInt(0).putShort((short) 1).array());
        }
        return RecordBuilder.of(Rmgr.HEAP2, info)
                .block(0, REL, block)
                .data(bytes(12)
                        .putInt((int) xmax)
                        .putShort((short) offnum)
                        .putShort((short) 1)
                        .putShort((short) infomask)
                        .array())
                .main(bytes(6).putInt(0).putShort((short) 1).array());
    }

    private static byte[] plan(long xmax, int infomask) {
        return bytes(12)
                .putInt((int) xmax)
                .putShort((short) 1)
                .putShort((short) infomask)
                .putShort((short) 0)
                .putShort((short) 1)
                .array();
    }

    static RecordBuilder commit(long xid, long... subxacts) {
        return end(0x00, xid, subxacts);
    }

    static RecordBuilder abort(long xid, long... subxacts) {
        return end(0x20, xid, subxacts);
    }

    /** A commit at a time, in seconds since 1970. */
    static RecordBuilder commitAt(long seconds, long xid) {
        return RecordBuilder.of(Rmgr.XACT, 0x00).xid(xid).main(time(seconds));
    }

    /** A rollback at a time, in seconds since 1970. */
    static RecordBuilder abortAt(long seconds, long xid) {
        return RecordBuilder.of(Rmgr.XACT, 0x20).xid(xid).main(time(seconds));
    }

    private static byte[] time(long seconds) {
        return bytes(8).putLong((seconds - 946_684_800) * 1_000_000).array();
    }

    private static RecordBuilder end(int op, long xid, long... subxacts) {
        ByteBuffer main = bytes(subxacts.length == 0 ? 8 : 16 + 4 * subxacts.length);
        main.putLong(0);
        if (subxacts.length > 0) {
            main.putInt(0x02).putInt(subxacts.length);
            for (long subxact : subxacts) {
                main.putInt((int) subxact);
            }
        }
        return RecordBuilder.of(Rmgr.XACT, op | (subxacts.length > 0 ? 0x80 : 0))
                .xid(xid)
                .main(main.array());
    }

    /** {@code op} is 0x00 or 0x20. */
    static RecordBuilder endWithDrop(int op, long xid, RelFileLocator locator) {
        return endWithDrop(op, 946_684_800, xid, locator);
    }

    /** A commit at a time, in seconds since 1970, that drops a file. */
    static RecordBuilder dropAt(long seconds, long xid, RelFileLocator locator) {
        return endWithDrop(0x00, seconds, xid, locator);
    }

    private static RecordBuilder endWithDrop(int op, long seconds, long xid, RelFileLocator locator) {
        return RecordBuilder.of(Rmgr.XACT, op | 0x80)
                .xid(xid)
                .main(bytes(28)
                        .put(time(seconds))
                        .putInt(0x04)
                        .putInt(1)
                        .put(locator(locator))
                        .array());
    }

    /** {@code op} is 0x30 or 0x40. */
    static RecordBuilder endPrepared(int op, long xid, long subxact) {
        return RecordBuilder.of(Rmgr.XACT, op | 0x80)
                .main(bytes(24)
                        .putLong(0)
                        .putInt(0x12)
                        .putInt(1)
                        .putInt((int) subxact)
                        .putInt((int) xid)
                        .array());
    }

    static RecordBuilder prepare(PgVersion version, long xid, long subxact) {
        int header = version.major() >= 15 ? 72 : version.major() >= 11 ? 64 : 48;
        ByteBuffer main = bytes(header + 16);
        main.putInt(0, version.major() >= 11 ? 0x57F94534 : 0x57F94533)
                .putInt(8, (int) xid)
                .putInt(28, 1);
        main.putShort(version.major() >= 15 ? 54 : 46, (short) 3);
        main.put(header, (byte) 'p').put(header + 1, (byte) '1').putInt(header + 8, (int) subxact);
        return RecordBuilder.of(Rmgr.XACT, 0x10).xid(xid).main(main.array());
    }

    static byte[] locator(RelFileLocator locator) {
        return bytes(12)
                .putInt((int) locator.spcOid())
                .putInt((int) locator.dbOid())
                .putInt((int) locator.relNumber())
                .array();
    }

    /** A file that nobody's crash makes an orphan. */
    static RecordBuilder create(RelFileLocator locator) {
        return create(0, locator);
    }

    static RecordBuilder create(long xid, RelFileLocator locator) {
        return RecordBuilder.of(Rmgr.SMGR, 0x10)
                .xid(xid)
                .main(bytes(16).put(locator(locator)).putInt(0).array());
    }

    static RecordBuilder truncate(long blocks, int flags) {
        return RecordBuilder.of(Rmgr.SMGR, 0x20)
                .main(bytes(20)
                        .putInt((int) blocks)
                        .put(locator(REL))
                        .putInt(flags)
                        .array());
    }

    static RecordBuilder checkpoint(boolean shutdown, long redo, long nextXid, long oldestXid) {
        return checkpoint(shutdown, redo, nextXid, oldestXid, 1);
    }

    static RecordBuilder checkpoint(boolean shutdown, long redo, long nextXid, long oldestXid, long oldestMulti) {
        return RecordBuilder.of(Rmgr.XLOG, shutdown ? 0x00 : 0x10)
                .main(bytes(88)
                        .putLong(0, redo)
                        .putInt(20, 1)
                        .putLong(24, nextXid)
                        .putInt(44, (int) oldestXid)
                        .putInt(52, (int) oldestMulti)
                        .array());
    }

    /** A shutdown checkpoint as of a major. */
    static RecordBuilder shutdown(PgVersion version, long redo, long nextXid, long oldestXid) {
        int major = version.major();
        ByteBuffer main = bytes(major >= 19 ? 96 : major >= 12 ? 88 : 80).putLong(0, redo);
        main.putInt(major >= 19 ? 32 : 24, (int) nextXid);
        main.putInt(major >= 19 ? 56 : major >= 12 ? 44 : 40, (int) oldestXid);
        main.putInt(major >= 19 ? 64 : major >= 12 ? 52 : 48, 1);
        return RecordBuilder.of(Rmgr.XLOG, 0x00).main(main.array());
    }

    static RecordBuilder endOfRecovery() {
        return RecordBuilder.of(Rmgr.XLOG, 0x90).main(bytes(24).putInt(16, 1).array());
    }

    static RecordBuilder runningXacts(long nextXid, long oldestRunning) {
        return RecordBuilder.of(Rmgr.STANDBY, 0x10)
                .main(bytes(24)
                        .putInt(12, (int) nextXid)
                        .putInt(16, (int) oldestRunning)
                        .array());
    }

    static RecordBuilder multixact(long multi, long locker, long updater) {
        return RecordBuilder.of(Rmgr.MULTIXACT, 0x20)
                .main(bytes(28)
                        .putInt((int) multi)
                        .putInt(1)
                        .putInt(2)
                        .putInt((int) locker)
                        .putInt(0)
                        .putInt((int) updater)
                        .putInt(5)
                        .array());
    }

    /** An image of a page without another change. */
    static RecordBuilder image(long block, Page page) {
        return RecordBuilder.of(Rmgr.XLOG, 0xB0).block(0, REL, block).image(page.bytes(), 0, 0, true);
    }

    /** A heap page. */
    static final class Page {
        private final ByteBuffer page = HeapRecords.bytes(8192);
        private int items;
        private int upper = 8192;

        Page() {
            page.putShort(16, (short) 8192).putShort(18, (short) 0x2004);
        }

        /** Adds a tuple. */
        Page tuple(long xmin, long xmax, int infomask) {
            upper -= 24;
            page.putInt(upper, (int) xmin)
                    .putInt(upper + 4, (int) xmax)
                    .putShort(upper + 20, (short) infomask)
                    .put(upper + 22, (byte) 24);
            return pointer(upper, 1, 24);
        }

        /** Adds a line pointer without a tuple: 0 unused, 2 redirect, 3 dead. */
        Page pointer(int flags) {
            return pointer(flags == 2 ? 1 : 0, flags, 0);
        }

        private Page pointer(int at, int flags, int length) {
            page.putInt(24 + 4 * items++, at | flags << 15 | length << 17);
            return this;
        }

        Page special(int special) {
            page.putShort(16, (short) special);
            return this;
        }

        byte[] bytes() {
            page.putShort(12, (short) (24 + 4 * items)).putShort(14, (short) Math.min(upper, page.getShort(16)));
            return page.array().clone();
        }
    }
}
