package example;

import dev.walker.rmgr.heap.HeapOp;
import dev.walker.spi.PluginContext;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.WalRecord;
import java.util.Optional;

public final class DeleteCounter implements WalPlugin {
    private PluginContext context;
    private long deletes;

    @Override public String name() { return "delete_counter"; }
    @Override public void onStartup(PluginContext context) { this.context = context; }
    @Override public void onHeap(WalRecord record) {
        if (HeapOp.of(record) == HeapOp.DELETE) {
            context.publish("all", Optional.of("{\"deletes\": " + ++deletes + "}"));
        }
    }
}
