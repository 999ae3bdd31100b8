package dev.walker.sql;

import dev.walker.engine.PluginException;
import dev.walker.engine.SettingException;
import dev.walker.spi.StateException;
import dev.walker.wal.Lsn;
import dev.walker.wal.UnsupportedWalException;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalGapException;
import dev.walker.wal.WalSourceException;
import java.sql.SQLException;

/** What the server is told, with its SQLSTATE, of something that was thrown. */
final class FailureErrors {
    /** {@code undefined_file}, as PostgreSQL has it for removed segments; {@code walker.run} adds a hint. */
    private static final String WAL_GAP = "58P01";

    private FailureErrors() {}

    /** Where in the WAL it was; {@link Lsn#INVALID} if it was not there. */
    static long lsn(Throwable thrown) {
        return thrown instanceof WalFormatException damage
                ? damage.lsn()
                : thrown instanceof WalGapException gap ? gap.missingLsn() : Lsn.INVALID;
    }

    static SQLException of(Throwable thrown) {
        if (thrown instanceof WalFormatException damage) {
            return new SQLException(
                    damage.getMessage(), damage instanceof UnsupportedWalException ? "0A000" : "XX001", damage);
        }
        if (thrown instanceof PluginException
                || thrown instanceof SettingException
                || thrown instanceof IllegalArgumentException) {
            return new SQLException(thrown.getMessage(), "22023", thrown);
        }
        if (thrown instanceof WalGapException gap) {
            return new SQLException(gap.getMessage(), WAL_GAP, gap);
        }
        if (thrown instanceof WalSourceException || thrown instanceof StateException) {
            return new SQLException(thrown.getMessage(), "55000", thrown);
        }
        if (thrown instanceof SQLException sql) {
            return sql;
        }
        if (thrown instanceof LinkageError) {
            return new SQLException(
                    "cannot load a class of WALker (" + thrown
                            + "), as after its jar was replaced while this session ran it;"
                            + " walker.start() goes on with the jar that is there now",
                    "55000",
                    thrown);
        }
        return new SQLException("internal error: " + thrown, "XX000", thrown);
    }
}
