package dev.walker.heatmap;

/**
 * What is known about a page of a heap.
 *
 * @param block block number
 * @param deadTuples dead tuples; at least so many if the page is not known
 * @param abortedTuples those of the dead tuples whose inserter rolled back
 * @param known whether {@code deadTuples} is exact
 */
public record PageHeat(long block, int deadTuples, int abortedTuples, boolean known) {}
