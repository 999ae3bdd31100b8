/** Payload of the records of resource manager Storage: catalog/storage_xlog.h. */
package dev.walker.rmgr.smgr;
