package example;

import dev.walker.spi.WalPlugin;
import dev.walker.wal.WalRecord;

/** Stops for two seconds at its first record. */
public final class Sleeper implements WalPlugin {
    private static boolean slept;

    @Override
    public void onRecord(WalRecord record) {
        if (!slept) {
            slept = true;
            try {
                Thread.sleep(2000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
