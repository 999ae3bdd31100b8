package dev.walker.host;

import dev.walker.engine.PluginException;
import dev.walker.engine.SettingException;
import dev.walker.remote.Secrets;
import dev.walker.spi.StateException;
import dev.walker.wal.WalFormatException;
import dev.walker.wal.WalSourceException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.sql.SQLException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The command line: {@code walker COMMAND}, or {@code java -jar walker.jar COMMAND}. Exit status 0, 1 (failed) or 2 (usage). */
@Command(
        name = "walker",
        description = "Walks over the WAL of a PostgreSQL server and calls plugins.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND")
public final class Main {
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

    // As CommandLine.ExitCode has them
    private static final int DONE = 0;
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    private final OutputStream output;
    private final PrintWriter err = new PrintWriter(System.err, true);

    private Main(OutputStream output) {
        this.output = output;
    }

    /** Runs a command and ends the program. */
    public static void main(String[] args) {
        int status;
        try {
            status = run(args);
        } catch (OutOfMemoryError e) {
            System.err.println("walker: Java's heap of " + (Runtime.getRuntime().maxMemory() >> 20)
                    + " MB is full; give it more, as with WALKER_JAVA_OPTS=-Xmx1g");
            status = FAILED;
        }
        System.exit(status);
    }

    /** Runs a command; its exit status. */
    static int run(String... args) {
        // Not System.out, which keeps it to itself when a pipe is closed.
        return run(new FileOutputStream(FileDescriptor.out), args);
    }

    /** Runs a command that writes what it writes much of to a given stream; its exit status. */
    static int run(OutputStream output, String... args) {
        Main main = new Main(output);
        PlainArguments.Command plain = args.length == 0 ? null : main.plainCommand(args[0]);
        return plain != null && PlainArguments.read(args, plain) ? main.call(plain) : runAny(output, args);
    }

    private PlainArguments.Command plainCommand(String name) {
        return switch (name) {
            case "dump" -> new DumpCommand(this);
            case "stats" -> new StatsCommand(this);
            default -> null;
        };
    }

    private int call(PlainArguments.Command command) {
        try {
            return command.call();
        } catch (Exception e) {
            try {
                return failed(e, err);
            } catch (Exception unexpected) {
                unexpected.printStackTrace(err);
                return FAILED;
            }
        }
    }

    private static int runAny(OutputStream output, String... args) {
        CommandLine commandLine = new CommandLine(new Main(output));
        // To look at the options of all commands takes longer than many a command does.
        Class<?> wanted = args.length == 0 ? null : command(args[0]);
        for (Class<?> each : COMMANDS) {
            if (wanted == null || each == wanted) {
                commandLine.addSubcommand(each);
            }
        }
        commandLine.setExecutionExceptionHandler((thrown, failing, parsed) -> failed(thrown, failing.getErr()));
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

    /** Standard output for commands that write much. */
    OutputStream output() {
        return output;
    }

    /** Standard error. */
    PrintWriter err() {
        return err;
    }

    /** Whether the message of something that was thrown tells all that there is to tell. */
    static boolean isExpected(Exception thrown) {
        return thrown instanceof SQLException
                || thrown instanceof PluginException
                || thrown instanceof SettingException
                || thrown instanceof StateException
                || thrown instanceof WalFormatException
                || thrown instanceof WalSourceException
                || thrown instanceof CommandException;
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

    private static int failed(Exception thrown, PrintWriter err) throws Exception {
        if (thrown instanceof ByteOutput.ClosedPipeException) {
            return DONE;
        }
        if (thrown instanceof UsageException || thrown instanceof ConfigException) {
            err.println("walker: " + Secrets.mask(thrown.getMessage()));
            return WRONG_USAGE;
        }
        if (!isExpected(thrown)) {
            throw thrown;
        }
        err.println("walker: " + Secrets.mask(thrown.getMessage()));
        return FAILED;
    }

    /** The version as the jar has it. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"walker " + number()};
        }

        static String number() {
            String version = Main.class.getPackage().getImplementationVersion();
            return version == null ? "(not packaged)" : version;
        }
    }
}
