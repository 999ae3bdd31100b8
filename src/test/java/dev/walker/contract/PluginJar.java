package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.walker.testing.JavaExample;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** A jar with plugins of somebody else, compiled against walker.jar as their authors would. */
public final class PluginJar {
    private static final Path SOURCES = Path.of("src/test/plugin/example");

    private PluginJar() {}

    /** The classes with these names; the first one is registered as a service. */
    public static Path of(Path dir, String... names) throws IOException {
        List<Path> sources = new ArrayList<>();
        for (String name : names) {
            sources.add(SOURCES.resolve(name + ".java"));
        }
        return of(dir, sources, names[0]);
    }

    /** The class in the documentation. */
    public static Path of(Path dir, JavaExample example) throws IOException {
        return of(dir, List.of(example.write(dir)), example.name());
    }

    private static Path of(Path dir, List<Path> sources, String registered) throws IOException {
        Path classes = Files.createDirectories(dir.resolve("classes"));
        List<String> arguments = new ArrayList<>(
                List.of("-cp", WalkedServer.JAR.toString(), "-d", classes.toString(), "--release", "17"));
        sources.forEach(source -> arguments.add(source.toString()));
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(new String[0])));
        Path jar = dir.resolve("third-party.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file);
                Stream<Path> files = Files.walk(classes)) {
            out.putNextEntry(new JarEntry("META-INF/services/dev.walker.spi.WalPlugin"));
            out.write(("example." + registered + "\n").getBytes(StandardCharsets.UTF_8));
            for (Path file1 : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                out.putNextEntry(new JarEntry(classes.relativize(file1).toString()));
                out.write(Files.readAllBytes(file1));
            }
        }
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(jar, PosixFilePermissions.fromString("rw-r--r--"));
        return jar.toAbsolutePath();
    }
}
