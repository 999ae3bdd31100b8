package dev.walker.host;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * Runs a command whose arguments picocli reads. Apart from {@link Main}, which Java would check against picocli otherwise
 * before a command begins that does without it.
 */
final class ParsedCommand {
    private static final List<Class<?>> COMMANDS = List.of(
            DumpCommand.class,
            StatsCommand.class,
            InitCommand.class,
            RunCommand.class,
            StatusCommand.class,
            FleetCommand.class,
            PluginsCommand.class,
            GarbageCommand.class,
            HeatmapCommand.class,
            ReportCommand.class);

    private static final Set<String> VERSION = Set.of("-V", "--version");

    private ParsedCommand() {}

    /** Runs a command; its exit status. */
    static int run(Main main, String... given) {
        // As of each program of PostgreSQL.
        String[] args = Stream.of(given)
                .map(word -> word.equals("-?") ? "--help" : word)
                .toArray(String[]::new);
        CommandLine commandLine = new CommandLine(main);
        for (Class<?> each : wanted(args)) {
            commandLine.addSubcommand(each);
        }
        commandLine.setExecutionExceptionHandler((thrown, failing, parsed) -> Main.failed(thrown, failing.getErr()));
        if (args.length == 0) {
            commandLine.usage(commandLine.getErr());
            return CommandLine.ExitCode.USAGE;
        }
        try {
            for (CommandLine each : commandLine.getSubcommands().values()) {
                if (each.getCommandSpec().findOption("--config") != null) {
                    configure(commandLine, each, args);
                }
            }
        } catch (ConfigException e) {
            commandLine.getErr().println("walker: " + e.getMessage());
            return CommandLine.ExitCode.USAGE;
        }
        return commandLine.execute(args);
    }

    /** To look at the options of all commands takes longer than many a command does. */
    private static List<Class<?>> wanted(String... args) {
        if (args.length == 1 && VERSION.contains(args[0])) {
            return List.of();
        }
        for (Class<?> each : COMMANDS) {
            if (args.length > 0 && each.getAnnotation(Command.class).name().equals(args[0])) {
                return List.of(each);
            }
        }
        return COMMANDS;
    }

    /** Takes options that are not given from the configuration file of a command, if it has one. */
    private static void configure(CommandLine root, CommandLine command, String... args) {
        ConfigDefaults.of(args).ifPresent(file -> {
            command.setDefaultValueProvider(file);
            CommandLine.IParameterExceptionHandler handler = root.getParameterExceptionHandler();
            root.setParameterExceptionHandler((wrong, given) -> handler.handleParseException(
                    new CommandLine.ParameterException(wrong.getCommandLine(), file.locate(wrong), wrong), given));
        });
    }
}
