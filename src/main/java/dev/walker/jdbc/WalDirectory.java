package dev.walker.jdbc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The files of {@code pg_wal}, for who runs in a process of the server: reading them through SQL costs more than walking
 * them. Where they cannot be opened, be it that the security policy does not let us, SQL is to be asked, which knows what to
 * say.
 */
public final class WalDirectory {
    /** A larger piece is not in the processor's cache any more when it is copied out of the buffer. */
    private static final int BUFFER = 1 << 18;

    private final Path path;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);

    private WalDirectory(Path path) {
        this.path = path;
    }

    /** The one of the server whose process this is, which works in its data directory. */
    public static WalDirectory ofThisProcess() {
        return new WalDirectory(Path.of("pg_wal"));
    }

    /** A directory with segments. */
    static WalDirectory at(Path path) {
        return new WalDirectory(path);
    }

    /**
     * Reads from a segment. It is opened each time: a name that was read before may stand for another file by now.
     *
     * @param offset bytes from the beginning of the segment
     * @return how many bytes were read, less than wanted only at the end of the file; -1 if the file cannot be read
     */
    int read(String segment, long offset, byte[] target, int targetAt, int length) {
        try (FileChannel file = FileChannel.open(path.resolve(segment), StandardOpenOption.READ)) {
            int done = 0;
            while (done < length) {
                buffer.clear().limit(Math.min(BUFFER, length - done));
                int count = file.read(buffer, offset + done);
                if (count <= 0) {
                    break;
                }
                buffer.flip().get(target, targetAt + done, count);
                done += count;
            }
            return done;
        } catch (IOException | SecurityException e) {
            return -1;
        }
    }
}
