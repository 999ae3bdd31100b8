package example;

import dev.walker.spi.WalPlugin;

public final class Unborn implements WalPlugin {
    public Unborn() {
        throw new IllegalStateException("not today");
    }
}
