package dev.walker.files;

import dev.walker.bytes.WalBytes;
import java.io.IOException;
import java.io.InputStream;

/**
 * The frames of a zstd file without those that are to be skipped, which may be anywhere: {@code pzstd} puts one before each
 * frame, other programs what they want to know later (RFC 8878, 3.1.2).
 */
final class ZstdFrames extends InputStream {
    private static final long MAGIC = 0xFD2FB528L;
    private static final long SKIPPABLE_MAGIC = 0x184D2A50L;
    private static final long SKIPPABLE_MASK = 0xFFFFFFF0L;
    private static final int MAGIC_SIZE = 4;
    private static final int CHECKSUM_SIZE = 4;
    private static final int BLOCK_HEADER_SIZE = 3;
    private static final int MOST_OF_A_HEADER = 18;
    private static final int RLE_BLOCK = 1;

    private final InputStream file;
    private final byte[] one = new byte[1];
    private final byte[] header = new byte[MOST_OF_A_HEADER];
    private int headerAt;
    private int headerEnd;
    /** Bytes that follow the header and are given as they are. */
    private long left;

    private boolean isInFrame;
    private boolean isLastBlock;
    private boolean hasChecksum;

    ZstdFrames(InputStream file) {
        this.file = file;
    }

    @Override
    public int read() throws IOException {
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (headerAt == headerEnd && left == 0) {
            if (!next()) {
                return -1;
            }
        }
        if (headerAt < headerEnd) {
            int count = Math.min(length, headerEnd - headerAt);
            System.arraycopy(header, headerAt, target, from, count);
            headerAt += count;
            return count;
        }
        int count = file.read(target, from, (int) Math.min(length, left));
        left -= Math.max(count, 0);
        return count;
    }

    /** Reads the next header; false at the end of the file. One that is cut off is given as it is. */
    private boolean next() throws IOException {
        headerAt = 0;
        headerEnd = 0;
        if (isInFrame && !isLastBlock) {
            if (readHeader(BLOCK_HEADER_SIZE)) {
                int block = WalBytes.u16(header, 0) | (header[2] & 0xFF) << 16;
                isLastBlock = (block & 1) != 0;
                left = (block >> 1 & 3) == RLE_BLOCK ? 1 : block >> 3;
            }
        } else if (isInFrame) {
            isInFrame = false;
            left = hasChecksum ? CHECKSUM_SIZE : 0;
            return true;
        } else if (readHeader(MAGIC_SIZE)) {
            beginFrame(WalBytes.u32(header, 0));
            return true;
        }
        return headerEnd > 0;
    }

    private void beginFrame(long magic) throws IOException {
        if ((magic & SKIPPABLE_MASK) == SKIPPABLE_MAGIC) {
            if (readHeader(Integer.BYTES)) {
                file.skipNBytes(WalBytes.u32(header, MAGIC_SIZE));
                headerEnd = 0;
            }
        } else if (magic != MAGIC) {
            // Whoever reads it says what is wrong.
            left = Long.MAX_VALUE;
        } else if (readHeader(1)) {
            int descriptor = header[MAGIC_SIZE] & 0xFF;
            boolean isSingleSegment = (descriptor & 0x20) != 0;
            int dictionary = descriptor & 3;
            int contentSize = descriptor >> 6;
            int size = (isSingleSegment ? 0 : 1)
                    + (dictionary == 3 ? 4 : dictionary)
                    + (contentSize > 0 ? 1 << contentSize : isSingleSegment ? 1 : 0);
            hasChecksum = (descriptor & 4) != 0;
            isInFrame = readHeader(size);
            isLastBlock = false;
        }
    }

    /** Appends to the header; false if the file ends before. */
    private boolean readHeader(int size) throws IOException {
        int count = file.readNBytes(header, headerEnd, size);
        headerEnd += count;
        return count == size;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
