package example;

import dev.walker.spi.PluginContext;
import dev.walker.spi.WalPlugin;
import java.util.Optional;

/** Never starts: the server refuses what it writes. */
public final class Stillborn implements WalPlugin {
    @Override
    public void onStartup(PluginContext context) {
        context.publish("wrong", Optional.of("no json"));
    }
}
