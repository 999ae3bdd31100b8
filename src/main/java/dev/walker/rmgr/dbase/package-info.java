/** Payload of the records of resource managers Database (commands/dbcommands_xlog.h) and Tablespace. */
package dev.walker.rmgr.dbase;
