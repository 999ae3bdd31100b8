/** Payload of the records of resource manager RelMap: utils/relmapper.h. */
package dev.walker.rmgr.relmap;
