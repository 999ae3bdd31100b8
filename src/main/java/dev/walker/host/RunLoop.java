package dev.walker.host;

import dev.walker.engine.Settings;
import dev.walker.jdbc.ServerSettings;
import dev.walker.jdbc.Walk;
import dev.walker.jdbc.WalkSession;
import dev.walker.wal.Lsn;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.function.Function;

/** A walk over one pair of connections, from its first step until it ends or a connection is lost. */
final class RunLoop {
    private final RunPlan plan;
    private final RunConnections connections;
    private final Connection target;
    private final RunEnd end;
    private final Log log;
    private int sourceId;
    private boolean ready;

    RunLoop(RunPlan plan, RunConnections connections, RunEnd end, Log log) {
        this.plan = plan;
        this.connections = connections;
        this.target = connections.target();
        this.end = end;
        this.log = log;
    }

    /** Walks until the end that the plan has, until {@code walker.stop()}, or until the program is to end. */
    void run() throws SQLException, InterruptedException {
        sourceId = (int) Database.number(
                target,
                "SELECT walker._add_source(?, ?)",
                plan.sourceName(),
                connections.wal().systemIdentifier());
        target.commit();
        lock();
        try {
            Walk walk = new Walk(this::open, plan.acceptGap());
            walk(walk);
            walk.finish();
            target.commit();
            walk.shutdown();
            target.commit();
            log.info("ended at " + Lsn.format(walk.position()));
        } catch (SQLException | RuntimeException e) {
            Exception failure = RunFailure.explain(e, connections);
            RunFailure.note(failure, connections, sourceId, log);
            if (failure == e) {
                throw e;
            }
            throw new CommandException(failure.getMessage(), e);
        }
    }

    private void lock() throws SQLException {
        if (Database.number(
                        target,
                        "SELECT pg_catalog.pg_try_advisory_lock(walker._lock_class(), walker._lock_id(?, 'run'))::int",
                        sourceId)
                == 0) {
            throw new CommandException("a walker already runs for this server; SELECT walker.stop() ends it");
        }
    }

    private WalkSession open(boolean acceptGap) throws SQLException {
        return new WalkSession(
                target,
                connections.source(),
                sourceId,
                connections.wal(),
                new Settings(settings()),
                acceptGap,
                plan.classLoader(),
                log::info);
    }

    private Function<String, Optional<String>> settings() {
        ServerSettings server = new ServerSettings(connections.source());
        return name -> {
            Optional<String> given = plan.settings().apply(name);
            return given.isPresent() ? given : server.apply(name);
        };
    }

    private void walk(Walk walk) throws SQLException, InterruptedException {
        while (!end.isAsked()) {
            WalkSession.Next next = walk.step(plan.untilLsn());
            target.commit();
            if (!ready) {
                tellReady(walk);
            }
            if (next == WalkSession.Next.END) {
                break;
            }
            if (next != WalkSession.Next.AT_ONCE) {
                end.await(walk.napMillis());
            }
        }
    }

    private void tellReady(Walk walk) throws SQLException {
        Database.number(
                target,
                "SELECT 1 FROM pg_catalog.pg_advisory_lock(walker._lock_class(), walker._lock_id(?, 'ready'))",
                sourceId);
        target.commit();
        log.info("walking from " + Lsn.format(walk.position()));
        ready = true;
    }
}
