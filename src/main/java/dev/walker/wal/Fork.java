package dev.walker.wal;

/** The forks of a relation: {@code ForkNumber}, common/relpath.h. */
public enum Fork {
    /** The data. */
    MAIN("main"),
    /** The free space map. */
    FSM("fsm"),
    /** The visibility map. */
    VM("vm"),
    /** What an unlogged relation is reset to after a crash. */
    INIT("init");

    private static final Fork[] ALL = values();

    private final String shortName;

    Fork(String shortName) {
        this.shortName = shortName;
    }

    /** Fork number as in WAL. */
    public int number() {
        return ordinal();
    }

    /** The name that pg_waldump and pg_relation_size() use. */
    public String shortName() {
        return shortName;
    }

    /** Whether {@code number} is a fork number. */
    public static boolean isValid(int number) {
        return number >= 0 && number < ALL.length;
    }

    /** The fork with a number that is known to be valid. */
    public static Fork of(int number) {
        return ALL[number];
    }
}
