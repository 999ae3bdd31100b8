package example;

import dev.walker.spi.WalPlugin;

/** Is set aside when nobody looks any more. */
public final class ThrowsInTheEnd implements WalPlugin {
    @Override
    public String name() {
        return "throws_in_the_end";
    }

    @Override
    public void onShutdown() {
        throw new IllegalStateException("in the end");
    }
}
