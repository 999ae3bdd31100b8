package dev.walker.host;

import dev.walker.remote.Loss;
import dev.walker.wal.WalGapException;
import java.util.Optional;

/** What ends a walk before its time: what the user is told of it. */
final class RunFailure {
    private RunFailure() {}

    /** What the user is to be told; the exception itself if it says enough. */
    static Exception explain(Exception thrown, RunConnections connections, RunSettings settings) {
        if (thrown instanceof WalGapException) {
            return new CommandException(
                    thrown.getMessage()
                            + ". \"run --accept-gap\" goes on from there and records the gap in walker.gaps",
                    thrown);
        }
        Optional<String> lost = connections.lost();
        if (lost.isEmpty() && Loss.mayHeal(thrown)) {
            return new LostConnectionException(thrown.getMessage(), thrown);
        }
        if (lost.isEmpty()) {
            String located = settings.locate(String.valueOf(thrown.getMessage()));
            return located.equals(thrown.getMessage()) ? thrown : new CommandException(located, thrown);
        }
        return new LostConnectionException(
                "the connection to the " + lost.get() + " was lost: " + thrown.getMessage(), thrown);
    }
}
