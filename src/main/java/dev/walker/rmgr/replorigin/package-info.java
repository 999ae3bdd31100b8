/** Payload of the records of resource manager ReplicationOrigin: replication/origin.h. */
package dev.walker.rmgr.replorigin;
