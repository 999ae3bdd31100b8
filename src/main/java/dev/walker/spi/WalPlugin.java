package dev.walker.spi;

import dev.walker.wal.WalRecord;

/**
 * What a plugin may do: every callback is optional. One line in {@code META-INF/services/dev.walker.spi.WalPlugin} makes
 * it known by its {@link #name}; otherwise it is found by its class name. The class is public and has a public constructor
 * without arguments, which does nothing: instances are made also to be asked for their name or to check settings only.
 *
 * <p>All callbacks come from one thread. A record is lent for the call: copy what is to be kept. For each record the
 * callback of its resource manager comes first, then {@link #onRecord}.
 *
 * <p>A plugin that throws is set aside with name, LSN and message; its state stays as of the last commit, and the other
 * plugins go on.
 */
public interface WalPlugin {
    /** Short name, as in the setting {@code walker.plugins}; the class name if not overridden. */
    default String name() {
        return getClass().getName();
    }

    /**
     * Reads the settings that this plugin goes by, and does nothing with them: before {@link #onStartup}, and, on an instance
     * that is not started, before a running walker takes changed settings. So a wrong one is refused while the walk goes on.
     * {@code walker.reload()} warns of settings {@code walker.*} that nobody reads here, so read all of them.
     *
     * @throws IllegalArgumentException if one is wrong; the message has its name, what it is and what is wanted
     */
    default void checkSettings(PluginSettings settings) {}

    /**
     * Before the first record. State that was saved is to be read here, through {@link PluginContext#table}: nothing else is
     * left of an earlier instance. There is a new one whenever the walk is started, settings are taken, {@code walker.retry()}
     * is called for any plugin, or a lost connection is made anew; it is given the records after the last commit again. What
     * is known of transactions that are still open has to be saved, too.
     *
     * <p>A walk does not start with a plugin that throws here. One that runs and is loaded anew, as by {@code
     * walker.retry()}, sets it aside and goes on.
     *
     * @param context what WALker gives to this plugin; may be kept
     */
    default void onStartup(PluginContext context) {}

    /**
     * WAL is missing between what was saved and the next record; called between {@link #onStartup} and that record, and
     * before an {@link #onFlush} that is committed with the position after the gap. Whatever a plugin knows may be
     * outdated: what it cannot vouch for any more it should forget, or show as not complete.
     *
     * @param gap what is missing
     */
    default void onGap(Gap gap) {}

    /** A record of resource manager Heap. */
    default void onHeap(WalRecord record) {}

    /** A record of resource manager Heap2. */
    default void onHeap2(WalRecord record) {}

    /** A record of resource manager XLOG. */
    default void onXlog(WalRecord record) {}

    /** A record of resource manager Transaction. */
    default void onXact(WalRecord record) {}

    /** A record of resource manager Storage. */
    default void onSmgr(WalRecord record) {}

    /** A record of resource manager Standby. */
    default void onStandby(WalRecord record) {}

    /** Any record, of whatever resource manager, those of extensions too. */
    default void onRecord(WalRecord record) {}

    /**
     * Between two batches of WAL: the place for work that no record brings about, such as asking the server. The walk
     * stands still meanwhile, so it should take milliseconds.
     *
     * @param lsn everything before it has been walked
     * @return whether to be called again soon, even if no WAL comes
     */
    default boolean onPause(long lsn) {
        return false;
    }

    /**
     * State is about to be committed together with the position: write what has changed to the tables.
     *
     * @param lsn everything before it has been walked
     */
    default void onFlush(long lsn) {}

    /** The walk ends; called after the last {@link #onFlush}, so nothing is saved any more. Not after an error. */
    default void onShutdown() {}
}
