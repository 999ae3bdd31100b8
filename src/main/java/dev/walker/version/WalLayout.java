package dev.walker.version;

/**
 * Everything about WAL that differs between majors, as data. One immutable object per {@link PgVersion}, see
 * {@link #of}.
 */
public final class WalLayout {
    private static final WalLayout[] ALL = new WalLayout[PgVersion.values().length];

    static {
        for (PgVersion version : PgVersion.values()) {
            ALL[version.ordinal()] = new WalLayout(version);
        }
    }

    private final PgVersion version;

    private WalLayout(PgVersion version) {
        this.version = version;
    }

    /** The layout of a major. */
    public static WalLayout of(PgVersion version) {
        return ALL[version.ordinal()];
    }

    /** The major. */
    public PgVersion version() {
        return version;
    }
}
