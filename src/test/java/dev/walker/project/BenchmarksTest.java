package dev.walker.project;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The benchmarks, which only {@code -Pjmh} runs, fit the code. */
class BenchmarksTest {
    @TempDir
    private Path dir;

    @Test
    void benchmarksCompile() throws Exception {
        try (var files = Files.walk(Path.of("src/jmh/java"))) {
            List<Path> sources =
                    files.filter(file -> file.toString().endsWith(".java")).toList();
            assertFalse(sources.isEmpty());
            assertEquals(0, Compiler.compile(dir, sources));
        }
    }
}
