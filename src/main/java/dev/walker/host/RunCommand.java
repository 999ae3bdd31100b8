package dev.walker.host;

import dev.walker.engine.Settings;
import dev.walker.jdbc.JdbcWalSource;
import dev.walker.jdbc.ServerSettings;
import dev.walker.jdbc.Walk;
import dev.walker.jdbc.WalkSession;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalGapException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code run}: walks over the WAL of a server from outside of it, until it is told to end. */
@Command(
        name = "run",
        description = "Walks over the WAL of a server until it is ended by SIGTERM or walker.stop().",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class RunCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--source-url",
            required = true,
            paramLabel = "URL",
            description = "The server whose WAL is walked, such as jdbc:postgresql://HOST:PORT/DATABASE?user=USER.")
    private String sourceUrl;

    @Option(
            names = "--target-url",
            paramLabel = "URL",
            description = "The database that has schema walker; by default that of --source-url.")
    private String targetUrl;

    @Option(
            names = "--source-name",
            paramLabel = "NAME",
            defaultValue = "local",
            description = "Name of the server in walker.source, when it is new there (default: ${DEFAULT-VALUE}).")
    private String sourceName;

    @Option(
            names = "--plugins",
            paramLabel = "NAMES",
            description = "Plugins, separated by commas; by default setting walker.plugins of the server.")
    private String plugins;

    @Option(names = "--plugin-path", paramLabel = "DIR", description = "A directory with jars of plugins.")
    private Path pluginPath;

    @Option(
            names = "--set",
            paramLabel = "NAME=VALUE",
            description = "A setting, such as walker.flush_interval=500; before that of the server.")
    private Map<String, String> settings = new TreeMap<>();

    @Option(names = "--until", paramLabel = "LSN", description = "End when everything before this LSN is walked.")
    private String until;

    @Option(
            names = "--accept-gap",
            description = "Go on if WAL is missing that was not walked yet; the gap is recorded in walker.gaps.")
    private boolean acceptGap;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile int exitCode = CommandLine.ExitCode.SOFTWARE;

    RunCommand() {}

    @Override
    public Integer call() throws SQLException, InterruptedException {
        long untilLsn = until == null ? Lsn.INVALID : parseUntil();
        if (plugins != null) {
            settings.put("walker.plugins", plugins);
        }
        Thread hook = new Thread(this::endGently, "walker-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            connectAndWalk(untilLsn);
            exitCode = CommandLine.ExitCode.OK;
        } finally {
            ended.countDown();
            if (asked.getCount() > 0) {
                Runtime.getRuntime().removeShutdownHook(hook);
            }
        }
        return CommandLine.ExitCode.OK;
    }

    private void connectAndWalk(long untilLsn) throws SQLException, InterruptedException {
        try (Connection source = Database.connect("--source-url", sourceUrl);
                Connection target = Database.connect("--target-url", targetUrl())) {
            Database.requireSchema(target);
            target.setAutoCommit(false);
            walk(target, source, untilLsn);
        }
    }

    private String targetUrl() {
        return targetUrl == null ? sourceUrl : targetUrl;
    }

    private void walk(Connection target, Connection source, long untilLsn) throws SQLException, InterruptedException {
        JdbcWalSource wal = new JdbcWalSource(source);
        int sourceId = (int) number(target, "SELECT walker._add_source(?, ?)", sourceName, wal.systemIdentifier());
        target.commit();
        if (number(
                        target,
                        "SELECT pg_catalog.pg_try_advisory_lock(walker._lock_class(), walker._lock_id(?, 'run'))::int",
                        sourceId)
                == 0) {
            throw new CommandException("a walker already runs for this server; SELECT walker.stop() ends it");
        }
        Settings all = new Settings(settingsOf(source));
        ClassLoader classLoader = classLoader();
        try {
            Walk walk = new Walk(
                    accept -> new WalkSession(target, source, sourceId, wal, all, accept, classLoader, this::log),
                    acceptGap);
            boolean ready = false;
            while (asked.getCount() > 0) {
                WalkSession.Next next = walk.step(untilLsn);
                target.commit();
                if (!ready) {
                    number(
                            target,
                            "SELECT 1 FROM pg_catalog.pg_advisory_lock(walker._lock_class(), walker._lock_id(?, 'ready'))",
                            sourceId);
                    target.commit();
                    log("walking from " + Lsn.format(walk.position()));
                    ready = true;
                }
                if (next == WalkSession.Next.END) {
                    break;
                }
                if (next != WalkSession.Next.AT_ONCE) {
                    asked.await(walk.napMillis(), TimeUnit.MILLISECONDS);
                }
            }
            walk.finish();
            target.commit();
            walk.shutdown();
            target.commit();
            log("ended at " + Lsn.format(walk.position()));
        } catch (SQLException | RuntimeException e) {
            Exception failure = explain(e, target, source);
            noteFailure(target, sourceId, failure);
            if (failure == e) {
                throw e;
            }
            throw new CommandException(failure.getMessage(), e);
        }
    }

    /** What the user is to be told; the exception itself if it says enough. */
    private Exception explain(Exception thrown, Connection target, Connection source) {
        if (thrown instanceof WalGapException) {
            return new CommandException(
                    thrown.getMessage()
                            + ". \"run --accept-gap\" goes on from there and records the gap in walker.gaps",
                    thrown);
        }
        String lost = Database.isLost(source) ? "source" : Database.isLost(target) ? "target" : null;
        if (lost == null) {
            return thrown;
        }
        return new CommandException(
                "the connection to the " + lost + " was lost: " + thrown.getMessage()
                        + ". What was walked until then is saved; run the same command again to go on from there",
                thrown);
    }

    /** Makes {@code walker.status()} tell what has happened, over a new connection if need be. */
    private void noteFailure(Connection target, int sourceId, Exception failure) {
        try {
            if (Database.isLost(target)) {
                try (Connection again = Database.connect("--target-url", targetUrl())) {
                    again.setAutoCommit(false);
                    noteFailureIn(again, sourceId, failure);
                }
            } else {
                target.rollback();
                noteFailureIn(target, sourceId, failure);
            }
        } catch (SQLException e) {
            failure.addSuppressed(e);
            log("cannot note the failure in walker.progress: " + e.getMessage());
        }
    }

    private static void noteFailureIn(Connection target, int sourceId, Exception failure) throws SQLException {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        number(
                target,
                "SELECT 1 FROM walker._failed(?, ?, ?::text::pg_lsn)",
                sourceId,
                failure.getMessage(),
                cause instanceof WalFormatException damage
                        ? Lsn.format(damage.lsn())
                        : cause instanceof WalGapException gap ? Lsn.format(gap.missingLsn()) : null);
        target.commit();
    }

    /** The shutdown hook, at SIGTERM or SIGINT: lets the batch end, so that its state is committed. */
    private void endGently() {
        asked.countDown();
        try {
            if (!ended.await(30, TimeUnit.SECONDS)) {
                log("the batch has not ended within 30 s; what it has walked will be walked again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // A JVM that ends by a signal would tell its number, which looks like a failure.
        Runtime.getRuntime().halt(exitCode);
    }

    private long parseUntil() {
        try {
            return Lsn.parse(until);
        } catch (IllegalArgumentException e) {
            throw new CommandException("--until: " + e.getMessage());
        }
    }

    private java.util.function.Function<String, Optional<String>> settingsOf(Connection source) {
        ServerSettings server = new ServerSettings(source);
        return name -> settings.containsKey(name) ? Optional.of(settings.get(name)) : server.apply(name);
    }

    private ClassLoader classLoader() {
        if (pluginPath == null) {
            return RunCommand.class.getClassLoader();
        }
        List<URL> jars = new ArrayList<>();
        try (Stream<Path> files = Files.list(pluginPath)) {
            for (Path jar : files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList()) {
                jars.add(jar.toUri().toURL());
            }
        } catch (MalformedURLException e) {
            throw new CommandException("--plugin-path " + pluginPath + " is no place for jars: " + e.getMessage());
        } catch (IOException e) {
            throw new CommandException("--plugin-path " + pluginPath + " cannot be read: " + e);
        }
        return new URLClassLoader(jars.toArray(new URL[0]), RunCommand.class.getClassLoader());
    }

    private void log(String message) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " walker: " + message);
        err.flush();
    }

    private static long number(Connection connection, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet result = statement.executeQuery()) {
                result.next();
                return result.getLong(1);
            }
        }
    }
}
