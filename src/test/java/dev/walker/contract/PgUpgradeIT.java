package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.walker.testing.Installation;
import dev.walker.testing.PlJava;
import dev.walker.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What docs/server-host.md tells to do around pg_upgrade, which takes a server to another of the same version, too. */
class PgUpgradeIT {
    static Stream<PlJava> installed() {
        return PlJava.installed().stream();
    }

    @ParameterizedTest(name = "{0}", allowZeroInvocations = true)
    @MethodSource("installed")
    void upgradedServerIsWalkedAnew(PlJava host, @TempDir Path dir) throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(host.binDir().resolve("pg_upgrade")), host.binDir() + " has no pg_upgrade");
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path copy = Files.createDirectory(dir.resolve("server"));
        Installation installation = host.copyTo(copy, WalkedServer.SERVER_JAR, WalkedServer.SQL);
        for (String program :
                new String[] {"pg_upgrade", "pg_dump", "pg_dumpall", "pg_restore", "pg_resetwal", "psql", "vacuumdb"}) {
            Files.copy(host.binDir().resolve(program), installation.binDir().resolve(program));
            installation.binDir().resolve(program).toFile().setExecutable(true, false);
        }
        // It works in the present directory, which has to be the server's user's.
        Path script = Files.writeString(
                installation.binDir().resolve("upgrade"),
                "#!/bin/sh\ncd \"$1\" && shift && exec \"${0%/*}/pg_upgrade\" \"$@\"\n");
        script.toFile().setExecutable(true, false);
        String[] settings = host.settings(copy).toArray(new String[0]);
        try (TestServer old = TestServer.of(installation)
                        .conf(settings)
                        .conf("autovacuum = off", "walker.plugins = 'heatmap, walstats'")
                        .start();
                // As initdb makes it, unless Java needs to be told that PL/Java may enforce its policy, or cannot.
                TestServer upgraded = TestServer.of(installation)
                        .conf("autovacuum = off")
                        .conf(Runtime.version().feature() < 18 ? new String[0] : settings)
                        .start()) {
            old.execute(
                    "CREATE EXTENSION pgstattuple",
                    "CREATE EXTENSION pageinspect",
                    "CREATE EXTENSION walker CASCADE",
                    "SELECT walker.install_jar()",
                    "SELECT walker.start()",
                    "CREATE TABLE t AS SELECT generate_series(1, 1000) id",
                    "DELETE FROM t WHERE id % 3 = 0",
                    "SELECT walker.wait_for()",
                    "SELECT walker.stop()");
            assertEquals("333", query(old, "SELECT dead_tuples FROM walker.garbage() WHERE relation = 't'::regclass"));
            old.stop();
            upgraded.stop();
            Path sockets = old.directory("upgrade");
            upgrade(old, upgraded, sockets);

            upgraded.configure(settings);
            upgraded.configure("walker.plugins = 'heatmap, walstats'");
            upgraded.start();
            assertEquals("0", query(upgraded, "SELECT count(*) FROM walker.garbage()"));
            upgraded.execute("SELECT walker.forget('local')", "SELECT walker.start()", "SELECT walker.baseline('t')");
            assertEquals("t", query(upgraded, "SELECT walker.wait_for_baseline('3 min')"));
            upgraded.execute("DELETE FROM t WHERE id % 5 = 0");
            assertEquals("t", query(upgraded, "SELECT walker.wait_for()"));
            assertEquals(
                    query(upgraded, "SELECT dead_tuple_count FROM pgstattuple('t')"),
                    query(upgraded, "SELECT dead_tuples FROM walker.garbage() WHERE relation = 't'::regclass"));
            assertEquals("local", query(upgraded, "SELECT string_agg(source, ', ') FROM walker.fleet()"));
        }
    }

    private static void upgrade(TestServer old, TestServer upgraded, Path sockets) {
        try {
            upgraded.run(
                    "upgrade",
                    sockets.toString(),
                    "-b",
                    old.binDir().toString(),
                    "-B",
                    upgraded.binDir().toString(),
                    "-d",
                    old.dataDir().toString(),
                    "-D",
                    upgraded.dataDir().toString(),
                    "-U",
                    "postgres",
                    "-p",
                    Integer.toString(old.port()),
                    "-P",
                    Integer.toString(upgraded.port()));
        } catch (IllegalStateException e) {
            throw new AssertionError(e.getMessage() + "\n" + old.endOfLog() + "\n" + upgraded.endOfLog(), e);
        }
    }

    private static String query(TestServer server, String sql) throws Exception {
        return server.query(sql);
    }
}
