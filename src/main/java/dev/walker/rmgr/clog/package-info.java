/** Payload of the records of resource manager CLOG: access/clog.h. */
package dev.walker.rmgr.clog;
