package dev.walker.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a program, without input and with its output kept. */
public final class Command {
    private final List<String> words;

    private Command(List<String> words) {
        this.words = words;
    }

    public static Command of(String... words) {
        return new Command(Arrays.asList(words));
    }

    public static Command of(List<String> words) {
        return new Command(new ArrayList<>(words));
    }

    /** The output; fails with it if the program does not end within two minutes with status 0. */
    public String run() {
        Path output = null;
        try {
            // A file, not a pipe: a server that the program leaves behind would keep the pipe open.
            output = Files.createTempFile("walker-command", ".log");
            Process process = new ProcessBuilder(words)
                    .directory(Path.of("/").toFile())
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(output.toFile())
                    .start();
            boolean ended = process.waitFor(2, TimeUnit.MINUTES);
            if (!ended) {
                process.destroyForcibly();
            }
            String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
            if (!ended || process.exitValue() != 0) {
                throw new IllegalStateException(String.join(" ", words)
                        + (ended ? " ended with status " + process.exitValue() : " did not end in time") + ":\n"
                        + text);
            }
            return text;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + String.join(" ", words), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while running " + String.join(" ", words), e);
        } finally {
            if (output != null) {
                output.toFile().delete();
            }
        }
    }
}
