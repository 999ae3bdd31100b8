package dev.walker.host;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A command that was run in this JVM.
 *
 * @param status exit status
 * @param out standard output
 * @param err standard error
 */
record Walker(int status, String out, String err) {
    static Walker run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            int status = Main.run(out, args);
            return new Walker(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(before);
        }
    }

    /** The output of a command that ends well. */
    static List<String> lines(String... args) {
        Walker walker = run(args);
        if (walker.status() != 0) {
            throw new AssertionError(
                    Arrays.toString(args) + " ended with status " + walker.status() + ": " + walker.err());
        }
        return new ArrayList<>(walker.out().lines().toList());
    }
}
