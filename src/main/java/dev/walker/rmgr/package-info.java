/**
 * Resource managers: their numbers, their names and the names of their record types, as pg_waldump and pg_walinspect
 * print them.
 *
 * <p>{@code xl_rmid} (1 byte) names the resource manager, the upper four bits of {@code xl_info} the record type. The 22
 * of core have had the same numbers in all majors from 10 to 19; numbers 128 to 255 belong to extensions, since 15.
 * Changed record types:
 *
 * <ul>
 *   <li>14: Heap2 0x10 to 0x30 are PRUNE, VACUUM, FREEZE_PAGE in place of CLEAN, FREEZE_PAGE, CLEANUP_INFO; Transaction
 *       0x60 INVALIDATION is new; CommitTs 0x20 SETTS is gone
 *   <li>15: Database 0x00 to 0x20 are CREATE_FILE_COPY, CREATE_WAL_LOG, DROP in place of CREATE, DROP
 *   <li>17: Heap2 0x10 to 0x30 are PRUNE_ON_ACCESS, PRUNE_VACUUM_SCAN, PRUNE_VACUUM_CLEANUP; XLOG 0xE0 CHECKPOINT_REDO is
 *       new
 * </ul>
 */
package dev.walker.rmgr;
