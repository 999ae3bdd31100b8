package example;

import dev.walker.spi.WalPlugin;
import dev.walker.wal.WalRecord;

public final class Stumbler implements WalPlugin {
    @Override
    public void onHeap(WalRecord record) {
        throw new IllegalStateException("stumbled over " + record);
    }
}
