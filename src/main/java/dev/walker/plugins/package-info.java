/**
 * Plugins beside the heat map: what WAL is about, and each record of it.
 *
 * <p>They are told of all records but those about WALker's own tables.
 */
package dev.walker.plugins;
