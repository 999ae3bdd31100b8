package dev.walker.heatmap;

import dev.walker.wal.RelFileLocator;

/**
 * What is known about a heap.
 *
 * @param locator where its files are
 * @param createdInWal whether its creation was walked, so that all of its pages are known
 * @param inserts tuples inserted, by transactions of whatever outcome
 * @param updates tuples updated, HOT or not
 * @param hotUpdates those of the updates that were HOT
 * @param newpageUpdates those of the updates whose new version went to another page, for want of room
 * @param deletes tuples deleted
 * @param abortedTuples tuples that transactions left behind when they rolled back
 * @param prunedTuples dead tuples that lost their storage
 * @param deadTuples dead tuples at present
 * @param deadAborted those of the dead tuples whose inserter rolled back
 * @param pagesWithGarbage pages with at least one dead tuple
 * @param lastChange LSN of the last record that changed any of this, 0 if none
 */
public record RelationHeat(
        RelFileLocator locator,
        boolean createdInWal,
        long inserts,
        long updates,
        long hotUpdates,
        long newpageUpdates,
        long deletes,
        long abortedTuples,
        long prunedTuples,
        long deadTuples,
        long deadAborted,
        long pagesWithGarbage,
        long lastChange) {}
