package dev.walker.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The newest program pgbench in {@code /usr/lib/postgresql/*&#47;bin}; it works with servers of other majors, too. */
public final class Pgbench {
    private static final int LONGEST_RUN_MINUTES = 60;

    private final Path program;

    private Pgbench(Path program) {
        this.program = program;
    }

    /** Empty if none is installed. */
    public static Optional<Pgbench> installed() {
        Path home = Path.of("/usr/lib/postgresql");
        if (!Files.isDirectory(home)) {
            return Optional.empty();
        }
        try (Stream<Path> majors = Files.list(home)) {
            return majors.filter(major -> major.getFileName().toString().matches("\\d+"))
                    .sorted(Comparator.comparingInt((Path major) ->
                                    Integer.parseInt(major.getFileName().toString()))
                            .reversed())
                    .map(major -> major.resolve("bin/pgbench"))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .map(Pgbench::new);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A run that has begun. */
    public static final class Run {
        private final Process process;
        private final Path output;

        private Run(Process process, Path output) {
            this.process = process;
            this.output = output;
        }

        /** Waits until it has ended well; what it has printed. */
        public String await() {
            try {
                boolean ended = process.waitFor(LONGEST_RUN_MINUTES, TimeUnit.MINUTES);
                if (!ended) {
                    process.destroyForcibly();
                }
                String text = Files.readString(output);
                if (!ended || process.exitValue() != 0) {
                    throw new IllegalStateException("pgbench "
                            + (ended ? "failed" : "did not end in " + LONGEST_RUN_MINUTES + " minutes") + ":\n" + text);
                }
                return text;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
    }

    /** Begins a run in database {@code postgres}. */
    public Run start(TestServer server, String... options) {
        try {
            Path output = Files.createTempFile("walker-pgbench", ".log");
            output.toFile().deleteOnExit();
            List<String> words = new ArrayList<>(List.of(program.toString(), "-h", "127.0.0.1", "-U", "postgres"));
            words.addAll(List.of("-p", Integer.toString(server.port())));
            words.addAll(List.of(options));
            words.add("postgres");
            Process process = new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(output.toFile())
                    .start();
            return new Run(process, output);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + program, e);
        }
    }
}
