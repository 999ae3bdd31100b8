package dev.walker.rmgr;

import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The resource managers of core, in the order of access/rmgrlist.h, with the names that pg_waldump and pg_walinspect give
 * to them and to their record types ({@code rm_name} and {@code rm_identify}).
 */
public enum Rmgr {
    /** RM_XLOG_ID, catalog/pg_control.h. */
    XLOG(
            "XLOG",
            op(0x00, "CHECKPOINT_SHUTDOWN"),
            op(0x10, "CHECKPOINT_ONLINE"),
            op(0x20, "NOOP"),
            op(0x30, "NEXTOID"),
            op(0x40, "SWITCH"),
            op(0x50, "BACKUP_END"),
            op(0x60, "PARAMETER_CHANGE"),
            op(0x70, "RESTORE_POINT"),
            op(0x80, "FPW_CHANGE"),
            op(0x90, "END_OF_RECOVERY"),
            op(0xA0, "FPI_FOR_HINT"),
            op(0xB0, "FPI"),
            op(0xC0, "FPI_MULTI").until(11),
            op(0xC0, "ASSIGN_LSN").since(19),
            op(0xD0, "OVERWRITE_CONTRECORD"),
            op(0xE0, "CHECKPOINT_REDO").since(17),
            op(0xF0, "LOGICAL_DECODING_STATUS_CHANGE").since(19)),
    /** RM_XACT_ID, access/xact.h; bit 0x80 tells that {@code xl_xact_xinfo} is there. */
    XACT(
            "Transaction",
            op(0x00, "COMMIT").ignoring(0x80),
            op(0x10, "PREPARE").ignoring(0x80),
            op(0x20, "ABORT").ignoring(0x80),
            op(0x30, "COMMIT_PREPARED").ignoring(0x80),
            op(0x40, "ABORT_PREPARED").ignoring(0x80),
            op(0x50, "ASSIGNMENT").ignoring(0x80),
            op(0x60, "INVALIDATION").ignoring(0x80).since(14)),
    /** RM_SMGR_ID, catalog/storage_xlog.h. */
    SMGR("Storage", op(0x10, "CREATE"), op(0x20, "TRUNCATE")),
    /** RM_CLOG_ID, access/clog.h. */
    CLOG("CLOG", op(0x00, "ZEROPAGE"), op(0x10, "TRUNCATE")),
    /** RM_DBASE_ID, commands/dbcommands_xlog.h. */
    DBASE(
            "Database",
            op(0x00, "CREATE").until(14),
            op(0x10, "DROP").until(14),
            op(0x00, "CREATE_FILE_COPY").since(15),
            op(0x10, "CREATE_WAL_LOG").since(15),
            op(0x20, "DROP").since(15)),
    /** RM_TBLSPC_ID, commands/tablespace.h. */
    TBLSPC("Tablespace", op(0x00, "CREATE"), op(0x10, "DROP")),
    /** RM_MULTIXACT_ID, access/multixact.h. */
    MULTIXACT(
            "MultiXact",
            op(0x00, "ZERO_OFF_PAGE"),
            op(0x10, "ZERO_MEM_PAGE"),
            op(0x20, "CREATE_ID"),
            op(0x30, "TRUNCATE_ID")),
    /** RM_RELMAP_ID, utils/relmapper.h. */
    RELMAP("RelMap", op(0x00, "UPDATE")),
    /** RM_STANDBY_ID, storage/standbydefs.h. */
    STANDBY("Standby", op(0x00, "LOCK"), op(0x10, "RUNNING_XACTS"), op(0x20, "INVALIDATIONS")),
    /** RM_HEAP2_ID, access/heapam_xlog.h; bit 0x80 is {@code XLOG_HEAP_INIT_PAGE}. */
    HEAP2(
            "Heap2",
            op(0x00, "REWRITE"),
            op(0x10, "CLEAN").until(13),
            op(0x20, "FREEZE_PAGE").until(13),
            op(0x30, "CLEANUP_INFO").until(13),
            op(0x10, "PRUNE").since(14).until(16),
            op(0x20, "VACUUM").since(14).until(16),
            op(0x30, "FREEZE_PAGE").since(14).until(16),
            op(0x10, "PRUNE_ON_ACCESS").since(17),
            op(0x20, "PRUNE_VACUUM_SCAN").since(17),
            op(0x30, "PRUNE_VACUUM_CLEANUP").since(17),
            op(0x40, "VISIBLE").until(18),
            op(0x50, "MULTI_INSERT"),
            op(0xD0, "MULTI_INSERT+INIT"),
            op(0x60, "LOCK_UPDATED"),
            op(0x70, "NEW_CID")),
    /** RM_HEAP_ID, access/heapam_xlog.h; bit 0x80 is {@code XLOG_HEAP_INIT_PAGE}. */
    HEAP(
            "Heap",
            op(0x00, "INSERT"),
            op(0x80, "INSERT+INIT"),
            op(0x10, "DELETE"),
            op(0x20, "UPDATE"),
            op(0xA0, "UPDATE+INIT"),
            op(0x30, "TRUNCATE").since(11),
            op(0x40, "HOT_UPDATE"),
            op(0xC0, "HOT_UPDATE+INIT"),
            op(0x50, "HEAP_CONFIRM"),
            op(0x60, "LOCK"),
            op(0x70, "INPLACE")),
    /** RM_BTREE_ID, access/nbtxlog.h. */
    BTREE(
            "Btree",
            op(0x00, "INSERT_LEAF"),
            op(0x10, "INSERT_UPPER"),
            op(0x20, "INSERT_META"),
            op(0x30, "SPLIT_L"),
            op(0x40, "SPLIT_R"),
            op(0x50, "SPLIT_L_ROOT").until(10),
            op(0x60, "SPLIT_R_ROOT").until(10),
            op(0x50, "SPLIT_L_HIGHKEY").since(11).until(11),
            op(0x60, "SPLIT_R_HIGHKEY").since(11).until(11),
            op(0x50, "INSERT_POST").since(13),
            op(0x60, "DEDUP").since(13),
            op(0x70, "DELETE"),
            op(0x80, "UNLINK_PAGE"),
            op(0x90, "UNLINK_PAGE_META"),
            op(0xA0, "NEWROOT"),
            op(0xB0, "MARK_PAGE_HALFDEAD"),
            op(0xC0, "VACUUM"),
            op(0xD0, "REUSE_PAGE"),
            op(0xE0, "META_CLEANUP").since(11)),
    /** RM_HASH_ID, access/hash_xlog.h. */
    HASH(
            "Hash",
            op(0x00, "INIT_META_PAGE"),
            op(0x10, "INIT_BITMAP_PAGE"),
            op(0x20, "INSERT"),
            op(0x30, "ADD_OVFL_PAGE"),
            op(0x40, "SPLIT_ALLOCATE_PAGE"),
            op(0x50, "SPLIT_PAGE"),
            op(0x60, "SPLIT_COMPLETE"),
            op(0x70, "MOVE_PAGE_CONTENTS"),
            op(0x80, "SQUEEZE_PAGE"),
            op(0x90, "DELETE"),
            op(0xA0, "SPLIT_CLEANUP"),
            op(0xB0, "UPDATE_META_PAGE"),
            op(0xC0, "VACUUM_ONE_PAGE")),
    /** RM_GIN_ID, access/ginxlog.h. */
    GIN(
            "Gin",
            op(0x00, "CREATE_INDEX").until(11),
            op(0x10, "CREATE_PTREE"),
            op(0x20, "INSERT"),
            op(0x30, "SPLIT"),
            op(0x40, "VACUUM_PAGE"),
            op(0x50, "DELETE_PAGE"),
            op(0x60, "UPDATE_META_PAGE"),
            op(0x70, "INSERT_LISTPAGE"),
            op(0x80, "DELETE_LISTPAGE"),
            op(0x90, "VACUUM_DATA_LEAF_PAGE")),
    /** RM_GIST_ID, access/gistxlog.h. */
    GIST(
            "Gist",
            op(0x00, "PAGE_UPDATE"),
            op(0x10, "DELETE").since(12),
            op(0x20, "PAGE_REUSE").since(12),
            op(0x30, "PAGE_SPLIT"),
            op(0x50, "CREATE_INDEX").until(11),
            op(0x60, "PAGE_DELETE").since(12),
            op(0x70, "ASSIGN_LSN").since(13).until(18)),
    /** RM_SEQ_ID, commands/sequence.h. */
    SEQ("Sequence", op(0x00, "LOG")),
    /** RM_SPGIST_ID, access/spgxlog.h. */
    SPGIST(
            "SPGist",
            op(0x00, "CREATE_INDEX").until(11),
            op(0x10, "ADD_LEAF"),
            op(0x20, "MOVE_LEAFS"),
            op(0x30, "ADD_NODE"),
            op(0x40, "SPLIT_TUPLE"),
            op(0x50, "PICKSPLIT"),
            op(0x60, "VACUUM_LEAF"),
            op(0x70, "VACUUM_ROOT"),
            op(0x80, "VACUUM_REDIRECT")),
    /** RM_BRIN_ID, access/brin_xlog.h; bit 0x80 is {@code XLOG_BRIN_INIT_PAGE}. */
    BRIN(
            "BRIN",
            op(0x00, "CREATE_INDEX"),
            op(0x10, "INSERT"),
            op(0x90, "INSERT+INIT"),
            op(0x20, "UPDATE"),
            op(0xA0, "UPDATE+INIT"),
            op(0x30, "SAMEPAGE_UPDATE"),
            op(0x40, "REVMAP_EXTEND"),
            op(0x50, "DESUMMARIZE")),
    /** RM_COMMIT_TS_ID, access/commit_ts.h. */
    COMMIT_TS(
            "CommitTs",
            op(0x00, "ZEROPAGE"),
            op(0x10, "TRUNCATE"),
            op(0x20, "SETTS").until(13)),
    /** RM_REPLORIGIN_ID, replication/origin.h. */
    REPLORIGIN("ReplicationOrigin", op(0x00, "SET"), op(0x10, "DROP")),
    /** RM_GENERIC_ID, access/generic_xlog.h; it has one record type, whatever the bits. */
    GENERIC("Generic", op(0x00, "Generic").ignoring(0xF0)),
    /** RM_LOGICALMSG_ID, replication/message.h. */
    LOGICALMSG("LogicalMessage", op(0x00, "MESSAGE")),
    /** Not one of core: of an extension, or of no valid number. */
    UNKNOWN("unknown");

    /** How many resource managers core has; their numbers are 0 to one below. */
    public static final int CORE_COUNT = 22;
    /** {@code RM_MIN_CUSTOM_ID}: the first number that an extension may have, since 15. */
    public static final int MIN_CUSTOM_ID = 128;
    /** {@code RM_MAX_ID}: the highest number that {@code xl_rmid} can hold. */
    public static final int MAX_ID = 255;

    private static final Rmgr[] BY_ID = new Rmgr[MAX_ID + 1];
    private static final String[] NAMES = new String[MAX_ID + 1];
    /** {@code UNKNOWN (f0)} and the like, by the upper four bits of {@code xl_info}. */
    private static final String[] UNKNOWN_TYPES = new String[16];
    /**
     * By ordinal of the major, made when they are asked for; then by number of the resource manager and upper four bits of
     * {@code xl_info}.
     */
    private static final AtomicReferenceArray<String[]> TYPE_NAMES =
            new AtomicReferenceArray<>(PgVersion.values().length);

    static {
        Arrays.fill(BY_ID, UNKNOWN);
        for (int id = 0; id <= MAX_ID; id++) {
            if (id < CORE_COUNT) {
                BY_ID[id] = values()[id];
            }
            NAMES[id] = id < CORE_COUNT ? BY_ID[id].waldumpName : (id < 100 ? "custom0" : "custom") + id;
        }
        for (int op = 0; op < 16; op++) {
            UNKNOWN_TYPES[op] = "UNKNOWN (" + Integer.toHexString(op << 4) + ")";
        }
    }

    private static String[] typeNames(PgVersion version) {
        String[] names = TYPE_NAMES.get(version.ordinal());
        if (names == null) {
            names = new String[CORE_COUNT << 4];
            for (int id = 0; id < CORE_COUNT; id++) {
                System.arraycopy(UNKNOWN_TYPES, 0, names, id << 4, 16);
                for (Op op : BY_ID[id].ops) {
                    op.enter(names, id, version.major());
                }
            }
            TYPE_NAMES.set(version.ordinal(), names);
        }
        return names;
    }

    private final String waldumpName;
    private final List<Op> ops;

    Rmgr(String waldumpName, Op... ops) {
        this.waldumpName = waldumpName;
        this.ops = List.of(ops);
    }

    /** A record type: its upper four bits of {@code xl_info}, its name, and the majors that have it. */
    private record Op(int info, String name, int ignored, int first, int last) {
        Op since(int major) {
            return new Op(info, name, ignored, major, last);
        }

        Op until(int major) {
            return new Op(info, name, ignored, first, major);
        }

        Op ignoring(int bits) {
            return new Op(info, name, bits, first, last);
        }

        void enter(String[] names, int id, int major) {
            for (int other = 0; major >= first && major <= last && other < 16; other++) {
                if ((other << 4 & ~ignored) == info) {
                    names[id << 4 | other] = name;
                }
            }
        }
    }

    private static Op op(int info, String name) {
        return new Op(info, name, 0, 0, Integer.MAX_VALUE);
    }

    /** Number as in {@code xl_rmid}; -1 for {@link #UNKNOWN}. */
    public int id() {
        return this == UNKNOWN ? -1 : ordinal();
    }

    /** Name as pg_waldump prints it. */
    public String waldumpName() {
        return waldumpName;
    }

    /** The resource manager with this number, {@link #UNKNOWN} if it is none of core. */
    public static Rmgr of(int rmgrId) {
        return rmgrId >= 0 && rmgrId <= MAX_ID ? BY_ID[rmgrId] : UNKNOWN;
    }

    /** Whether a record of this layout can have this number in {@code xl_rmid}: {@code RmgrIdIsValid}. */
    public static boolean isValidId(WalLayout layout, int rmgrId) {
        return rmgrId < CORE_COUNT || rmgrId >= MIN_CUSTOM_ID && layout.hasCustomRmgrs();
    }

    /** Name of the resource manager as pg_waldump prints it; {@code customNNN} for one of an extension. */
    public static String name(int rmgrId) {
        return NAMES[rmgrId];
    }

    /** The number of the resource manager with a name, in upper or lower case; {@code customNNN} counts too. */
    public static OptionalInt idOf(String name) {
        for (int id = 0; id <= MAX_ID; id++) {
            if ((id < CORE_COUNT || id >= MIN_CUSTOM_ID) && NAMES[id].equalsIgnoreCase(name)) {
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }

    /** Name of the record type as pg_waldump prints it, {@code UNKNOWN (f0)} where it has none. */
    public static String typeName(WalLayout layout, int rmgrId, int info) {
        int op = info >> 4 & 0x0F;
        return rmgrId < CORE_COUNT ? typeNames(layout.version())[rmgrId << 4 | op] : UNKNOWN_TYPES[op];
    }
}
