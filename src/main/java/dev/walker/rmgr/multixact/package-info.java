/** Payload of the records of resource manager MultiXact: access/multixact.h. */
package dev.walker.rmgr.multixact;
