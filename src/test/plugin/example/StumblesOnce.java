package example;

import dev.walker.spi.Gap;
import dev.walker.spi.PluginContext;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.WalRecord;
import java.util.Optional;

/** Throws at the first record it ever sees, and works when it is tried again. */
public final class StumblesOnce implements WalPlugin {
    private static boolean stumbled;

    private PluginContext context;
    private long records;
    private String gap = "none";

    @Override
    public void onStartup(PluginContext context) {
        this.context = context;
    }

    @Override
    public void onHeap(WalRecord record) {
        if (!stumbled) {
            stumbled = true;
            throw new IllegalStateException("stumbled once");
        }
        records++;
        context.stateChanged();
    }

    @Override
    public void onGap(Gap missed) {
        gap = missed.reason();
        context.stateChanged();
    }

    @Override
    public void onFlush(long lsn) {
        context.publish("seen", Optional.of("{\"records\": " + records + ", \"gap\": \"" + gap + "\"}"));
    }
}
