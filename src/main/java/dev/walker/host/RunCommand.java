package dev.walker.host;

import dev.walker.host.metrics.MetricsServer;
import dev.walker.host.metrics.RunMetrics;
import dev.walker.host.metrics.WalkState;
import dev.walker.wal.Lsn;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
            paramLabel = "URL",
            description = "The server whose WAL is walked, such as jdbc:postgresql://HOST:PORT/DATABASE?user=USER;"
                    + " what it leaves open is taken from PGHOST, PGUSER and so on.")
    private String sourceUrl;

    @Option(
            names = "--target-url",
            paramLabel = "URL",
            description = "The database that has schema walker; by default that of --source-url.")
    private String targetUrl;

    @Option(
            names = "--source-name",
            paramLabel = "NAME",
            description = "Name of the server in walker.source; by default that which it has there, or if it is new"
                    + " \"local\" for the server of the target, and host and port for another.")
    private String sourceName;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            description =
                    "How WAL is read: stream (replication), file (pg_read_binary_file), or auto for a stream if the"
                            + " server gives one; short for --set walker.mode=MODE.")
    private String mode;

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

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A file like postgresql.conf with settings, and with options of this command (such as"
                    + " source_url). SIGHUP has it read again.")
    private Path config;

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            defaultValue = "info",
            description = "What is logged: ${COMPLETION-CANDIDATES}, and what is worse (default: ${DEFAULT-VALUE}).")
    private Log.Threshold logLevel;

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "How it is logged: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private LogFormat logFormat;

    @Mixin
    private MetricsOptions metricsOptions;

    RunCommand() {}

    @Override
    public Integer call() throws InterruptedException {
        metricsOptions.check();
        RunPlan plan = plan();
        Log log = new Log(spec.commandLine().getErr(), logLevel, logFormat);
        if (logFormat == LogFormat.json) {
            log.takeStandardError();
        }
        Hangup.listen(plan.settings()::askReload, log);
        try (RunEnd end = RunEnd.onSignal(log)) {
            int status = run(plan, end, log);
            end.status(status);
            return status;
        }
    }

    private int run(RunPlan plan, RunEnd end, Log log) throws InterruptedException {
        RunMetrics metrics = new RunMetrics();
        TargetSession target = new TargetSession(plan.targetUrl(), log);
        Reconnect reconnect = new Reconnect(target, end, metrics, log);
        WalkedSource walked = new WalkedSource(plan.sourceName());
        RunObserver observer = metricsOptions.observer(metrics);
        Optional<MetricsServer> server = Optional.empty();
        try (target) {
            warnOfPasswords(plan, log);
            server = metricsOptions.serve(metrics, log);
            reconnect.run(() -> {
                try (RunConnections connections = RunConnections.open(plan, target)) {
                    new RunLoop(plan, connections, walked, reconnect, end, observer, log).run();
                }
            });
            metrics.state(WalkState.ENDED);
            return CommandLine.ExitCode.OK;
        } catch (SQLException | RuntimeException e) {
            metrics.state(WalkState.FAILED);
            if (Main.isExpected(e)) {
                log.error(e.getMessage());
            } else {
                log.error("internal error: " + e, e);
            }
            return CommandLine.ExitCode.SOFTWARE;
        } finally {
            server.ifPresent(MetricsServer::close);
        }
    }

    /** Whoever may list the processes sees what is on the command line. */
    private static void warnOfPasswords(RunPlan plan, Log log) {
        for (String option : new String[] {"source_url", "target_url"}) {
            if (plan.settings().isOption(option)
                    && plan.settings()
                            .apply(option)
                            .filter(url -> Database.address(option, url).hasPasswordInUrl())
                            .isPresent()) {
                log.warning("--" + option.replace('_', '-') + " has a password, which the list of processes shows;"
                        + " ~/.pgpass or PGPASSWORD keeps it out of there");
            }
        }
    }

    private RunPlan plan() {
        if (sourceUrl == null) {
            Database.address("--source-url", null);
        }
        Map<String, String> given = new TreeMap<>(settings);
        spec.commandLine().getParseResult().matchedOptions().stream()
                .filter(option -> !option.isMultiValue())
                .forEach(option -> given.put(
                        ConfigDefaults.name(option), option.<Object>getValue().toString()));
        if (plugins != null) {
            given.put("walker.plugins", plugins);
        }
        if (mode != null) {
            given.put("walker.mode", mode);
        }
        return new RunPlan(
                sourceUrl,
                targetUrl == null ? sourceUrl : targetUrl,
                sourceName,
                new RunSettings(given, Optional.ofNullable(config)),
                new PluginPath(pluginPath),
                until == null ? Lsn.INVALID : parseUntil(),
                acceptGap);
    }

    private long parseUntil() {
        try {
            return Lsn.parse(until);
        } catch (IllegalArgumentException e) {
            throw new UsageException("--until: " + e.getMessage());
        }
    }
}
