package dev.walker.host;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A directory with jars of plugins. */
final class PluginPath {
    private PluginPath() {}

    /**
     * Sees WALker's own plugins and those of all jars in a directory.
     *
     * @param directory null for WALker's own alone
     */
    static ClassLoader classLoader(Path directory) {
        ClassLoader own = PluginPath.class.getClassLoader();
        if (directory == null) {
            return own;
        }
        List<URL> jars = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path jar : files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList()) {
                jars.add(jar.toUri().toURL());
            }
        } catch (MalformedURLException e) {
            throw new CommandException("--plugin-path " + directory + " is no place for jars: " + e.getMessage());
        } catch (IOException e) {
            throw new CommandException("--plugin-path " + directory + " cannot be read: " + e);
        }
        return new URLClassLoader(jars.toArray(new URL[0]), own);
    }
}
