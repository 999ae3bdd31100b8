package dev.walker.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Installed servers that have PL/Java, and copies of them in which WALker's files can be put: a server looks for its
 * shared files relative to where its program is, so a copy of the program sees a copy of the files, and the machine's own
 * stay as they are.
 */
public final class PlJava {
    private final Installation original;
    private final Path pgConfig;

    private PlJava(Installation original, Path pgConfig) {
        this.original = original;
        this.pgConfig = pgConfig;
    }

    /** All installed servers that have PL/Java, by ascending major. */
    public static List<PlJava> installed() {
        Map<Path, PlJava> found = new LinkedHashMap<>();
        for (Path pgConfig : pgConfigs()) {
            Optional<Installation> installation = Installation.installed(pgConfig);
            if (installation.isPresent() && hasPlJava(pgConfig)) {
                found.putIfAbsent(installation.get().binDir(), new PlJava(installation.get(), pgConfig));
            }
        }
        return found.values().stream()
                .sorted((a, b) -> Integer.compare(a.original.major(), b.original.major()))
                .toList();
    }

    private static List<Path> pgConfigs() {
        List<Path> candidates = new ArrayList<>();
        for (String home : List.of("/usr/lib/postgresql", "/usr")) {
            try (Stream<Path> homes = Files.isDirectory(Path.of(home)) ? Files.list(Path.of(home)) : Stream.empty()) {
                homes.filter(dir -> dir.getFileName().toString().matches("(pgsql-)?\\d+"))
                        .sorted()
                        .forEach(dir -> candidates.add(dir.resolve("bin/pg_config")));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        for (String dir : System.getenv().getOrDefault("PATH", "").split(":")) {
            candidates.add(Path.of(dir).resolve("pg_config"));
        }
        return candidates.stream().filter(Files::isExecutable).toList();
    }

    private static boolean hasPlJava(Path pgConfig) {
        try (Stream<Path> files = Files.list(directory(pgConfig, "--pkglibdir"))) {
            return files.anyMatch(file -> file.getFileName().toString().matches("libpljava-so-.*\\.so"));
        } catch (IOException e) {
            return false;
        }
    }

    private static Path directory(Path pgConfig, String which) {
        return Path.of(Command.of(pgConfig.toString(), which).run().trim());
    }

    /** Major version. */
    public int major() {
        return original.major();
    }

    /** Where the server has its loadable modules. */
    public Path libraryDir() {
        return directory(pgConfig, "--pkglibdir");
    }

    /** Where programs are that need not be copied, such as pgbench. */
    public Path binDir() {
        return original.binDir();
    }

    /**
     * A copy with WALker's extension files and jar.
     *
     * @param root an empty directory
     * @param jar {@code walker.jar}
     * @param sql directory of the extension files
     */
    public Installation copyTo(Path root, Path jar, Path sql) {
        try {
            Path binDir = Files.createDirectories(inside(root, original.binDir()));
            for (String program : List.of("postgres", "initdb", "pg_ctl", "pg_controldata")) {
                Files.copy(
                        original.binDir().resolve(program),
                        binDir.resolve(program),
                        StandardCopyOption.COPY_ATTRIBUTES);
            }
            Path packageDir = directory(pgConfig, "--pkglibdir");
            Path packageLink = inside(root, packageDir);
            Files.createDirectories(packageLink.getParent());
            Files.createSymbolicLink(packageLink, packageDir);
            Path policy = directory(pgConfig, "--sysconfdir").resolve("pljava.policy");
            if (Files.exists(policy)) {
                Path copy = inside(root, policy);
                Files.createDirectories(copy.getParent());
                Files.copy(policy, copy);
            }
            Path shared = directory(pgConfig, "--sharedir");
            Path sharedCopy = inside(root, shared);
            copyTree(shared, sharedCopy);
            Files.createDirectories(sharedCopy.resolve("walker"));
            Files.copy(jar, sharedCopy.resolve("walker/walker.jar"), StandardCopyOption.REPLACE_EXISTING);
            Files.copy(
                    sql.resolve("walker.policy"),
                    sharedCopy.resolve("walker/walker.policy"),
                    StandardCopyOption.REPLACE_EXISTING);
            try (Stream<Path> files = Files.list(sql)) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    Files.copy(
                            file,
                            sharedCopy.resolve("extension").resolve(file.getFileName()),
                            StandardCopyOption.REPLACE_EXISTING);
                }
            }
            return Installation.at(original.version(), binDir);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot copy " + original + " to " + root, e);
        }
    }

    private static Path inside(Path root, Path absolute) {
        return root.resolve(Path.of("/").relativize(absolute));
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                Path copy = to.resolve(from.relativize(path));
                if (Files.isDirectory(path)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(path, copy);
                }
            }
        }
    }

    /**
     * Lines of {@code postgresql.conf} with which PL/Java runs on the JVM of this test.
     *
     * @param root of the copy that {@link #copyTo} made
     */
    public List<String> settings(Path root) {
        List<String> lines = new ArrayList<>();
        lines.add("pljava.libjvm_location = '" + System.getProperty("java.home") + "/lib/server/libjvm.so'");
        int feature = Runtime.version().feature();
        boolean isEnforced = feature < 24;
        String options = !isEnforced
                ? " -Djava.security.manager=disallow --sun-misc-unsafe-memory-access=allow"
                : feature < 18 ? "" : " -Djava.security.manager=allow";
        lines.add("pljava.vmoptions = '--add-modules=jdk.unsupported -Xmx512m -XX:TieredStopAtLevel=1"
                + " -XX:+UseSerialGC -XX:-UsePerfData" + options + "'");
        if (!isEnforced) {
            lines.add("pljava.allow_unenforced = 'java,javau,walker_java'");
        }
        lines.add("pljava.policy_urls = '\"file:${org.postgresql.sysconfdir}/pljava.policy\",\"file:"
                + inside(root, directory(pgConfig, "--sharedir")).resolve("walker/walker.policy") + "\",\"=\"'");
        return lines;
    }

    @Override
    public String toString() {
        return "PostgreSQL " + original.version() + " with PL/Java";
    }
}
