/** Payload of the records of resource manager Standby: storage/standbydefs.h. */
package dev.walker.rmgr.standby;
