package dev.walker.host;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Unmatched;

/** Options that are not given are taken from the file that {@code --config} names. */
final class ConfigDefaults implements IDefaultValueProvider {
    /** Options of {@code run} that have no place in a file: they are for one call, or settings by another name. */
    private static final Set<String> NOT_IN_FILES =
            Set.of("config", "set", "plugins", "until", "accept_gap", "help", "version");

    /** Looks for the one option that has to be known before the others. */
    @Command
    private static final class OnlyConfig {
        @Option(names = "--config")
        private Path file;

        @Unmatched
        private List<String> others;
    }

    private final ConfigFile file;

    private ConfigDefaults(ConfigFile file) {
        this.file = file;
    }

    /** Reads the file that the arguments of a command name, if they do. */
    static Optional<ConfigDefaults> of(String... args) {
        OnlyConfig only = new OnlyConfig();
        try {
            new CommandLine(only).parseArgs(args);
        } catch (ParameterException e) {
            // The command itself tells what is wrong.
            return Optional.empty();
        }
        return Optional.ofNullable(only.file).map(path -> new ConfigDefaults(read(path)));
    }

    /** Reads a file with settings and options of {@code run}. */
    static ConfigFile read(Path path) {
        return ConfigFile.read(
                path,
                CommandSpec.forAnnotatedObject(new RunCommand()).options().stream()
                        .map(ConfigDefaults::name)
                        .filter(name -> !NOT_IN_FILES.contains(name))
                        .collect(Collectors.toSet()));
    }

    /** Name of an option in a file. */
    static String name(OptionSpec option) {
        return name(option.longestName());
    }

    private static String name(String option) {
        return option.replaceFirst("^-+", "").replace('-', '_');
    }

    @Override
    public String defaultValue(ArgSpec argument) {
        return argument instanceof OptionSpec option
                ? inFile(option).flatMap(file::get).orElse(null)
                : null;
    }

    /** Of an option with several names the first that is in the file. */
    private Optional<String> inFile(OptionSpec option) {
        return Stream.of(option.names())
                .map(ConfigDefaults::name)
                .filter(name -> file.get(name).isPresent())
                .findFirst();
    }

    /** What is wrong with an option, with its place if the file has it. */
    String locate(ParameterException wrong) {
        return wrong.getArgSpec() instanceof OptionSpec option
                ? inFile(option)
                        .map(name -> file.place(name) + ": " + wrong.getMessage())
                        .orElse(wrong.getMessage())
                : wrong.getMessage();
    }
}
