package dev.walker.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * Where servers of tests have their files: in memory, if the machine has plenty of it, else in {@code java.io.tmpdir}. What
 * a file system on disk does for the new files of a server that lives for some seconds is a sixth of what the tests take.
 */
final class Scratch {
    private static final Path MEMORY = Path.of("/dev/shm");

    /** A server of a test has a few hundred MB at most, and a few run at a time. */
    private static final long PLENTY = 8L << 30;

    private Scratch() {}

    /** A new directory for a server that everybody may enter; it is the caller's to delete. */
    static Path directory() throws IOException {
        String prefix = "walker-pg";
        Path root = memoryIsPlenty() ? Files.createTempDirectory(MEMORY, prefix) : Files.createTempDirectory(prefix);
        return Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** A container may have a small {@code /dev/shm}, and one as large as the machine may have no memory left behind it. */
    private static boolean memoryIsPlenty() throws IOException {
        return Files.isWritable(MEMORY)
                && Files.getFileStore(MEMORY).type().equals("tmpfs")
                && Files.getFileStore(MEMORY).getUsableSpace() >= PLENTY
                && available() >= PLENTY;
    }

    /** Bytes that programs could still get, by {@code MemAvailable} of {@code proc(5)}; 0 where it is not told. */
    private static long available() throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(Path.of("/proc/meminfo"));
        } catch (NoSuchFileException e) {
            return 0;
        }
        return lines.stream()
                .filter(line -> line.startsWith("MemAvailable:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                .findFirst()
                .orElse(0);
    }
}
