package dev.walker.project;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.testing.RecordBuilder;
import dev.walker.testing.WalBuilder;
import dev.walker.version.PgVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code bin/walker} with a real Java: whatever becomes of the archive of classes, commands do not notice. */
class LauncherIT {
    private static final Path JAR = Path.of(System.getProperty("walker.jar", "target/walker.jar"));

    @TempDir
    private Path dir;

    private Path home;
    private Path launcher;

    @BeforeEach
    void makeDistribution() throws IOException {
        home = Files.createDirectories(dir.toRealPath().resolve("walker"));
        Files.copy(JAR, home.resolve("walker.jar"), StandardCopyOption.COPY_ATTRIBUTES);
        launcher = Files.createDirectories(home.resolve("bin")).resolve("walker");
        Files.copy(Path.of("bin/walker"), launcher, StandardCopyOption.COPY_ATTRIBUTES);
    }

    private record Outcome(int status, String output, String errors) {}

    /** A command under way. */
    private record Running(Process process, Path output, Path errors) {
        Outcome end() throws Exception {
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException("the command did not end:\n" + Files.readString(errors));
            }
            return new Outcome(process.exitValue(), Files.readString(output), Files.readString(errors));
        }
    }

    private Running start(Map<String, String> environment, String... command) throws IOException {
        Path output = Files.createTempFile(dir, "output", "");
        Path errors = Files.createTempFile(dir, "errors", "");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/bin:/bin");
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(environment);
        return new Running(builder.start(), output, errors);
    }

    private Outcome run(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(Arrays.asList(arguments));
        return start(Map.of(), command.toArray(String[]::new)).end();
    }

    private Outcome version() throws Exception {
        Outcome outcome = run("--version");
        assertEquals(0, outcome.status, outcome.errors);
        assertEquals("", outcome.errors);
        assertTrue(outcome.output.startsWith("walker "), outcome.output);
        assertEquals(1, outcome.output.lines().count(), outcome.output);
        return outcome;
    }

    private static List<Path> archives(Path place) throws IOException {
        try (Stream<Path> files = Files.walk(place)) {
            return files.filter(file -> file.toString().endsWith(".jsa")).toList();
        }
    }

    private Path archive() throws IOException {
        List<Path> archives = archives(home);
        assertEquals(1, archives.size(), archives.toString());
        return archives.get(0);
    }

    @Test
    void makesAnArchiveThatJavaTakes() throws Exception {
        Outcome first = version();
        Path archive = archive();
        assertTrue(Files.size(archive) > 100_000, archive + " has " + Files.size(archive) + " bytes");
        Object file = Files.getAttribute(archive, "unix:ino");
        assertEquals(first, version());
        assertEquals(file, Files.getAttribute(archive(), "unix:ino"));
        // With this Java fails where it would go on without the archive.
        Outcome outcome = start(
                        Map.of("WALKER_JAVA_OPTS", "-Xshare:on -Xlog:class+load"), launcher.toString(), "--version")
                .end();
        assertEquals(0, outcome.status, outcome.errors);
        assertTrue(outcome.output.contains("dev.walker.host.Main source: shared objects file (top)"), outcome.output);
    }

    /** For the first class that is not in the archive Java reads the directory of the jar, which takes longer than all else. */
    @ParameterizedTest
    @ValueSource(strings = {"stats", "dump"})
    void findsAllThatItNeedsInTheArchive(String command) throws Exception {
        version();
        WalBuilder wal = new WalBuilder(PgVersion.PG15);
        wal.add(RecordBuilder.of(Rmgr.XLOG, 0x20).main(new byte[1]));
        Path segments = Files.createDirectory(dir.resolve("wal"));
        Files.write(segments.resolve("000000010000000000000001"), Arrays.copyOf(wal.bytes(), 1 << 20));
        Outcome outcome = start(
                        Map.of("WALKER_JAVA_OPTS", "-Xlog:class+load"),
                        launcher.toString(),
                        command,
                        "--path",
                        segments.toString(),
                        command.equals("stats") ? "--stats=record" : "--quiet")
                .end();
        assertEquals(0, outcome.status, outcome.errors);
        assertTrue(outcome.output.contains("dev.walker.host.Main source: shared objects file (top)"), outcome.output);
        assertEquals(
                List.of(),
                outcome.output
                        .lines()
                        .filter(line -> line.contains("source: file:"))
                        .toList());
    }

    @Test
    void passesOnExitStatusAndErrors() throws Exception {
        Outcome outcome = run("dump", "--path", dir.resolve("nowhere").toString());
        assertEquals(1, outcome.status);
        assertTrue(outcome.errors.startsWith("walker: "), outcome.errors);
        assertEquals(2, run("nonsense").status);
    }

    /** What may happen to an archive. */
    enum Harm {
        CUT {
            @Override
            byte[] to(byte[] bytes) {
                return Arrays.copyOf(bytes, bytes.length / 2);
            }
        },
        CUT_IN_ITS_HEADER {
            @Override
            byte[] to(byte[] bytes) {
                return Arrays.copyOf(bytes, 100);
            }
        },
        ZEROS {
            @Override
            byte[] to(byte[] bytes) {
                return new byte[bytes.length];
            }
        },
        ZEROS_BEHIND_THE_HEADER {
            @Override
            byte[] to(byte[] bytes) {
                return Arrays.copyOf(Arrays.copyOf(bytes, 8192), bytes.length);
            }
        },
        A_WRONG_BYTE {
            @Override
            byte[] to(byte[] bytes) {
                bytes[bytes.length / 2] ^= 0x10;
                return bytes;
            }
        },
        OF_ANOTHER_JAVA {
            @Override
            byte[] to(byte[] bytes) {
                String text = new String(bytes, StandardCharsets.ISO_8859_1);
                int at = text.indexOf("for linux");
                assertTrue(at > 0, "an archive names the Java that made it");
                bytes[at] = 'F';
                return bytes;
            }
        };

        abstract byte[] to(byte[] bytes);
    }

    @Test
    void damagedArchiveIsNotNoticed() throws Exception {
        Outcome first = version();
        Path archive = archive();
        byte[] good = Files.readAllBytes(archive);
        for (Harm harm : Harm.values()) {
            for (Path each : archives(home)) {
                Files.delete(each);
            }
            Files.write(archive, harm.to(good.clone()));
            assertEquals(first, version(), harm.toString());
            assertEquals(first, version(), harm.toString());
        }
    }

    @Test
    void newerJarGetsAnArchiveOfItsOwn() throws Exception {
        Outcome first = version();
        Path before = archive();
        Files.setLastModifiedTime(home.resolve("walker.jar"), FileTime.fromMillis(1_700_000_000_000L));
        assertEquals(first, version());
        assertNotEquals(before, archive());
    }

    @Test
    void manyCanBeginAtOnce() throws Exception {
        List<Running> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            all.add(start(Map.of(), launcher.toString(), "--version"));
        }
        for (Running each : all) {
            Outcome outcome = each.end();
            assertEquals(0, outcome.status, outcome.errors);
            assertEquals("", outcome.errors);
            assertTrue(outcome.output.startsWith("walker "), outcome.output);
        }
        // Each may have made one; nothing half made is left.
        archives(home)
                .forEach(file -> assertTrue(file.getFileName().toString().startsWith("walker-"), file.toString()));
        version();
    }

    @Test
    void worksWhereNothingCanBeWritten() throws Exception {
        List<String> unprivileged = asNobody();
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("r-xr-xr-x"));
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path cache = Files.createDirectory(dir.resolve("cache"));
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
        List<String> command = new ArrayList<>(unprivileged);
        command.addAll(List.of(launcher.toString(), "--version"));
        for (Map<String, String> environment : List.of(
                Map.<String, String>of(),
                Map.of("HOME", "/nowhere"),
                Map.of("WALKER_CACHE", "relative"),
                Map.of("HOME", cache.toString()))) {
            Outcome outcome = start(environment, command.toArray(String[]::new)).end();
            assertEquals(0, outcome.status, environment + ": " + outcome.errors);
            assertEquals("", outcome.errors);
            assertTrue(outcome.output.startsWith("walker "), outcome.output);
        }
        assertEquals(List.of(), archives(home));
        assertEquals(1, archives(cache).size());
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** What to begin a command with that must not write everywhere. */
    private List<String> asNobody() throws Exception {
        boolean isRoot = Files.getAttribute(dir, "unix:uid").equals(0);
        if (!isRoot) {
            return List.of();
        }
        List<String> words = List.of("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
        Assumptions.assumeTrue(Files.isExecutable(Path.of(words.get(0))), "no setpriv");
        List<String> canRead = new ArrayList<>(words);
        canRead.addAll(List.of(System.getProperty("java.home") + "/bin/java", "-version"));
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        Outcome outcome = start(Map.of(), canRead.toArray(String[]::new)).end();
        Assumptions.assumeTrue(outcome.status == 0, "others cannot run this Java");
        return words;
    }
}
