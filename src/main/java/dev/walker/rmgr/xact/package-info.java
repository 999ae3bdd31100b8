/**
 * Payload of the records of resource manager Transaction: access/xact.h, access/transam/twophase.c.
 *
 * <p>COMMIT, ABORT and their PREPARED forms: {@code xact_time} i64 at 0, then, if bit 0x80 of {@code xl_info} is set,
 * {@code xinfo} u32 and the parts that its bits announce, without gaps, in this order: database, subtransactions, dropped
 * relations, dropped statistics (since 15, items of 16 bytes since 18), invalidations, two-phase XID, two-phase name,
 * origin.
 */
package dev.walker.rmgr.xact;
