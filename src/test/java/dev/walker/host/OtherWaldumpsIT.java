package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.testing.DescribedWorkload;
import dev.walker.testing.Installation;
import dev.walker.testing.TestServer;
import dev.walker.testing.Waldumps;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Text compared with that of the pg_waldump of other majors than 15, as far as {@link Waldumps} finds them. */
@Tag("server")
class OtherWaldumpsIT {
    @TempDir
    private Path directory;

    static Stream<Integer> majors() {
        return Installation.versions().stream()
                .map(version -> Integer.parseInt(version.substring(0, version.indexOf('.'))))
                .filter(major -> major != 15)
                .distinct();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("majors")
    void printsWhatPgWaldumpPrints(int major) throws Exception {
        Path program = Waldumps.byMajor().get(major);
        assumeTrue(
                program != null,
                () -> "there is no pg_waldump of " + major + " in /usr/lib/postgresql/" + major
                        + "/bin, nor in a directory of -Dwalker.waldump");
        try (TestServer server =
                DescribedWorkload.prepared(TestServer.major(major), major).start()) {
            server.execute("CHECKPOINT");
            String start = server.query("SELECT redo_lsn FROM pg_control_checkpoint()");
            new DescribedWorkload(server).run();
            server.stop();
            // pg_waldump does not follow timelines.
            String end = Files.readString(server.walDir().resolve("00000002.history"))
                    .strip()
                    .split("\t")[1];
            String wal = server.walDir().toString();
            for (String[] options : new String[][] {{}, {"--bkp-details"}, {"--stats=record"}}) {
                List<String> theirs = new ArrayList<>(List.of(program.toString(), "-p", wal, "-s", start, "-e", end));
                List<String> ours = new ArrayList<>(
                        List.of("dump", "--path", wal, "--start", start, "--end", end, "--timeline", "1"));
                theirs.addAll(List.of(options));
                ours.addAll(List.of(options));
                List<String> expected = run(theirs);
                List<String> found = Walker.lines(ours.toArray(new String[0]));
                if (!expected.get(0).startsWith(found.get(0).substring(0, 3))) {
                    // Up to 14 there is no line on top that says from where to where.
                    found = found.subList(found.size() - expected.size(), found.size());
                }
                for (int i = 0; i < Math.min(expected.size(), found.size()); i++) {
                    assertEquals(expected.get(i), found.get(i));
                }
                assertEquals(expected.size(), found.size());
                assertTrue(options.length > 0 || found.size() > 30_000, found.size() + " records");
            }
        }
    }

    private List<String> run(List<String> words) throws Exception {
        File out = directory.resolve("out").toFile();
        ProcessBuilder builder = new ProcessBuilder(words).redirectOutput(out);
        builder.environment().put("TZ", "UTC");
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), words + ": " + err);
        return Files.readAllLines(out.toPath(), StandardCharsets.UTF_8);
    }
}
