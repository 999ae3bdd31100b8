/** Payload of the records of resource manager Btree: access/nbtxlog.h. */
package dev.walker.rmgr.btree;
