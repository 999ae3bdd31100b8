package dev.walker.plugins;

import dev.walker.describe.Descriptions;
import dev.walker.spi.Gap;
import dev.walker.spi.PluginContext;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.BlockRefText;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalRecord;

/** Plugin {@code trace}: each record as a line in the log, in the words of pg_waldump. To find out, not to leave on. */
public final class TracePlugin implements WalPlugin {
    private final Descriptions descriptions = new Descriptions();
    private final StringBuilder line = new StringBuilder();
    private PluginContext context;

    /** For the ServiceLoader. */
    public TracePlugin() {}

    @Override
    public String name() {
        return "trace";
    }

    @Override
    public void onStartup(PluginContext context) {
        this.context = context;
    }

    @Override
    public void onGap(Gap gap) {
        context.log("trace: " + gap);
    }

    @Override
    public void onRecord(WalRecord record) {
        line.setLength(0);
        line.append("trace: lsn ")
                .append(Lsn.format(record.lsn()))
                .append(", prev ")
                .append(Lsn.format(record.prevLsn()))
                .append(", tx ")
                .append(record.xid())
                .append(", len ")
                .append(record.totalLength())
                .append(", ")
                .append(record.rmgrName())
                .append(' ')
                .append(record.typeName());
        int beforeDescription = line.length();
        descriptions.describe(record, line);
        if (line.length() > beforeDescription) {
            line.insert(beforeDescription, ' ');
        }
        String blocks = BlockRefText.format(record).strip();
        if (!blocks.isEmpty()) {
            line.append(", ").append(blocks);
        }
        context.log(line.toString());
    }
}
