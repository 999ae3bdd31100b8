package dev.walker.engine;

import dev.walker.spi.StateException;
import dev.walker.spi.WalPlugin;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Finds plugins by the short name under which they are registered, or by class name. */
public final class PluginLoader {
    private static final int MOST_PROBLEMS = 100;

    private final ClassLoader classLoader;

    /** Looks in what a class loader sees: WALker's jar and the jars of the user. */
    public PluginLoader(ClassLoader classLoader) {
        this.classLoader = classLoader;
    }

    /**
     * Makes the plugins with these names, in this order.
     *
     * @throws PluginException if one is not known, or cannot be made; none is started then
     */
    public List<WalPlugin> load(List<String> names) {
        return load(names, this::make);
    }

    /**
     * The same, and has each look at its settings.
     *
     * @throws PluginException if a plugin is not known, cannot be made, or finds a wrong setting; none is started then
     */
    public List<WalPlugin> load(List<String> names, Settings settings) {
        List<WalPlugin> plugins = load(names);
        for (int i = 0; i < names.size(); i++) {
            check(names.get(i), plugins.get(i), settings);
        }
        return plugins;
    }

    /**
     * The same for a walk that runs: in the place of one that is not known, cannot be made, or finds a wrong setting there is
     * an {@link UnmadePlugin}.
     *
     * @throws PluginException if none is named
     */
    public List<WalPlugin> loadAgain(List<String> names, Settings settings) {
        return load(names, (name, registered) -> {
            try {
                WalPlugin plugin = make(name, registered);
                check(name, plugin, settings);
                return plugin;
            } catch (PluginException e) {
                return new UnmadePlugin(e);
            }
        });
    }

    /** Makes the plugin with a name. */
    private interface Maker {
        WalPlugin make(String name, Registered registered);
    }

    /**
     * What jars register.
     *
     * @param types plugins by short name
     * @param problems what was registered and is no plugin that can be used; a walk without it need not suffer from that
     */
    private record Registered(TreeMap<String, List<Class<? extends WalPlugin>>> types, List<String> problems) {
        /** What there is to choose from. */
        String known() {
            return "known: " + String.join(", ", types.keySet());
        }

        /** The one that is wanted may be among them. */
        String unusable() {
            return problems.stream()
                    .distinct()
                    .map(problem -> ". Beside them " + problem)
                    .collect(Collectors.joining());
        }
    }

    private List<WalPlugin> load(List<String> names, Maker maker) {
        Registered registered = registered();
        if (names.isEmpty()) {
            throw new PluginException(
                    "walker.plugins names no plugin, so there is nothing to do; " + registered.known());
        }
        List<WalPlugin> plugins = new ArrayList<>();
        for (String name : names) {
            plugins.add(maker.make(name, registered));
        }
        return plugins;
    }

    private WalPlugin make(String name, Registered registered) {
        List<Class<? extends WalPlugin>> types = registered.types.get(name);
        return make(name, types != null ? only(name, types) : byClassName(name, registered));
    }

    private static void check(String name, WalPlugin plugin, Settings settings) {
        String which = "plugin \"" + name + "\": ";
        try {
            plugin.checkSettings(settings::text);
        } catch (IllegalArgumentException e) {
            throw new PluginException(which + e.getMessage(), e);
        } catch (StateException e) {
            throw e;
        } catch (Throwable e) {
            throw new PluginException(which + "its check of settings threw " + e, e);
        }
    }

    private Registered registered() {
        Registered found = new Registered(new TreeMap<>(), new ArrayList<>());
        var providers =
                ServiceLoader.load(WalPlugin.class, classLoader).stream().iterator();
        while (true) {
            try {
                if (!providers.hasNext()) {
                    return found;
                }
                Class<? extends WalPlugin> type = providers.next().type();
                found.types
                        .computeIfAbsent(shortName(type), name -> new ArrayList<>())
                        .add(type);
            } catch (ServiceConfigurationError e) {
                note(
                        e.getCause() instanceof IOException
                                ? "a jar was replaced or removed since the walker began: walker.stop() and"
                                        + " walker.start() go on with those that are there now"
                                : "a jar registers a plugin in META-INF/services/dev.walker.spi.WalPlugin that is none: "
                                        + e.getMessage(),
                        e,
                        found.problems);
            } catch (LinkageError e) {
                note("a jar registers a plugin that cannot be loaded: " + reason(e), e, found.problems);
            }
        }
    }

    /** The others are looked for, unless there is no end of it. */
    private static void note(String problem, Throwable cause, List<String> problems) {
        if (problems.size() == MOST_PROBLEMS) {
            throw new PluginException(problem, cause);
        }
        problems.add(problem);
    }

    /** The short name needs an instance; a plugin that cannot be made is known by its class name. */
    private static String shortName(Class<? extends WalPlugin> type) {
        try {
            String name = type.getDeclaredConstructor().newInstance().name();
            return name == null ? type.getName() : name;
        } catch (Throwable e) {
            return type.getName();
        }
    }

    private static Class<? extends WalPlugin> only(String name, List<Class<? extends WalPlugin>> types) {
        if (types.size() > 1) {
            throw new PluginException("walker.plugins names \"" + name + "\", which is the name of "
                    + types.stream().map(Class::getName).collect(Collectors.joining(" and of "))
                    + "; wanted the class name of one of them");
        }
        return types.get(0);
    }

    private Class<? extends WalPlugin> byClassName(String name, Registered registered) {
        try {
            Class<? extends WalPlugin> type =
                    Class.forName(name, false, classLoader).asSubclass(WalPlugin.class);
            checkOnlyOne(name);
            return type;
        } catch (ClassNotFoundException e) {
            throw new PluginException("walker.plugins names \"" + name + "\", which is not known; " + registered.known()
                    + ", or the class name of a plugin in a jar of walker.install_plugin() or --plugin-path"
                    + registered.unusable());
        } catch (LinkageError e) {
            throw new PluginException("plugin \"" + name + "\" cannot be loaded: " + reason(e), e);
        } catch (ClassCastException e) {
            throw new PluginException("walker.plugins names \"" + name + "\", a class that does not implement "
                    + WalPlugin.class.getName());
        }
    }

    /** Else the first jar would win, which may be the older one. */
    private void checkOnlyOne(String className) {
        try {
            List<URL> files = Collections.list(classLoader.getResources(className.replace('.', '/') + ".class"));
            if (files.size() > 1) {
                // In a server they have numbers that tell nobody anything.
                String places = files.stream()
                        .map(URL::toString)
                        .filter(place -> !place.startsWith("dbf:"))
                        .collect(Collectors.joining(", "));
                throw new PluginException("plugin \"" + className + "\": its class is in " + files.size() + " jars"
                        + (places.isEmpty() ? "" : ": " + places) + "; wanted one of them");
            }
        } catch (IOException e) {
            throw new PluginException("plugin \"" + className + "\": cannot look for its class: " + e, e);
        }
    }

    /** What keeps a class from being used, and what helps where that can be told. */
    private static String reason(LinkageError error) {
        Throwable root = error;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (root instanceof UnsupportedClassVersionError) {
            return root + "; javac --release " + Runtime.version().feature() + " builds for this Java";
        }
        return root instanceof ClassNotFoundException || root == error && root instanceof NoClassDefFoundError
                ? root + "; wanted a jar with that class, too"
                : root.toString();
    }

    private static WalPlugin make(String name, Class<? extends WalPlugin> type) {
        try {
            return type.getConstructor().newInstance();
        } catch (InvocationTargetException e) {
            throw new PluginException("plugin \"" + name + "\": its constructor threw " + e.getCause(), e.getCause());
        } catch (NoSuchMethodException | InstantiationException | IllegalAccessException e) {
            throw new PluginException(
                    "plugin \"" + name + "\": class " + type.getName()
                            + " must be public and have a public constructor without arguments",
                    e);
        } catch (LinkageError e) {
            throw new PluginException("plugin \"" + name + "\" cannot be loaded: " + reason(e), e);
        } catch (Throwable e) {
            throw new PluginException("plugin \"" + name + "\": its class threw " + e, e);
        }
    }
}
