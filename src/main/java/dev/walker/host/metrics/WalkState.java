package dev.walker.host.metrics;

/** What a walker is at. */
public enum WalkState {
    /** Connects, and loads what is saved. */
    STARTING,
    /** Walks, or waits for more WAL. */
    WALKING,
    /** Has lost a connection and makes it anew. */
    RECONNECTING,
    /** Ends, since something has failed. */
    FAILED,
    /** Ends, since it was told to. */
    ENDED
}
