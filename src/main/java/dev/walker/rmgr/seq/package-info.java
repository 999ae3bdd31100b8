/** Payload of the records of resource manager Sequence: commands/sequence.h. */
package dev.walker.rmgr.seq;
