package dev.walker.files;

import dev.walker.wal.Lsn;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;

/**
 * Gives the records of {@link WalFiles} in order.
 *
 * <p>At the end of WAL, in a gap, and where something is wrong it ends; {@link #end} tells which it is. Not thread safe.
 */
public final class FileWalReader implements AutoCloseable {
    /** Bytes that are read at once: they stay in the cache of the processor. */
    private static final int CHUNK = 1 << 17;
    /** Bytes that are read at once behind {@link #until}, for the rest of a record. */
    private static final int SMALL_CHUNK = 4 * WalReader.PAGE_SIZE;

    private final WalFiles files;
    private final FileWalSource source;
    private long until;
    private final byte[] chunk = new byte[CHUNK];
    private WalReader reader;
    private int keep = Integer.MAX_VALUE;
    private boolean triedAgain;
    private WalEnd end;

    /**
     * A reader of the records that begin at or after {@code startLsn} and before {@code until}.
     *
     * @param startLsn where to begin, any LSN
     * @param until where to end; all ones for the end of WAL. The last record is given whole, even if it ends later
     */
    public FileWalReader(WalFiles files, long startLsn, long until) {
        this.files = files;
        this.source = new FileWalSource(files);
        begin(startLsn, until);
    }

    private WalReader reader(long lsn) {
        WalReader fresh = new WalReader(lsn, files.segmentSize(), files.systemIdentifier());
        fresh.keepAtMost(keep);
        return fresh;
    }

    /** Bounds the memory for a record: {@link WalReader#keepAtMost}. */
    public void keepAtMost(int bytes) {
        reader.keepAtMost(bytes);
        keep = bytes;
    }

    /** Goes on with the records that begin at or after another LSN, and before {@code newUntil}. */
    void begin(long startLsn, long newUntil) {
        until = newUntil;
        reader = reader(startLsn);
        triedAgain = false;
        end = null;
    }

    /**
     * Moves to the next record; false at an end.
     *
     * @throws dev.walker.wal.WalFormatException if a record is damaged though its CRC is right, or a file is of another
     *     cluster
     * @throws dev.walker.wal.WalSourceException if a file cannot be read
     */
    public boolean next(WalRecord record) {
        while (end == null) {
            switch (reader.next(record)) {
                case RECORD:
                    if (Lsn.isBefore(record.lsn(), until)) {
                        return true;
                    }
                    end = new WalEnd(WalEnd.Kind.UNTIL, record.lsn(), "", 0);
                    break;
                case NEED_MORE:
                    feed();
                    break;
                default:
                    endOrDamage();
                    break;
            }
        }
        return false;
    }

    private void feed() {
        long wanted = reader.wantedLsn();
        boolean beyond = !Lsn.isBefore(wanted, until);
        if (beyond && !reader.isInsideRecord()) {
            end = new WalEnd(WalEnd.Kind.UNTIL, reader.position(), "", 0);
            return;
        }
        int count = source.tryRead(wanted, chunk, 0, beyond ? SMALL_CHUNK : CHUNK);
        if (count < 0) {
            end = files.endAt(reader.position(), wanted);
        } else {
            reader.feed(chunk, 0, count);
        }
    }

    private void endOrDamage() {
        long position = reader.position();
        String reason = reader.endReason();
        if (!source.goesOnAfter(reader.readUpTo())) {
            end = new WalEnd(WalEnd.Kind.TIP, position, reason, 0);
        } else if (triedAgain) {
            end = new WalEnd(WalEnd.Kind.DAMAGE, position, reason, 0);
        } else {
            // In the directory of a live server these pages may have been written since they were read.
            triedAgain = true;
            source.close();
            reader = reader(position);
        }
    }

    /**
     * LSN after the last byte of a record, without the padding behind it; after {@code XLOG_SWITCH} not the start of the
     * next segment. A record is wanted before an LSN if this is not above it, as pg_waldump has it.
     */
    public static long lastByteEnd(WalRecord record) {
        int length = record.totalLength();
        // Only XLOG_SWITCH is that short. Page headers are multiples of 8, so the padding does not depend on them.
        return length == WalRecord.HEADER_SIZE ? record.lsn() + length : record.endLsn() - (-length & 7);
    }

    /** Where the next record begins, as far as is known. */
    public long position() {
        return reader.position();
    }

    /**
     * Why {@link #next} answered false.
     *
     * @throws IllegalStateException if it did not
     */
    public WalEnd end() {
        if (end == null) {
            throw new IllegalStateException("there may be more records at " + Lsn.format(position()));
        }
        return end;
    }

    /** Closes the file that is open. */
    @Override
    public void close() {
        source.close();
    }
}
