package dev.walker.version;

/** The PostgreSQL majors whose WAL is known, told by {@code XLOG_PAGE_MAGIC} (access/xlog_internal.h). */
public enum PgVersion {
    /** PostgreSQL 13. */
    PG13(13, 0xD106),
    /** PostgreSQL 14. */
    PG14(14, 0xD10D),
    /** PostgreSQL 15. */
    PG15(15, 0xD110),
    /** PostgreSQL 16. */
    PG16(16, 0xD113),
    /** PostgreSQL 17. */
    PG17(17, 0xD116),
    /** PostgreSQL 18. */
    PG18(18, 0xD118);

    private final int major;
    private final int pageMagic;

    PgVersion(int major, int pageMagic) {
        this.major = major;
        this.pageMagic = pageMagic;
    }

    /** The major version number. */
    public int major() {
        return major;
    }

    /** {@code XLOG_PAGE_MAGIC}, unsigned 16-bit. */
    public int pageMagic() {
        return pageMagic;
    }
}
