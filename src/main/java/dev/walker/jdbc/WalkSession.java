package dev.walker.jdbc;

import dev.walker.engine.ChangeFlag;
import dev.walker.engine.Dispatcher;
import dev.walker.engine.LoadedPlugin;
import dev.walker.engine.OwnRelations;
import dev.walker.engine.PluginException;
import dev.walker.engine.PluginLoader;
import dev.walker.engine.Settings;
import dev.walker.engine.UnmadePlugin;
import dev.walker.engine.Walker;
import dev.walker.engine.WatchThread;
import dev.walker.spi.Gap;
import dev.walker.spi.SourceServer;
import dev.walker.spi.StateException;
import dev.walker.spi.WalPlugin;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalSource;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A walk whose state and position are kept in schema {@code walker} of a database: what the server host and the remote
 * host have in common.
 *
 * <p>The caller owns the transaction: it calls {@link #step}, commits, and calls it again. State and position are written
 * by the same step, so they are committed together or not at all. After any exception this object is to be thrown away;
 * a new one goes on from what was committed.
 */
public final class WalkSession {
    /** What the caller is to do after it has committed. */
    public enum Next {
        /** Step again: there is more WAL. */
        AT_ONCE,
        /** Step again after {@link #napMillis}: all WAL is walked, but something is left to be saved. */
        AFTER_NAP,
        /** Step again after {@link #napMillis}, if there is more WAL by then or somebody wants something. */
        WHEN_NEEDED,
        /** Stop: the wanted LSN is reached, or somebody asked for it. */
        END
    }

    private static final int SHORT_NAP_MILLIS = 10;

    /** What is walked is not seen before it is saved, so until then a nap may be as many times longer. */
    private static final int MOST_NAPS = 5;

    /** {@code XLOG_BLCKSZ}, as servers usually have it. */
    private static final int WAL_PAGE = 8192;

    private static final long GUARD_INTERVAL_NANOS = 1_000_000_000L;

    private static final long PAUSE_INTERVAL_NANOS = 100_000_000L;

    private final Connection target;
    private final Connection sourceConnection;
    private final int sourceId;
    private final WalSource source;
    private final Settings settings;
    private final WalkLog log;
    private final int naptimeMillis;
    private final long flushIntervalNanos;
    private final long batchBytes;
    private final boolean sameServer;
    private final ChangeFlag changes = new ChangeFlag();
    private final List<JdbcPluginContext> contexts = new ArrayList<>();
    private final Set<LoadedPlugin> told = new HashSet<>();
    private final Optional<ReplicationSlot> slot;
    private final Optional<LagGuard> lagGuard;
    private final Progress progress;
    /** There was no row in {@code walker.progress}, and the one that was made is not committed. */
    private boolean isNew;

    private Dispatcher dispatcher;
    private Walker walker;
    private UnsavedWal unsaved;
    private final Waiters waiters;
    private long lastSaveNanos = System.nanoTime();
    private final SavePace savePace;
    private long lastSaveTookNanos;
    private long lastPauseNanos = System.nanoTime() - PAUSE_INTERVAL_NANOS;
    private long lastGuardNanos = System.nanoTime() - GUARD_INTERVAL_NANOS;
    private final long maxLagBytes;
    private final Object identity = new Object();
    private long saves;
    private long saveNanos;
    private boolean caughtUp;
    private long knownEnd;
    private boolean slotIsBehind;
    private boolean pluginFailed;
    private boolean waitedFor;
    /** The walk is to end at some LSN. */
    private boolean ends;
    /** A plugin has work left that no record brings about. */
    private boolean atWork;

    /**
     * Loads plugins and state, and makes ready to walk from the saved position on.
     *
     * @param target where schema {@code walker} is
     * @param sourceConnection leads to the server whose WAL is walked; may be {@code target}
     * @param server answers the questions of plugins about it
     * @param sourceId its row in {@code walker.source}
     * @param source the WAL of that server
     * @param opening whether the walk is started, or runs
     * @param savePace how soon to save again
     * @param classLoader where plugins are looked for
     * @param log takes lines for the log of the server or the program
     * @throws PluginException if a plugin cannot be found or made, finds a wrong setting, or cannot start when the walk is
     *     started
     * @throws dev.walker.engine.SettingException if a setting is wrong
     * @throws dev.walker.wal.WalGapException if WAL is missing and that was not accepted
     * @throws WalSourceException if the server has another history than what was walked
     * @throws SourceGoneException if the source was deleted
     */
    public WalkSession(
            Connection target,
            Connection sourceConnection,
            SourceServer server,
            int sourceId,
            WalSource source,
            Settings settings,
            Opening opening,
            SavePace savePace,
            ClassLoader classLoader,
            WalkLog log)
            throws SQLException {
        this.target = target;
        this.savePace = savePace;
        this.sourceConnection = sourceConnection;
        this.sourceId = sourceId;
        this.source = source;
        this.settings = settings;
        this.log = log;
        boolean acceptGap = opening == Opening.START_ACROSS_GAP;
        this.naptimeMillis = settings.naptimeMillis();
        this.flushIntervalNanos = settings.flushIntervalMillis() * 1_000_000L;
        this.batchBytes = settings.batchBytes();
        this.maxLagBytes = settings.maxLagBytes();
        this.waiters = new Waiters(
                new Waiters.Server() {
                    @Override
                    public Set<String> waiting() throws SQLException {
                        return Progress.waiting(target, sourceId);
                    }

                    @Override
                    public long insertLsn() throws SQLException {
                        return insertLsnOfTarget();
                    }
                },
                flushIntervalNanos);
        Optional<String> slotName = settings.slot();
        List<String> names = settings.plugins();
        PluginLoader loader = new PluginLoader(classLoader);
        List<WalPlugin> plugins =
                opening == Opening.GO_ON ? loader.loadAgain(names, settings) : loader.load(names, settings);
        this.sameServer = target == sourceConnection
                || Jdbc.one(
                                target,
                                "SELECT system_identifier FROM pg_catalog.pg_control_system()",
                                row -> row.getLong(1))
                        == source.systemIdentifier();
        String slotState = slotName.isPresent() ? ReplicationSlot.describe(sourceConnection, slotName.get()) : "";
        if (!Progress.lockSource(target, sourceId)) {
            throw new SourceGoneException(sourceId, slotState);
        }
        MissingWal missing = new MissingWal(source, slotState.isEmpty() ? "walker.slot is empty" : slotState);
        Optional<Progress> saved = Progress.load(target, sourceId);
        if (saved.isPresent()) {
            // Before there is a slot that would keep WAL for a walk that does not go on.
            checkSource(saved.get());
            missingWal(missing, saved.get(), acceptGap);
        }
        this.slot = slotName.isPresent()
                ? Optional.of(ReplicationSlot.open(sourceConnection, slotName.get(), source, log))
                : Optional.empty();
        this.lagGuard = slot.map(open -> new LagGuard(open, settings, log));
        if (saved.isPresent()) {
            tellOfFormerSlot(saved.get(), slotName);
        }
        this.isNew = saved.isEmpty();
        // One that the saved row names is known, and guarded, whether the walk runs or not.
        boolean isUnknown = slot.isPresent()
                && slot.get().isNew()
                && !saved.flatMap(Progress::slotName).equals(slotName);
        Optional<Savepoint> savepoint = isUnknown ? Savepoints.set(sourceConnection) : Optional.empty();
        try {
            this.progress = saved.isPresent() ? saved.get() : begin();
            // From here on the slot keeps what is there.
            Optional<Gap> gap = saved.isPresent() ? missingWal(missing, progress, acceptGap) : Optional.empty();
            start(names, plugins, server, gap, opening);
        } catch (Throwable e) {
            if (isUnknown) {
                takeSlotBack(savepoint, e);
            }
            throw e;
        }
        if (savepoint.isPresent()) {
            sourceConnection.releaseSavepoint(savepoint.get());
        }
    }

    private void start(
            List<String> names, List<WalPlugin> plugins, SourceServer server, Optional<Gap> gap, Opening opening)
            throws SQLException {
        if (gap.isPresent()) {
            log.warning("goes on after a " + gap.get());
            progress.leaveOut(target, gap.get());
        }
        progress.started(target, slot.map(ReplicationSlot::name), source.mode());
        List<PluginGap> pluginGaps = startPlugins(names, plugins, server, gap, opening);
        walker = new Walker(
                source,
                dispatcher,
                changes,
                ownRelations(),
                progress.position(),
                progress.previousLsn(),
                progress.previousCrc(),
                progress.canCheckPrevious(source.history(), source.segmentSize())
                        ? Optional.of(progress::checkPrevious)
                        : Optional.empty(),
                progress::checkFirst);
        unsaved = new UnsavedWal(walker, source.segmentSize(), maxLagBytes);
        WatchThread.lookAfter(dispatcher, settings.pluginTimeoutMillis());
        slotIsBehind = slot.isPresent() && slot.get().wasLeftBehind(progress.position());
        if (gap.isPresent() || !pluginGaps.isEmpty() || pluginFailed) {
            tell(pluginGaps);
            save();
        }
    }

    /** It may not have been made for the walk, so it is not dropped. */
    private void tellOfFormerSlot(Progress saved, Optional<String> slotName) throws SQLException {
        Optional<String> former = saved.slotName().filter(name -> !slotName.equals(Optional.of(name)));
        Optional<String> kept =
                former.isPresent() ? ReplicationSlot.kept(sourceConnection, former.get()) : Optional.empty();
        if (kept.isEmpty()) {
            return;
        }
        boolean isNeeded =
                slot.isPresent() && Lsn.isBefore(saved.position(), slot.get().restartLsn());
        log.warning("replication slot \"" + former.get() + "\" was that of this walk before walker.slot became \""
                + slotName.orElse("") + "\". It keeps WAL from LSN " + kept.get()
                + " on, and no walker moves it any more. If nobody else uses it, drop it"
                + (isNeeded
                        ? ", as soon as walker.status() shows a position beyond LSN "
                                + Lsn.format(slot.get().restartLsn()) + ","
                        : "")
                + " with pg_drop_replication_slot('" + former.get() + "')");
    }

    /** No row will tell of the slot that was made for this walk. */
    private void takeSlotBack(Optional<Savepoint> savepoint, Throwable failure) {
        try {
            if (savepoint.isPresent()) {
                // After an error of the server PL/Java can do nothing before this.
                Savepoints.undo(sourceConnection, savepoint.get());
            }
        } catch (SQLException e) {
            failure.addSuppressed(e);
            return;
        }
        slot.orElseThrow().takeBack(failure);
    }

    private Progress begin() throws SQLException {
        long begin = slot.isPresent() ? slot.get().restartLsn() : redoLsn();
        return Progress.begin(target, sourceId, source.history().timelineAt(begin), begin);
    }

    private void checkSource(Progress saved) throws SQLException {
        Optional<String> insertLsn = Jdbc.first(
                sourceConnection,
                "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery()"
                        + " THEN pg_catalog.pg_current_wal_insert_lsn()::text END",
                row -> row.getString(1));
        if (insertLsn.isEmpty()) {
            saved.checkStandby(source.history());
        }
        saved.checkHistory(source.history(), source.segmentSize());
        if (insertLsn.isPresent()) {
            saved.checkEnd(Lsn.parse(insertLsn.get()), source.segmentSize());
        }
    }

    private static Optional<Gap> missingWal(MissingWal missing, Progress progress, boolean acceptGap) {
        Optional<Gap> gap = missing.after(progress);
        if (gap.isPresent() && !acceptGap) {
            throw missing.refuse(gap.get());
        }
        return gap;
    }

    /** From here on every page that changes comes with an image, or has come with one before. */
    private long redoLsn() throws SQLException {
        return Lsn.parse(Jdbc.one(
                sourceConnection,
                "SELECT redo_lsn::text FROM pg_catalog.pg_control_checkpoint()",
                row -> row.getString(1)));
    }

    /** A gap in what one plugin was given. */
    private record PluginGap(LoadedPlugin plugin, Gap gap) {}

    /** How far a plugin was the last time, and what had stopped it. */
    private record SavedPlugin(long records, long position, String error) {}

    /** Starts the plugins; gives the gaps between what they were given before and what they will be given. */
    private List<PluginGap> startPlugins(
            List<String> names, List<WalPlugin> plugins, SourceServer server, Optional<Gap> gap, Opening opening)
            throws SQLException {
        // Their state is kept, so it must be known how old it is.
        Jdbc.update(
                target,
                "UPDATE walker.plugin SET ordinal = NULL WHERE source_id = ? AND name <> ALL (?::text::text[])"
                        + " AND ordinal IS NOT NULL",
                sourceId,
                arrayLiteral(names));
        List<LoadedPlugin> loaded = new ArrayList<>();
        List<Optional<SavedPlugin>> saved = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            WalPlugin plugin = plugins.get(i);
            Optional<SavedPlugin> before = Jdbc.first(
                    target,
                    "SELECT records, position::text, coalesce(last_error, '') FROM walker.plugin"
                            + " WHERE source_id = ? AND name = ?",
                    row -> new SavedPlugin(row.getLong(1), Lsn.parse(row.getString(2)), row.getString(3)),
                    sourceId,
                    name);
            Jdbc.update(
                    target,
                    "INSERT INTO walker.plugin (source_id, name, ordinal, class_name, position)"
                            + " VALUES (?, ?, ?, coalesce(?::text, ''), ?::text::pg_lsn)"
                            + " ON CONFLICT (source_id, name) DO UPDATE SET ordinal = EXCLUDED.ordinal,"
                            + " class_name = coalesce(nullif(EXCLUDED.class_name, ''), plugin.class_name),"
                            + " last_error = NULL, error_lsn = NULL",
                    sourceId,
                    name,
                    i + 1,
                    plugin instanceof UnmadePlugin ? null : plugin.getClass().getName(),
                    Lsn.format(progress.position()));
            loaded.add(new LoadedPlugin(
                    name, plugin, before.map(SavedPlugin::records).orElse(0L)));
            saved.add(before);
        }
        // It is told when it is saved: until then PL/Java may not be able to, after an error of the server.
        dispatcher = new Dispatcher(loaded, failed -> pluginFailed = true, log::warningFromAnyThread);
        List<PluginGap> gaps = new ArrayList<>();
        for (int i = 0; i < loaded.size(); i++) {
            LoadedPlugin entry = loaded.get(i);
            JdbcPluginContext context =
                    new JdbcPluginContext(entry.name(), target, sourceId, settings, server, changes, log);
            contexts.add(context);
            Optional<SavedPlugin> before = saved.get(i);
            if (startPlugin(entry, context, opening)
                    && before.isPresent()
                    && Lsn.isBefore(before.get().position, progress.position())) {
                gaps.add(new PluginGap(entry, pluginGap(entry.name(), before.get(), gap)));
            }
        }
        return gaps;
    }

    /** Whether the plugin has started; one that has not, while the walk goes on, is set aside. */
    private boolean startPlugin(LoadedPlugin entry, JdbcPluginContext context, Opening opening) throws SQLException {
        if (opening == Opening.GO_ON) {
            return write(
                    entry, context, progress.position(), () -> entry.plugin().onStartup(context));
        }
        try {
            context.writable(true);
            entry.plugin().onStartup(context);
            context.send();
            return true;
        } catch (StateException | WalSourceException e) {
            throw e;
        } catch (Throwable e) {
            throw new PluginException(
                    "plugin \"" + entry.name() + "\" could not start: " + LoadedPlugin.describe(e), e);
        } finally {
            context.writable(false);
        }
    }

    /** The gap of the walk, or a larger one that a plugin has for itself, which is recorded. */
    private Gap pluginGap(String name, SavedPlugin before, Optional<Gap> gap) throws SQLException {
        if (gap.isPresent() && gap.get().fromLsn() == before.position) {
            return gap.get();
        }
        Gap own = new Gap(
                before.position,
                progress.position(),
                source.history().timelineAt(before.position),
                progress.timeline(),
                before.error.isEmpty()
                        ? "the plugin was not named in walker.plugins"
                        : "the plugin was set aside: " + before.error);
        log.warning("plugin \"" + name + "\" goes on after a " + own);
        Progress.recordGap(target, sourceId, own, name);
        return own;
    }

    private void tell(List<PluginGap> gaps) {
        for (PluginGap each : gaps) {
            dispatcher.guarded(
                    each.plugin, each.gap.toLsn(), () -> each.plugin.plugin().onGap(each.gap));
        }
    }

    /** Milliseconds to wait after {@link Next#AFTER_NAP}; few while somebody waits for what is there, or a plugin is at work. */
    public int napMillis() {
        return waitedFor || atWork ? SHORT_NAP_MILLIS : naptimeMillis;
    }

    /** OIDs of the databases whose catalogs have changed since the last call; 0 for what all share. */
    public Set<Long> takeChangedDatabases() {
        return walker.takeChangedDatabases();
    }

    /**
     * Milliseconds until there is something to be done after {@link Next#AFTER_NAP}, for who sees for himself whether
     * somebody wants the walker to save or to stop. The more WAL is walked in a step, the less each byte costs.
     */
    public int millisUntilDue() {
        if (waitedFor || atWork || ends) {
            return napMillis();
        }
        long dueNanos = Math.max(flushIntervalNanos, savePace.pauseNanos(lastSaveTookNanos, flushIntervalNanos))
                - (System.nanoTime() - lastSaveNanos);
        return (int) Math.max(naptimeMillis, Math.min(dueNanos / 1_000_000 + 1, (long) MOST_NAPS * naptimeMillis));
    }

    /** LSN of the next record: all before it is walked, though perhaps not saved. */
    public long position() {
        return walker.position();
    }

    /** What can be told of this session after its last step. */
    public WalkFigures figures() {
        long end = Lsn.isBefore(walker.readableUpTo(), knownEnd) ? knownEnd : walker.readableUpTo();
        return new WalkFigures(
                identity,
                walker.position(),
                progress.position(),
                end,
                // A record of which the server has but a part is waited for.
                caughtUp && end - walker.position() < WAL_PAGE,
                walker.counters().recordsByRmgr(),
                walker.counters().bytesByRmgr(),
                walker.counters().lastXactTime(),
                saves,
                saveNanos,
                maxLagBytes,
                dispatcher.plugins().stream()
                        .map(each -> new WalkFigures.Plugin(each.name(), each.records(), each.isActive()))
                        .toList());
    }

    /** Name of the plugin that is being called just now, if there is one; for any thread. */
    public Optional<String> busyPlugin() {
        return dispatcher.busyPlugin();
    }

    /**
     * Walks a batch, and saves state and position if it is time. The caller commits.
     *
     * @param until end at this LSN; {@link Lsn#INVALID} for no end
     * @throws dev.walker.wal.WalFormatException if the WAL is damaged
     * @throws WalSourceException if the source does not give the WAL
     */
    public Next step(long until) throws SQLException {
        ends = until != Lsn.INVALID;
        if (isNew) {
            // If it fails from here on, there is a row that tells why and which slot keeps WAL.
            isNew = false;
            return Next.AT_ONCE;
        }
        // What was saved by the step before is committed by now.
        advanceSlot();
        Progress.Wishes wishes = progress.look(target);
        guardLag();
        boolean stop = wishes.stop();
        boolean more = !stop && walker.walk(batchBytes, until);
        caughtUp = !more;
        boolean reached = until != Lsn.INVALID && !Lsn.isBefore(walker.position(), until);
        atWork = !stop && pause(more);
        boolean end = stop || reached;
        boolean wanted = isWaitedFor(!more && wishes.save());
        if (end || isSaveDue() || wanted) {
            save();
        }
        waitedFor = waiters.isBehind(progress.position());
        if (end) {
            return Next.END;
        }
        if (until != Lsn.INVALID && !more) {
            flushSource(until);
        }
        if (more) {
            return Next.AT_ONCE;
        }
        // What it is too soon to save is to be saved even if nothing comes any more.
        boolean unsavedMuch = changes.isRaised() || unsaved.isMuch();
        boolean quiet = !unsavedMuch && !waitedFor && !atWork && !slotIsBehind && until == Lsn.INVALID;
        return quiet ? Next.WHEN_NEEDED : Next.AFTER_NAP;
    }

    /** Saves what is not saved yet; the caller commits. */
    public void finish() throws SQLException {
        if (pluginFailed || changes.isRaised() || unsaved.hasForeign()) {
            save();
        }
    }

    /** Tells the plugins that the walk ends. */
    public void shutdown() throws SQLException {
        advanceSlot();
        dispatcher.shutdown(walker.position());
        dispatcher.plugins().forEach(this::tellFailure);
    }

    private boolean isSaveDue() {
        if (pluginFailed || changes.isUrgent()) {
            return true;
        }
        long since = System.nanoTime() - lastSaveNanos;
        if (since < savePace.pauseNanos(lastSaveTookNanos, flushIntervalNanos)) {
            return false;
        }
        return unsaved.isMuch() || changes.isRaised() && since >= flushIntervalNanos;
    }

    private boolean isWaitedFor(boolean wanted) throws SQLException {
        if (!wanted) {
            waiters.gone();
            return false;
        }
        return waiters.wantSave(
                progress.position(), walker.position(), unsaved.hasForeign(), System.nanoTime() - lastSaveNanos);
    }

    /** The target may be the primary of the standby whose WAL is walked. */
    private long insertLsnOfTarget() throws SQLException {
        return sameServer
                ? Lsn.parse(Jdbc.one(
                        target, "SELECT pg_catalog.pg_current_wal_insert_lsn()::text", row -> row.getString(1)))
                : Lsn.INVALID;
    }

    /** What is wanted may not be flushed yet, and nothing else may come that flushes it. */
    private void flushSource(long until) throws SQLException {
        if (sameServer && Lsn.isBefore(source.endOfWal(), until)) {
            Jdbc.first(
                    target,
                    "SELECT CASE WHEN ?::text::pg_lsn <= pg_catalog.pg_current_wal_insert_lsn()"
                            + " THEN pg_catalog.pg_logical_emit_message(true, 'walker', '')::text END",
                    row -> row.getString(1),
                    Lsn.format(until));
        }
    }

    /** Lets plugins work, but not at every batch of many. */
    private boolean pause(boolean more) {
        long now = System.nanoTime();
        if (more && !atWork && now - lastPauseNanos < PAUSE_INTERVAL_NANOS) {
            return false;
        }
        lastPauseNanos = now;
        return dispatcher.pause(walker.position());
    }

    private void save() throws SQLException {
        long begin = System.nanoTime();
        long lsn = walker.position();
        progress.checkHistory(source.history(), source.segmentSize());
        progress.lock(target);
        walker.own(ownRelations());
        if (sameServer) {
            walker.ownTransaction(Jdbc.one(
                    target,
                    "SELECT (pg_catalog.pg_current_xact_id()::text::numeric % 4294967296)::bigint",
                    row -> row.getLong(1)));
        }
        List<LoadedPlugin> plugins = dispatcher.plugins();
        for (int i = 0; i < plugins.size(); i++) {
            savePlugin(plugins.get(i), contexts.get(i), i + 1, lsn);
        }
        int timeline = source.history().timelineAt(lsn);
        tellOfTimeline(timeline);
        progress.save(
                target,
                lsn,
                timeline,
                walker.records(),
                walker.bytes(),
                endOfWal(),
                walker.previousLsn(),
                walker.previousCrc());
        changes.lower();
        pluginFailed = false;
        unsaved.saved();
        lastSaveNanos = System.nanoTime();
        lastSaveTookNanos = lastSaveNanos - begin;
        saves++;
        saveNanos += lastSaveTookNanos;
        slotIsBehind = slot.isPresent();
    }

    /** A copy that was promoted cannot be told from what took over from the server that it is a copy of. */
    private void tellOfTimeline(int timeline) {
        if (timeline == progress.timeline()) {
            return;
        }
        String told = "has followed the server from timeline " + Integer.toUnsignedString(progress.timeline()) + " to "
                + Integer.toUnsignedString(timeline);
        if (sameServer) {
            log.info(told);
        } else {
            log.warning(told
                    + ", as in a failover. If this is a copy of the server that was walked until now, which goes on"
                    + " too, the results are those of the copy from here on, and that server is refused: then a copy wants"
                    + " a --source-name of its own");
        }
    }

    private void savePlugin(LoadedPlugin entry, JdbcPluginContext context, int ordinal, long lsn) throws SQLException {
        if (entry.isActive()) {
            write(entry, context, lsn, () -> entry.plugin().onFlush(lsn));
        }
        tellFailure(entry);
        // What was set aside stays where its state is.
        Jdbc.update(
                target,
                "UPDATE walker.plugin SET records = ?, last_error = ?, error_lsn = ?::text::pg_lsn,"
                        + " position = coalesce(?::text::pg_lsn, position) WHERE source_id = ? AND name = ?",
                entry.records(),
                entry.error().orElse(null),
                entry.isActive() ? null : Lsn.format(entry.errorLsn()),
                entry.isActive() ? Lsn.format(lsn) : null,
                sourceId,
                entry.name());
    }

    private void tellFailure(LoadedPlugin entry) {
        if (!entry.isActive() && told.add(entry)) {
            log.error(Dispatcher.describeFailure(entry));
        }
    }

    /** Has a plugin write its state; whether it did not throw. If it did, what it has written is undone. */
    private boolean write(LoadedPlugin entry, JdbcPluginContext context, long lsn, Runnable action)
            throws SQLException {
        Savepoint savepoint = target.setSavepoint();
        context.writable(true);
        boolean done;
        try {
            done = dispatcher.guarded(entry, lsn, () -> {
                action.run();
                context.send();
            });
        } catch (RuntimeException | Error e) {
            // PL/Java cannot have a savepoint left behind: the failure could not be noted then.
            rollback(savepoint, e);
            throw e;
        } finally {
            context.writable(false);
        }
        if (done) {
            target.releaseSavepoint(savepoint);
        } else {
            context.forget();
            Savepoints.undo(target, savepoint);
        }
        return done;
    }

    private void rollback(Savepoint savepoint, Throwable failure) {
        try {
            Savepoints.undo(target, savepoint);
        } catch (SQLException e) {
            // The connection is lost, which is what has failed.
            failure.addSuppressed(e);
        }
    }

    private void advanceSlot() throws SQLException {
        if (slotIsBehind) {
            slot.orElseThrow().advance(progress.position());
            slotIsBehind = false;
        }
    }

    private long endOfWal() {
        knownEnd = source.endOfWal();
        return knownEnd;
    }

    private void guardLag() throws SQLException {
        if (lagGuard.isPresent() && System.nanoTime() - lastGuardNanos >= GUARD_INTERVAL_NANOS) {
            lastGuardNanos = System.nanoTime();
            Optional<WalSourceException> problem = lagGuard.get().check(endOfWal());
            if (problem.isPresent()) {
                throw problem.get();
            }
        }
    }

    private OwnRelations ownRelations() throws SQLException {
        if (!sameServer) {
            return OwnRelations.none();
        }
        return new OwnRelations(Jdbc.all(
                target,
                "WITH own AS (SELECT c.oid, c.reltoastrelid FROM pg_catalog.pg_class c"
                        + " WHERE c.relnamespace = 'walker'::pg_catalog.regnamespace AND c.relkind IN ('r', 'S')),"
                        + " heap AS (SELECT oid FROM own UNION ALL SELECT reltoastrelid FROM own WHERE reltoastrelid <> 0),"
                        + " file AS (SELECT oid FROM heap UNION ALL"
                        + " SELECT i.indexrelid FROM pg_catalog.pg_index i JOIN heap h ON h.oid = i.indrelid)"
                        + " SELECT CASE WHEN c.reltablespace = 0 THEN d.dattablespace ELSE c.reltablespace END::bigint,"
                        + " d.oid::bigint, pg_catalog.pg_relation_filenode(c.oid)::bigint"
                        + " FROM file JOIN pg_catalog.pg_class c USING (oid), pg_catalog.pg_database d"
                        + " WHERE d.datname = pg_catalog.current_database()",
                row -> new RelFileLocator(row.getLong(1), row.getLong(2), row.getLong(3))));
    }

    private static String arrayLiteral(List<String> texts) {
        StringBuilder literal = new StringBuilder("{");
        for (String text : texts) {
            literal.append(literal.length() > 1 ? "," : "")
                    .append('"')
                    .append(text.replace("\\", "\\\\").replace("\"", "\\\""))
                    .append('"');
        }
        return literal.append('}').toString();
    }
}
