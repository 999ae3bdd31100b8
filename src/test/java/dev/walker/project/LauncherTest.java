package dev.walker.project;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code bin/walker} makes of its surroundings, with a Java of the test that tells how it was called. */
class LauncherTest {
    @TempDir
    private Path dir;

    private Path home;
    private Path javaHome;

    @BeforeEach
    void makeDistribution() throws IOException {
        // A space, which a script gets wrong easily.
        home = Files.createDirectories(dir.toRealPath().resolve("the walker"));
        Files.createDirectories(home.resolve("bin"));
        Files.copy(Path.of("bin/walker"), home.resolve("bin/walker"), StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(home.resolve("walker.jar"), "a jar");
        javaHome = java("java 17", "JAVA_VERSION=\"17.0.15\"");
    }

    /** A Java that prints its process id and its arguments, one a line. */
    private Path java(String name, String release) throws IOException {
        Path made = dir.toRealPath().resolve(name);
        Files.createDirectories(made.resolve("bin"));
        program(
                made.resolve("bin/java"),
                "[ \"$1\" != -version ] || { echo 'java version \"1.8.0_1\"' >&2; exit; }\n"
                        + "case \"$*\" in *ArchiveClassesAtExit*) [ -n \"${ARCHIVES:-}\" ] || exit 1\n"
                        + "file=${1#*=}; echo an archive >\"$file\"; exit ;; esac\n"
                        + "echo $$; printf '%s\\n' \"$@\"; exit ${STATUS:-0}");
        if (!release.isEmpty()) {
            Files.writeString(made.resolve("release"), "IMPLEMENTOR=\"somebody\"\n" + release + "\n");
        }
        return made;
    }

    private static void program(Path file, String script) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private record Outcome(int status, long pid, List<String> output, String errors) {
        /** The arguments that Java got. */
        List<String> arguments() {
            assertEquals("", errors);
            return output.subList(1, output.size());
        }
    }

    private Outcome run(String... arguments) throws Exception {
        return run(Map.of("JAVA_HOME", javaHome.toString()), home.resolve("bin/walker"), arguments);
    }

    private Outcome run(Map<String, String> environment, Path launcher, String... arguments) throws Exception {
        List<String> words = new ArrayList<>(List.of(launcher.toString()));
        words.addAll(List.of(arguments));
        Path output = dir.resolve("output.txt");
        Path errors = dir.resolve("errors.txt");
        ProcessBuilder builder = new ProcessBuilder(words)
                .directory(dir.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/bin:/bin");
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("bin/walker did not end:\n" + Files.readString(errors));
        }
        return new Outcome(process.exitValue(), process.pid(), Files.readAllLines(output), Files.readString(errors));
    }

    private List<String> archives() throws IOException {
        try (Stream<Path> files = Files.list(home)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".jsa"))
                    .toList();
        }
    }

    @Test
    void givesArgumentsAsTheyAre() throws Exception {
        List<String> arguments =
                run("dump", "--path", "a b", "*", "", "'$HOME'").arguments();
        int jar = arguments.indexOf("-cp");
        assertEquals(
                List.of(
                        home.resolve("walker.jar").toString(),
                        "dev.walker.host.Main",
                        "dump",
                        "--path",
                        "a b",
                        "*",
                        "",
                        "'$HOME'"),
                arguments.subList(jar + 1, arguments.size()));
    }

    @Test
    void becomesJava() throws Exception {
        Outcome outcome = run(Map.of("JAVA_HOME", javaHome.toString(), "STATUS", "7"), home.resolve("bin/walker"), "x");
        assertEquals(7, outcome.status);
        assertEquals(Long.toString(outcome.pid), outcome.output.get(0), "signals would not reach Java");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"dump,-Xmx128m", "stats,-Xmx128m", "run,-Xmx512m", "status,-XX:TieredStopAtLevel=1"})
    void choosesOptionsForTheCommand(String command, String option) throws Exception {
        List<String> arguments = run(command).arguments();
        assertTrue(arguments.contains(option), arguments.toString());
        assertTrue(arguments.contains("-XX:+UseSerialGC"), arguments.toString());
    }

    @Test
    void optionsOfTheUserComeLastAndHaveToBeRight() throws Exception {
        List<String> arguments = run(
                        Map.of("JAVA_HOME", javaHome.toString(), "WALKER_JAVA_OPTS", "-Xmx1g -Da=*"),
                        home.resolve("bin/walker"),
                        "stats")
                .arguments();
        int jar = arguments.indexOf("-cp");
        assertEquals(List.of("-Xmx1g", "-Da=*"), arguments.subList(jar - 2, jar));
        assertFalse(arguments.contains("-XX:+IgnoreUnrecognizedVMOptions"), arguments.toString());
    }

    @Test
    void isFoundThroughLinks() throws Exception {
        Files.createSymbolicLink(dir.resolve("first"), home.resolve("bin/walker"));
        Files.createSymbolicLink(dir.resolve("second"), Path.of("first"));
        List<String> arguments = run(Map.of("JAVA_HOME", javaHome.toString()), dir.resolve("second"), "x")
                .arguments();
        assertTrue(arguments.contains(home.resolve("walker.jar").toString()), arguments.toString());
    }

    /** {@code cd} tells where it has found a directory that it was not in. */
    @Test
    void directoriesOfCdpathAreNotLookedAt() throws Exception {
        Map<String, String> environment =
                Map.of("JAVA_HOME", javaHome.toString(), "CDPATH", dir.resolve("nowhere") + ":" + dir.toRealPath());
        List<String> arguments =
                run(environment, Path.of("the walker/bin/walker"), "x").arguments();
        assertTrue(arguments.contains(home.resolve("walker.jar").toString()), arguments.toString());
    }

    /** Without that Java takes arguments and the names of files for ASCII. */
    @ParameterizedTest
    @CsvSource({
        "'',C.UTF-8",
        "LC_ALL=C,C.UTF-8",
        "LANG=POSIX,C.UTF-8",
        "LANG=de_DE.ISO-8859-1,''",
        "LC_CTYPE=C.UTF-8,''"
    })
    void readsUtf8WhereNoLocaleIsSet(String variable, String wanted) throws Exception {
        program(javaHome.resolve("bin/java"), "echo $$; echo \"${LC_ALL:-}\"");
        Map<String, String> environment = new HashMap<>(Map.of("JAVA_HOME", javaHome.toString()));
        if (!variable.isEmpty()) {
            environment.put(variable.split("=")[0], variable.split("=")[1]);
        }
        assertEquals(
                List.of(wanted),
                run(environment, home.resolve("bin/walker"), "run").arguments());
    }

    @Test
    void saysThatJavaTakesNoColon() throws Exception {
        Path colon = Files.move(home, home.resolveSibling("a:b"));
        Outcome outcome = run(Map.of("JAVA_HOME", javaHome.toString()), colon.resolve("bin/walker"), "x");
        assertEquals(1, outcome.status);
        assertTrue(outcome.errors.contains(colon.resolve("walker.jar") + "; move WALker"), outcome.errors);
    }

    @Test
    void takesJavaFromThePath() throws Exception {
        Outcome outcome = run(
                Map.of("PATH", javaHome.resolve("bin") + ":/usr/bin:/bin", "JAVA_HOME", "/nowhere"),
                home.resolve("bin/walker"),
                "status");
        assertTrue(outcome.arguments().contains("status"));
    }

    @ParameterizedTest(name = "\"{0}\"")
    @ValueSource(strings = {"JAVA_VERSION=\"11.0.2\"", "JAVA_VERSION=\"1.8.0_292\"", "NOTHING=1", ""})
    void refusesOldJava(String release) throws Exception {
        Path old = java("old", release);
        Outcome outcome = run(Map.of("JAVA_HOME", old.toString()), home.resolve("bin/walker"), "dump");
        assertEquals(1, outcome.status);
        assertTrue(outcome.errors.startsWith("walker: " + old.resolve("bin/java") + " is Java 1"), outcome.errors);
        assertTrue(outcome.errors.contains(", wanted 17 or later"), outcome.errors);
    }

    @Test
    void tellsThatJavaOrJarIsMissing() throws Exception {
        Path tools = Files.createDirectories(dir.resolve("tools"));
        Outcome outcome = run(Map.of("PATH", tools.toString()), home.resolve("bin/walker"), "dump");
        assertEquals(1, outcome.status);
        assertTrue(outcome.errors.contains("install Java 17 or later"), outcome.errors);
        Files.delete(home.resolve("walker.jar"));
        outcome = run("dump");
        assertEquals(1, outcome.status);
        assertTrue(outcome.errors.contains("there is no walker.jar in " + home), outcome.errors);
    }

    @Test
    void makesOneArchiveForAJarAndAJava() throws Exception {
        Map<String, String> environment = Map.of("JAVA_HOME", javaHome.toString(), "ARCHIVES", "yes");
        Path launcher = home.resolve("bin/walker");
        List<String> arguments = run(environment, launcher, "stats").arguments();
        List<String> first = archives();
        assertEquals(1, first.size(), first.toString());
        assertTrue(arguments.contains("-XX:SharedArchiveFile=" + home.resolve(first.get(0))), arguments.toString());
        assertEquals(arguments, run(environment, launcher, "stats").arguments());
        assertEquals(first, archives());

        Files.writeString(home.resolve("walker.jar"), "a newer jar");
        assertFalse(run(environment, launcher, "stats")
                .arguments()
                .contains("-XX:SharedArchiveFile=" + home.resolve(first.get(0))));
        assertEquals(1, archives().size());
        assertFalse(archives().contains(first.get(0)));

        Path other = java("other java", "JAVA_VERSION=\"21\"");
        Files.writeString(other.resolve("bin/java"), "# longer\n", java.nio.file.StandardOpenOption.APPEND);
        run(Map.of("JAVA_HOME", other.toString(), "ARCHIVES", "yes"), launcher, "stats");
        assertEquals(2, archives().size());
    }

    /** Java 24 and later tell of what the library for lz4 and zstd does; earlier ones do not know the option. */
    @ParameterizedTest(name = "Java {0}")
    @CsvSource({"17.0.15, false", "23, false", "24.0.1, true", "25, true", "101.0.1, true"})
    void quietsJavaOnMemoryAccess(String version, boolean isTold) throws Exception {
        javaHome = java("java", "JAVA_VERSION=\"" + version + "\"");
        for (String archives : List.of("", "yes", "yes")) {
            List<String> arguments = run(
                            Map.of("JAVA_HOME", javaHome.toString(), "ARCHIVES", archives),
                            home.resolve("bin/walker"),
                            "stats")
                    .arguments();
            assertEquals(isTold, arguments.contains("--sun-misc-unsafe-memory-access=allow"), arguments.toString());
            // The second time there is an archive, the first time the mark that there is none.
            if (archives.isEmpty()) {
                Files.delete(home.resolve(archives().get(0)));
            }
        }
        assertEquals(1, archives().size());
    }

    @Test
    void doesNotTryAgainWithAJavaThatCannotMakeArchives() throws Exception {
        assertFalse(run("stats").arguments().toString().contains("SharedArchiveFile"));
        List<String> archives = archives();
        assertEquals(1, archives.size());
        assertTrue(archives.get(0).endsWith("-0.jsa"));
        // What could make them now is not asked.
        run(Map.of("JAVA_HOME", javaHome.toString(), "ARCHIVES", "yes"), home.resolve("bin/walker"), "stats");
        assertEquals(archives, archives());
    }

    @Test
    void passesOverAnArchiveThatWasCut() throws Exception {
        Map<String, String> environment = Map.of("JAVA_HOME", javaHome.toString(), "ARCHIVES", "yes");
        run(environment, home.resolve("bin/walker"), "stats");
        Path archive = home.resolve(archives().get(0));
        Files.writeString(archive, "an arc");
        assertTrue(run(environment, home.resolve("bin/walker"), "run").arguments().stream()
                .noneMatch(option -> option.contains("SharedArchiveFile")));
        run(environment, home.resolve("bin/walker"), "stats");
        assertEquals("an archive\n", Files.readString(archive));
    }
}
