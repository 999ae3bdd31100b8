package dev.walker.describe;

import dev.walker.rmgr.dbase.DbaseCreate;
import dev.walker.rmgr.dbase.DbaseDrop;
import dev.walker.rmgr.dbase.DbaseOp;
import dev.walker.rmgr.dbase.TblspcCreate;
import dev.walker.rmgr.dbase.TblspcDrop;
import dev.walker.rmgr.relmap.RelmapUpdate;
import dev.walker.rmgr.seq.SeqLog;
import dev.walker.rmgr.smgr.SmgrCreate;
import dev.walker.rmgr.smgr.SmgrOp;
import dev.walker.rmgr.smgr.SmgrTruncate;
import dev.walker.wal.Fork;
import dev.walker.wal.WalRecord;

/**
 * Describes records of Storage, Database, Tablespace, RelMap and Sequence: smgrdesc.c, dbasedesc.c, tblspcdesc.c,
 * relmapdesc.c and seqdesc.c of access/rmgrdesc.
 */
final class StorageDescriptions {
    private static final int XLOG_RELMAP_UPDATE = 0x00;
    private static final int XLOG_SEQ_LOG = 0x00;

    private final SmgrCreate smgrCreate = new SmgrCreate();
    private final SmgrTruncate smgrTruncate = new SmgrTruncate();
    private final DbaseCreate dbaseCreate = new DbaseCreate();
    private final DbaseDrop dbaseDrop = new DbaseDrop();
    private final TblspcCreate tblspcCreate = new TblspcCreate();
    private final TblspcDrop tblspcDrop = new TblspcDrop();
    private final RelmapUpdate relmapUpdate = new RelmapUpdate();
    private final SeqLog seqLog = new SeqLog();

    void describeSmgr(WalRecord record, StringBuilder out) {
        Wording wording = Wording.of(record);
        switch (SmgrOp.of(record)) {
            case CREATE -> {
                smgrCreate.wrap(record);
                int fork = smgrCreate.forkNumber();
                if (!Fork.isValid(fork)) {
                    throw record.malformed("xl_smgr_create.forkNum is " + fork + ", wanted 0 to 3");
                }
                Text.path(out, wording, smgrCreate.spcOid(), smgrCreate.dbOid(), smgrCreate.relNumber(), Fork.of(fork));
            }
            case TRUNCATE -> {
                smgrTruncate.wrap(record);
                Text.path(
                        out, wording, smgrTruncate.spcOid(), smgrTruncate.dbOid(), smgrTruncate.relNumber(), Fork.MAIN);
                out.append(" to ").append(smgrTruncate.blkno()).append(" blocks flags ");
                out.append(smgrTruncate.flags());
            }
            case UNKNOWN -> {
                // Nothing is said of it.
            }
        }
    }

    private static void directory(WalRecord record, StringBuilder out, long tablespace, long database) {
        boolean tablespaceFirst = Wording.of(record).namesTablespaceFirst;
        out.append(tablespaceFirst ? tablespace : database).append('/').append(tablespaceFirst ? database : tablespace);
    }

    void describeDbase(WalRecord record, StringBuilder out) {
        switch (DbaseOp.of(record)) {
            case CREATE_FILE_COPY -> {
                dbaseCreate.wrap(record);
                directory(record, out.append("copy dir "), dbaseCreate.srcTablespaceId(), dbaseCreate.srcDbId());
                directory(record, out.append(" to "), dbaseCreate.tablespaceId(), dbaseCreate.dbId());
            }
            case CREATE_WAL_LOG -> {
                dbaseCreate.wrap(record);
                out.append("create dir ").append(dbaseCreate.tablespaceId());
                out.append('/').append(dbaseCreate.dbId());
            }
            case DROP -> {
                dbaseDrop.wrap(record);
                out.append("dir");
                for (int i = 0; i < dbaseDrop.tablespaceCount(); i++) {
                    directory(record, out.append(' '), dbaseDrop.tablespaceId(i), dbaseDrop.dbId());
                }
            }
            case UNKNOWN -> {
                // Nothing is said of it.
            }
        }
    }

    void describeTblspc(WalRecord record, StringBuilder out) {
        if (record.rmgrInfo() == TblspcCreate.XLOG_TBLSPC_CREATE) {
            tblspcCreate.wrap(record);
            out.append(tblspcCreate.tsId()).append(" \"");
            Text.bytes(out, record.mainData(), TblspcCreate.TS_PATH_AT, tblspcCreate.pathLength());
            out.append('"');
        } else if (record.rmgrInfo() == TblspcDrop.XLOG_TBLSPC_DROP) {
            out.append(tblspcDrop.wrap(record).tsId());
        }
    }

    void describeRelmap(WalRecord record, StringBuilder out) {
        if (record.rmgrInfo() == XLOG_RELMAP_UPDATE) {
            relmapUpdate.wrap(record);
            out.append("database ").append(relmapUpdate.dbid());
            out.append(" tablespace ").append(relmapUpdate.tsid());
            out.append(" size ").append(relmapUpdate.nbytes());
        }
    }

    void describeSeq(WalRecord record, StringBuilder out) {
        if (record.rmgrInfo() == XLOG_SEQ_LOG) {
            seqLog.wrap(record);
            out.append("rel ");
            Text.locator(out, seqLog.spcOid(), seqLog.dbOid(), seqLog.relNumber());
        }
    }
}
