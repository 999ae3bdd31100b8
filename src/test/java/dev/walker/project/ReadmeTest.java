package dev.walker.project;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.walker.spi.WalPlugin;
import dev.walker.testing.JavaExample;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What README.md says is so. */
class ReadmeTest {
    private static final Path README = Path.of("README.md");
    private static final Pattern README_SETTINGS = Pattern.compile("## Settings.*?\n## ", Pattern.DOTALL);
    private static final Path SCRIPT = Path.of("sql/walker--1.1.sql");

    @TempDir
    private Path dir;

    @Test
    void pluginsCompileAndLoad() throws Exception {
        assertEquals("example.DeleteCounter", nameOfPlugin(README));
        assertEquals("checkpoints", nameOfPlugin(Path.of("docs/plugins.md")));
    }

    /** What the only example in a file calls itself. */
    private String nameOfPlugin(Path file) throws Exception {
        List<JavaExample> examples = JavaExample.of(file);
        assertEquals(1, examples.size());
        JavaExample example = examples.get(0);
        assertEquals(0, Compiler.compile(dir, List.of(example.write(dir))), example.code());
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {dir.toUri().toURL()}, getClass().getClassLoader())) {
            Object plugin = loader.loadClass("example." + example.name())
                    .getDeclaredConstructor()
                    .newInstance();
            return assertInstanceOf(WalPlugin.class, plugin).name();
        }
    }

    /** The table of calls has every function and procedure that users may call, and no other. */
    @Test
    void sqlReferenceIsComplete() throws IOException {
        assertEquals(
                names(SCRIPT, "(?m)^CREATE (?:FUNCTION|PROCEDURE) walker\\.([a-z]\\w*)"),
                names(README, "(?m)^\\| `(?:CALL )?walker\\.(\\w+)\\("));
    }

    /** The table of settings has every setting that code or SQL asks for. */
    @Test
    void settingsAreComplete() throws IOException {
        Set<String> asked = names(SCRIPT, "current_setting\\('walker\\.([\\w.]+)'");
        try (var files = Files.walk(Path.of("src/main/java"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                asked.addAll(names(file, "\"walker\\.([\\w.]+)\","));
                asked.addAll(names(file, "(?:text|lookup\\.apply)\\(\"walker\\.([\\w.]+)\"\\)"));
            }
        }
        String table = README_SETTINGS
                .matcher(Files.readString(README))
                .results()
                .findFirst()
                .orElseThrow()
                .group();
        Set<String> settings = names(table, "(?m)^\\| `walker\\.([\\w.]+)` \\|");
        assertEquals(asked, settings);
        // One more dot, and a server with it in postgresql.conf does not start.
        assertEquals(
                List.of(), settings.stream().filter(name -> name.contains(".")).toList());
        // What walker.settings() shows.
        assertEquals(asked, names(SCRIPT, "\\(\\d+, 'walker\\.([\\w.]+)', '"));
    }

    private static Set<String> names(Path file, String pattern) throws IOException {
        return names(Files.readString(file), pattern);
    }

    private static Set<String> names(String text, String pattern) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
