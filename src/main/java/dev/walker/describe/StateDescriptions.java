package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.rmgr.clog.ClogTruncate;
import dev.walker.rmgr.committs.CommitTsSet;
import dev.walker.rmgr.committs.CommitTsTruncate;
import dev.walker.rmgr.logicalmsg.LogicalMessage;
import dev.walker.rmgr.multixact.MultixactCreate;
import dev.walker.rmgr.multixact.MultixactOp;
import dev.walker.rmgr.multixact.MultixactTruncate;
import dev.walker.rmgr.replorigin.ReplOriginDrop;
import dev.walker.rmgr.replorigin.ReplOriginSet;
import dev.walker.wal.WalRecord;

/**
 * Describes records of CLOG, CommitTs, MultiXact, ReplicationOrigin and LogicalMessage: clogdesc.c, committsdesc.c,
 * mxactdesc.c, replorigindesc.c and logicalmsgdesc.c of access/rmgrdesc.
 */
final class StateDescriptions {
    private static final int CLOG_ZEROPAGE = 0x00;
    private static final int CLOG_TRUNCATE = 0x10;
    private static final int COMMIT_TS_ZEROPAGE = 0x00;
    private static final int COMMIT_TS_TRUNCATE = 0x10;
    private static final int COMMIT_TS_SETTS = 0x20;
    private static final int XLOG_REPLORIGIN_SET = 0x00;
    private static final int XLOG_REPLORIGIN_DROP = 0x10;
    private static final int XLOG_LOGICAL_MESSAGE = 0x00;

    private final Timestamps timestamps;
    private final ClogTruncate clogTruncate = new ClogTruncate();
    private final CommitTsTruncate commitTsTruncate = new CommitTsTruncate();
    private final CommitTsSet commitTsSet = new CommitTsSet();
    private final MultixactCreate multixactCreate = new MultixactCreate();
    private final MultixactTruncate multixactTruncate = new MultixactTruncate();
    private final ReplOriginSet originSet = new ReplOriginSet();
    private final ReplOriginDrop originDrop = new ReplOriginDrop();
    private final LogicalMessage logicalMessage = new LogicalMessage();

    StateDescriptions(Timestamps timestamps) {
        this.timestamps = timestamps;
    }

    /** The page that a ZEROPAGE record of any of them tells. */
    private static long pageNumber(WalRecord record) {
        int size = record.layout().slruPageNumberSize();
        WalBytes data = record.mainData(size, "pageno");
        return size == Long.BYTES ? data.u64(0) : data.s32(0);
    }

    void describeClog(WalRecord record, StringBuilder out) {
        if (record.rmgrInfo() == CLOG_ZEROPAGE) {
            out.append("page ").append(pageNumber(record));
        } else if (record.rmgrInfo() == CLOG_TRUNCATE) {
            clogTruncate.wrap(record);
            out.append("page ").append(clogTruncate.pageno());
            out.append("; oldestXact ").append(clogTruncate.oldestXact());
        }
    }

    void describeCommitTs(WalRecord record, StringBuilder out) {
        if (record.rmgrInfo() == COMMIT_TS_ZEROPAGE) {
            out.append(pageNumber(record));
        } else if (record.rmgrInfo() == COMMIT_TS_TRUNCATE) {
            commitTsTruncate.wrap(record);
            out.append("pageno ").append(commitTsTruncate.pageno());
            out.append(", oldestXid ").append(commitTsTruncate.oldestXid());
        } else if (record.rmgrInfo() == COMMIT_TS_SETTS && record.layout().hasCommitTsSet()) {
            commitTsSet.wrap(record);
            out.append("set ");
            timestamps.append(out, commitTsSet.timestamp());
            out.append('/').append(commitTsSet.nodeid());
            out.append(" for: ").append(commitTsSet.mainxid());
            for (int i = 0; i < commitTsSet.subxactCount(); i++) {
                out.append(", ").append(commitTsSet.subxact(i));
            }
        }
    }

    void describeMultixact(WalRecord record, StringBuilder out) {
        switch (MultixactOp.of(record)) {
            case ZERO_OFF_PAGE, ZERO_MEM_PAGE -> out.append(pageNumber(record));
            case CREATE_ID -> {
                multixactCreate.wrap(record);
                out.append(multixactCreate.mid());
                out.append(" offset ").append(multixactCreate.moff());
                out.append(" nmembers ").append(multixactCreate.memberCount()).append(": ");
                for (int i = 0; i < multixactCreate.memberCount(); i++) {
                    out.append(multixactCreate.memberXid(i))
                            .append(" (")
                            .append(memberStatus(multixactCreate.memberStatus(i)))
                            .append(") ");
                }
            }
            case TRUNCATE_ID -> {
                multixactTruncate.wrap(record);
                if (!multixactTruncate.hasStart()) {
                    out.append("oldestMulti ").append(multixactTruncate.endTruncOff());
                    out.append(", oldestOffset ").append(multixactTruncate.endTruncMemb());
                    return;
                }
                out.append("offsets [").append(multixactTruncate.startTruncOff());
                out.append(", ").append(multixactTruncate.endTruncOff());
                out.append("), members [").append(multixactTruncate.startTruncMemb());
                out.append(", ").append(multixactTruncate.endTruncMemb()).append(')');
            }
            case UNKNOWN -> {
                // Nothing is said of it.
            }
        }
    }

    /** {@code MultiXactStatus}, access/multixact.h. */
    private static String memberStatus(long status) {
        if (status < 0 || status > MultixactCreate.STATUS_UPDATE) {
            return "unk";
        }
        return switch ((int) status) {
            case 0 -> "keysh";
            case 1 -> "sh";
            case 2 -> "fornokeyupd";
            case 3 -> "forupd";
            case 4 -> "nokeyupd";
            default -> "upd";
        };
    }

    void describeReplOrigin(WalRecord record, StringBuilder out) {
        if (record.rmgrInfo() == XLOG_REPLORIGIN_SET) {
            originSet.wrap(record);
            out.append("set ").append(originSet.nodeId()).append("; lsn ");
            Text.lsn(out, record, originSet.remoteLsn());
            out.append("; force: ").append(originSet.isForce() ? '1' : '0');
        } else if (record.rmgrInfo() == XLOG_REPLORIGIN_DROP) {
            out.append("drop ").append(originDrop.wrap(record).nodeId());
        }
    }

    void describeLogicalMessage(WalRecord record, StringBuilder out) {
        if (record.rmgrInfo() != XLOG_LOGICAL_MESSAGE) {
            return;
        }
        logicalMessage.wrap(record);
        WalBytes message = logicalMessage.message();
        if (!Wording.of(record).tellsMessage) {
            out.append(logicalMessage.isTransactional() ? "transactional" : "nontransactional")
                    .append(" message size ")
                    .append(message.length())
                    .append(" bytes");
            return;
        }
        out.append(logicalMessage.isTransactional() ? "transactional" : "non-transactional")
                .append(", prefix \"");
        Text.bytes(out, record.mainData(), LogicalMessage.PREFIX_AT, logicalMessage.prefixLength());
        out.append("\"; payload (").append(message.length()).append(" bytes): ");
        for (int i = 0; i < message.length(); i++) {
            if (i > 0) {
                out.append(' ');
            }
            Text.hex(out, message.u8(i));
        }
    }
}
