package dev.walker.wal;

import dev.walker.bytes.WalBytes;
import dev.walker.rmgr.Rmgr;
import dev.walker.version.WalLayout;

/**
 * A WAL record: {@code XLogRecord} and what follows it, access/xlogrecord.h. One object is reused for all records of a
 * reader; everything that it gives is lent until the reader moves on.
 */
public final class WalRecord {
    /** {@code XLR_MAX_BLOCK_ID}. */
    public static final int MAX_BLOCK_ID = 32;
    /** {@code SizeOfXLogRecord}: bytes of the fixed header. */
    public static final int HEADER_SIZE = 24;
    /** Bits of {@code xl_info} that belong to the resource manager. */
    public static final int RMGR_INFO_MASK = 0xF0;

    static final int ORIGIN = 1;
    static final int TOP_LEVEL_XID = 2;

    // Set by WalReader, which has checked each of them.
    long lsn;
    long endLsn;
    long prevLsn;
    int crc;
    long xid;
    int rmgrId;
    int info;
    int totalLength;
    int fpiLength;
    int timeline;
    WalLayout layout;
    /** Which of the rare items are there: {@link #ORIGIN}, {@link #TOP_LEVEL_XID}. */
    int items;

    int origin;
    long topLevelXid;
    int maxBlockId = -1;
    /** One bit for each block id in use. */
    long inUse;

    /** Holds the record. */
    byte[] bytes = new byte[0];
    /** Where the images and data of blocks begin in it. */
    int payloadAt;

    int mainAt;
    int mainLength;
    /** How many bytes of the main data are there. */
    int mainKept;

    final BlockRef[] blocks = new BlockRef[MAX_BLOCK_ID + 1];
    private final WalBytes mainData = new WalBytes();

    /** A record for a reader to fill. */
    public WalRecord() {
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new BlockRef(this, i);
        }
    }

    /** LSN of the first byte of the record. */
    public long lsn() {
        return lsn;
    }

    /** LSN after the last byte, aligned to 8: what the server stores in {@code pd_lsn} of the pages. */
    public long endLsn() {
        return endLsn;
    }

    /** {@code xl_prev}: start of the record before. */
    public long prevLsn() {
        return prevLsn;
    }

    /** {@code xl_crc}: the checksum, unsigned 32-bit. */
    public long crc() {
        return Integer.toUnsignedLong(crc);
    }

    /** {@code xl_xid}: the transaction, unsigned 32-bit; that of a subtransaction inside one; 0 if none. */
    public long xid() {
        return xid;
    }

    /** {@code xl_rmid}: the number of the resource manager, unsigned 8-bit. */
    public int rmgrId() {
        return rmgrId;
    }

    /** Name of the resource manager as pg_waldump prints it; {@code customNNN} for one of an extension. */
    public String rmgrName() {
        return Rmgr.name(rmgrId);
    }

    /** Name of the record type as pg_waldump prints it, such as {@code HOT_UPDATE} or {@code INSERT+INIT}. */
    public String typeName() {
        return Rmgr.typeName(layout, rmgrId, info);
    }

    /** {@code xl_info}: all 8 bits. */
    public int info() {
        return info;
    }

    /** The bits of {@code xl_info} that belong to the resource manager (0xF0). */
    public int rmgrInfo() {
        return info & RMGR_INFO_MASK;
    }

    /** {@code xl_tot_len}: bytes of the whole record with its header, without padding and page headers. */
    public int totalLength() {
        return totalLength;
    }

    /** Bytes of all full-page images as they stand in the record. */
    public int fpiLength() {
        return fpiLength;
    }

    /** Timeline of the page on which the record starts. */
    public int timeline() {
        return timeline;
    }

    /** What depends on the major version of the server that wrote the record. */
    public WalLayout layout() {
        return layout;
    }

    /** Whether a replication origin is there. */
    public boolean hasOrigin() {
        return (items & ORIGIN) != 0;
    }

    /** Replication origin, unsigned 16-bit; 0 if none. */
    public int origin() {
        return hasOrigin() ? origin : 0;
    }

    /** Whether the XID of the top-level transaction is there. */
    public boolean hasTopLevelXid() {
        return (items & TOP_LEVEL_XID) != 0;
    }

    /** XID of the top-level transaction, where a record of a subtransaction tells it; 0 if not. */
    public long topLevelXid() {
        return hasTopLevelXid() ? topLevelXid : 0;
    }

    /** The highest block id in use, -1 if there are no block references. Ids below it may be unused. */
    public int maxBlockId() {
        return maxBlockId;
    }

    /** Whether there is a block reference with this id; any {@code int} may be asked for. */
    public boolean hasBlock(int id) {
        return id >= 0 && id <= maxBlockId && (inUse >>> id & 1) != 0;
    }

    /**
     * The block reference with this id.
     *
     * @throws IllegalArgumentException if {@link #hasBlock} says there is none
     */
    public BlockRef block(int id) {
        if (!hasBlock(id)) {
            throw new IllegalArgumentException("no block reference " + id + " in " + this);
        }
        return blocks[id];
    }

    /** The main data; empty if there is none. Only its begin, if the record {@link #isCut}. */
    public WalBytes mainData() {
        return mainData.wrap(bytes, mainAt, mainKept);
    }

    /** Bytes of the main data, also of what is not there if the record {@link #isCut}. */
    public int mainDataLength() {
        return mainLength;
    }

    /** Whether the end of the main data was dropped, as {@link WalReader#keepAtMost} asks for; all else is there. */
    public boolean isCut() {
        return mainKept < mainLength;
    }

    /**
     * The main data, which must hold a struct.
     *
     * @param atLeast bytes of the struct
     * @param struct its name in C, for the message
     * @throws WalFormatException if it is shorter
     */
    public WalBytes mainData(int atLeast, String struct) {
        if (mainKept < atLeast) {
            throw tooShort(atLeast, struct);
        }
        return mainData();
    }

    /**
     * An exception that says what is wrong with this record, to be thrown by whoever decodes its payload.
     *
     * @param what C struct and field, found and wanted; the place is added to it
     */
    public WalFormatException malformed(String what) {
        return new WalFormatException(
                lsn, what + " (LSN " + Lsn.format(lsn) + ", " + rmgrName() + " " + typeName() + ")");
    }

    private WalFormatException tooShort(int atLeast, String struct) {
        return new WalFormatException(
                lsn,
                struct + " needs " + atLeast + " bytes of main data, found " + mainLength + " (LSN " + Lsn.format(lsn)
                        + ", " + rmgrName() + " " + typeName() + ")");
    }

    /** Resource manager, type, LSN and XID, for messages. */
    @Override
    public String toString() {
        return rmgrName() + " " + (layout == null ? "record" : typeName()) + " at " + Lsn.format(lsn) + ", xid " + xid;
    }
}
