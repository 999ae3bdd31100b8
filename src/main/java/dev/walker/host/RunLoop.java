package dev.walker.host;

import dev.walker.engine.PluginException;
import dev.walker.engine.SettingException;
import dev.walker.jdbc.Jdbc;
import dev.walker.jdbc.Opening;
import dev.walker.jdbc.SavePace;
import dev.walker.jdbc.ServerSettings;
import dev.walker.jdbc.Walk;
import dev.walker.jdbc.WalkSession;
import dev.walker.remote.SourceConnection;
import dev.walker.remote.SourceDatabases;
import dev.walker.remote.SourceNames;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalSourceException;
import java.sql.Connection;
import java.sql.SQLException;

/** A walk over one pair of connections, from its first step until it ends or a connection is lost. */
final class RunLoop {
    private final RunPlan plan;
    private final RunConnections connections;
    private final Connection target;
    private final WalkedSource walked;
    private final Reconnect reconnect;
    private final RunEnd end;
    private final RunObserver observer;
    private final Log log;
    private int sourceId;
    private boolean ready;

    RunLoop(
            RunPlan plan,
            RunConnections connections,
            WalkedSource walked,
            Reconnect reconnect,
            RunEnd end,
            RunObserver observer,
            Log log) {
        this.plan = plan;
        this.connections = connections;
        this.walked = walked;
        this.reconnect = reconnect;
        this.target = connections.target();
        this.end = end;
        this.observer = observer;
        this.log = log;
    }

    /** Walks until the end that the plan has, until {@code walker.stop()}, or until the program is to end. */
    void run() throws SQLException, InterruptedException {
        SourceConnection source = connections.source();
        try (RunSetup setup = new RunSetup(plan, new ServerSettings(source.connection()), log)) {
            source.openWal(setup.settings().mode(), log);
            sourceId = walked.find(
                    target,
                    source,
                    connections.sourceAddress(),
                    setup.settings().slot(),
                    log);
            walked.lock(connections.session(), target, sourceId, log);
            warnOfUnknownSettings();
            if (setup.settings().slot().isEmpty()) {
                log.info("walker.slot is empty: the server may remove WAL before it is walked");
            }
            if (!reconnect.hasWalked()) {
                warnOfPublication();
            }
            walk(setup);
        } catch (SQLException | RuntimeException e) {
            walked.takeBack(target, e);
            throw e;
        }
    }

    private void walk(RunSetup setup) throws SQLException, InterruptedException {
        try (SourceDatabases databases = new SourceDatabases(
                        connections.sourceAddress(), connections.source().connection(), log);
                SourceNames names = new SourceNames(
                        connections.sourceAddress(),
                        connections.source().connection(),
                        connections.targetAddress(),
                        sourceId,
                        log::warning)) {
            end.walks(true);
            Walk walk = new Walk(opening -> open(setup, databases, opening), opening());
            observer.begin(walk, target, sourceId);
            walk(walk, setup, databases, names);
            shutdown(walk);
            log.info("ended at " + Lsn.format(walk.position()));
        } catch (SQLException | RuntimeException e) {
            Exception failure = RunFailure.explain(e, connections, plan.settings());
            if (failure == e) {
                throw e;
            }
            throw (CommandException) failure;
        }
    }

    private void warnOfUnknownSettings() throws SQLException {
        for (String name : plan.settings().names()) {
            if (name.startsWith("walker.")
                    && Database.number(target, "SELECT count(*) FROM walker._known_settings() k WHERE k.name = ?", name)
                            == 0) {
                log.warning(plan.settings()
                        .locate(name + " is no setting of WALker, which at most a plugin of somebody else reads"));
            }
        }
        target.commit();
    }

    private void warnOfPublication() throws SQLException {
        Jdbc.first(target, "SELECT walker._published()", row -> row.getString(1))
                .ifPresent(published -> log.warning("database of the results: " + published));
        target.commit();
    }

    /** After a lost connection the walk goes on. */
    private Opening opening() {
        if (reconnect.hasWalked()) {
            return Opening.GO_ON;
        }
        return plan.acceptGap() ? Opening.START_ACROSS_GAP : Opening.START;
    }

    private WalkSession open(RunSetup setup, SourceDatabases databases, Opening opening) throws SQLException {
        return new WalkSession(
                target,
                connections.source().connection(),
                databases,
                sourceId,
                connections.source().wal(),
                setup.settings(),
                opening,
                SavePace.PROMPT,
                setup.classLoader(),
                log);
    }

    private void walk(Walk walk, RunSetup setup, SourceDatabases databases, SourceNames names)
            throws SQLException, InterruptedException {
        long from = walk.position();
        while (!end.isAsked()) {
            WalkSession.Next next = walk.step(plan.untilLsn());
            target.commit();
            observer.stepped(walk, target, sourceId, names.looks());
            if (!ready) {
                tellReady(from);
                names.start();
            }
            names.changed(walk.takeChangedDatabases());
            databases.closeIdle();
            if (next == WalkSession.Next.END) {
                break;
            }
            if (plan.settings().takeReload()) {
                reload(walk, setup);
            } else if (next != WalkSession.Next.AT_ONCE && !end.isAsked()) {
                connections.source().await(walk.napMillis());
            }
        }
    }

    private void tellReady(long from) throws SQLException {
        Jdbc.one(target, "SELECT walker._take_lock(?, 'ready')", row -> row.getBoolean(1), sourceId);
        target.commit();
        log.info("walking from " + Lsn.format(from));
        ready = true;
        reconnect.walking();
    }

    private void reload(Walk walk, RunSetup setup) throws SQLException {
        if (!setup.reload()) {
            return;
        }
        shutdown(walk);
        try {
            changeMode(setup);
            walk.renew(Opening.START);
            setup.keep();
            warnOfUnknownSettings();
        } catch (SettingException | PluginException e) {
            target.rollback();
            setup.undo(e);
            changeMode(setup);
            walk.renew(Opening.GO_ON);
        }
        target.commit();
    }

    private void changeMode(RunSetup setup) throws SQLException {
        String mode = setup.settings().mode();
        SourceConnection source = connections.source();
        if (!mode.equals(source.mode())) {
            try {
                source.changeMode(mode, log);
            } catch (WalSourceException e) {
                throw new SettingException("walker.mode is \"" + mode + "\", but " + e.getMessage());
            }
        }
    }

    /** Saves all, and lets the plugins end. */
    private void shutdown(Walk walk) throws SQLException {
        walk.finish();
        target.commit();
        walk.shutdown();
        target.commit();
    }
}
