package dev.walker.project;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.heatmap.HeatmapPlugin;
import dev.walker.wal.PageTally;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The options of Java stand in scripts that cannot read each other: they are to be the same. */
class JavaOptionsTest {
    private static final String NOT_INLINED = "-XX:CompileCommand=dontinline,";
    private static final Pattern ASSIGNED = Pattern.compile("^ *(?:vm)?options\\+?=\"([^\"$]*)\"", Pattern.MULTILINE);

    /** What depends on the release of Java. */
    private static final Pattern OF_SOME_RELEASES =
            Pattern.compile("-Djava\\.security\\.manager=.*|--sun-misc-.*|--illegal-native-access=.*");

    /** What a script sets in any case. */
    private static List<String> options(String script) throws IOException {
        List<String> all = ASSIGNED.matcher(Files.readString(Path.of(script)))
                .results()
                .map((MatchResult assigned) -> assigned.group(1).strip())
                .flatMap(options -> Arrays.stream(options.split(" +")))
                .filter(option -> !OF_SOME_RELEASES.matcher(option).matches())
                .toList();
        assertTrue(all.size() > 5, () -> script + " sets " + all);
        return all;
    }

    @ParameterizedTest
    @ValueSource(strings = {"docker/10-walker.sh", "bench/server.sh"})
    void areThoseOfTheInstallation(String script) throws IOException {
        assertEquals(options("install.sh"), options(script));
    }

    /** Java takes a pattern that nothing agrees with. */
    @Test
    void whatIsNotInlinedIsThere() throws IOException {
        String pattern = options("install.sh").stream()
                .filter(option -> option.startsWith(NOT_INLINED))
                .findFirst()
                .orElseThrow()
                .substring(NOT_INLINED.length());
        assertTrue(Files.readString(Path.of("bin/walker")).contains(NOT_INLINED + pattern), pattern);
        String prefix = HeatmapPlugin.class.getName() + "::";
        assertTrue(pattern.startsWith(prefix) && pattern.endsWith("*"), pattern);
        String begin = pattern.substring(prefix.length(), pattern.length() - 1);
        List<String> methods = Arrays.stream(HeatmapPlugin.class.getDeclaredMethods())
                .map(method -> method.getName())
                .filter(name -> name.startsWith(begin))
                .toList();
        assertTrue(methods.size() >= 5, methods.toString());
    }

    @Test
    void whatStatsDoesNotInlineIsThere() throws IOException {
        List<String> methods = Pattern.compile("dontinline,\\$TALLY::(\\w+)")
                .matcher(Files.readString(Path.of("bin/walker")))
                .results()
                .map(method -> method.group(1))
                .toList();
        assertTrue(Files.readString(Path.of("bin/walker")).contains("TALLY=" + PageTally.class.getName() + "\n"));
        assertEquals(4, methods.size(), methods.toString());
        List<String> all = Arrays.stream(PageTally.class.getDeclaredMethods())
                .map(method -> method.getName())
                .toList();
        assertTrue(all.containsAll(methods), methods + " of " + all);
    }
}
