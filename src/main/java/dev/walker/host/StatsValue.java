package dev.walker.host;

import java.util.Map;
import java.util.Set;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** The value of {@code --stats}, which for pg_waldump has to be attached: what follows {@code -z} may be a segment. */
final class StatsValue implements IParameterPreprocessor {
    static final String RMGR = "rmgr";
    static final String RECORD = "record";
    private static final Set<String> VALUES = Set.of(RMGR, RECORD);
    /** What picocli tells for a value that is an argument of its own. */
    private static final String SEPARATE = " ";

    private StatsValue() {}

    /** Whether a word is a value, so that it is taken for one where it stands by itself, too. */
    static boolean isValue(String word) {
        return VALUES.contains(word);
    }

    @Override
    public boolean preprocess(Stack<String> args, CommandSpec command, ArgSpec option, Map<String, Object> info) {
        if (SEPARATE.equals(info.get("separator")) && (args.isEmpty() || !isValue(args.peek()))) {
            args.push(RMGR);
        }
        return false;
    }
}
