package dev.walker.wal;

/** Where the fields of pages and records are, in bytes from their start, and what their bits mean. */
final class WalStructs {
    // XLogPageHeaderData and XLogLongPageHeaderData, access/xlog_internal.h
    static final int XLP_MAGIC_AT = 0;
    static final int XLP_INFO_AT = 2;
    static final int XLP_TLI_AT = 4;
    static final int XLP_PAGEADDR_AT = 8;
    static final int XLP_REM_LEN_AT = 16;
    static final int XLP_SYSID_AT = 24;
    static final int XLP_SEG_SIZE_AT = 32;
    static final int XLP_XLOG_BLCKSZ_AT = 36;
    static final int XLP_FIRST_IS_CONTRECORD = 0x0001;
    static final int XLP_LONG_HEADER = 0x0002;

    // XLogRecord, access/xlogrecord.h
    static final int XL_TOT_LEN_AT = 0;
    static final int XL_XID_AT = 4;
    static final int XL_PREV_AT = 8;
    static final int XL_INFO_AT = 16;
    static final int XL_RMID_AT = 17;
    static final int XL_CRC_AT = 20;

    // Ids of the items that follow the record header, access/xlogrecord.h
    static final int XLR_BLOCK_ID_DATA_SHORT = 255;
    static final int XLR_BLOCK_ID_DATA_LONG = 254;
    static final int XLR_BLOCK_ID_ORIGIN = 253;
    static final int XLR_BLOCK_ID_TOPLEVEL_XID = 252;

    /** {@code BLCKSZ}: bytes of a page of a relation. */
    static final int FULL_PAGE = 8192;
    /** Bytes of a {@code RelFileLocator}. */
    static final int LOCATOR_SIZE = 12;

    static final int BKPIMAGE_HAS_HOLE = 0x01;

    static final int XLOG_SWITCH = 0x40;
    static final int XLOG_OVERWRITE_CONTRECORD = 0xD0;

    private WalStructs() {}
}
