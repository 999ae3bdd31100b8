package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.testing.TestServer;
import dev.walker.testing.WalWorkload;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalSegmentName;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Text and sums compared with an installed pg_waldump, over a workload that reaches every resource manager. */
@Tag("server")
class WaldumpIT {
    private static final int SEGMENT = 1 << 20;

    @TempDir
    private Path directory;

    private TestServer server;
    private String wal;
    private String start;
    private String end;

    @Test
    void printsWhatPgWaldumpPrints() throws Exception {
        Optional<TestServer.Builder> builder = TestServer.installed(Path.of("/usr/lib/postgresql/15/bin/pg_config"));
        assumeTrue(builder.isPresent(), "PostgreSQL 15 is not installed here");
        try (TestServer running =
                builder.get().conf(WalWorkload.CONF).initdb("--wal-segsize=1").start()) {
            server = running;
            wal = server.walDir().toString();
            long from = Lsn.parse(server.query("SELECT redo_lsn FROM pg_control_checkpoint()"));
            start = Lsn.format(from);
            new WalWorkload(server).run();
            server.execute("SELECT pg_switch_wal()", "CHECKPOINT");
            end = server.query("SELECT pg_current_wal_flush_lsn()");
            String relation = server.query("SELECT pg_relation_filepath('few')").replace("base", "1663");
            server.stop();

            List<String> all = compare();
            assertTrue(all.size() > 100_000, all.size() + " records");
            compare("--bkp-details");
            compare("--rmgr=Btree", "--rmgr=Transaction");
            compare("--fullpage");
            compare("--limit=7", "--rmgr=Heap2");
            compare("--fork=vm");
            compare("--relation=" + relation);
            compare("--relation=" + relation, "--block=1");
            compare("--xid=" + all.get(all.size() / 2).replaceFirst(".*tx: +(\\d+),.*", "$1"));
            assertEquals(String.join("\n", waldump("--stats")), String.join("\n", walker("dump", "--stats")));
            assertEquals(
                    String.join("\n", waldump("--stats=record")), String.join("\n", walker("dump", "--stats=record")));
            List<String> sorted = new ArrayList<>(walker("stats", "--stats=record"));
            List<String> theirs = new ArrayList<>(waldump("--stats=record"));
            sorted.sort(null);
            theirs.sort(null);
            assertEquals(String.join("\n", theirs), String.join("\n", sorted));
            takesSegmentNames(from);
            readsWhatProgramsCompressed(from);
        }
    }

    private List<String> compare(String... options) throws Exception {
        List<String> theirs = waldump(options);
        List<String> ours = walker("dump", options);
        assertEquals(theirs.size(), ours.size());
        for (int i = 0; i < theirs.size(); i++) {
            assertEquals(theirs.get(i), ours.get(i));
        }
        assertTrue(!ours.isEmpty());
        return theirs;
    }

    private List<String> walker(String command, String... options) {
        List<String> words = new ArrayList<>(List.of(command, "--path", wal, "--start", start, "--end", end));
        words.addAll(List.of(options));
        return Walker.lines(words.toArray(new String[0]));
    }

    private List<String> waldump(String... options) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(
                server.binDir().resolve("pg_waldump").toString(), "--path", wal, "--start", start, "--end", end));
        words.addAll(List.of(options));
        return run(words);
    }

    private List<String> run(List<String> words) throws IOException, InterruptedException {
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

    private void takesSegmentNames(long from) throws Exception {
        String segment = new WalSegmentName(1, from / SEGMENT + 5, SEGMENT).toString();
        String next = new WalSegmentName(1, from / SEGMENT + 6, SEGMENT).toString();
        String program = server.binDir().resolve("pg_waldump").toString();
        assertEquals(
                run(List.of(program, "--path", wal, segment, next)).size(),
                Walker.lines("dump", "--path", wal, segment, next).size());
        assertEquals(
                run(List.of(program, wal + "/" + segment)).size(),
                Walker.lines("dump", wal + "/" + segment).size());
    }

    /** Segments as the programs compress them that archive_command and pg_receivewal use. */
    private void readsWhatProgramsCompressed(long from) throws Exception {
        String[][] programs = {
            {"gzip", "-1", ".gz"},
            {"lz4", "-q", ".lz4"},
            {"lz4", "-BD", ".lz4"},
            {"zstd", "-q", ".zst"},
            {"tar", "", ".tar"},
        };
        Path few = Files.createDirectory(directory.resolve("few"));
        for (long number = from / SEGMENT; number < from / SEGMENT + 6; number++) {
            String name = new WalSegmentName(1, number, SEGMENT).toString();
            Files.copy(Path.of(wal, name), few.resolve(name));
        }
        List<String> used = new ArrayList<>();
        List<String> expected = Walker.lines("dump", "--path", few.toString());
        List<String> expectedSums = Walker.lines("stats", "--path", few.toString(), "--stats=record");
        assertTrue(expected.size() > 10_000, expected.size() + " records");
        for (String[] program : programs) {
            if (Stream.of("/usr/bin/", "/bin/").noneMatch(bin -> Files.isExecutable(Path.of(bin + program[0])))) {
                continue;
            }
            Path target = Files.createDirectory(directory.resolve(program[0] + program[1]));
            String script = program[0].equals("tar")
                    ? "tar -cf " + target + "/wal.tar -C " + few + " ."
                    : "for f in " + few + "/0*; do " + program[0] + " " + program[1] + " -c $f > " + target
                            + "/$(basename $f)" + program[2] + "; done";
            run(List.of("sh", "-c", script));
            assertEquals(expected, Walker.lines("dump", "--path", target.toString()), script);
            assertEquals(expectedSums, Walker.lines("stats", "--path", target.toString(), "--stats=record"), script);
            used.add(program[0]);
        }
        assertTrue(used.contains("gzip") && used.contains("tar"), used.toString());
    }
}
