/**
 * What a record says, in words: the descriptions of {@code pg_waldump} and {@code pg_get_wal_records_info}, which are the
 * {@code rm_desc} functions of access/rmgrdesc. {@link dev.walker.describe.Descriptions} is the entrance.
 *
 * <p>The words are those of the major that wrote the record:
 *
 * <table>
 * <caption>Changed in</caption>
 * <tr><th>Major</th><th>What</th></tr>
 * <tr><td>14</td><td>SP-GiST fields, B-tree page deletion with epochs, content of logical messages, PRUNE and VACUUM</td></tr>
 * <tr><td>15</td><td>dropped statistics, origin of aborted and prepared transactions</td></tr>
 * <tr><td>16</td><td>Heap and Btree as {@code name: value} with lists of items; {@code snapshotConflictHorizon}</td></tr>
 * <tr><td>17</td><td>one form for all prune records; {@code isCatalogRel}; {@code wal_level} of checkpoints</td></tr>
 * <tr><td>18</td><td>invalidations of INPLACE; statistics with 64-bit objects</td></tr>
 * </table>
 */
package dev.walker.describe;
