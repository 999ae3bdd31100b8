package dev.walker.host;

import java.util.Map;
import java.util.Set;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** The value of {@code --stats}. */
final class StatsValue {
    static final String RMGR = "rmgr";
    static final String RECORD = "record";
    private static final Set<String> VALUES = Set.of(RMGR, RECORD);

    private StatsValue() {}

    /** Whether a word is a value, so that it is taken for one where it stands by itself, too. */
    static boolean isValue(String word) {
        return VALUES.contains(word);
    }

    /**
     * For picocli: the value has to be attached, as for pg_waldump, since what follows {@code -z} may be a segment. A class of
     * its own, for Java puts no class into an archive that is made from one of picocli's, and reads the whole directory of the
     * jar for the first that is not there.
     */
    static final class Attached implements IParameterPreprocessor {
        /** What picocli tells for a value that is an argument of its own. */
        private static final String SEPARATE = " ";
        /** What it tells for what follows {@code -z} in the same argument. */
        private static final String BUNDLED = "";

        private Attached() {}

        @Override
        public boolean preprocess(Stack<String> args, CommandSpec command, ArgSpec option, Map<String, Object> info) {
            Object separator = info.get("separator");
            if ((SEPARATE.equals(separator) || BUNDLED.equals(separator))
                    && (args.isEmpty() || !isValue(args.peek()))) {
                args.push(RMGR);
            }
            return false;
        }
    }
}
