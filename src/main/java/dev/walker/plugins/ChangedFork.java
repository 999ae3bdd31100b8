package dev.walker.plugins;

/**
 * A fork of a relation; with relfilenode 0 all relations of a database in a tablespace.
 *
 * @param spcOid tablespace
 * @param dbOid database, 0 for a shared catalog
 * @param relNumber relfilenode
 * @param fork its number as in WAL
 */
record ChangedFork(long spcOid, long dbOid, long relNumber, int fork) {}
