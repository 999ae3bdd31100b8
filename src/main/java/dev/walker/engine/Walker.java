package dev.walker.engine;

import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.xact.XactAssignment;
import dev.walker.rmgr.xact.XactOp;
import dev.walker.spi.ServerRecords;
import dev.walker.wal.Lsn;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.roaringbitmap.RoaringBitmap;

/** Walks over the WAL of a source and hands each record to the dispatcher. Knows no host and no store. */
public final class Walker {
    /** Bytes that are asked of the source at once; large enough for its fixed cost to vanish. */
    private static final int CHUNK = 1 << 20;

    private final WalSource source;
    private final Dispatcher dispatcher;
    private final WalReader reader;
    private final WalRecord record = new WalRecord();
    private final XactAssignment assignment = new XactAssignment();
    private final byte[] chunk = new byte[CHUNK];
    private final ChangeFlag changes;
    private final CatalogChanges catalogChanges = new CatalogChanges();
    /** Transactions in which state was saved, until their end is walked. */
    private final RoaringBitmap ownXids = new RoaringBitmap();

    private OwnRelations own;
    private final WalkCounters counters = new WalkCounters();
    private final long startLsn;
    private final long previousBefore;
    private final Optional<Consumer<Optional<WalRecord>>> previous;
    private final Consumer<WalRecord> first;
    private boolean isToLookBack;
    private boolean begun;
    private long previousCrc;
    private long readable;
    private long foreignBytes;
    private long activeBytes;

    /**
     * A walker that begins at a record.
     *
     * @param changes raised by plugins
     * @param own whose records are not dispatched
     */
    public Walker(WalSource source, Dispatcher dispatcher, ChangeFlag changes, OwnRelations own, long startLsn) {
        this(source, dispatcher, changes, own, startLsn, Lsn.INVALID, 0, Optional.empty(), record -> {});
    }

    /**
     * A walker that goes on where another one was.
     *
     * @param changes raised by plugins
     * @param own whose records are not dispatched
     * @param previousBefore start of the last record before, {@link Lsn#INVALID} if that is not known
     * @param previousCrcBefore its {@code xl_crc}
     * @param previous is given that record as it is now, if there is one; empty if it is not to be read
     * @param first is given the first record before anybody else
     */
    public Walker(
            WalSource source,
            Dispatcher dispatcher,
            ChangeFlag changes,
            OwnRelations own,
            long startLsn,
            long previousBefore,
            long previousCrcBefore,
            Optional<Consumer<Optional<WalRecord>>> previous,
            Consumer<WalRecord> first) {
        this.startLsn = startLsn;
        this.previousBefore = previousBefore;
        this.previousCrc = previousCrcBefore;
        this.previous = previous;
        this.isToLookBack = previous.isPresent();
        this.first = first;
        this.source = source;
        this.dispatcher = dispatcher;
        this.changes = changes;
        this.own = own;
        this.reader = new WalReader(
                previous.isPresent() ? previousBefore : startLsn, source.segmentSize(), source.systemIdentifier());
        this.readable = startLsn;
    }

    /** Replaces what is known of WALker's own relations. */
    public void own(OwnRelations relations) {
        this.own = relations;
    }

    /**
     * Names a transaction in which WALker saves state. What is told of it is dispatched like any other, but does not count as a
     * reason to save again, unless it cannot wait; otherwise a plugin that counts commits would keep an idle server busy.
     *
     * @param xid unsigned 32-bit, of the top-level transaction
     */
    public void ownTransaction(long xid) {
        ownXids.add((int) xid);
    }

    /** OIDs of the databases whose catalogs have changed since the last call; 0 for what all share. */
    public Set<Long> takeChangedDatabases() {
        return catalogChanges.take();
    }

    /** LSN of the next record: all before it was dispatched. */
    public long position() {
        return Lsn.isBefore(reader.position(), startLsn) ? startLsn : reader.position();
    }

    /** Start of the last record before {@link #position}, {@link Lsn#INVALID} if that is not known. */
    public long previousLsn() {
        return begun ? reader.previousLsn() : previousBefore;
    }

    /** {@code xl_crc} of that record. */
    public long previousCrc() {
        return previousCrc;
    }

    /** Records walked, those of WALker's own relations too. */
    public long records() {
        return counters.records();
    }

    /** Bytes of these records. */
    public long bytes() {
        return counters.bytes();
    }

    /** What was walked, by resource manager. */
    public WalkCounters counters() {
        return counters;
    }

    /** End of the WAL of the source when it was asked last. */
    public long readableUpTo() {
        return readable;
    }

    /** Bytes of the records that others than WALker have caused. */
    public long foreignBytes() {
        return foreignBytes;
    }

    /**
     * The same without what a server adds of itself some time after anything was written, be it by WALker: checkpoints,
     * running transactions, and the change of segments that {@code archive_timeout} wants.
     */
    public long activeBytes() {
        return activeBytes;
    }

    /**
     * Walks on, until a plugin wants to save.
     *
     * @param mostBytes ends after about this many bytes of WAL
     * @param until ends at this LSN, if it gets there; {@link Lsn#INVALID} for no such end
     * @return whether there is more to be read at once
     * @throws dev.walker.wal.WalFormatException if the WAL is damaged
     * @throws dev.walker.wal.WalSourceException if the source does not give it
     */
    public boolean walk(long mostBytes, long until) {
        readable = source.readableUpTo();
        if (isToLookBack) {
            if (Lsn.isBefore(readable, startLsn)) {
                return false;
            }
            isToLookBack = false;
            lookBack();
        }
        reader.limit(readable);
        long begin = position();
        while (position() - begin < mostBytes && !changes.isUrgent()) {
            if (until != Lsn.INVALID && !Lsn.isBefore(position(), until)) {
                return false;
            }
            ReadStatus status = reader.next(record);
            if (status == ReadStatus.RECORD) {
                if (!begun) {
                    first.accept(record);
                    begun = true;
                }
                walked();
            } else if (status == ReadStatus.END_OF_WAL) {
                throw new IllegalStateException(
                        "end of WAL below its end at " + Lsn.format(readable) + ": " + reader.endReason());
            } else if (!readMore(readable)) {
                return false;
            }
        }
        return true;
    }

    /** Reads the record before the first one, if one still begins there and ends where the walk stands. */
    private void lookBack() {
        reader.limit(startLsn);
        ReadStatus status = reader.next(record);
        while (status == ReadStatus.NEED_MORE && readMore(startLsn)) {
            status = reader.next(record);
        }
        previous.orElseThrow().accept(status == ReadStatus.RECORD ? Optional.of(record) : Optional.empty());
    }

    private boolean readMore(long end) {
        long wanted = reader.wantedLsn();
        if (!Lsn.isBefore(wanted, end)) {
            return false;
        }
        long left = end - wanted;
        int length = (int) Math.min(left < 0 ? CHUNK : left, CHUNK);
        reader.feed(chunk, 0, source.read(wanted, chunk, 0, length));
        return true;
    }

    private void walked() {
        previousCrc = record.crc();
        counters.count(record);
        if (own.owns(record)) {
            return;
        }
        catalogChanges.look(record);
        boolean isOwn = isOfOwnTransaction();
        if (!isOwn) {
            foreignBytes += record.totalLength();
            activeBytes += ServerRecords.isAdded(record) ? 0 : record.totalLength();
        }
        boolean raisedBefore = changes.isRaised();
        dispatcher.dispatch(record);
        if (isOwn && !raisedBefore && !changes.isUrgent()) {
            changes.lower();
        }
    }

    /** With {@code wal_level = logical} the begin of subtransactions and changes of catalogs are told before the end. */
    private boolean isOfOwnTransaction() {
        if (record.rmgrId() != Rmgr.XACT.id() || ownXids.isEmpty()) {
            return false;
        }
        return switch (XactOp.of(record)) {
            case ASSIGNMENT -> ownXids.contains((int) assignment.wrap(record).topLevelXid());
            case INVALIDATIONS -> ownXids.contains((int) record.xid());
            default -> ownXids.checkedRemove((int) record.xid());
        };
    }
}
