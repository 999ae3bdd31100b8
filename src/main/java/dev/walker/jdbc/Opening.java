package dev.walker.jdbc;

/** How a session begins, which tells what is an error then. */
public enum Opening {
    /** A walk is started: missing WAL is an error, and so is a plugin that cannot start. */
    START,
    /** The same, but it goes on where WAL is missing; the gap is recorded. */
    START_ACROSS_GAP,
    /** A walk that runs goes on with a new session: a plugin that cannot start is set aside, as one that throws later. */
    GO_ON
}
