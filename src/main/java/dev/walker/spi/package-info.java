/**
 * All that a plugin is and is given: it implements {@link dev.walker.spi.WalPlugin}, one of these callbacks gives it a
 * {@link dev.walker.spi.PluginContext}, and that {@link dev.walker.spi.StateTable}s for what must outlive it. Records are
 * {@link dev.walker.wal.WalRecord}s, and what is in them is told by the views of the packages {@code dev.walker.rmgr.*}.
 *
 * <p>LSNs and XIDs are numbers without sign in a {@code long}: see {@link dev.walker.wal.Lsn}. The end of a transaction names
 * its subtransactions, see {@link dev.walker.rmgr.xact.XactEnd}; what a crash has ended gets no such record, but all that was
 * running then, unless prepared, is over at a checkpoint of type {@code CHECKPOINT_SHUTDOWN} or at {@code END_OF_RECOVERY}.
 */
package dev.walker.spi;
