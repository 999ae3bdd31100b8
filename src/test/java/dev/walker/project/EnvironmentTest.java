package dev.walker.project;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tests find the same whoever runs them: what leads programs to a server of his is kept from them. */
class EnvironmentTest {
    private static final Pattern WITHOUT = Pattern.compile("<test.environment.without>([^<]*)<");
    private static final Pattern VARIABLE = Pattern.compile("\"(PG[A-Z]+)\"");

    @Test
    void pomKeepsTheVariablesThatCommandsReadFromTests() throws Exception {
        String pom = Files.readString(Path.of("pom.xml"));
        List<String> without = List.of(WITHOUT.matcher(pom)
                .results()
                .findFirst()
                .orElseThrow()
                .group(1)
                .split(","));
        assertEquals(
                3,
                pom.split(Pattern.quote("${test.environment.without}"), -1).length,
                "unit tests and integration tests");
        Set<String> read = new TreeSet<>();
        for (String source : List.of("remote/ServerAddress.java", "host/WalInput.java")) {
            VARIABLE.matcher(Files.readString(Path.of("src/main/java/dev/walker", source)))
                    .results()
                    .map(MatchResult::group)
                    .map(name -> name.replace("\"", ""))
                    .forEach(read::add);
        }
        assertTrue(read.contains("PGHOST") && read.contains("PGDATA"), read.toString());
        without.forEach(read::remove);
        assertEquals(Set.of(), read, "variables that tests would go by");
    }
}
