package example;

import dev.walker.spi.PluginSettings;
import dev.walker.spi.WalPlugin;

/** The second time its check of settings throws. */
public final class StumblesInCheck implements WalPlugin {
    private static int checks;

    @Override
    public void checkSettings(PluginSettings settings) {
        if (++checks == 2) {
            throw new IllegalStateException("not now");
        }
    }
}
