package dev.walker.wal;

/** How a full-page image is compressed: {@code BKPIMAGE_COMPRESS_*}, access/xlogrecord.h. */
public enum ImageCompression {
    /** As it is. */
    NONE("none"),
    /** PostgreSQL's own LZ, all majors. */
    PGLZ("pglz"),
    /** An LZ4 block, since 15. */
    LZ4("lz4"),
    /** A zstd frame, since 15. */
    ZSTD("zstd");

    private final String shortName;

    ImageCompression(String shortName) {
        this.shortName = shortName;
    }

    /** The name that pg_waldump prints. */
    public String shortName() {
        return shortName;
    }
}
