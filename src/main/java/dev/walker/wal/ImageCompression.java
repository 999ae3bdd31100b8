package dev.walker.wal;

import dev.walker.version.WalLayout;
import java.util.List;

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

    /** Those that take room off. */
    static final List<ImageCompression> COMPRESSED = List.of(PGLZ, LZ4, ZSTD);

    private final String shortName;

    ImageCompression(String shortName) {
        this.shortName = shortName;
    }

    /** The name that pg_waldump prints. */
    public String shortName() {
        return shortName;
    }

    /** Its bit in {@code bimg_info}; 0 where there is none. */
    int bit(WalLayout layout) {
        return switch (this) {
            case NONE -> 0;
            case PGLZ -> layout.imagePglzBit();
            case LZ4 -> layout.imageLz4Bit();
            case ZSTD -> layout.imageZstdBit();
        };
    }
}
