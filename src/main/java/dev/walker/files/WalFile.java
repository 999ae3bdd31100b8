package dev.walker.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * A file, or an entry of a tar file.
 *
 * @param name what to call it in messages
 * @param baseName its name without directories and without the endings of compression and {@code .partial}
 * @param path the file that holds it
 * @param offset where in that file it begins, in bytes
 * @param size bytes that it has there
 * @param compression how these are compressed
 * @param partial whether it is {@code .partial}
 */
record WalFile(
        String name, String baseName, Path path, long offset, long size, Compression compression, boolean partial) {
    private static final String PARTIAL = ".partial";

    static WalFile of(String name, String fileName, Path path, long offset, long size) {
        String base = fileName;
        boolean partial = base.endsWith(PARTIAL);
        if (partial) {
            base = base.substring(0, base.length() - PARTIAL.length());
        }
        Compression compression = Compression.ofName(base);
        base = compression.strip(base);
        if (!partial && base.endsWith(PARTIAL)) {
            partial = true;
            base = base.substring(0, base.length() - PARTIAL.length());
        }
        return new WalFile(name, base, path, offset, size, compression, partial);
    }

    /** Whether it is the better one of two for the same segment: whole before partial, plain before compressed. */
    boolean isBetterThan(WalFile other) {
        if (partial != other.partial) {
            return other.partial;
        }
        return compression.ordinal() < other.compression.ordinal();
    }

    /** Its content, from the start. */
    InputStream open() throws IOException {
        FileChannel channel = FileChannel.open(path);
        try {
            return compression.open(new Part(channel, offset, size));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** A part of a file as a stream, which closes the file. */
    private static final class Part extends InputStream {
        private final FileChannel channel;
        private final byte[] one = new byte[1];
        private long at;
        private long left;

        Part(FileChannel channel, long at, long left) {
            this.channel = channel;
            this.at = at;
            this.left = left;
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
            int most = (int) Math.min(length, left);
            int count = most == 0 ? -1 : channel.read(ByteBuffer.wrap(target, from, most), at);
            if (count > 0) {
                at += count;
                left -= count;
            }
            return count;
        }

        @Override
        public int available() {
            // GZIPInputStream looks here for another member.
            return (int) Math.min(left, Integer.MAX_VALUE);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
