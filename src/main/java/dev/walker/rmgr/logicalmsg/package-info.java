/** Payload of the records of resource manager LogicalMessage: replication/message.h. */
package dev.walker.rmgr.logicalmsg;
