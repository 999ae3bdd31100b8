package dev.walker.jdbc;

import dev.walker.wal.Lsn;
import dev.walker.wal.WalSource;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** The row of {@code walker.progress} of one source: how far it is walked. */
final class Progress {
    private final int sourceId;
    private final int timeline;
    private final long generation;
    private final long recordsBefore;
    private final long bytesBefore;
    private long position;

    private Progress(int sourceId, int timeline, long generation, long records, long bytes, long position) {
        this.sourceId = sourceId;
        this.timeline = timeline;
        this.generation = generation;
        this.recordsBefore = records;
        this.bytesBefore = bytes;
        this.position = position;
    }

    /**
     * The saved row, or a new one.
     *
     * @param begin where a walk begins that has no position yet
     * @throws WalSourceException if the source is not on the timeline that was walked
     */
    static Progress loadOrBegin(Connection target, int sourceId, WalSource source, long begin, Optional<String> slot)
            throws SQLException {
        Jdbc.update(
                target,
                "INSERT INTO walker.progress (source_id, timeline, position) VALUES (?, ?, ?::text::pg_lsn)"
                        + " ON CONFLICT (source_id) DO NOTHING",
                sourceId,
                source.timeline(),
                Lsn.format(begin));
        Progress progress = Jdbc.one(
                target,
                "UPDATE walker.progress SET started_at = pg_catalog.clock_timestamp(), slot_name = ?,"
                        + " last_error = NULL, error_lsn = NULL, error_at = NULL WHERE source_id = ?"
                        + " RETURNING timeline, generation, records, wal_bytes, position::text",
                row -> new Progress(
                        sourceId,
                        row.getInt(1),
                        row.getLong(2),
                        row.getLong(3),
                        row.getLong(4),
                        Lsn.parse(row.getString(5))),
                slot.orElse(null),
                sourceId);
        if (progress.timeline != source.timeline()) {
            throw new WalSourceException("the walk stands on timeline " + progress.timeline + " at LSN "
                    + Lsn.format(progress.position) + ", but the server is on timeline " + source.timeline()
                    + "; a walk cannot follow a promotion yet. To begin anew: DELETE FROM walker.source WHERE source_id = "
                    + sourceId);
        }
        return progress;
    }

    /** All before it is walked and saved. */
    long position() {
        return position;
    }

    /**
     * Looks whether others have changed state.
     *
     * @throws StaleStateException if they have
     */
    void check(Connection target) throws SQLException {
        boolean same = Jdbc.first(
                        target,
                        "SELECT generation = ? FROM walker.progress WHERE source_id = ?",
                        row -> row.getBoolean(1),
                        generation,
                        sourceId)
                .orElse(false);
        if (!same) {
            throw new StaleStateException();
        }
    }

    /**
     * Keeps others from changing state until the transaction ends.
     *
     * @throws StaleStateException if they have done so already
     */
    void lock(Connection target) throws SQLException {
        boolean same = Jdbc.first(
                        target,
                        "SELECT generation = ? AND position = ?::text::pg_lsn FROM walker.progress"
                                + " WHERE source_id = ? FOR UPDATE",
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
     * @param records walked since this object was made
     * @param bytes walked since this object was made
     * @param readable end of the WAL of the source
     */
    void save(Connection target, long lsn, long records, long bytes, long readable) throws SQLException {
        Jdbc.update(
                target,
                "UPDATE walker.progress SET position = ?::text::pg_lsn, records = ?, wal_bytes = ?,"
                        + " flush_lsn = ?::text::pg_lsn WHERE source_id = ?",
                Lsn.format(lsn),
                recordsBefore + records,
                bytesBefore + bytes,
                Lsn.format(readable),
                sourceId);
        position = lsn;
    }
}
