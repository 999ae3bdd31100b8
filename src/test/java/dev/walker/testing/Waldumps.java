package dev.walker.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The programs pg_waldump on this machine: those in {@code /usr/lib/postgresql/*&#47;bin}, and in the directories that system
 * property {@code walker.waldump} lists, with colons between. Such a directory holds a {@code pg_waldump} that can be run,
 * which may be a script that calls one of another system with that system's libraries.
 */
public final class Waldumps {
    private Waldumps() {}

    /** The programs by major. */
    public static Map<Integer, Path> byMajor() {
        List<Path> directories = new ArrayList<>();
        for (String directory : System.getProperty("walker.waldump", "").split(":")) {
            if (!directory.isEmpty()) {
                directories.add(Path.of(directory));
            }
        }
        Path installed = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(installed)) {
            try (Stream<Path> majors = Files.list(installed)) {
                majors.forEach(major -> directories.add(major.resolve("bin")));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        Map<Integer, Path> programs = new TreeMap<>();
        for (Path directory : directories) {
            Path program = directory.resolve("pg_waldump");
            if (Files.isExecutable(program)) {
                String version = Command.of(program.toString(), "--version").run();
                programs.putIfAbsent(Integer.parseInt(version.replaceFirst("(?s)^\\D*(\\d+).*$", "$1")), program);
            }
        }
        return programs;
    }
}
