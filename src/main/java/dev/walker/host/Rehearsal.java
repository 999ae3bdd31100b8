package dev.walker.host;

import dev.walker.version.PgVersion;
import dev.walker.wal.WalReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Runs commands on a little WAL of its own and prints nothing. What Java has loaded then is what commands begin with: the
 * launcher lets Java make an archive of these classes ({@code -XX:ArchiveClassesAtExit}).
 */
final class Rehearsal {
    private static final int SEGMENT_SIZE = 1 << 20;
    private static final int RECORDS = 100;
    private static final String SEGMENT = "000000010000000000000001";

    private Rehearsal() {}

    /** Rehearses; fails where a command does. */
    public static void main(String[] args) throws IOException {
        Path dir = Files.createTempDirectory("walker-rehearsal");
        Path segment = dir.resolve(SEGMENT);
        try {
            Files.write(segment, segment());
            System.setOut(new PrintStream(OutputStream.nullOutputStream()));
            System.setErr(new PrintStream(OutputStream.nullOutputStream()));
            for (List<String> options : List.of(
                    List.of("stats", "--stats=record"),
                    List.of("stats", "--by=relation"),
                    List.of("stats", "--by=transaction"),
                    List.of("dump", "--rmgr=XLOG"),
                    List.of("dump"))) {
                rehearse(options, "--path", dir.toString());
            }
            rehearse(List.of("run"), "--help");
        } finally {
            Files.deleteIfExists(segment);
            Files.delete(dir);
        }
    }

    private static void rehearse(List<String> command, String... more) {
        String[] args = Stream.concat(command.stream(), Stream.of(more)).toArray(String[]::new);
        int status = Main.run(OutputStream.nullOutputStream(), args);
        if (status != 0) {
            throw new IllegalStateException(String.join(" ", args) + " ended with status " + status);
        }
    }

    /** A segment that begins with records of {@code XLOG_NOOP} and goes on with zeros. */
    private static byte[] segment() {
        byte[] bytes = new byte[SEGMENT_SIZE];
        ByteBuffer wal = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        // XLogLongPageHeaderData
        wal.putShort((short) PgVersion.PG17.pageMagic()).putShort((short) 2).putInt(1);
        wal.putLong(SEGMENT_SIZE).putInt(0).putInt(0);
        wal.putLong(1).putInt(SEGMENT_SIZE).putInt(WalReader.PAGE_SIZE);
        long prev = 0;
        for (int i = 0; i < RECORDS; i++) {
            int at = wal.position();
            // XLogRecord, then main data of one byte
            wal.putInt(27)
                    .putInt(0)
                    .putLong(prev)
                    .put((byte) 0x20)
                    .put((byte) 0)
                    .putShort((short) 0);
            wal.putInt(0).put((byte) 255).put((byte) 1).put((byte) 0);
            CRC32C crc = new CRC32C();
            crc.update(bytes, at + 24, 3);
            crc.update(bytes, at, 20);
            wal.putInt(at + 20, (int) crc.getValue());
            prev = SEGMENT_SIZE + at;
            wal.position(at + 32);
        }
        return bytes;
    }
}
