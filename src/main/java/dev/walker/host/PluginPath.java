package dev.walker.host;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** A directory with jars of plugins, and of libraries that they need. */
final class PluginPath {
    private static final String SERVICES = "META-INF/services/dev.walker.spi.WalPlugin";

    private final Path directory;

    /** A directory; null for none. */
    PluginPath(Path directory) {
        this.directory = directory;
    }

    /**
     * Sees WALker's own plugins and those of all jars that are in the directory now.
     *
     * @param log is told which jars there are
     * @throws CommandException if there is no such directory, or a jar in it cannot be used
     */
    ClassLoader classLoader(Log log) {
        ClassLoader own = PluginPath.class.getClassLoader();
        if (directory == null) {
            return own;
        }
        List<URL> urls = new ArrayList<>();
        Map<String, Path> jarOfClass = new LinkedHashMap<>();
        try {
            for (Path jar : jars()) {
                List<String> classes = registered(jar);
                log.debug(jar + (classes.isEmpty() ? " registers no plugin" : " registers " + classes));
                for (String each : classes) {
                    Path other = jarOfClass.put(each, jar);
                    if (other != null) {
                        throw new CommandException("both " + other + " and " + jar + " (--plugin-path) have plugin "
                                + each + "; wanted one of them");
                    }
                }
                urls.add(jar.toUri().toURL());
            }
        } catch (IOException e) {
            throw new CommandException("--plugin-path " + directory + " cannot be read: " + e);
        }
        if (urls.isEmpty()) {
            log.warning("--plugin-path " + directory + " has no file that ends with .jar");
        }
        return new URLClassLoader(urls.toArray(new URL[0]), own);
    }

    private List<Path> jars() throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new CommandException("--plugin-path is " + directory + ", "
                    + (Files.exists(directory) ? "a file" : "which does not exist")
                    + "; wanted a directory with jars of plugins");
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        }
    }

    /** Class names of the plugins that a jar registers; none in a jar with a library, or with plugins to be named by class. */
    private static List<String> registered(Path jar) {
        // A class loader would leave out a jar that it cannot read.
        try (ZipFile file = new ZipFile(jar.toFile())) {
            ZipEntry services = file.getEntry(SERVICES);
            if (services == null) {
                return List.of();
            }
            try (BufferedReader reader =
                    new BufferedReader(new InputStreamReader(file.getInputStream(services), StandardCharsets.UTF_8))) {
                return reader.lines()
                        .map(line -> line.replaceFirst("#.*", "").strip())
                        .filter(line -> !line.isEmpty())
                        .distinct()
                        .toList();
            }
        } catch (IOException e) {
            throw new CommandException(jar + " (--plugin-path) cannot be read as a jar: " + e.getMessage()
                    + "; replace it or take it away");
        }
    }

    /** Frees the jars of a class loader that is not needed any more. */
    static void close(ClassLoader old, Log log) {
        if (old instanceof URLClassLoader jars && old != PluginPath.class.getClassLoader()) {
            try {
                jars.close();
            } catch (IOException e) {
                log.warning("cannot close jars of plugins: " + e.getMessage());
            }
        }
    }
}
