package example;

import dev.walker.spi.PluginContext;
import dev.walker.spi.WalPlugin;
import java.util.Optional;

/** Starts the first time; the second time the server refuses what it writes, the third time it throws an error. */
public final class StumblesAtStart implements WalPlugin {
    private static int starts;

    @Override
    public void onStartup(PluginContext context) {
        starts++;
        context.publish("start", Optional.of("{\"no\": " + starts + "}"));
        if (starts == 2) {
            context.publish("wrong", Optional.of("no json"));
        } else if (starts == 3) {
            throw new StackOverflowError("too deep");
        }
    }
}
