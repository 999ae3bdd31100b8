package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.Installation;
import dev.walker.testing.PlJava;
import dev.walker.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code install.sh} of an unpacked distribution, with the database of an installed server. */
class InstallIT {
    private static final int FIRST_THAT_REFUSES_ALTER_SYSTEM = 17;

    @TempDir
    private Path dir;

    static Stream<PlJava> installed() {
        return PlJava.installed().stream();
    }

    /**
     * The settings are as after pg_upgradecluster, which brings them along from the server of before. Then the server takes
     * none from ALTER SYSTEM, where it knows that, and at last its Java is gone.
     */
    @ParameterizedTest(name = "{0}", allowZeroInvocations = true)
    @MethodSource("installed")
    void installsAndUninstalls(PlJava host) throws Exception {
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        Installation installation = host.copyTo(
                Files.createDirectory(dir.resolve("server")),
                WalkedServer.SERVER_JAR.toAbsolutePath(),
                WalkedServer.SQL.toAbsolutePath());
        try (TestServer server = TestServer.of(installation)
                .conf(
                        "autovacuum = off",
                        "wal_level = logical",
                        "pljava.vmoptions = '-Xmx300m -XX:SharedArchiveFile=/old/walker/walker.jsa -XX:+VerifySharedSpaces"
                                + " -Xlog:disable'",
                        "pljava.policy_urls = '\"file:${org.postgresql.sysconfdir}/pljava.policy\","
                                + "\"file:/old/walker/walker.policy\",\"=\"'")
                .start()) {
            String share = server.query("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'");
            Path pgConfig = dir.resolve("pg_config");
            Files.writeString(
                    pgConfig,
                    "#!/bin/sh\ncase $1 in\n--version) echo PostgreSQL " + installation.version()
                            + ";;\n--bindir) echo " + installation.binDir() + ";;\n--sharedir) echo " + share
                            + ";;\nesac\n");
            Files.setPosixFilePermissions(pgConfig, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path script = unpack(Files.createDirectory(dir.resolve("distribution")));

            server.execute("CREATE PUBLICATION everything FOR ALL TABLES");
            String[] java = {"--no-class-archive", "--java-home", System.getProperty("java.home")};
            String refusal = run(1, server, script, "install", java);
            assertTrue(refusal.contains("publication \"everything\" is for all tables"), refusal);
            server.execute("DROP PUBLICATION everything");
            run(server, script, "install", java);
            String options = server.query("SHOW pljava.vmoptions");
            assertTrue(options.startsWith("-Xmx300m --add-modules=jdk.unsupported"), options);
            assertFalse(options.contains("SharedArchiveFile"), options);
            assertEquals(
                    "\"file:${org.postgresql.sysconfdir}/pljava.policy\",\"file:" + share
                            + "/walker/walker.policy\",\"=\"",
                    server.query("SHOW pljava.policy_urls"));
            assertTrue(Integer.parseInt(server.query("SELECT walker.start()")) > 0);
            assertEquals("t", server.query("SELECT walker.wait_for()"));

            run(server, script, "uninstall");
            assertUninstalled(server, share);
            assertEquals("0", server.query("SELECT count(*) FROM sqlj.jar_repository"));

            boolean mayBeRefused = installation.major() >= FIRST_THAT_REFUSES_ALTER_SYSTEM;
            if (mayBeRefused) {
                server.configure("allow_alter_system = off");
                server.execute("SELECT pg_reload_conf()");
            }
            String output = run(server, script, "install", java);
            assertEquals(
                    mayBeRefused,
                    output.contains("  walker.plugins = 'heatmap'\n  belongs into postgresql.conf"),
                    output);
            server.execute("ALTER ROLE postgres SET pljava.libjvm_location = '/nowhere'");
            try (TestServer other =
                    TestServer.of(installation).conf("autovacuum = off").start()) {
                output = run(server, script, "uninstall");
                assertTrue(
                        output.contains("Files stay, since other servers run with them: " + other.dataDir()), output);
                assertTrue(Files.exists(Path.of(share, "walker/walker.policy")), output);
            }
            output = run(server, script, "uninstall");
            assertTrue(output.contains("jar \"walker\" stays in this database, since PL/Java does not run"), output);
            assertUninstalled(server, share);
        }
    }

    private static void assertUninstalled(TestServer server, String share) throws Exception {
        assertEquals("0", server.query("SELECT count(*) FROM pg_extension WHERE extname = 'walker'"));
        assertEquals("0", server.query("SELECT count(*) FROM pg_replication_slots"));
        assertFalse(Files.exists(Path.of(share, "walker")), share);
    }

    private Path unpack(Path tree) throws Exception {
        Files.createDirectories(tree.resolve("sql"));
        Files.createDirectories(tree.resolve("bin"));
        try (Stream<Path> files = Files.list(WalkedServer.SQL)) {
            for (Path file : files.toList()) {
                Files.copy(file, tree.resolve("sql").resolve(file.getFileName()));
            }
        }
        Files.copy(Path.of("bin/walker"), tree.resolve("bin/walker"));
        Files.copy(WalkedServer.SERVER_JAR, tree.resolve("walker-server.jar"));
        Files.copy(WalkedServer.SERVER_JAR.resolveSibling("walker.jar"), tree.resolve("walker.jar"));
        return Files.copy(Path.of("install.sh"), tree.resolve("install.sh"));
    }

    private String run(TestServer server, Path script, String command, String... options) throws Exception {
        return run(0, server, script, command, options);
    }

    private String run(int status, TestServer server, Path script, String command, String... options) throws Exception {
        List<String> words = new ArrayList<>(List.of("bash", script.toString(), command, "--no-packages"));
        words.addAll(List.of("--pg-config", dir.resolve("pg_config").toString()));
        words.addAll(List.of("--database", "postgres", "--host", "127.0.0.1", "--username", "postgres"));
        words.addAll(List.of("--port", Integer.toString(server.port())));
        words.addAll(List.of(options));
        if (command.equals("install") && Runtime.version().feature() >= 24) {
            words.add("--allow-unenforced");
        }
        Path log = dir.resolve(command + ".log");
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertTrue(process.waitFor(5, TimeUnit.MINUTES), () -> "install.sh " + command + " did not end: " + read(log));
        assertEquals(status, process.exitValue(), () -> read(log));
        return read(log);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }
}
