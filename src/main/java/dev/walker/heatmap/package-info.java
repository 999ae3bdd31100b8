/**
 * The garbage heatmap: which items of which heap blocks are dead tuples, kept exact by walking over the WAL.
 *
 * <p>Dead is what pgstattuple counts as {@code dead_tuple_count}: an item with storage ({@code LP_NORMAL}) that a dirty
 * snapshot does not see. What a record does to a page:
 *
 * <ul>
 *   <li>An insert is dead if its transaction or subtransaction rolls back, a delete or the old version of an update if it
 *       commits. Until then both are pending; a transaction that a crash ended is rolled back, and the files
 *       that it made are forgotten, since no table has them.
 *   <li>A speculative insertion that is taken back is dead at once.
 *   <li>Pruning and vacuum take the storage of items, truncating and dropping that of blocks.
 *   <li>A full-page image shows the page as it is after the record; a page made anew is empty.
 *   <li>A page that becomes all-visible has no dead tuples.
 * </ul>
 *
 * <p>A page is <em>known</em> when its set of dead items is complete: the relation was created in the WAL that was walked,
 * or an image, a new page or the visibility map showed the page. What does not fit to what is known makes the page not
 * known until the next of these. After a gap in the WAL no page is known and no item is dead for certain, so the map begins
 * anew; only the counters of changes stay.
 *
 * <p>Tables, each with a column for the source in front:
 *
 * <ul>
 *   <li>{@code heatmap_relation}: counters, and sums over all blocks.
 *   <li>{@code heatmap_chunk}: 128 blocks each. {@code dead} and {@code aborted} are RoaringBitmaps with key {@code
 *       block_in_chunk << 9 | offnum}, {@code known} is a bit for each block, lowest first; {@code *_by_page} has a count
 *       for each block.
 *   <li>{@code heatmap_pending}: what open transactions have inserted and deleted, bitmaps with the same keys.
 *   <li>{@code heatmap_xact}: outcomes of transactions and updaters of multixacts, as far as page images may ask for them,
 *       which of the outcomes the server has told ahead of the walk, which transactions are prepared, and the files that
 *       open ones have made.
 *   <li>{@code heatmap_history}: what happened in a bucket of time to a heap, an array for each count with an element for
 *       each range of blocks. Buckets get longer with age. {@code heatmap_history_relation} says which heap it is.
 * </ul>
 */
package dev.walker.heatmap;
