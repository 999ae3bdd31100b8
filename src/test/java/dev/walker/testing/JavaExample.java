package dev.walker.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A class that stands in the documentation.
 *
 * @param name its name, without the package {@code example}
 */
public record JavaExample(String name, String code) {
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```java\n(.*?)^```$");
    private static final Pattern NAME = Pattern.compile("(?ms)\\Apackage example;.*^public final class (\\w+) ");

    /** All those of a file, in their order. */
    public static List<JavaExample> of(Path file) throws IOException {
        return BLOCK.matcher(Files.readString(file))
                .results()
                .map(JavaExample::of)
                .toList();
    }

    private static JavaExample of(MatchResult block) {
        Matcher name = NAME.matcher(block.group(1));
        if (!name.find()) {
            throw new IllegalStateException("no public final class of package example: " + block.group(1));
        }
        return new JavaExample(name.group(1), block.group(1));
    }

    /** Writes it to where a compiler wants it. */
    public Path write(Path dir) throws IOException {
        return Files.writeString(dir.resolve(name + ".java"), code);
    }
}
