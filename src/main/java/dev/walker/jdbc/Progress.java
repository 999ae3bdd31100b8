package dev.walker.jdbc;

import dev.walker.spi.Gap;
import dev.walker.wal.Lsn;
import dev.walker.wal.TimelineHistory;
import dev.walker.wal.TimelineHistory.Stretch;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The row of {@code walker.progress} of one source: how far it is walked. */
final class Progress {
    /**
     * Locks {@code walker.source} before all other tables of the schema. It was made first, so {@code DROP EXTENSION} locks it
     * first, too: it waits for the transaction at hand, or that for it, but not each for the other.
     */
    private static final String FROM_PROGRESS =
            " FROM walker.source s JOIN walker.progress p ON p.source_id = s.source_id WHERE s.source_id = ?";

    private static final long NO_CRC = -1;

    private final int sourceId;
    private final String quotedName;
    private final long generation;
    private final long recordsBefore;
    private final long bytesBefore;
    private final Optional<String> slotName;
    private int timeline;
    private long position;
    private long previousLsn;
    /** {@link #NO_CRC} if that is not known. */
    private long previousCrc;

    private Progress(
            int sourceId,
            String quotedName,
            int timeline,
            long generation,
            long records,
            long bytes,
            long position,
            Optional<String> slotName,
            long previousLsn,
            long previousCrc) {
        this.sourceId = sourceId;
        this.quotedName = quotedName;
        this.timeline = timeline;
        this.generation = generation;
        this.recordsBefore = records;
        this.bytesBefore = bytes;
        this.position = position;
        this.slotName = slotName;
        this.previousLsn = previousLsn;
        this.previousCrc = previousCrc;
    }

    /** Keeps a source from being deleted until the transaction ends; whether it is still there. */
    static boolean lockSource(Connection target, int sourceId) throws SQLException {
        return Jdbc.first(
                        target,
                        "SELECT true FROM walker.source s WHERE s.source_id = ? FOR KEY SHARE",
                        row -> row.getBoolean(1),
                        sourceId)
                .isPresent();
    }

    /** The saved row, if there is one. */
    static Optional<Progress> load(Connection target, int sourceId) throws SQLException {
        return Jdbc.first(
                target,
                "SELECT p.timeline, p.generation, p.records, p.wal_bytes, p.position::text, p.slot_name,"
                        + " coalesce(p.previous, '0/0')::text, pg_catalog.quote_literal(s.name), coalesce(p.previous_crc, -1)"
                        + FROM_PROGRESS,
                row -> new Progress(
                        sourceId,
                        row.getString(8),
                        row.getInt(1),
                        row.getLong(2),
                        row.getLong(3),
                        row.getLong(4),
                        Lsn.parse(row.getString(5)),
                        Optional.ofNullable(row.getString(6)),
                        Lsn.parse(row.getString(7)),
                        row.getLong(9)),
                sourceId);
    }

    /** A new row for a walk that begins. */
    static Progress begin(Connection target, int sourceId, int timeline, long position) throws SQLException {
        Jdbc.update(
                target,
                "INSERT INTO walker.progress (source_id, timeline, position) VALUES (?, ?, ?::text::pg_lsn)",
                sourceId,
                timeline,
                Lsn.format(position));
        return load(target, sourceId).orElseThrow();
    }

    /** Notes that a walk goes on from here; what stopped the last one is forgotten. */
    void started(Connection target, Optional<String> slot, String mode) throws SQLException {
        Jdbc.update(
                target,
                "UPDATE walker.progress SET started_at = pg_catalog.clock_timestamp(), slot_name = ?, mode = ?,"
                        + " last_error = NULL, error_lsn = NULL, error_at = NULL, reconnecting_since = NULL WHERE source_id = ?",
                slot.orElse(null),
                mode,
                sourceId);
    }

    /** The slot that kept the WAL of the last session, as {@code walker.status()} shows it. */
    Optional<String> slotName() {
        return slotName;
    }

    /** All before it is walked and saved. */
    long position() {
        return position;
    }

    /** Start of the last record before {@link #position}; {@link Lsn#INVALID} if that is not known. */
    long previousLsn() {
        return previousLsn;
    }

    /** {@code xl_crc} of the last record before {@link #position}. */
    long previousCrc() {
        return previousCrc;
    }

    /**
     * Whether the last record before {@link #position} is to be looked at again: it is in the same file of the server as what
     * follows, so it is there as long as that is.
     */
    boolean canCheckPrevious(TimelineHistory history, int segmentSize) {
        return previousLsn != Lsn.INVALID
                && previousCrc != NO_CRC
                && Lsn.segmentNumber(previousLsn, segmentSize) == Lsn.segmentNumber(position, segmentSize)
                && history.timelineAt(previousLsn) == history.timelineAt(position);
    }

    /** The timeline on which all before {@link #position} was walked last. */
    int timeline() {
        return timeline;
    }

    /**
     * Checks that what was walked is in the history of a server: on its timeline, or on one that it left at or after the
     * position.
     *
     * @param segmentSize bytes of a segment
     * @throws WalSourceException if the server has another history
     */
    void checkHistory(TimelineHistory history, int segmentSize) {
        Optional<Stretch> stretch = history.stretchOf(timeline);
        String found = null;
        if (stretch.isEmpty()) {
            found = "which " + describe(history) + " never was on";
        } else if (Lsn.isBefore(stretch.get().end(), WalReader.endBefore(position, segmentSize))) {
            found = "but " + describe(history) + " left that timeline before, at LSN "
                    + Lsn.format(stretch.get().end());
        }
        if (found != null) {
            throw new WalSourceException("the walk stands on timeline " + Integer.toUnsignedString(timeline)
                    + " at LSN " + Lsn.format(position) + ", " + found
                    + ": what was walked is not in the history of this server. " + toBeginAnew());
        }
    }

    /**
     * Checks that a standby has come to the timeline on which the walk stands.
     *
     * @throws StandbyBehindException if it may still do so
     */
    void checkStandby(TimelineHistory history) {
        if (history.stretchOf(timeline).isEmpty() && Integer.compareUnsigned(history.timeline(), timeline) < 0) {
            throw new StandbyBehindException("the walk stands on timeline " + Integer.toUnsignedString(timeline)
                    + " at LSN " + Lsn.format(position) + ", which " + describe(history)
                    + " has not come to: it is a standby that does not follow the server that was promoted yet."
                    + " If it never will, " + toBeginAnew().replaceFirst("^T", "t"));
        }
    }

    /**
     * Checks that a server has the WAL that was walked.
     *
     * @param end of the WAL of a server that is no standby
     * @param segmentSize bytes of a segment
     * @throws WalSourceException if its WAL ends before the position
     */
    void checkEnd(long end, int segmentSize) {
        if (Lsn.isBefore(end, WalReader.endBefore(position, segmentSize))) {
            throw new WalSourceException("the walk stands at LSN " + Lsn.format(position)
                    + ", but the WAL of the server ends at LSN " + Lsn.format(end)
                    + ": the server was set back to an earlier state. " + toBeginAnew());
        }
    }

    /**
     * Checks that the first record of a session follows the last one that was walked before.
     *
     * @throws WalSourceException if the server has other WAL there, though on the same timeline
     */
    void checkFirst(WalRecord record) {
        if (previousLsn != Lsn.INVALID && record.prevLsn() != previousLsn) {
            throw new WalSourceException("the walk stands at LSN " + Lsn.format(position)
                    + " behind a record at LSN " + Lsn.format(previousLsn)
                    + ", but the next record of this server, at LSN " + Lsn.format(record.lsn())
                    + ", follows one at LSN " + Lsn.format(record.prevLsn()) + notInHistory());
        }
    }

    /**
     * Checks that the last record that was walked is still what the server has there. What follows does not tell: behind
     * another record that begins at the same place it names that place, too.
     *
     * @param record the one that is there, if one is
     * @throws WalSourceException if the server has another record there
     */
    void checkPrevious(Optional<WalRecord> record) {
        if (record.isEmpty()
                || record.get().lsn() != previousLsn
                || record.get().crc() != previousCrc) {
            throw new WalSourceException("the walk stands at LSN " + Lsn.format(position)
                    + " behind a record at LSN " + Lsn.format(previousLsn) + " with xl_crc " + hex(previousCrc)
                    + ", but this server has "
                    + record.map(found -> "one at LSN " + Lsn.format(found.lsn()) + " with xl_crc " + hex(found.crc()))
                            .orElse("none that ends there")
                    + notInHistory());
        }
    }

    private static String hex(long crc) {
        return String.format(Locale.ROOT, "0x%08X", crc);
    }

    private String notInHistory() {
        return ": what was walked is not in the history of this server. It is a copy of the one that was walked,"
                + " which wants a --source-name of its own, or it was set back to an earlier state. "
                + toBeginAnew();
    }

    private static String describe(TimelineHistory history) {
        StringBuilder text = new StringBuilder("the server on timeline ");
        text.append(Integer.toUnsignedString(history.timeline()));
        if (history.newestFirst().size() == 1 && history.timeline() != 1) {
            return text.append(" (whose history file is not in pg_wal)").toString();
        }
        for (Stretch stretch :
                history.newestFirst().subList(1, history.newestFirst().size())) {
            text.append(stretch == history.newestFirst().get(1) ? " (from " : ", from ")
                    .append(Integer.toUnsignedString(stretch.timeline()))
                    .append(" at LSN ")
                    .append(Lsn.format(stretch.end()));
        }
        return text.append(history.newestFirst().size() > 1 ? ")" : "").toString();
    }

    private String toBeginAnew() {
        return "To begin anew: SELECT walker.forget(" + quotedName + ")";
    }

    /** Leaves out a gap that was accepted, and records it. */
    void leaveOut(Connection target, Gap gap) throws SQLException {
        recordGap(target, sourceId, gap, null);
        move(target, gap.toLsn(), gap.toTimeline());
    }

    /**
     * Records a gap in {@code walker.gaps}.
     *
     * @param plugin the one that was not given this WAL; null if it was not walked at all
     */
    static void recordGap(Connection target, int sourceId, Gap gap, String plugin) throws SQLException {
        Jdbc.update(
                target,
                "INSERT INTO walker.gaps (source_id, plugin, timeline, from_lsn, to_timeline, to_lsn, reason)"
                        + " VALUES (?, ?, ?, ?::text::pg_lsn, ?, ?::text::pg_lsn, ?)",
                sourceId,
                plugin,
                gap.fromTimeline(),
                Lsn.format(gap.fromLsn()),
                gap.toTimeline(),
                Lsn.format(gap.toLsn()),
                gap.reason());
    }

    private void move(Connection target, long lsn, int newTimeline) throws SQLException {
        Jdbc.update(
                target,
                "UPDATE walker.progress SET position = ?::text::pg_lsn, timeline = ?, previous = NULL, previous_crc = NULL"
                        + " WHERE source_id = ?",
                Lsn.format(lsn),
                newTimeline,
                sourceId);
        position = lsn;
        previousLsn = Lsn.INVALID;
        previousCrc = NO_CRC;
        timeline = newTimeline;
    }

    /** What others want of the walker. */
    record Wishes(boolean stop, boolean save) {}

    /**
     * Looks whether others have changed state, and what they want: in one query, since this is done at every step.
     *
     * @throws StaleStateException if they have changed state
     */
    Wishes look(Connection target) throws SQLException {
        Optional<Wishes> wishes = Jdbc.first(
                target,
                "SELECT p.generation = ?, walker._wanted(p.source_id, 'stop'), walker._wanted(p.source_id, 'save')"
                        + FROM_PROGRESS,
                row -> row.getBoolean(1) ? new Wishes(row.getBoolean(2), row.getBoolean(3)) : null,
                generation,
                sourceId);
        return wishes.orElseThrow(StaleStateException::new);
    }

    /** The transactions that wait for the walk: they hold what {@code walker.wait_for()} locks, and may. */
    static Set<String> waiting(Connection target, int sourceId) throws SQLException {
        return Set.copyOf(Jdbc.all(
                target,
                "SELECT h.virtualtransaction FROM walker._lock_holders(?, 'save') h WHERE h.rightful",
                row -> row.getString(1),
                sourceId));
    }

    /**
     * Keeps others from changing state until the transaction ends, and from deleting the source: who does so locks its row
     * first, too.
     *
     * @throws StaleStateException if they have done so already
     */
    void lock(Connection target) throws SQLException {
        boolean same = Jdbc.first(
                        target,
                        "SELECT p.generation = ? AND p.position = ?::text::pg_lsn" + FROM_PROGRESS
                                + " FOR KEY SHARE OF s FOR UPDATE OF p",
                        row -> row.getBoolean(1),
                        generation,
                        Lsn.format(position),
                        sourceId)
                .orElse(false);
        if (!same) {
            throw new StaleStateException();
        }
    }

    /**
     * Saves how far the walk is.
     *
     * @param lsn all before it is walked
     * @param newTimeline the timeline on which {@code lsn} is
     * @param records walked since this object was made
     * @param bytes walked since this object was made
     * @param readable end of the WAL of the source
     * @param previous start of the last record before {@code lsn}; {@link Lsn#INVALID} if that is not known
     * @param crc its {@code xl_crc}, {@link #NO_CRC} if that is not known
     */
    void save(
            Connection target,
            long lsn,
            int newTimeline,
            long records,
            long bytes,
            long readable,
            long previous,
            long crc)
            throws SQLException {
        Jdbc.update(
                target,
                "UPDATE walker.progress SET position = ?::text::pg_lsn, timeline = ?, records = ?, wal_bytes = ?,"
                        + " flush_lsn = ?::text::pg_lsn, previous = nullif(?::text::pg_lsn, '0/0'),"
                        + " previous_crc = nullif(?::bigint, -1),"
                        + " saved_at = pg_catalog.clock_timestamp() WHERE source_id = ?",
                Lsn.format(lsn),
                newTimeline,
                recordsBefore + records,
                bytesBefore + bytes,
                Lsn.format(readable),
                Lsn.format(previous),
                crc,
                sourceId);
        position = lsn;
        timeline = newTimeline;
        previousLsn = previous;
        previousCrc = crc;
    }
}
