package dev.walker.describe;

import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import dev.walker.wal.WalRecord;

/** What of the words, not of the bytes, differs between majors. One immutable object per {@link PgVersion}. */
final class Wording {
    private static final Wording[] ALL = new Wording[PgVersion.values().length];

    static {
        for (PgVersion version : PgVersion.values()) {
            ALL[version.ordinal()] = new Wording(version);
        }
    }

    /** Whether Heap and Btree have colons between names and values, and lists of items: since 16. */
    final boolean namesWithColons;
    /** Whether the horizon of conflicts has the name that it has since 16. */
    final boolean namesConflictHorizon;
    /** Whether hash indexes name the horizon as the other indexes do up to 15: since 14. */
    final boolean namesLatestRemovedXid;
    /** Whether indexes tell that the table is a catalog: since 17. */
    final boolean tellsCatalogRel;
    /** Whether subtransactions are listed among running transactions: since 16. */
    final boolean listsRunningSubxacts;
    /** Whether commits tell that they wait for standbys: since 15. */
    final boolean tellsApplyFeedback;
    /** Whether aborted and prepared transactions tell their origin: since 15. */
    final boolean tellsOriginOfAllEnds;
    /** Whether Heap tells flags, in hexadecimal digits: since 12. Up to 11 only locks and visibility do, in decimal ones. */
    final boolean tellsHeapFlags;
    /** Whether directories of databases are named tablespace first: since 12. */
    final boolean namesTablespaceFirst;
    /** Whether a prepared transaction is described: since 13. */
    final boolean tellsPrepare;
    /** Whether pruning tells its counts: since 14. */
    final boolean tellsPruneCounts;
    /** Whether a logical message is shown: since 14. */
    final boolean tellsMessage;
    /** Whether SP-GiST has colons between names and values: since 14. */
    final boolean tellsSpgistFields;
    /** Whether there are invalidations of the cache of what subscriptions publish: since 18. */
    final boolean hasRelsync;
    /** Whether more fields of records of hash indexes are told, and of GIN's list of what is pending: since 19. */
    final boolean tellsMoreOfIndexes;
    /** Whether the lower half of an LSN has eight digits: since 19. */
    final boolean padsLsns;
    /** Directory of a major in each tablespace: {@code TABLESPACE_VERSION_DIRECTORY}, common/relpath.h. */
    final String tablespaceVersionDirectory;

    private Wording(PgVersion version) {
        int major = version.major();
        tellsHeapFlags = major >= 12;
        namesTablespaceFirst = major >= 12;
        tellsPrepare = major >= 13;
        tellsPruneCounts = major >= 14;
        namesLatestRemovedXid = major >= 14;
        tellsMessage = major >= 14;
        tellsSpgistFields = major >= 14;
        tellsApplyFeedback = major >= 15;
        tellsOriginOfAllEnds = major >= 15;
        namesWithColons = major >= 16;
        namesConflictHorizon = major >= 16;
        listsRunningSubxacts = major >= 16;
        tellsCatalogRel = major >= 17;
        tellsMoreOfIndexes = major >= 19;
        padsLsns = major >= 19;
        hasRelsync = major >= 18;
        tablespaceVersionDirectory = "PG_" + major + "_" + WalLayout.of(version).catalogVersion();
    }

    static Wording of(WalRecord record) {
        return ALL[record.layout().version().ordinal()];
    }
}
