package dev.walker.describe;

import dev.walker.rmgr.Rmgr;
import dev.walker.wal.WalRecord;
import java.time.ZoneId;
import java.util.Objects;

/**
 * Describes records in the words of the server that wrote them: what {@code pg_get_wal_records_info} (15 and later) has in
 * its column {@code description} and pg_waldump prints behind {@code desc: TYPE}, for 10 to 18, and 19
 * as of its first release candidate.
 *
 * <pre>{@code
 * Descriptions descriptions = new Descriptions();
 * StringBuilder text = new StringBuilder();
 * descriptions.describe(record, text); // off: 3, flags: 0x00
 * }</pre>
 *
 * <p>All record types of all resource managers of core are described as the server does. A record of a custom resource
 * manager gets {@code rmid: } and its number, as in pg_waldump; its extension might say more. Differences are left in
 * these cases only:
 *
 * <ul>
 *   <li>Names in another encoding than UTF-8 (tablespace, restore point, two-phase transaction, prefix of a message).
 *   <li>Older minor releases of 15 to 17 (17.4 is one, 17.7 is not): PREPARE of a transaction that drops statistics does
 *       not tell them there.
 *   <li>{@link TimestampForm#WALDUMP}: short names of time zones that the time zone database does not have.
 * </ul>
 *
 * <p>Besides what it appends it allocates nothing for a record, names that are not ASCII and numbers of a hash index that
 * are not whole apart. One object is for one thread.
 */
public final class Descriptions {
    private final HeapDescriptions heap = new HeapDescriptions();
    private final BtreeDescriptions btree = new BtreeDescriptions();
    private final XactDescriptions xact;
    private final XlogDescriptions xlog;
    private final StandbyDescriptions standby = new StandbyDescriptions();
    private final StorageDescriptions storage = new StorageDescriptions();
    private final StateDescriptions state;

    /** Timestamps as the server writes them, in the time zone of this JVM. */
    public Descriptions() {
        this(ZoneId.systemDefault());
    }

    /** Timestamps as the server writes them, in a time zone: to be equal, that of the session that asks the server. */
    public Descriptions(ZoneId zone) {
        this(zone, TimestampForm.SERVER);
    }

    /** Timestamps in a time zone and a form. */
    public Descriptions(ZoneId zone, TimestampForm form) {
        Timestamps timestamps = new Timestamps(zone, form);
        xact = new XactDescriptions(timestamps);
        xlog = new XlogDescriptions(timestamps);
        state = new StateDescriptions(timestamps);
    }

    /**
     * Appends the description of a record; nothing if there is nothing to say of its type, or the type is unknown.
     *
     * @throws dev.walker.wal.WalFormatException if the payload is malformed; a part of the text may have been appended
     */
    public void describe(WalRecord record, StringBuilder out) {
        Objects.requireNonNull(out, "out");
        if (record.isCut()) {
            out.append("main data of ").append(record.mainDataLength()).append(" bytes, too long to be described");
            return;
        }
        switch (Rmgr.of(record.rmgrId())) {
            case XLOG -> xlog.describe(record, out);
            case XACT -> xact.describe(record, out);
            case SMGR -> storage.describeSmgr(record, out);
            case CLOG -> state.describeClog(record, out);
            case DBASE -> storage.describeDbase(record, out);
            case TBLSPC -> storage.describeTblspc(record, out);
            case MULTIXACT -> state.describeMultixact(record, out);
            case RELMAP -> storage.describeRelmap(record, out);
            case STANDBY -> standby.describe(record, out);
            case HEAP2 -> heap.describeHeap2(record, out);
            case HEAP -> heap.describeHeap(record, out);
            case BTREE -> btree.describe(record, out);
            case HASH -> HashDescriptions.describe(record, out);
            case GIN -> GinDescriptions.describe(record, out);
            case GIST -> GistDescriptions.describe(record, out);
            case SEQ -> storage.describeSeq(record, out);
            case SPGIST -> SpgistDescriptions.describe(record, out);
            case BRIN -> BrinDescriptions.describe(record, out);
            case COMMIT_TS -> state.describeCommitTs(record, out);
            case REPLORIGIN -> state.describeReplOrigin(record, out);
            case GENERIC -> GenericDescriptions.describe(record, out);
            case LOGICALMSG -> state.describeLogicalMessage(record, out);
            case UNKNOWN -> out.append("rmid: ").append(record.rmgrId());
        }
    }
}
