package dev.walker.fpi;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.BlockRef;
import dev.walker.wal.ImageCompression;
import dev.walker.wal.Lsn;
import dev.walker.wal.UnsupportedWalException;
import dev.walker.wal.WalFormatException;
import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.util.Arrays;

/**
 * Makes the page out of a full-page image: undoes the compression and puts the hole back ({@code RestoreBlockImage},
 * access/xlogreader.h). Reused for all images of a reader; not thread safe.
 */
public final class FullPageImage {
    /** {@code BLCKSZ}: bytes of a page. */
    public static final int PAGE_SIZE = 8192;

    private final Lz4Decompressor lz4 = new Lz4Decompressor();
    private final ZstdDecompressor zstd = new ZstdDecompressor();

    /** A restorer. */
    public FullPageImage() {}

    /**
     * Restores a page.
     *
     * @param block a block reference with an image
     * @param page receives the page, {@link #PAGE_SIZE} bytes; undefined after an exception
     * @throws WalFormatException if the compressed image is damaged
     * @throws IllegalArgumentException if there is no image, or no room for the page
     */
    public void restore(BlockRef block, byte[] page) {
        if (!block.hasImage()) {
            throw new IllegalArgumentException("block reference " + block.blockId() + " of the record at "
                    + Lsn.format(block.lsn()) + " has no full-page image");
        }
        if (page.length < PAGE_SIZE) {
            throw new IllegalArgumentException(
                    "an array of " + page.length + " bytes is too short for a page of " + PAGE_SIZE);
        }
        int holeOffset = block.holeOffset();
        int holeLength = block.holeLength();
        int rawLength = PAGE_SIZE - holeLength;
        int written = decompress(block, page, rawLength);
        if (written != rawLength) {
            throw damaged(block, "gives " + written + " bytes, wanted " + rawLength, null);
        }
        System.arraycopy(page, holeOffset, page, holeOffset + holeLength, rawLength - holeOffset);
        Arrays.fill(page, holeOffset, holeOffset + holeLength, (byte) 0);
    }

    private int decompress(BlockRef block, byte[] page, int rawLength) {
        WalBytes image = block.image();
        byte[] array = image.array();
        int from = image.arrayOffset();
        int length = image.length();
        switch (block.imageCompression()) {
            case NONE:
                image.copyTo(0, page, 0, length);
                return length;
            case PGLZ:
                int written = Pglz.decompress(array, from, length, page, rawLength);
                if (written < 0) {
                    throw damaged(block, "is not pglz data", null);
                }
                return written;
            default:
                // The libraries also answer bad input with other unchecked exceptions than their own.
                try {
                    return block.imageCompression() == ImageCompression.LZ4
                            ? lz4.decompress(array, from, length, page, 0, rawLength)
                            : zstd.decompress(array, from, length, page, 0, rawLength);
                } catch (SecurityException | LinkageError e) {
                    throw notAllowed(block, e);
                } catch (RuntimeException e) {
                    throw damaged(block, "cannot be decompressed: " + e.getMessage(), e);
                }
        }
    }

    private static UnsupportedWalException notAllowed(BlockRef block, Throwable cause) {
        UnsupportedWalException e = new UnsupportedWalException(
                block.lsn(),
                block.imageCompression().shortName()
                        + " full-page images cannot be decompressed here, since this JVM does not"
                        + " let WALker use sun.misc.Unsafe (" + cause + "); for PL/Java set pljava.vmoptions ="
                        + " '--add-modules=jdk.unsupported' and add walker.policy to pljava.policy_urls (LSN "
                        + Lsn.format(block.lsn()) + ")");
        e.initCause(cause);
        return e;
    }

    private static WalFormatException damaged(BlockRef block, String what, RuntimeException cause) {
        WalFormatException e = new WalFormatException(
                block.lsn(),
                "the " + block.imageCompression().shortName() + " full-page image of block reference " + block.blockId()
                        + " (" + block.locator() + ", fork " + block.fork().shortName() + ", block "
                        + block.blockNumber() + ") " + what + " (LSN " + Lsn.format(block.lsn()) + ", bimg_len "
                        + block.imageLength() + ", hole_length " + block.holeLength() + ")");
        if (cause != null) {
            e.initCause(cause);
        }
        return e;
    }
}
