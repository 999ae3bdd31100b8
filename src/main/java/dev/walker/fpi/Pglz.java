package dev.walker.fpi;

/**
 * PostgreSQL's own LZ compression, common/pg_lzcompress.h. The data has no header: control bytes, lowest bit first, tell
 * for each of eight items whether it is a literal byte (0) or a tag of two or three bytes (1). A tag names a length of 3
 * to 273 bytes and a distance of 1 to 4095 bytes back in the output.
 */
final class Pglz {
    private Pglz() {}

    /**
     * Decompresses into the first {@code wanted} bytes of {@code target}.
     *
     * @return {@code wanted}, or -1 if the data is malformed, too short or too long
     */
    static int decompress(byte[] source, int from, int length, byte[] target, int wanted) {
        int at = from;
        int end = from + length;
        int out = 0;
        while (at < end && out < wanted) {
            int control = source[at++];
            for (int item = 0; item < 8 && at < end && out < wanted; item++, control >>= 1) {
                if ((control & 1) == 0) {
                    target[out++] = source[at++];
                    continue;
                }
                if (end - at < 2) {
                    return -1;
                }
                int count = (source[at] & 0x0F) + 3;
                int distance = (source[at] & 0xF0) << 4 | source[at + 1] & 0xFF;
                at += 2;
                if (count == 18) {
                    if (at == end) {
                        return -1;
                    }
                    count += source[at++] & 0xFF;
                }
                if (distance == 0 || distance > out) {
                    return -1;
                }
                // A tag may promise more than there is room for; the server stops at the end as well.
                count = Math.min(count, wanted - out);
                if (distance >= count) {
                    System.arraycopy(target, out - distance, target, out, count);
                    out += count;
                } else {
                    for (int last = out + count; out < last; out++) {
                        target[out] = target[out - distance];
                    }
                }
            }
        }
        return out == wanted && at == end ? wanted : -1;
    }
}
