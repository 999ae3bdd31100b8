package dev.walker.jdbc;

/** The version of schema {@code walker}, which is that of the extension. */
public final class SchemaVersion {
    /** The one that this code works with: what {@code walker._version()} gives. */
    public static final String CURRENT = "1.1";

    private SchemaVersion() {}
}
