package dev.walker.project;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code install.sh} decides. It runs as an unpacked distribution, on a PATH that holds a few tools of the system
 * and otherwise programs of the test: a server, a Java and a package manager that are only told of. Every run that might
 * get as far as writing files names the server of the test, so that none of the machine's own is touched.
 */
class InstallScriptTest {
    private static final List<String> TOOLS = List.of(
            "bash", "cat", "chmod", "cmp", "cp", "cut", "dirname", "env", "find", "head", "install", "ln", "mkdir",
            "mktemp", "mv", "rm", "rmdir", "sed", "sort", "tail", "tee", "touch", "tr", "true", "uname");

    @TempDir
    private Path dir;

    private Path tree;
    private Path programs;
    private Path share;
    private Path log;

    @BeforeEach
    void makeMachine() throws IOException {
        tree = Files.createDirectories(dir.resolve("walker-1.0"));
        programs = Files.createDirectories(dir.resolve("bin"));
        share = dir.resolve("server/share");
        log = dir.resolve("calls.log");
        Files.createFile(log);
        Files.copy(Path.of("install.sh"), tree.resolve("install.sh"));
        Files.createDirectories(tree.resolve("sql"));
        try (Stream<Path> files = Files.list(Path.of("sql"))) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, tree.resolve("sql").resolve(file.getFileName()));
            }
        }
        Files.createDirectories(tree.resolve("bin"));
        Files.copy(Path.of("bin/walker"), tree.resolve("bin/walker"), StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(tree.resolve("walker.jar"), "the program\n");
        Files.writeString(tree.resolve("walker-server.jar"), "the jar\n");
        for (String tool : TOOLS) {
            Files.createSymbolicLink(programs.resolve(tool), tool(tool));
        }
        program("id", "case $1 in -u) echo 0 ;; -un) echo root ;; *) exit 1 ;; esac");
        server("15.20", "pljava", "pg_walinspect", "dblink");
        java("java-17", 17);
    }

    private static Path tool(String name) {
        for (String place : List.of("/usr/bin", "/bin")) {
            Path file = Path.of(place, name);
            if (Files.isExecutable(file)) {
                return file;
            }
        }
        throw new IllegalStateException("install.sh needs " + name + ", which this machine does not have");
    }

    private void program(String name, String script) throws IOException {
        executable(programs.resolve(name), script);
    }

    private static void executable(Path file, String script) throws IOException {
        Files.createDirectories(file.getParent());
        Files.deleteIfExists(file);
        Files.writeString(file, "#!" + tool("bash") + "\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void server(String version, String... extensions) throws IOException {
        Path bin = dir.resolve("server/bin");
        executable(bin.resolve("postgres"), "exit 1");
        executable(
                bin.resolve("pg_config"),
                "case $1 in --version) echo 'PostgreSQL " + version + "' ;; --bindir) echo " + bin
                        + " ;; --sharedir) echo " + share + " ;; *) exit 1 ;; esac");
        Files.createDirectories(share.resolve("extension"));
        for (String extension : extensions) {
            Files.writeString(share.resolve("extension/" + extension + ".control"), "");
        }
    }

    private Path java(String name, int release) throws IOException {
        Path home = dir.resolve(name);
        executable(
                home.resolve("bin/java"),
                "printf '    java.home = %s\\n    java.specification.version = %s\\n' " + home + " "
                        + (release == 8 ? "1.8" : release) + " >&2");
        Files.createDirectories(home.resolve("lib/server"));
        Files.writeString(home.resolve("lib/server/libjvm.so"), "");
        return home;
    }

    /** A package manager that offers one package, which brings one extension. */
    private void packageManager(String name, String offered, String extension) throws IOException {
        String record = "echo \"" + name + " $*\" >>" + log + "\n";
        String install = "touch " + share.resolve("extension/" + extension + ".control");
        if (name.equals("apt-get")) {
            program("apt-cache", "[[ $2 != " + offered + " ]] || echo \"$2 | 1.6 | main\"");
            program("apt-get", record + "[[ \"$*\" != *install*" + offered + "* ]] || " + install);
        } else {
            program(
                    "dnf",
                    record + "case \"$*\" in *list*) [[ $* == *" + offered + " ]] ;; *install*" + offered + ") "
                            + install + " ;; *) exit 1 ;; esac");
        }
    }

    /** A psql that keeps what it is given; the server it talks to says that its files are in this directory. */
    private void psql(Path serverShare, String... databasesWithWalker) throws IOException {
        program(
                "psql",
                "echo \"psql $*\" >>" + log + "\nsql=$(cat)\necho \"$sql\" >>" + log + "\ncase $sql in\n"
                        + "*SHAREDIR*) echo " + serverShare + " ;;\n"
                        + "*'datname <>'*) printf '%s\\n' "
                        + Arrays.stream(databasesWithWalker)
                                .map(name -> "'" + name.replace("'", "'\\''") + "'")
                                .collect(Collectors.joining(" "))
                        + " ;;\n"
                        + "*'SELECT pg_catalog.current_database() FROM'*) [[ $* =~ -d\\ dbname=\\'([a-z]+) ]] && echo"
                        + " ${BASH_REMATCH[1]} ;;\nesac\n[[ $* != *\"-d dbname='locked'\"* ]]");
    }

    private record Outcome(int status, String output) {}

    private Outcome run(String... arguments) throws IOException, InterruptedException {
        return run(Map.of(), arguments);
    }

    private Outcome run(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        List<String> words =
                new ArrayList<>(List.of("bash", tree.resolve("install.sh").toString()));
        words.addAll(Arrays.asList(arguments));
        Path output = dir.resolve("output.txt");
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile());
        builder.command().set(0, tool("bash").toString());
        builder.environment().clear();
        builder.environment().put("PATH", programs.toString());
        builder.environment().put("HOME", dir.toString());
        builder.environment()
                .put("PG_CONFIG", dir.resolve("server/bin/pg_config").toString());
        builder.environment().put("JAVA_HOME", dir.resolve("java-17").toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("install.sh did not end:\n" + Files.readString(output));
        }
        return new Outcome(process.exitValue(), Files.readString(output));
    }

    private Outcome succeed(String... arguments) throws IOException, InterruptedException {
        Outcome outcome = run(arguments);
        assertEquals(0, outcome.status, outcome.output);
        return outcome;
    }

    private String fail(String... arguments) throws IOException, InterruptedException {
        Outcome outcome = run(arguments);
        assertEquals(1, outcome.status, outcome.output);
        return outcome.output;
    }

    private static void assertSays(String wanted, String output) {
        assertTrue(output.contains(wanted), "wanted \"" + wanted + "\" in:\n" + output);
    }

    private Set<String> installed() throws IOException {
        Set<String> found = new TreeSet<>();
        try (Stream<Path> files = Files.walk(dir.resolve("server/share"))) {
            files.map(file -> share.relativize(file).toString())
                    .filter(name -> name.contains("walker"))
                    .forEach(found::add);
        }
        return found;
    }

    private void assertNothingInstalled() throws IOException {
        assertEquals(Set.of(), installed());
    }

    @Test
    void putsFilesWhereTheServerLooksForThem() throws Exception {
        String output = succeed().output;
        assertEquals(
                Set.of(
                        "walker",
                        "walker/walker.jar",
                        "walker/walker.policy",
                        "walker/program",
                        "walker/program/walker",
                        "walker/program/walker.jar",
                        "extension/walker.control",
                        "extension/walker--1.0.sql",
                        "extension/walker--1.0--1.1.sql",
                        "extension/walker--1.1.sql"),
                installed());
        assertEquals("the jar\n", Files.readString(share.resolve("walker/walker.jar")));
        assertEquals("the program\n", Files.readString(share.resolve("walker/program/walker.jar")));
        assertEquals(share.resolve("walker/program/walker"), Files.readSymbolicLink(dir.resolve("server/bin/walker")));
        assertEquals(-1, Files.mismatch(Path.of("sql/walker--1.1.sql"), share.resolve("extension/walker--1.1.sql")));
        assertSays(dir + "/java-17/lib/server/libjvm.so", output);
        assertSays("SELECT walker.start();", output);
    }

    @Test
    void secondRunFindsEverythingUpToDateAndReplacesWhatIsNot() throws Exception {
        succeed();
        Files.writeString(share.resolve("extension/walker.control"), "old\n");
        String output = succeed().output;
        assertSays("walker.jar is up to date", output);
        assertFalse(output.contains("walker.control is up to date"), output);
        assertEquals(-1, Files.mismatch(Path.of("sql/walker.control"), share.resolve("extension/walker.control")));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"14.20", "19devel", "9.6.24"})
    void refusesMajorsThatItDoesNotKnow(String version) throws Exception {
        server(version, "pljava");
        String output = fail();
        assertSays("is that of PostgreSQL " + version + "; WALker runs with PostgreSQL 15 to 18", output);
        assertNothingInstalled();
    }

    @Test
    void refusesPgConfigWithoutServer() throws Exception {
        Files.delete(dir.resolve("server/bin/postgres"));
        assertSays("belongs to no server", fail());
        assertNothingInstalled();
    }

    @Test
    void refusesPgConfigThatIsNotThere() throws Exception {
        assertSays("there is no program /nowhere/pg_config", fail("--pg-config", "/nowhere/pg_config"));
        assertNothingInstalled();
    }

    @Test
    void writesToNoServerThatWasNotNamed() throws Exception {
        // Java 11, so that nothing would be written even if a server of the machine were taken.
        Path home = java("java-11", 11);
        Outcome outcome = run(Map.of("PG_CONFIG", ""), "--no-packages", "--java-home", home.toString());
        assertEquals(1, outcome.status, outcome.output);
        assertSays("there is no pg_config on the PATH", outcome.output);
    }

    @Test
    void getsPlJavaThroughAptGet() throws Exception {
        Files.delete(share.resolve("extension/pljava.control"));
        packageManager("apt-get", "postgresql-15-pljava", "pljava");
        succeed();
        assertSays("install postgresql-15-pljava", Files.readString(log));
        assertTrue(installed().contains("walker/walker.jar"));
    }

    @Test
    void getsPlJavaThroughDnf() throws Exception {
        server("17.5");
        Files.delete(share.resolve("extension/pljava.control"));
        packageManager("dnf", "pljava_17", "pljava");
        succeed();
        assertSays("install pljava_17", Files.readString(log));
    }

    @Test
    void saysWhatIsMissingWherePlJavaIsNotOffered() throws Exception {
        Files.delete(share.resolve("extension/pljava.control"));
        packageManager("apt-get", "something-else", "something");
        String output = fail();
        assertSays("apt-get offers no postgresql-15-pljava or pljava_15", output);
        assertSays("The remote host needs none of it", output);
        assertSays("apt-get -qq update", Files.readString(log));
        assertNothingInstalled();
    }

    @Test
    void callsNoPackageManagerIfToldSo() throws Exception {
        Files.delete(share.resolve("extension/pljava.control"));
        packageManager("apt-get", "postgresql-15-pljava", "pljava");
        assertSays("--no-packages", fail("--no-packages"));
        assertEquals("", Files.readString(log));
        assertNothingInstalled();
    }

    @Test
    void installsNoPackageWithoutTheRightTo() throws Exception {
        Files.delete(share.resolve("extension/pljava.control"));
        packageManager("apt-get", "postgresql-15-pljava", "pljava");
        program("id", "case $1 in -u) echo 1000 ;; *) echo somebody ;; esac");
        assertSays("takes root or sudo", fail());
        assertEquals("", Files.readString(log));
    }

    @Test
    void saysWhichContribExtensionIsMissing() throws Exception {
        Files.delete(share.resolve("extension/dblink.control"));
        assertSays("extension dblink is missing", fail());
        assertNothingInstalled();
    }

    @Test
    void allowsTheSecurityManagerFromJava18On() throws Exception {
        String old = succeed().output;
        assertSays(
                "pljava.vmoptions = '--add-modules=jdk.unsupported -Xmx512m -XX:+UseSerialGC -XX:-UsePerfData -XX:Tier4",
                old);
        assertSays(LAST_OPTION + "'", old);
        String output = succeed("--java-home", java("java-21", 21).toString()).output;
        assertSays(LAST_OPTION + " -Djava.security.manager=allow'", output);
        assertSays("java-21/lib/server/libjvm.so", output);
    }

    @ParameterizedTest(name = "Java {0}")
    @ValueSource(ints = {8, 11, 24, 25})
    void refusesJavaThatPlJavaCannotUse(int release) throws Exception {
        String output = fail("--java-home", java("other", release).toString());
        assertSays("PL/Java needs a Java from 17 to 23", output);
        assertSays("(Java " + release + ")", output);
        assertNothingInstalled();
    }

    @Test
    void takesJavaWithoutPolicyIfAskedFor() throws Exception {
        String refused = fail("--java-home", java("java-25", 25).toString());
        assertSays("--allow-unenforced takes one of them", refused);
        String output = succeed("--java-home", dir.resolve("java-25").toString(), "--allow-unenforced").output;
        assertSays(
                LAST_OPTION + " -Djava.security.manager=disallow --sun-misc-unsafe-memory-access=allow"
                        + " --illegal-native-access=deny'",
                output);
        assertSays("  SET pljava.allow_unenforced = 'walker_java';\n  CREATE EXTENSION", output);
        assertSays("  pljava.allow_unenforced = 'walker_java'\n  walker.plugins", output);
    }

    @Test
    void keepsThePolicyWhereThereCanBeOne() throws Exception {
        String output = succeed("--allow-unenforced").output;
        assertSays("java-17/lib/server/libjvm.so", output);
        assertSays(LAST_OPTION + "'", output);
        assertFalse(output.contains("unenforced"), output);
    }

    @Test
    void setsUpTheDatabaseForJavaWithoutPolicy() throws Exception {
        psql(share);
        succeed("--database", "shop", "--java-home", java("java-25", 25).toString(), "--allow-unenforced");
        assertSays("unenforced=walker_java", Files.readString(log));
        program(
                "psql",
                "case $(cat) in *SHAREDIR*) echo " + share + " ;; *string_agg*manager=allow*)"
                        + " echo \"pljava.libjvm_location = '/other'\" ;; *) exit 1 ;; esac");
        String output =
                fail("--database", "shop", "--java-home", dir.resolve("java-25").toString(), "--allow-unenforced");
        assertSays("the server has pljava.libjvm_location = '/other', which is not for " + dir + "/java-25", output);
        assertSays("ALTER SYSTEM RESET", output);
    }

    @Test
    void installsNoJavaBesideTheOneThatWasNamed() throws Exception {
        packageManager("apt-get", "openjdk-17-jre-headless", "nothing");
        assertSays(
                "PL/Java needs a Java from 17 to 23",
                fail("--java-home", java("other", 25).toString()));
        assertEquals("", Files.readString(log));
        assertNothingInstalled();
    }

    @Test
    void isFoundThroughLinks() throws Exception {
        Files.createSymbolicLink(programs.resolve("readlink"), tool("readlink"));
        Path real = Files.move(tree, dir.resolve("elsewhere"));
        Files.createDirectory(tree);
        Files.createSymbolicLink(tree.resolve("install.sh"), real.resolve("install.sh"));
        succeed("--no-class-archive");
        assertTrue(installed().contains("walker/walker.jar"), installed().toString());
    }

    @Test
    void passesOverJavaThatIsTooNewIfThereIsAnother() throws Exception {
        executable(programs.resolve("java"), "exec " + dir.resolve("java-17/bin/java") + " \"$@\"");
        Outcome outcome = run(Map.of("JAVA_HOME", java("java-25", 25).toString()));
        assertEquals(0, outcome.status, outcome.output);
        assertSays("java-17/lib/server/libjvm.so", outcome.output);
    }

    @Test
    void refusesJavaWithoutLibrary() throws Exception {
        Files.delete(dir.resolve("java-17/lib/server/libjvm.so"));
        assertSays(
                "with a libjvm.so", fail("--java-home", dir.resolve("java-17").toString()));
        assertNothingInstalled();
    }

    /**
     * A server that can be made and started, and a psql that keeps what it is given and has Java write an archive.
     *
     * @param onTrial what psql does when Java is started with the archive
     */
    private void serverForTheArchive(String onTrial) throws IOException {
        Path bin = dir.resolve("server/bin");
        program("runuser", "shift 3; \"$@\"");
        program("chown", "exit 0");
        executable(bin.resolve("initdb"), "echo initdb >>" + log + "; mkdir -p $2");
        executable(bin.resolve("pg_ctl"), "echo \"pg_ctl $*\" >>" + log);
        executable(
                bin.resolve("psql"),
                "echo \"psql $*\" >>" + log
                        + "; all=$*; case $all in *ArchiveClassesAtExit=*) x=${all#*ArchiveClassesAtExit=}; echo classes >${x%%\\'*} ;;\n"
                        + "*-Xshare:on*) " + onTrial + " ;; *SHAREDIR*) echo " + share
                        + " ;; esac\n[[ $* == *-c* ]] || cat >>"
                        + log);
    }

    /** What the options of Java end with that are set in any case. */
    private static final String LAST_OPTION = "-XX:CompileCommand=dontinline,dev.walker.heatmap.HeatmapPlugin::walk*";

    private static final String OPTIONS = " -XX:+VerifySharedSpaces -Xlog:disable";

    @Test
    void archiveOfClassesIsMadeAndTriedInAServerOfItsOwn() throws Exception {
        serverForTheArchive("exit 0");
        String output = succeed().output;
        Path archive = share.resolve("walker/walker.jsa");
        assertEquals("classes\n", Files.readString(archive));
        assertSays(LAST_OPTION + " -XX:SharedArchiveFile=" + archive + OPTIONS + "'", output);
        String calls = Files.readString(log);
        int made = calls.indexOf("ArchiveClassesAtExit=");
        int stopped = calls.indexOf("-m smart", made);
        int tried = calls.indexOf("-XX:SharedArchiveFile=" + archive + OPTIONS + " -Xshare:on", stopped);
        int ended = calls.indexOf("-m immediate", tried);
        assertTrue(made >= 0 && made < stopped && stopped < tried && tried < ended, calls);
        for (String call : calls.split("\n")) {
            assertFalse(call.startsWith("psql") && !call.contains("-h /tmp/walker-archive."), call);
        }
        succeed("uninstall");
        assertNothingInstalled();
    }

    @Test
    void archiveWithWhichJavaDoesNotStartIsTakenAway() throws Exception {
        serverForTheArchive("echo 'psql: FATAL:  Java VM requested abort' >&2; exit 2");
        String output = succeed().output;
        assertSays("Java does not start with it: psql: FATAL:  Java VM requested abort", output);
        assertSays(LAST_OPTION + "'", output);
        assertFalse(installed().contains("walker/walker.jsa"), output);
        assertTrue(Files.readString(log).contains("-m immediate"), "the server was left running");
    }

    @Test
    void serverThatCannotBeMadeLeavesJavaWithoutArchive() throws Exception {
        serverForTheArchive("exit 0");
        executable(dir.resolve("server/bin/initdb"), "echo 'initdb: error: no space left' >&2; exit 1");
        String output = succeed().output;
        assertSays("no archive of Java's classes was made: initdb failed: initdb: error: no space left", output);
        assertSays(LAST_OPTION + "'", output);
    }

    @Test
    void archiveIsLeftOutAndTakenAwayIfToldSo() throws Exception {
        serverForTheArchive("exit 0");
        succeed();
        assertTrue(installed().contains("walker/walker.jsa"));
        Files.writeString(log, "");
        assertSays(LAST_OPTION + "'", succeed("--no-class-archive").output);
        assertFalse(installed().contains("walker/walker.jsa"));
        assertEquals("", Files.readString(log));
    }

    @Test
    void setsUpTheDatabase() throws Exception {
        psql(share);
        String output =
                succeed("--database", "shop", "--host", "/run/sock", "--port", "5433", "--username", "boss").output;
        String calls = Files.readString(log);
        assertSays("-d shop -h /run/sock -p 5433 -U boss", calls);
        assertSays("libjvm=" + dir + "/java-17/lib/server/libjvm.so", calls);
        assertSays("file:" + share + "/walker/walker.policy", calls);
        assertSays("CREATE EXTENSION IF NOT EXISTS walker CASCADE", calls);
        assertSays("SELECT walker.install_jar()", calls);
        assertSays("Next, in database \"shop\"", output);
        assertTrue(installed().contains("walker/walker.jar"));
    }

    @Test
    void refusesDatabaseOfAnotherServer() throws Exception {
        Path other = Files.createDirectories(dir.resolve("other/share"));
        psql(other);
        String output = fail("--database", "shop");
        assertSays("belongs to a server with its files in " + other, output);
        assertFalse(Files.readString(log).contains("CREATE EXTENSION"));
        assertNothingInstalled();
    }

    @Test
    void refusesDatabaseThatCannotBeReached() throws Exception {
        program("psql", "echo 'psql: error: no such host' >&2; exit 2");
        String output = fail("--database", "shop");
        assertSays("psql: error: no such host", output);
        assertSays("cannot work as superuser in database \"shop\"", output);
        assertNothingInstalled();
    }

    @Test
    void failureInTheDatabaseIsFailureOfAll() throws Exception {
        program("psql", "sql=$(cat); [[ $sql == *SHAREDIR* ]] && echo " + share + " && exit; exit 3");
        assertSays("database \"shop\" is not set up", fail("--database", "shop"));
    }

    @Test
    void uninstallRemovesWhatInstallBrought() throws Exception {
        succeed();
        String output = succeed("uninstall").output;
        assertNothingInstalled();
        assertFalse(Files.isSymbolicLink(dir.resolve("server/bin/walker")));
        assertTrue(Files.exists(share.resolve("extension/pljava.control")));
        assertSays("uninstall --database NAME", output);
        assertSays("there were none", succeed("uninstall").output);
    }

    @Test
    void leavesAnotherProgramOfTheSameName() throws Exception {
        Path other = dir.resolve("server/bin/walker");
        executable(other, "echo other");
        assertSays(other + " is another program and stays", succeed().output);
        succeed("uninstall");
        assertTrue(Files.isRegularFile(other));
        assertNothingInstalled();
    }

    @Test
    void uninstallLeavesFilesOfOthers() throws Exception {
        succeed();
        Files.writeString(share.resolve("walker/my-plugin.jar"), "");
        assertSays("has other files and stays", succeed("uninstall").output);
        assertEquals(Set.of("walker", "walker/my-plugin.jar"), installed());
    }

    @Test
    void uninstallCleansTheDatabaseFirst() throws Exception {
        succeed();
        psql(share);
        succeed("uninstall", "--database", "shop");
        String calls = Files.readString(log);
        int stop = calls.indexOf("SELECT walker.stop()");
        int job = calls.indexOf("walker.disable_autostart()");
        assertTrue(stop < job && job < calls.indexOf("DROP EXTENSION walker"), calls);
        int drop = calls.indexOf("DROP EXTENSION walker");
        int slot = calls.indexOf("pg_drop_replication_slot");
        assertTrue(stop >= 0 && stop < drop && drop < slot, calls);
        assertSays("ALTER SYSTEM RESET walker.plugins", calls);
        assertFalse(calls.contains("DROP EXTENSION pljava"), calls);
        assertNothingInstalled();
    }

    @Test
    void uninstallKeepsFilesAndSlotForOtherDatabases() throws Exception {
        succeed();
        Set<String> before = installed();
        psql(share, "stock");
        String output = succeed("uninstall", "--database", "shop").output;
        assertSays("there are other databases with the extension: stock", output);
        assertFalse(Files.readString(log).contains("pg_drop_replication_slot"));
        assertEquals(before, installed());
    }

    @Test
    void namesOfDatabasesAreNoConnectionStrings() throws Exception {
        succeed();
        psql(share, "host=elsewhere it's \\");
        String output = succeed("uninstall", "--database", "shop").output;
        assertSays("there are other databases with the extension: host", output);
        assertSays("-d dbname='host=elsewhere it\\'s \\\\'", Files.readString(log));
    }

    @Test
    void uninstallKeepsFilesForDatabasesThatItCannotEnter() throws Exception {
        succeed();
        Set<String> before = installed();
        psql(share, "locked", "other");
        String output = succeed("uninstall", "--database", "shop").output;
        assertSays("locked (which cannot be entered, see above)", output);
        assertEquals(before, installed());
    }

    @Test
    void sourceTreeBuildsTheJarOnce() throws Exception {
        Files.delete(tree.resolve("walker.jar"));
        Files.writeString(tree.resolve("pom.xml"), "<project/>");
        Files.createDirectories(tree.resolve("src/main"));
        executable(dir.resolve("java-17/bin/javac"), "exit 0");
        program(
                "mvn",
                "echo \"mvn $* with $JAVA_HOME\" >>" + log
                        + "; mkdir -p target; echo program >target/walker.jar; echo built >target/walker-server.jar");
        succeed();
        assertSays("package with " + dir.resolve("java-17"), Files.readString(log));
        assertEquals("built\n", Files.readString(share.resolve("walker/walker.jar")));
        String calls = Files.readString(log);
        succeed();
        assertEquals(calls, Files.readString(log));
    }

    @Test
    void failedBuildInstallsNothing() throws Exception {
        Files.writeString(tree.resolve("pom.xml"), "<project/>");
        Files.createDirectories(tree.resolve("src/main"));
        executable(dir.resolve("java-17/bin/javac"), "exit 0");
        program("mvn", "echo '[ERROR] COMPILATION ERROR'; exit 1");
        String output = fail();
        assertSays("COMPILATION ERROR", output);
        assertSays("the build failed", output);
        assertNothingInstalled();
    }

    @ParameterizedTest
    @ValueSource(strings = {"walker.jar", "walker-server.jar", "bin/walker"})
    void incompleteDistributionIsRefused(String jar) throws Exception {
        Files.delete(tree.resolve(jar));
        assertSays(jar + " is missing", fail());
        assertNothingInstalled();
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "--nonsense",
                "reinstall",
                "install uninstall",
                "--database",
                "--database=",
                "--host x",
                "--java-home /nowhere",
                "--keep",
                "uninstall --remote",
                "uninstall --java-home /usr",
                "uninstall --no-class-archive",
                "demo --database x",
            })
    void wrongUsageIsToldAndDoesNothing(String arguments) throws Exception {
        Outcome outcome = run(arguments.split(" "));
        assertEquals(2, outcome.status, outcome.output);
        assertSays("see --help", outcome.output);
        assertNothingInstalled();
        assertEquals("", Files.readString(log));
    }

    @Test
    void helpNamesEveryOption() throws Exception {
        String help = succeed("--help").output;
        for (String option : List.of(
                "--pg-config",
                "--java-home",
                "--database",
                "--host",
                "--port",
                "--username",
                "--no-packages",
                "--no-class-archive",
                "--keep",
                "--remote")) {
            assertSays(option, help);
        }
        assertNothingInstalled();
    }

    @Test
    void demoRefusesServerThatWasNamedAndCannotBeUsed() throws Exception {
        server("14.1");
        assertSays("WALker runs with PostgreSQL 15 to 18", fail("demo"));
        assertNothingInstalled();
    }

    /** The demo compiles this program on the user's machine, where there is no psql. */
    @Test
    void programThatStandsInForPsqlCompiles() throws Exception {
        String script = Files.readString(Path.of("install.sh"));
        int start = script.indexOf("import java.nio.charset", script.indexOf("sql_program() {"));
        String source = script.substring(start, script.indexOf("\nEND\n", start) + 1);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        JavaFileObject file = new SimpleJavaFileObject(URI.create("string:///Sql.java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return source;
            }
        };
        StringBuilder errors = new StringBuilder();
        boolean compiled = compiler.getTask(
                        null,
                        null,
                        problem -> errors.append(problem).append('\n'),
                        List.of("-d", dir.toString(), "-Xlint:all", "-Werror", "--release", "17"),
                        null,
                        List.of(file))
                .call();
        assertTrue(compiled, errors.toString());
    }
}
