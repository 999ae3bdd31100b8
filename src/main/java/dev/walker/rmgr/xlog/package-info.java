/** Payload of the records of resource manager XLOG: catalog/pg_control.h, access/xlog_internal.h. */
package dev.walker.rmgr.xlog;
