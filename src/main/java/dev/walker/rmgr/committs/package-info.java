/** Payload of the records of resource manager CommitTs: access/commit_ts.h. */
package dev.walker.rmgr.committs;
