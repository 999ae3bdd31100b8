package dev.walker.host;

import dev.walker.host.metrics.RelationFigures;
import dev.walker.host.metrics.RunMetrics;
import dev.walker.jdbc.Jdbc;
import dev.walker.jdbc.Walk;
import dev.walker.jdbc.WalkFigures;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Brings what a walk has done to the metrics, after each step. */
final class RunObserver {
    private static final long RELATIONS_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** As it stands in a name of several parts: with its dots between quotation marks, so that no two names are alike. */
    private static final String PART = "CASE WHEN pg_catalog.translate(%1$s, '.\"', '') = %1$s THEN %1$s"
            + " ELSE '\"' || pg_catalog.replace(%1$s, '\"', '\"\"') || '\"' END";

    /**
     * A table whose files have just been replaced may be there twice, by one name. What is new and empty may turn out to be an
     * index; and WALker's own files are new to it, too. They count no more than in walker.fleet().
     */
    private static final String MOST = "WITH every AS (SELECT h.*, n.database, n.schema, n.name,"
            + " pg_catalog.row_number() OVER (ORDER BY h.dead_tuples DESC, h.spc_oid, h.db_oid, h.relfilenode) AS place"
            + " FROM walker.heatmap_relation h"
            + " LEFT JOIN walker.relation n USING (source_id, spc_oid, db_oid, relfilenode)"
            + " WHERE h.source_id = ? AND coalesce(n.kind, '') NOT IN ('i', 'S')"
            + " AND (h.spc_oid, h.db_oid, h.relfilenode) NOT IN (SELECT o.spc_oid, o.db_oid, o.relfilenode"
            + " FROM walker._own_files(h.source_id) o)),"
            + " named AS (SELECT e.place, coalesce(e.database, ''::text) AS database, coalesce(CASE e.schema"
            + " WHEN 'public' THEN " + String.format(PART, "e.name") + " ELSE " + String.format(PART, "e.schema")
            + " || '.' || " + String.format(PART, "e.name") + " END,"
            + " pg_catalog.format('%s/%s/%s', e.spc_oid, e.db_oid, e.relfilenode)) AS relation,"
            + " e.dead_tuples, e.pages_with_garbage FROM every e WHERE e.place <= ?),"
            + " most AS (SELECT pg_catalog.min(d.place) AS place, d.database, d.relation,"
            + " pg_catalog.sum(d.dead_tuples)::bigint AS dead_tuples,"
            + " pg_catalog.sum(d.pages_with_garbage)::bigint AS pages_with_garbage, pg_catalog.count(*) AS count"
            + " FROM named d GROUP BY d.database, d.relation)"
            + " SELECT * FROM most UNION ALL"
            + " SELECT 0, '', 'other', coalesce(sum(e.dead_tuples), 0)::bigint,"
            + " coalesce(sum(e.pages_with_garbage), 0)::bigint, count(*) FROM every e WHERE e.place > ?"
            + " ORDER BY place";

    private final RunMetrics metrics;
    private final int mostRelations;
    private long relationsLsn;
    private long relationsLooks;
    private long relationsNanos = System.nanoTime() - RELATIONS_INTERVAL_NANOS;

    /**
     * Tells metrics.
     *
     * @param mostRelations so many relations are told apart; negative if nobody looks at any
     */
    RunObserver(RunMetrics metrics, int mostRelations) {
        this.metrics = metrics;
        this.mostRelations = mostRelations;
    }

    /** A walk begins over new connections. */
    void begin(Walk walk, Connection target, int sourceId) throws SQLException {
        metrics.source(Jdbc.one(
                target, "SELECT name FROM walker.source WHERE source_id = ?", row -> row.getString(1), sourceId));
        metrics.watch(walk::busyPlugin);
        relationsLsn = 0;
    }

    /**
     * A step was committed.
     *
     * @param looks how often there was a look for the names of relations, which come after the relations
     */
    void stepped(Walk walk, Connection target, int sourceId, long looks) throws SQLException {
        WalkFigures figures = walk.figures();
        metrics.walked(figures);
        long now = System.nanoTime();
        if (mostRelations >= 0
                && (figures.savedPosition() != relationsLsn || looks != relationsLooks)
                && now - relationsNanos >= RELATIONS_INTERVAL_NANOS) {
            metrics.relations(relations(target, sourceId));
            target.commit();
            relationsLsn = figures.savedPosition();
            relationsLooks = looks;
            relationsNanos = now;
        }
    }

    private RelationFigures relations(Connection target, int sourceId) throws SQLException {
        try (PreparedStatement statement = target.prepareStatement(MOST)) {
            statement.setInt(1, sourceId);
            statement.setInt(2, mostRelations);
            statement.setInt(3, mostRelations);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                RelationFigures.Relation others = relation(rows);
                long count = rows.getLong(6);
                List<RelationFigures.Relation> most = new ArrayList<>();
                while (rows.next()) {
                    most.add(relation(rows));
                    count += rows.getLong(6);
                }
                return new RelationFigures(most, others, count);
            }
        }
    }

    private static RelationFigures.Relation relation(ResultSet row) throws SQLException {
        return new RelationFigures.Relation(row.getString(2), row.getString(3), row.getLong(4), row.getLong(5));
    }
}
