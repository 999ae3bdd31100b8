package dev.walker.testing;

import dev.walker.wal.WalSource;

/** WAL that a {@link WalBuilder} has made so far. */
public final class MemoryWal implements WalSource {
    private final WalBuilder wal;
    private final int segmentSize;
    private byte[] bytes = new byte[0];

    /** What is added to the builder later can be read later. */
    public MemoryWal(WalBuilder wal, int segmentSize) {
        this.wal = wal;
        this.segmentSize = segmentSize;
    }

    @Override
    public long systemIdentifier() {
        return WalBuilder.SYSTEM_IDENTIFIER;
    }

    @Override
    public int timeline() {
        return 1;
    }

    @Override
    public int segmentSize() {
        return segmentSize;
    }

    @Override
    public long readableUpTo() {
        bytes = wal.bytes();
        return wal.position();
    }

    @Override
    public int read(long lsn, byte[] target, int targetAt, int length) {
        int count = (int) Math.min(length, wal.startLsn() + bytes.length - lsn);
        System.arraycopy(bytes, (int) (lsn - wal.startLsn()), target, targetAt, count);
        return count;
    }
}
