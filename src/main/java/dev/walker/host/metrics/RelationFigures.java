package dev.walker.host.metrics;

import java.util.List;

/**
 * The garbage of the relations that have most of it.
 *
 * @param most the relation with most dead tuples first
 * @param others the sum of all others
 * @param relations how many relations there are in all
 */
public record RelationFigures(List<Relation> most, Relation others, long relations) {
    /** Nothing is known yet. */
    static final RelationFigures NONE = new RelationFigures(List.of(), new Relation("", "other", 0, 0), 0);

    /**
     * A relation.
     *
     * @param database its database, or the OID of it
     * @param relation its name, or else where its files are
     * @param deadTuples as {@code walker.garbage()} shows them
     * @param pagesWithGarbage as {@code walker.garbage()} shows them
     */
    public record Relation(String database, String relation, long deadTuples, long pagesWithGarbage) {}
}
