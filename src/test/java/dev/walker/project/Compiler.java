package dev.walker.project;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;

/** The compiler, for what no build compiles. */
final class Compiler {
    private Compiler() {}

    /** Compiles against what the tests have, as strictly as the build; the exit status, 0 for success. */
    static int compile(Path classes, List<Path> sources) {
        List<String> words = new ArrayList<>(List.of(
                "-Xlint:all,-processing",
                "-Werror",
                "-proc:none",
                "--release",
                "17",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                classes.toString()));
        sources.forEach(source -> words.add(source.toString()));
        return ToolProvider.getSystemJavaCompiler().run(null, null, null, words.toArray(new String[0]));
    }
}
