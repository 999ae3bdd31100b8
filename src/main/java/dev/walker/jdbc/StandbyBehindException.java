package dev.walker.jdbc;

import dev.walker.wal.WalSourceException;

/** A standby does not follow the timeline yet on which the walk stands; as a standby it may still come to it. */
public final class StandbyBehindException extends WalSourceException {
    private static final long serialVersionUID = 1L;

    StandbyBehindException(String message) {
        super(message);
    }
}
