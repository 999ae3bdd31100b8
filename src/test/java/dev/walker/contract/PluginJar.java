package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
        Path classes = Files.createDirectories(dir.resolve("classes"));
        List<String> arguments = new ArrayList<>(
                List.of("-cp", WalkedServer.JAR.toString(), "-d", classes.toString(), "--release", "17"));
        Stream.of(names).map(name -> SOURCES.resolve(name + ".java").toString()).forEach(arguments::add);
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(new String[0])));
        Path jar = dir.resolve("third-party.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file);
                Stream<Path> files = Files.walk(classes)) {
            out.putNextEntry(new JarEntry("META-INF/services/dev.walker.spi.WalPlugin"));
            out.write(("example." + names[0] + "\n").getBytes(StandardCharsets.UTF_8));
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
