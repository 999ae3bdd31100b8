package dev.walker.files;

import io.airlift.compress.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorInputStream;

/** How a file is compressed, told by the ending of its name. */
enum Compression {
    NONE(""),
    GZIP(".gz"),
    LZ4(".lz4"),
    ZSTD(".zst");

    private static final int BUFFER = 1 << 16;

    private final String ending;

    Compression(String ending) {
        this.ending = ending;
    }

    static Compression ofName(String name) {
        for (Compression each : values()) {
            if (each != NONE && name.endsWith(each.ending)) {
                return each;
            }
        }
        return NONE;
    }

    /** The name without the ending. */
    String strip(String name) {
        return name.substring(0, name.length() - ending.length());
    }

    /** Undoes it while reading. */
    InputStream open(InputStream compressed) throws IOException {
        switch (this) {
            case GZIP:
                return new GZIPInputStream(compressed, BUFFER);
            case LZ4:
                // It reads single bytes.
                return new FramedLZ4CompressorInputStream(new BufferedInputStream(compressed, BUFFER), true);
            case ZSTD:
                // Headers are read in small pieces.
                return new ZstdInputStream(new ZstdFrames(new BufferedInputStream(compressed, BUFFER)));
            default:
                return compressed;
        }
    }
}
