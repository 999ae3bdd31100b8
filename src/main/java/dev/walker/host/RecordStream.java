package dev.walker.host;

import dev.walker.files.WalEnd;
import dev.walker.wal.WalRecord;
import java.sql.SQLException;

/** Records in order, of files or of a server. */
interface RecordStream extends AutoCloseable {
    /** Moves to the next record; false at an end. */
    boolean next(WalRecord record) throws SQLException, InterruptedException;

    /** Why {@link #next} answered false. */
    WalEnd end();

    @Override
    void close();
}
