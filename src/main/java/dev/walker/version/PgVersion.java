package dev.walker.version;

import java.util.Optional;

/** The PostgreSQL majors whose WAL is known, told by {@code XLOG_PAGE_MAGIC} (access/xlog_internal.h). */
public enum PgVersion {
    /** PostgreSQL 10. */
    PG10(10, 0xD097),
    /** PostgreSQL 11. */
    PG11(11, 0xD098),
    /** PostgreSQL 12. */
    PG12(12, 0xD101),
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
    PG18(18, 0xD118),
    /** PostgreSQL 19, as of its first release candidate. */
    PG19(19, 0xD122);

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

    /** The major with this {@code XLOG_PAGE_MAGIC}; empty if it is none that is known. */
    public static Optional<PgVersion> byPageMagic(int pageMagic) {
        for (PgVersion version : values()) {
            if (version.pageMagic == pageMagic) {
                return Optional.of(version);
            }
        }
        return Optional.empty();
    }

    /** The major with this number; empty if it is none that is known. */
    public static Optional<PgVersion> byMajor(int major) {
        for (PgVersion version : values()) {
            if (version.major == major) {
                return Optional.of(version);
            }
        }
        return Optional.empty();
    }

    /** {@code XLOG_PAGE_MAGIC}, unsigned 16-bit. */
    public int pageMagic() {
        return pageMagic;
    }
}
