package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginPathTest {
    @TempDir
    private Path dir;

    private final StringWriter logged = new StringWriter();

    private ClassLoader open(Path path) {
        return new PluginPath(path).classLoader(new Log(new PrintWriter(logged), Log.Threshold.debug, LogFormat.text));
    }

    private String failure(Path path) {
        return assertThrows(CommandException.class, () -> open(path)).getMessage();
    }

    private Path jar(String name, String services) throws IOException {
        Path jar = dir.resolve(name);
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            out.putNextEntry(new JarEntry("META-INF/MANIFEST.MF"));
            if (services != null) {
                out.putNextEntry(new JarEntry("META-INF/services/dev.walker.spi.WalPlugin"));
                out.write(services.getBytes(StandardCharsets.UTF_8));
            }
        }
        return jar;
    }

    @Test
    void noDirectoryIsAnError() throws IOException {
        Path none = dir.resolve("none");
        assertEquals(
                "--plugin-path is " + none + ", which does not exist; wanted a directory with jars of plugins",
                failure(none));
        Path file = Files.createFile(dir.resolve("file"));
        assertTrue(failure(file).contains(file + ", a file; wanted a directory"));
    }

    @Test
    void directoryWithoutJarsIsWorthAWarning() throws IOException {
        Files.createFile(dir.resolve("readme"));
        open(dir);
        assertTrue(logged.toString().contains("WARNING walker: --plugin-path " + dir + " has no file that ends with"));
    }

    @Test
    void brokenJarIsNamed() throws IOException {
        jar("a.jar", "example.A\n");
        Path broken = Files.writeString(dir.resolve("b.jar"), "no jar");
        String message = failure(dir);
        assertTrue(message.startsWith(broken + " (--plugin-path) cannot be read as a jar: "), message);
    }

    @Test
    void libraryWithoutPluginsIsNoError() throws IOException {
        jar("library.jar", null);
        jar("plugin.jar", "# ours\nexample.A # the first\n\nexample.B\n");
        URLClassLoader loader = (URLClassLoader) open(dir);
        assertEquals(2, loader.getURLs().length);
        assertTrue(logged.toString().contains("library.jar registers no plugin"), logged.toString());
        assertTrue(logged.toString().contains("plugin.jar registers [example.A, example.B]"), logged.toString());
        loader.close();
    }

    @Test
    void samePluginInTwoJarsIsAnError() throws IOException {
        Path older = jar("plugin-1.jar", "example.A\n");
        Path newer = jar("plugin-2.jar", "example.A\n");
        assertEquals(
                "both " + older + " and " + newer + " (--plugin-path) have plugin example.A; wanted one of them",
                failure(dir));
    }
}
