package dev.walker.host;

import dev.walker.rmgr.Rmgr;
import dev.walker.wal.BlockRef;
import dev.walker.wal.Fork;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** Which records are wanted: the options of pg_waldump. */
final class RecordFilter {
    private static final long MAX_U32 = 0xFFFF_FFFFL;

    @Option(
            names = {"-r", "--rmgr"},
            paramLabel = "RMGR",
            description =
                    "Only records of this resource manager; may be given more than once. \"list\" shows the names.")
    private List<String> rmgrs = new ArrayList<>();

    @Option(
            names = {"-R", "--relation"},
            paramLabel = "T/D/R",
            description =
                    "Only records with a block of this relation: OIDs of tablespace and database, and relfilenode;"
                            + " or its name, when there is a server.")
    private String relation;

    @Option(
            names = {"-F", "--fork"},
            paramLabel = "FORK",
            description = "Only records with a block of this fork: main, fsm, vm or init.")
    private String fork;

    @Option(
            names = {"-B", "--block"},
            paramLabel = "N",
            description = "Only records with this block of the relation that --relation names.")
    private String block;

    @Option(
            names = {"-x", "--xid"},
            paramLabel = "XID",
            description = "Only records with this transaction ID.")
    private String xid;

    @Option(
            names = {"-w", "--fullpage"},
            description = "Only records with a full-page image.")
    private boolean fullpage;

    // What the options say
    private boolean everything = true;
    private boolean[] rmgrIds;
    private RelFileLocator locator;
    private int forkNumber = -1;
    private long blockNumber = -1;
    private long wantedXid = -1;

    RecordFilter() {}

    /** Whether names of resource managers are wanted instead of records. */
    boolean wantsList() {
        return rmgrs.contains("list");
    }

    /** The name that {@code --relation} gives; empty if it is a locator or not there. */
    String relationName() {
        return relation == null || isLocator() ? "" : relation;
    }

    private boolean isLocator() {
        return relation.matches("\\d+/\\d+/\\d+");
    }

    /** Sets the relation whose name was given. */
    void relation(RelFileLocator found) {
        locator = found;
        everything = false;
    }

    /**
     * Reads the options.
     *
     * @throws UsageException if one is wrong
     */
    void prepare() {
        for (String name : rmgrs) {
            OptionalInt id = Rmgr.idOf(name);
            if (id.isEmpty()) {
                throw new UsageException(
                        "--rmgr: resource manager \"" + name + "\" does not exist; --rmgr=list shows the names");
            }
            rmgrIds = rmgrIds == null ? new boolean[Rmgr.MAX_ID + 1] : rmgrIds;
            rmgrIds[id.getAsInt()] = true;
        }
        if (relation != null && isLocator()) {
            String[] parts = relation.split("/");
            locator = new RelFileLocator(
                    number("--relation", parts[0], 0, MAX_U32),
                    number("--relation", parts[1], 0, MAX_U32),
                    number("--relation", parts[2], 0, MAX_U32));
            if (locator.spcOid() == 0 || locator.relNumber() == 0) {
                throw new UsageException(
                        "--relation: tablespace OID and relfilenode must not be 0 in \"" + relation + "\"");
            }
        }
        if (fork != null) {
            forkNumber = forkNumber();
        }
        if (block != null) {
            if (relation == null) {
                throw new UsageException("--block wants --relation too");
            }
            blockNumber = number("--block", block, 0, MAX_U32 - 1);
        }
        if (xid != null) {
            wantedXid = number("--xid", xid, 0, MAX_U32);
        }
        everything =
                rmgrIds == null && locator == null && forkNumber < 0 && blockNumber < 0 && wantedXid < 0 && !fullpage;
    }

    private int forkNumber() {
        for (Fork each : Fork.values()) {
            if (each.shortName().equals(fork.toLowerCase(Locale.ROOT))) {
                return each.number();
            }
        }
        throw new UsageException("--fork is \"" + fork + "\"; wanted main, fsm, vm or init");
    }

    static long number(String option, String text, long least, long most) {
        long value;
        try {
            value = Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new UsageException(option + " is \"" + text + "\"; wanted a number");
        }
        if (value < least || value > most) {
            throw new UsageException(option + " is " + text + "; wanted a number from " + least
                    + (most == Long.MAX_VALUE ? " on" : " to " + most));
        }
        return value;
    }

    /** Whether there is nothing to leave out. */
    boolean acceptsEverything() {
        return everything;
    }

    boolean accepts(WalRecord record) {
        return everything || acceptsSome(record);
    }

    private boolean acceptsSome(WalRecord record) {
        return (rmgrIds == null || rmgrIds[record.rmgrId()])
                && (wantedXid < 0 || wantedXid == record.xid())
                && (locator == null && forkNumber < 0 || hasBlock(record))
                && (!fullpage || hasImage(record));
    }

    private boolean hasBlock(WalRecord record) {
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id) && matches(record.block(id))) {
                return true;
            }
        }
        return false;
    }

    private boolean matches(BlockRef ref) {
        return (forkNumber < 0 || forkNumber == (ref.forkFlags() & BlockRef.FORK_MASK))
                && (blockNumber < 0 || blockNumber == ref.blockNumber())
                && (locator == null
                        || locator.relNumber() == ref.relNumber()
                                && locator.dbOid() == ref.dbOid()
                                && locator.spcOid() == ref.spcOid());
    }

    private static boolean hasImage(WalRecord record) {
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id) && record.block(id).hasImage()) {
                return true;
            }
        }
        return false;
    }
}
