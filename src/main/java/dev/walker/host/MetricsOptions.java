package dev.walker.host;

import dev.walker.host.metrics.MetricsServer;
import dev.walker.host.metrics.RunMetrics;
import java.io.IOException;
import java.net.UnknownHostException;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options of {@code run} about metrics and health. */
final class MetricsOptions {
    private static final int HIGHEST_PORT = 65_535;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--metrics-port",
            paramLabel = "PORT",
            description = "Serve /metrics (for Prometheus) and /health over HTTP at this port; 0 for any that is free.")
    private Integer port;

    @Option(
            names = "--metrics-address",
            paramLabel = "HOST",
            defaultValue = "localhost",
            description = "Listen at this name or address; 0.0.0.0 for all (default: ${DEFAULT-VALUE}).")
    private String address;

    @Option(
            names = "--metrics-relations",
            paramLabel = "N",
            defaultValue = "50",
            description =
                    "Metrics of the N tables with most garbage; the rest is summed up (default: ${DEFAULT-VALUE}).")
    private int relations;

    MetricsOptions() {}

    /** Tells metrics to whoever asks, if that is wanted. */
    Optional<MetricsServer> serve(RunMetrics metrics, Log log) {
        if (port == null) {
            return Optional.empty();
        }
        try {
            MetricsServer server = MetricsServer.start(
                    metrics, address, port, Main.Version.number(), text -> JsonPrinter.escape(text, new StringBuilder())
                            .toString());
            log.info("metrics at http://" + address + ":" + server.address().getPort() + "/metrics");
            return Optional.of(server);
        } catch (UnknownHostException e) {
            throw new CommandException(
                    "--metrics-address is " + address + ", which is no name or address of this host");
        } catch (IOException e) {
            throw new CommandException(
                    "cannot listen at " + address + " port " + port + " (--metrics-port): " + e.getMessage());
        }
    }

    /** What tells metrics about a walk. */
    RunObserver observer(RunMetrics metrics) {
        return new RunObserver(metrics, port == null ? -1 : relations);
    }

    /** Fails if an option makes no sense. */
    void check() {
        if (port != null && (port < 0 || port > HIGHEST_PORT)) {
            throw wrong("--metrics-port", "is " + port + "; wanted 0 to " + HIGHEST_PORT);
        }
        if (relations < 0) {
            throw wrong("--metrics-relations", "is " + relations + "; wanted 0 or more");
        }
    }

    private ParameterException wrong(String option, String message) {
        CommandLine command = spec.commandLine();
        return new ParameterException(
                command, option + " " + message, command.getCommandSpec().findOption(option), message);
    }
}
