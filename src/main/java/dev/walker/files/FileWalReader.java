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
    /** No LSN is at or above it. */
    private static final long NOWHERE = -1L;

    private final WalFiles files;
    private final FileWalSource source;
    private long until;
    private long stop;
    private final byte[] chunk = new byte[CHUNK];
    private WalReader reader;
    private int keep = Integer.MAX_VALUE;
    /** Where it was read again last, since something was wrong there; 0 if nowhere. */
    private long triedAgainAt;

    private WalEnd end;

    /**
     * A reader of the records that begin at or after {@code startLsn} and end at or before {@code stop}. Bytes from there on
     * are not looked at.
     *
     * @param startLsn where to begin, any LSN
     * @param stop 0 for the end of WAL
     */
    public FileWalReader(WalFiles files, long startLsn, long stop) {
        this(files, startLsn, stop, Lsn.INVALID);
    }

    /**
     * The same, to go on where another one has ended.
     *
     * @param previousLsn what the first record must have as {@code xl_prev}: {@link #previousLsn} of the other one; 0 if it
     *     is not known, as after a gap
     */
    public FileWalReader(WalFiles files, long startLsn, long stop, long previousLsn) {
        this.files = files;
        this.source = new FileWalSource(files);
        begin(startLsn, Lsn.INVALID, stop);
        reader.follow(previousLsn);
    }

    private WalReader reader(long lsn, long previousLsn) {
        WalReader fresh = new WalReader(lsn, files.segmentSize(), files.systemIdentifier());
        fresh.keepAtMost(keep);
        fresh.follow(previousLsn);
        return fresh;
    }

    /** Bounds the memory for a record: {@link WalReader#keepAtMost}. */
    public void keepAtMost(int bytes) {
        reader.keepAtMost(bytes);
        keep = bytes;
    }

    /**
     * Goes on with the records that begin at or after another LSN.
     *
     * @param newUntil before which they begin, wherever they end; 0 for the end of WAL
     * @param newStop at or before which they end, too; 0 for the end of WAL
     */
    void begin(long startLsn, long newUntil, long newStop) {
        until = newUntil == Lsn.INVALID ? NOWHERE : newUntil;
        stop = newStop == Lsn.INVALID ? NOWHERE : newStop;
        reader = reader(startLsn, Lsn.INVALID);
        triedAgainAt = Lsn.INVALID;
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
        if (isStopped() || beyond && !reader.isInsideRecord()) {
            end = new WalEnd(WalEnd.Kind.UNTIL, reader.position(), "", 0);
            return;
        }
        int most = beyond ? SMALL_CHUNK : CHUNK;
        long left = stop - wanted;
        int count = source.tryRead(wanted, chunk, 0, Long.compareUnsigned(left, most) < 0 ? (int) left : most);
        if (count < 0) {
            end = files.endAt(reader.position(), wanted);
        } else {
            reader.feed(chunk, 0, count);
        }
    }

    private void endOrDamage() {
        long position = reader.position();
        String reason = reader.endReason();
        if (!Lsn.isBefore(position, stop)) {
            end = new WalEnd(WalEnd.Kind.UNTIL, position, "", 0);
        } else if (!source.goesOnAfter(reader.readUpTo())) {
            end = new WalEnd(WalEnd.Kind.TIP, position, reason, 0);
        } else if (triedAgainAt == position) {
            end = new WalEnd(WalEnd.Kind.DAMAGE, position, reason, 0);
        } else {
            // In the directory of a live server these pages may have been written since they were read.
            triedAgainAt = position;
            source.close();
            reader = reader(position, reader.previousLsn());
        }
    }

    /** Whether it ends since no other record ends in time; only where the reader has seen all that it was given. */
    boolean isStopped() {
        return !Lsn.isBefore(reader.wantedLsn(), stop) || !Lsn.isBefore(reader.position(), stop);
    }

    /** Where the next record begins, as far as is known. */
    public long position() {
        return reader.position();
    }

    /** Start of the last record before {@link #position}; 0 if it is not known. */
    public long previousLsn() {
        return reader.previousLsn();
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
