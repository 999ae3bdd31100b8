/**
 * Payload of the records of resource managers Heap and Heap2 (access/heapam_xlog.h), and the heap page that a full-page
 * image shows (storage/bufpage.h, access/htup_details.h).
 *
 * <p>Which block reference is which heap page; all others, such as visibility map blocks, are not of the heap:
 *
 * <table>
 * <caption>Block references</caption>
 * <tr><th>Record</th><th>Heap pages, main fork</th></tr>
 * <tr><td>INSERT, DELETE, LOCK, LOCK_UPDATED, MULTI_INSERT, CONFIRM, INPLACE, prune, vacuum, freeze</td><td>0</td></tr>
 * <tr><td>UPDATE, HOT_UPDATE</td><td>0 new tuple; 1 old tuple, when it is on another page</td></tr>
 * <tr><td>VISIBLE</td><td>1</td></tr>
 * </table>
 *
 * <p>Changed in 14: CLEAN is PRUNE, VACUUM is new, FREEZE_PAGE and the one code after it moved. Changed in 16: freeze
 * plans are shared by tuples. Changed in 17: the three prune records hold everything, told by flags. Changed
 * within 17 and 18, without a new page magic: 17.11 and 18.6 have block references of the visibility map, 17.7 and 18.1
 * have not.
 */
package dev.walker.rmgr.heap;
