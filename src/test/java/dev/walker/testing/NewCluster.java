package dev.walker.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The database cluster of a new server. What {@code initdb} has made once is copied for the next one with the same options,
 * which takes a tenth of the time, and gets a system identifier of its own.
 */
final class NewCluster {
    /** In a page header that begins a segment, of every version. */
    private static final int IDENTIFIER_IN_WAL = 24;

    private final Path template;

    /** One of an installation, with options of {@code initdb}. */
    NewCluster(Installation installation, List<String> options) {
        String name = installation.version() + (installation.isEmbedded() ? "" : " installed") + " "
                + String.join(" ", options);
        template = Installation.cache().resolve(name.replaceAll("[^A-Za-z0-9.=-]+", "_"));
    }

    /** Puts it into a directory that does not exist. */
    void make(Path dataDir, Runnable initdb) throws IOException {
        if (Files.isDirectory(template)) {
            copy(template, dataDir);
            identify(
                    dataDir,
                    System.currentTimeMillis() / 1000 << 32
                            | ThreadLocalRandom.current().nextInt(1, 1 << 30));
        } else {
            initdb.run();
            keep(dataDir);
        }
    }

    /** Copies next to the place and moves the whole there, so that nobody sees half of it. */
    private void keep(Path dataDir) throws IOException {
        Path fresh = Files.createTempDirectory(Files.createDirectories(template.getParent()), "cluster.");
        try {
            copy(dataDir, fresh.resolve("data"));
            Files.move(fresh.resolve("data"), template, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.isDirectory(template)) {
                throw e;
            }
            // Somebody else was faster.
        } finally {
            Installation.deleteTree(fresh);
        }
    }

    private static void copy(Path from, Path to) {
        Command.of("cp", "-a", from.toString(), to.toString()).run();
    }

    private static void identify(Path dataDir, long identifier) throws IOException {
        try (FileChannel control = open(dataDir.resolve("global/pg_control"))) {
            ByteBuffer content = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
            control.read(content, 0);
            int end = endOfControl(content.array(), content);
            content.putLong(0, identifier);
            content.putInt(end, crc(content.array(), end));
            control.write(content.rewind(), 0);
        }
        try (Stream<Path> segments = Files.list(dataDir.resolve("pg_wal"))) {
            for (Path segment : (Iterable<Path>) segments.filter(Files::isRegularFile)::iterator) {
                try (FileChannel wal = open(segment)) {
                    ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
                    wal.write(bytes.putLong(0, identifier), IDENTIFIER_IN_WAL);
                }
            }
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** Where the checksum of the control file is, which differs from version to version. */
    private static int endOfControl(byte[] bytes, ByteBuffer content) throws IOException {
        for (int end = 8; end + 4 <= bytes.length; end += 4) {
            if (content.getInt(end) == crc(bytes, end)) {
                return end;
            }
        }
        throw new IOException("pg_control has no checksum");
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
