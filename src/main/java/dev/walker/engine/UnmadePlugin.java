package dev.walker.engine;

import dev.walker.spi.PluginContext;
import dev.walker.spi.WalPlugin;

/** Stands for a plugin that could not be made: it cannot start either, and is set aside with the reason. */
public final class UnmadePlugin implements WalPlugin {
    private final PluginException reason;

    UnmadePlugin(PluginException reason) {
        this.reason = reason;
    }

    @Override
    public void onStartup(PluginContext context) {
        throw reason;
    }
}
