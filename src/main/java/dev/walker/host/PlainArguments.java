package dev.walker.host;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;

/**
 * Arguments that leave nothing to interpret: {@code --name=value}, {@code --name value} and {@code --name}, each once. A
 * command can take them as they are, which saves the library for command lines, whose start takes longer than many a command.
 * All else, errors too, is left to that library.
 */
final class PlainArguments {
    /** A command that takes them. */
    interface Command extends Callable<Integer> {
        /** Sets an option that has a value; false if there is none of this name, or if the value needs a closer look. */
        boolean set(String name, String value);

        /** Sets an option that has no value; false if there is none of this name. */
        boolean set(String name);
    }

    private PlainArguments() {}

    /**
     * Gives a command its options.
     *
     * @param args the name of the command, then its options
     * @return false if the arguments are not plain; some options may be set then
     */
    static boolean read(String[] args, Command command) {
        Set<String> seen = new HashSet<>();
        for (int i = 1; i < args.length; i++) {
            String name = args[i];
            int equals = name.indexOf('=');
            String value = "";
            if (equals >= 0) {
                value = name.substring(equals + 1);
                name = name.substring(0, equals);
            }
            if (!name.startsWith("-") || !seen.add(name)) {
                return false;
            }
            boolean done;
            if (equals < 0 && command.set(name)) {
                done = true;
            } else if (equals < 0) {
                i++;
                done = i < args.length && isValue(args[i]) && command.set(name, args[i]);
            } else {
                done = isValue(value) && command.set(name, value);
            }
            if (!done) {
                return false;
            }
        }
        return true;
    }

    private static boolean isValue(String text) {
        return !text.isEmpty() && "-@\"'".indexOf(text.charAt(0)) < 0;
    }
}
