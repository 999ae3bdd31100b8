package dev.walker.host.metrics;

/** What a walker is at. */
public enum WalkState {
    /** Connects, and loads what is saved. */
    STARTING,
    /** Walks, or waits for more WAL. */
    WALKING,
    /** Has not come to the end of a batch for long: it waits for a lock, a standby, a server that does not answer. */
    STUCK,
    /** Has lost a connection and makes it anew. */
    RECONNECTING,
    /** Ends, since something has failed. */
    FAILED,
    /** Ends, since it was told to. */
    ENDED
}
