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
    /** {@code character_not_in_repertoire}: what the server has is no text in the encoding of the client. */
    private static final String NOT_IN_REPERTOIRE = "22021";

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
        return plain != null && PlainArguments.read(args, plain) ? main.call(plain) : ParsedCommand.run(main, args);
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

    /** Tells of what a command threw; the exit status. What nobody expected is thrown again. */
    static int failed(Exception thrown, PrintWriter err) throws Exception {
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
        boolean isNameless = thrown instanceof SQLException refused && NOT_IN_REPERTOIRE.equals(refused.getSQLState());
        err.println("walker: " + Secrets.mask(thrown.getMessage())
                + (isNameless
                        ? "; a name in this database is no UTF-8, as SQL_ASCII allows: psql shows it with"
                                + " PGCLIENTENCODING=SQL_ASCII, and ALTER ... RENAME helps"
                        : ""));
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
