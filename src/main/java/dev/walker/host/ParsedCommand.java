package dev.walker.host;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * Runs a command whose arguments picocli reads. Apart from {@link Main}, which Java would check against picocli otherwise
 * before a command begins that does without it.
 */
final class ParsedCommand {
    private static final Class<?>[] COMMANDS = {
        DumpCommand.class,
        StatsCommand.class,
        InitCommand.class,
        RunCommand.class,
        StatusCommand.class,
        FleetCommand.class,
        PluginsCommand.class,
        GarbageCommand.class,
        HeatmapCommand.class,
        ReportCommand.class
    };

    private ParsedCommand() {}

    /** Runs a command; its exit status. */
    static int run(Main main, String... args) {
        CommandLine commandLine = new CommandLine(main);
        // To look at the options of all commands takes longer than many a command does.
        Class<?> wanted = args.length == 0 ? null : command(args[0]);
        for (Class<?> each : COMMANDS) {
            if (wanted == null || each == wanted) {
                commandLine.addSubcommand(each);
            }
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

    private static Class<?> command(String name) {
        for (Class<?> each : COMMANDS) {
            if (each.getAnnotation(Command.class).name().equals(name)) {
                return each;
            }
        }
        return null;
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
