package dev.walker.rmgr;

import dev.walker.version.WalLayout;

/** The resource managers of core, in the order of access/rmgrlist.h. */
public enum Rmgr {
    /** RM_XLOG_ID. */
    XLOG("XLOG"),
    /** RM_XACT_ID. */
    XACT("Transaction"),
    /** RM_SMGR_ID. */
    SMGR("Storage");

    private final String waldumpName;

    Rmgr(String waldumpName) {
        this.waldumpName = waldumpName;
    }

    /** Number as in {@code xl_rmid}. */
    public int id() {
        return ordinal();
    }

    /** Name of the resource manager as pg_waldump prints it; {@code customNNN} for one of an extension. */
    public static String name(int rmgrId) {
        return rmgrId < values().length ? values()[rmgrId].waldumpName : String.format("custom%03d", rmgrId);
    }

    /** Name of the record type as pg_waldump prints it, {@code UNKNOWN (f0)} where it has none. */
    public static String typeName(WalLayout layout, int rmgrId, int info) {
        return String.format("UNKNOWN (%x)", info & 0xF0);
    }
}
