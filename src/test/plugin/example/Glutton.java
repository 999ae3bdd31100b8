package example;

import dev.walker.spi.WalPlugin;
import dev.walker.wal.WalRecord;
import java.util.ArrayList;
import java.util.List;

/** Eats all memory that there is. */
public final class Glutton implements WalPlugin {
    private final List<byte[]> eaten = new ArrayList<>();

    @Override
    public void onHeap(WalRecord record) {
        while (true) {
            eaten.add(new byte[1 << 20]);
        }
    }
}
