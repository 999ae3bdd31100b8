package dev.walker.host;

import dev.walker.engine.PluginException;
import dev.walker.engine.PluginLoader;
import dev.walker.engine.SettingException;
import dev.walker.engine.Settings;
import dev.walker.jdbc.ServerSettings;
import java.util.Optional;

/** What the sessions of a walk are made with, settings and classes of plugins, and how both are read anew. */
final class RunSetup implements AutoCloseable {
    private final RunPlan plan;
    private final ServerSettings server;
    private final Log log;
    private ClassLoader classLoader;
    private ClassLoader classLoaderBefore;
    private Optional<ConfigFile> fileBefore = Optional.empty();
    private ReloadedOptions options;

    /** The settings of a plan, then those of a server. */
    RunSetup(RunPlan plan, ServerSettings server, Log log) {
        this.plan = plan;
        this.server = server;
        this.log = log;
        this.classLoader = plan.pluginPath().classLoader(log);
    }

    Settings settings() {
        return new Settings(name -> plan.settings().apply(name).or(() -> server.apply(name)));
    }

    /** Where plugins are looked for. */
    ClassLoader classLoader() {
        return classLoader;
    }

    /**
     * Reads the configuration file and the directory of plugins anew. {@link #keep} or {@link #undo} is to follow.
     *
     * @return whether they can be used; else nothing has changed
     */
    boolean reload() {
        fileBefore = plan.settings().file();
        classLoaderBefore = classLoader;
        try {
            plan.settings().reload();
            options = new ReloadedOptions(fileBefore, plan.settings());
            classLoader = plan.pluginPath().classLoader(log);
            Settings settings = settings();
            settings.check();
            new PluginLoader(classLoader).load(settings.plugins(), settings);
            return true;
        } catch (ConfigException | CommandException | SettingException | PluginException e) {
            undo(e);
            return false;
        }
    }

    /** What was read anew is in use. */
    void keep() {
        PluginPath.close(classLoaderBefore, log);
        options.take(log);
        log.info("the configuration was read anew");
    }

    /** Goes back to what was in use. */
    void undo(RuntimeException failure) {
        log.error("the new configuration is not taken, the walk goes on with the old one: "
                + plan.settings().locate(failure.getMessage()));
        if (classLoader != classLoaderBefore) {
            PluginPath.close(classLoader, log);
        }
        classLoader = classLoaderBefore;
        plan.settings().restore(fileBefore);
    }

    @Override
    public void close() {
        PluginPath.close(classLoader, log);
    }
}
