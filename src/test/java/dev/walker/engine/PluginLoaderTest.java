package dev.walker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.spi.PluginSettings;
import dev.walker.spi.WalPlugin;
import java.io.ByteArrayInputStream;
import java.io.IOError;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginLoaderTest {
    /** Registered under a short name. */
    public static final class Named implements WalPlugin {
        @Override
        public String name() {
            return "named";
        }
    }

    /** Registered under the same name. */
    public static final class Namesake implements WalPlugin {
        @Override
        public String name() {
            return "named";
        }
    }

    /** Not registered. */
    public static final class ByClass implements WalPlugin {}

    /** Has a setting of its own. */
    public static final class Choosy implements WalPlugin {
        @Override
        public void checkSettings(PluginSettings settings) {
            String colour = settings.setting("walker.colour").orElse("red");
            if (!colour.equals("red")) {
                throw new IllegalArgumentException("walker.colour is \"" + colour + "\", wanted red");
            }
        }
    }

    /** Cannot be made. */
    public static final class Unborn implements WalPlugin {
        public Unborn() {
            throw new IllegalArgumentException("not today");
        }
    }

    /** Has no name to tell, and no settings to check. */
    public static final class Broken implements WalPlugin {
        @Override
        public String name() {
            throw new ServiceConfigurationError("no driver");
        }

        @Override
        public void checkSettings(PluginSettings settings) {
            throw new ServiceConfigurationError("no driver");
        }
    }

    /** Its class cannot be initialized. */
    public static final class Uninitialized implements WalPlugin {
        private static final String HOME = home();

        private static String home() {
            throw new IOError(new IOException("no home"));
        }

        @Override
        public String name() {
            return HOME;
        }
    }

    /** The same; the first attempt alone tells why. */
    public static final class Unmade implements WalPlugin {
        private static final String HOME = home();

        private static String home() {
            throw new IOError(new IOException("no home"));
        }

        @Override
        public String name() {
            return HOME;
        }
    }

    /** Cannot be made from outside. */
    public static final class Shy implements WalPlugin {
        private Shy() {}
    }

    /** Has a name that is none. */
    public static final class Nameless implements WalPlugin {
        @Override
        public String name() {
            return null;
        }
    }

    /** What it divides by is nothing. */
    public static final class Divider implements WalPlugin {
        private static final int SHARE = 1 / Integer.parseInt("0");

        @Override
        public String name() {
            return "divides by " + SHARE;
        }
    }

    /** In a jar of its own. */
    public static class Base implements WalPlugin {}

    /** Needs that. */
    public static final class Derived extends Base {}

    private static PluginLoader loader(Class<?>... registered) {
        return new PluginLoader(new Services(registered));
    }

    @Test
    void findsByShortNameAndByClassNameInTheOrderOfTheSetting() {
        List<WalPlugin> plugins = loader(Named.class).load(List.of(ByClass.class.getName(), "named"));
        assertInstanceOf(ByClass.class, plugins.get(0));
        assertInstanceOf(Named.class, plugins.get(1));
        assertEquals(2, plugins.size());
    }

    @Test
    void wrongSettingOfAPluginIsSaidWithThePlugin() {
        List<String> names = List.of(Choosy.class.getName());
        assertEquals(
                1, loader().load(names, new Settings(name -> Optional.empty())).size());
        PluginException e = assertThrows(PluginException.class, () -> loader().load(
                        names, new Settings(name -> Optional.of(name.equals("walker.colour") ? "blue" : ""))));
        assertEquals("plugin \"" + names.get(0) + "\": walker.colour is \"blue\", wanted red", e.getMessage());
    }

    @Test
    void unknownNameListsTheKnownOnes() {
        PluginException e =
                assertThrows(PluginException.class, () -> loader(Named.class).load(List.of("named", "nemo")));
        assertTrue(e.getMessage().contains("\"nemo\""), e.getMessage());
        assertTrue(e.getMessage().contains("known: named"), e.getMessage());
    }

    /** As in a session of the server that has seen the old jar. */
    @Test
    void jarThatWasReplacedUnderTheWalkIsToldAsSuch() {
        ClassLoader replaced = new ClassLoader(new Services(Named.class)) {
            @Override
            public Enumeration<URL> getResources(String name) throws IOException {
                URL gone = Path.of("gone/third-party.jar").toUri().toURL();
                List<URL> urls = new ArrayList<>(Collections.list(super.getResources(name)));
                urls.add(0, gone);
                return Collections.enumeration(urls);
            }
        };
        PluginException e = assertThrows(PluginException.class, () -> new PluginLoader(replaced).load(List.of("nemo")));
        assertTrue(e.getMessage().contains("known: named"), e.getMessage());
        assertTrue(
                e.getMessage()
                        .endsWith(
                                ". Beside them a jar was replaced or removed since the walker began: walker.stop() and"
                                        + " walker.start() go on with those that are there now"),
                e.getMessage());
        e = assertThrows(PluginException.class, () -> loader(Named.class).load(List.of("nemo")));
        assertFalse(e.getMessage().contains("replaced"), e.getMessage());
    }

    @Test
    void nameOfTwoPluginsIsRefusedUnlessTheClassIsNamed() {
        PluginLoader loader = loader(Named.class, Namesake.class);
        PluginException e = assertThrows(PluginException.class, () -> loader.load(List.of("named")));
        assertTrue(
                e.getMessage()
                        .contains("which is the name of " + Named.class.getName() + " and of "
                                + Namesake.class.getName()),
                e.getMessage());
        assertInstanceOf(
                Namesake.class, loader.load(List.of(Namesake.class.getName())).get(0));
    }

    @Test
    void noNameAtAllListsTheKnownOnes() {
        PluginException e =
                assertThrows(PluginException.class, () -> loader(Named.class).load(List.of()));
        assertTrue(e.getMessage().contains("known: named"), e.getMessage());
    }

    @Test
    void constructorThatThrowsIsNamedWithWhatItThrew() {
        PluginException e = assertThrows(PluginException.class, () -> loader().load(List.of(Unborn.class.getName())));
        assertTrue(e.getMessage().contains("not today"), e.getMessage());
        assertInstanceOf(IllegalArgumentException.class, e.getCause());
    }

    @Test
    void registeredPluginThatCannotBeMadeDoesNotHideTheOthers() {
        assertInstanceOf(
                Named.class,
                loader(Unborn.class, Named.class).load(List.of("named")).get(0));
    }

    @Test
    void errorOfAPluginDoesNotHideTheOthersAndIsSaidWithIt() {
        PluginLoader loader = loader(Broken.class, Uninitialized.class, Named.class);
        assertInstanceOf(Named.class, loader.load(List.of("named")).get(0));
        List<String> broken = List.of(Broken.class.getName());
        PluginException e =
                assertThrows(PluginException.class, () -> loader.load(broken, new Settings(name -> Optional.empty())));
        assertTrue(e.getMessage().contains("its check of settings threw java.util.ServiceConfigurationError"));
        e = assertThrows(PluginException.class, () -> loader().load(List.of(Unmade.class.getName())));
        assertTrue(e.getMessage().contains("its class threw java.io.IOError"), e.getMessage());
    }

    @Test
    void walkThatRunsGetsAPluginThatCannotStartForOneThatCannotBeMade() {
        List<String> names =
                List.of("nemo", "named", Unborn.class.getName(), Broken.class.getName(), Choosy.class.getName());
        Settings settings = new Settings(name -> Optional.of(name.equals("walker.colour") ? "blue" : ""));
        List<WalPlugin> plugins = loader(Named.class).loadAgain(names, settings);
        assertEquals(names.size(), plugins.size());
        assertInstanceOf(Named.class, plugins.get(1));
        List<String> reasons = List.of("is not known", "", "not today", "no driver", "wanted red");
        for (int i : new int[] {0, 2, 3, 4}) {
            WalPlugin plugin = assertInstanceOf(UnmadePlugin.class, plugins.get(i));
            PluginException e = assertThrows(PluginException.class, () -> plugin.onStartup(null));
            assertTrue(e.getMessage().contains(reasons.get(i)), e.getMessage());
        }
        assertThrows(PluginException.class, () -> loader(Named.class).loadAgain(List.of(), settings));
    }

    @Test
    void classThatIsNoPluginIsRefused() {
        PluginException e = assertThrows(PluginException.class, () -> loader().load(List.of("java.lang.String")));
        assertTrue(e.getMessage().contains("does not implement"), e.getMessage());
        e = assertThrows(PluginException.class, () -> loader().load(List.of(Shy.class.getName())));
        assertTrue(e.getMessage().contains("public constructor"), e.getMessage());
    }

    @Test
    void serviceFileThatNamesNoPluginIsAnError() {
        PluginException e = assertThrows(
                PluginException.class, () -> loader(PluginLoaderTest.class).load(List.of("named")));
        assertTrue(e.getMessage().contains("META-INF/services"), e.getMessage());
    }

    /** Nor does a class of a later Java; who names such a plugin is told why it is not known. */
    @Test
    void whatIsRegisteredAndIsNoPluginDoesNotHideTheOthers() {
        List<PluginLoader> loaders = List.of(
                loader(PluginLoaderTest.class, Named.class),
                new PluginLoader(new Services("a sentence\nis no class name", Named.class)),
                new PluginLoader(new Services(changed(Derived.class, 99, Base.class), Derived.class, Named.class)));
        List<String> reasons = List.of("not a subtype", "Illegal configuration-file syntax", "UnsupportedClassVersion");
        for (int i = 0; i < loaders.size(); i++) {
            PluginLoader loader = loaders.get(i);
            assertInstanceOf(Named.class, loader.load(List.of("named")).get(0));
            PluginException e = assertThrows(PluginException.class, () -> loader.load(List.of("named", "nemo")));
            assertTrue(e.getMessage().contains("\"nemo\", which is not known; known: named"), e.getMessage());
            assertTrue(e.getMessage().contains(reasons.get(i)), e.getMessage());
            List<WalPlugin> again = loader.loadAgain(List.of("nemo", "named"), new Settings(name -> Optional.empty()));
            assertInstanceOf(UnmadePlugin.class, again.get(0));
            assertInstanceOf(Named.class, again.get(1));
        }
    }

    @Test
    void registeredPluginWithoutNameIsKnownByItsClass() {
        PluginLoader loader = loader(Nameless.class, Named.class);
        assertInstanceOf(Named.class, loader.load(List.of("named")).get(0));
        assertInstanceOf(
                Nameless.class, loader.load(List.of(Nameless.class.getName())).get(0));
    }

    @Test
    void classThatCannotBeInitializedTellsWhy() {
        List<String> names = List.of(Divider.class.getName());
        PluginException e = assertThrows(PluginException.class, () -> loader().load(names));
        assertTrue(e.getMessage().contains("java.lang.ArithmeticException: / by zero"), e.getMessage());
        // Not the first attempt any more.
        e = assertThrows(PluginException.class, () -> loader(Divider.class).load(names));
        assertTrue(e.getMessage().contains("java.lang.ArithmeticException: / by zero"), e.getMessage());
    }

    /** Has the class files of the test, but for what is said otherwise. */
    private static ClassLoader changed(Class<?> type, int release, Class<?> missing) {
        return new ClassLoader(PluginLoaderTest.class.getClassLoader()) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                if (name.equals(missing.getName())) {
                    throw new ClassNotFoundException(name);
                }
                return name.equals(type.getName()) ? define() : super.loadClass(name, resolve);
            }

            private Class<?> define() {
                byte[] file = bytes(type);
                file[7] = (byte) (44 + release);
                return defineClass(type.getName(), file, 0, file.length);
            }
        };
    }

    private static String fileName(Class<?> type) {
        return type.getName().replace('.', '/') + ".class";
    }

    private static byte[] bytes(Class<?> type) {
        try (InputStream file = type.getClassLoader().getResourceAsStream(fileName(type))) {
            return file.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void classOfALaterJavaIsToldWithWhatHelps() {
        PluginLoader loader = new PluginLoader(changed(ByClass.class, 99, Base.class));
        PluginException e = assertThrows(PluginException.class, () -> loader.load(List.of(ByClass.class.getName())));
        assertTrue(e.getMessage().startsWith("plugin \"" + ByClass.class.getName() + "\" cannot be loaded: "));
        assertTrue(e.getMessage().contains("UnsupportedClassVersionError"), e.getMessage());
        assertTrue(
                e.getMessage().endsWith("; javac --release " + Runtime.version().feature() + " builds for this Java"),
                e.getMessage());
    }

    @Test
    void classThatAPluginNeedsIsNamed() {
        PluginLoader loader = new PluginLoader(changed(Derived.class, 17, Base.class));
        PluginException e = assertThrows(PluginException.class, () -> loader.load(List.of(Derived.class.getName())));
        assertTrue(
                e.getMessage().startsWith("plugin \"" + Derived.class.getName() + "\" cannot be loaded: "),
                e.getMessage());
        assertTrue(e.getMessage().contains(Base.class.getName()), e.getMessage());
        assertTrue(e.getMessage().endsWith("; wanted a jar with that class, too"), e.getMessage());
    }

    @Test
    void classThatIsInTwoJarsIsRefused(@TempDir Path dir) throws IOException {
        Path one = dir.resolve("one");
        Path two = dir.resolve("two");
        for (Path each : List.of(one, two)) {
            Path file = each.resolve(fileName(ByClass.class));
            Files.createDirectories(file.getParent());
            Files.write(file, bytes(ByClass.class));
        }
        List<String> names = List.of(ByClass.class.getName());
        URL[] urls = {one.toUri().toURL(), two.toUri().toURL()};
        // The parent does without what the tests have.
        try (URLClassLoader jars = new URLClassLoader(urls, changed(Derived.class, 17, ByClass.class)) {
            @Override
            public Enumeration<URL> getResources(String name) throws IOException {
                return findResources(name);
            }
        }) {
            PluginException e = assertThrows(PluginException.class, () -> new PluginLoader(jars).load(names));
            assertTrue(e.getMessage().contains("its class is in 2 jars: "), e.getMessage());
            assertTrue(e.getMessage().contains(one.toString()), e.getMessage());
            assertTrue(e.getMessage().contains(two.toString()), e.getMessage());
        }
    }

    /** Adds a service file to what the test class path has. */
    private static final class Services extends ClassLoader {
        private final List<String> files;

        Services(Class<?>... registered) {
            this(PluginLoaderTest.class.getClassLoader(), registered);
        }

        Services(ClassLoader classes, Class<?>... registered) {
            this(classes, List.of(names(registered)));
        }

        /** Has a file before, which may be a broken one. */
        Services(String first, Class<?>... registered) {
            this(PluginLoaderTest.class.getClassLoader(), List.of(first, names(registered)));
        }

        private Services(ClassLoader classes, List<String> files) {
            super(new ClassLoader(null) {
                @Override
                protected Class<?> findClass(String name) throws ClassNotFoundException {
                    return classes.loadClass(name);
                }
            });
            this.files = files;
        }

        private static String names(Class<?>... registered) {
            return String.join(
                    "\n", List.of(registered).stream().map(Class::getName).toList());
        }

        @Override
        public Enumeration<URL> getResources(String name) throws IOException {
            if (!name.equals("META-INF/services/" + WalPlugin.class.getName())) {
                return super.getResources(name);
            }
            List<URL> urls = new ArrayList<>();
            for (String file : files) {
                urls.add(new URL("memory", null, 0, name, new Memory(file)));
            }
            return Collections.enumeration(urls);
        }
    }

    /** A file that is none. */
    private static final class Memory extends URLStreamHandler {
        private final String file;

        Memory(String file) {
            this.file = file;
        }

        @Override
        protected URLConnection openConnection(URL opened) {
            return new URLConnection(opened) {
                @Override
                public void connect() {}

                @Override
                public InputStream getInputStream() {
                    return new ByteArrayInputStream(file.getBytes(StandardCharsets.UTF_8));
                }
            };
        }
    }
}
