package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.JavaExample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A plugin that somebody else wrote, with docs/plugins.md beside. */
class ThirdPartyIT {
    private static final Path DOCS = Path.of("docs/plugins.md");

    static Stream<Hosts> inTheServer() {
        return Hosts.present().filter(host -> host == Hosts.SERVER);
    }

    private static void load(WalkedServer walked, Path jar) throws Exception {
        if (walked instanceof RemoteServer remote) {
            remote.options("--plugin-path", jar.getParent().toString());
        } else {
            walked.server().execute("SELECT walker.install_plugin('acme', 'file:" + jar + "')");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.walker.contract.Hosts#present")
    void pluginOfTheDocsChecksItsSettingAndKeepsItsState(Hosts host, @TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, JavaExample.of(DOCS).get(0));
        try (WalkedServer walked = host.start("walker.checkpoint_seconds = 'soon'")) {
            load(walked, jar);
            String said = "plugin \"checkpoints\": walker.checkpoint_seconds is \"soon\", wanted a number of seconds";
            assertTrue(Files.readString(DOCS).contains("ERROR:  " + said));
            String message = walked.startFailing("heatmap, checkpoints");
            assertTrue(message.contains(said), message);
            walked.configure("walker.checkpoint_seconds = '600'");
            walked.configure("walker.plugins = 'heatmap, checkpoints'");
            walked.start();
            walked.waitFor();
            long before = checkpoints(walked);
            walked.server().execute("CHECKPOINT", "CHECKPOINT");
            walked.waitFor();
            long then = checkpoints(walked);
            assertTrue(then >= before + 2, before + ", then " + then);
            walked.stop();
            walked.start();
            walked.server().execute("CHECKPOINT");
            walked.waitFor();
            assertTrue(checkpoints(walked) >= then + 1);
            assertEquals(
                    "t",
                    walked.server()
                            .query("SELECT last_at BETWEEN now() - interval '1 hour' AND now() + interval '1 min'"
                                    + " FROM walker.example_checkpoints"));
            assertEquals(
                    "active", walked.server().query("SELECT state FROM walker.plugins() WHERE name = 'checkpoints'"));
        }
    }

    private static long checkpoints(WalkedServer walked) throws Exception {
        return Long.parseLong(
                walked.server().query("SELECT coalesce(max(checkpoints), 0) FROM walker.example_checkpoints"));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("inTheServer")
    void replacedJarIsToldAsSuchUntilTheWalkerIsStartedAgain(Hosts host, @TempDir Path dir) throws Exception {
        // With a setting of a prefix of its own.
        JavaExample docs = JavaExample.of(DOCS).get(0);
        Path jar = PluginJar.of(
                dir, new JavaExample(docs.name(), docs.code().replace("walker.checkpoint", "example.checkpoint")));
        try (WalkedServer walked =
                host.start("walker.plugins = 'heatmap, checkpoints'", "example.checkpoint_seconds = '30'")) {
            load(walked, jar);
            walked.start();
            walked.waitFor();
            load(walked, jar);
            String shown = "SELECT concat_ws(' ', value, pending, meaning) FROM walker.settings()"
                    + " WHERE name = 'example.checkpoint_seconds'";
            assertEquals("30 f of a plugin", walked.server().query(shown));
            assertEquals("f", walked.server().query("SELECT walker.reload()"));
            walked.configure("example.checkpoint_seconds = '60'");
            assertEquals("60 t of a plugin", walked.server().query(shown));
            assertEquals("t", walked.server().query("SELECT walker.reload()"));
            String failed = "SELECT last_error FROM walker.plugins() WHERE state = 'failed'";
            long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (walked.server()
                    .query("SELECT count(*) FROM (" + failed + ") f")
                    .equals("0")) {
                assertTrue(System.nanoTime() < giveUp, walked.server()::endOfLog);
                Thread.sleep(50);
            }
            String error = walked.server().query(failed);
            assertTrue(error.contains("\"checkpoints\", which is not known; known: "), error);
            assertTrue(error.contains("a jar was replaced or removed since the walker began: walker.stop()"), error);
            walked.stop();
            walked.start();
            assertEquals("0", walked.server().query("SELECT count(*) FROM walker.plugins() WHERE state <> 'active'"));
        }
    }

    /** What pg_dump saves of PL/Java has the jars, but not how far their numbers are. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("inTheServer")
    void jarsAreLoadedInADatabaseThatPgDumpHasMade(Hosts host, @TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, JavaExample.of(DOCS).get(0));
        try (WalkedServer walked = host.start()) {
            load(walked, jar);
            walked.server()
                    .execute(
                            "ALTER SEQUENCE sqlj.jar_repository_jarid_seq RESTART",
                            "ALTER SEQUENCE sqlj.jar_entry_entryid_seq RESTART",
                            "SELECT walker.install_plugin('another', 'file:" + jar + "')",
                            "ALTER SEQUENCE sqlj.jar_entry_entryid_seq RESTART",
                            "SELECT walker.install_jar()",
                            "SELECT walker.install_jar()");
            assertEquals("walker:acme:another", walked.server().query("SELECT sqlj.get_classpath('walker')"));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("inTheServer")
    void tableOfAnotherVersionOfThePluginIsToldWithWhatHelps(Hosts host, @TempDir Path dir) throws Exception {
        Path jar = PluginJar.of(dir, JavaExample.of(DOCS).get(0));
        try (WalkedServer walked = host.start("walker.plugins = 'heatmap, checkpoints'")) {
            load(walked, jar);
            walked.start();
            walked.waitFor();
            walked.stop();
            // As after an older version.
            walked.server().execute("ALTER TABLE walker.example_checkpoints DROP COLUMN last_at");
            String message = walked.startFailing("heatmap, checkpoints");
            assertTrue(message.contains(
                    "table walker.example_checkpoints has the columns (source_id integer, kind text,"));
            assertTrue(message.contains("or ALTER TABLE walker.example_checkpoints RENAME TO ..."), message);
            walked.server()
                    .execute(
                            "ALTER EXTENSION walker DROP TABLE walker.example_checkpoints",
                            "DROP TABLE walker.example_checkpoints");
            walked.start();
            assertEquals("0", walked.server().query("SELECT count(*) FROM walker.plugins() WHERE state <> 'active'"));
            walked.stop();
            walked.server().execute("DROP EXTENSION walker");
            assertEquals("0", walked.server().query("SELECT count(*) FROM pg_namespace WHERE nspname = 'walker'"));
        }
    }
}
