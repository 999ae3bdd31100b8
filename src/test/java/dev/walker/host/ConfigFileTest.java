package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigFileTest {
    private static final Path FILE = Path.of("walker.conf");
    private static final Set<String> OPTIONS = Set.of("source_url", "log_level");

    @TempDir
    private Path dir;

    private static ConfigFile parse(String... lines) {
        return ConfigFile.parse(FILE, List.of(lines), OPTIONS);
    }

    private static String value(String line) {
        return parse(line).get("walker.slot").orElseThrow();
    }

    /** SIGHUP reads it, too, where an error would end the walk. */
    @Test
    void valuesMayBeLong() {
        String words = "it''s \\\\ ".repeat(20_000);
        ConfigFile config = ConfigFile.parse(Path.of("f"), List.of("p.list = '" + words + "'"), Set.of());
        assertEquals("it's \\ ".repeat(20_000), config.get("p.list").orElseThrow());
    }

    @Test
    void valuesAreWrittenAsInPostgresqlConf() {
        assertEquals("one", value("walker.slot = 'one'"));
        assertEquals("one", value("walker.slot one # a comment"));
        assertEquals("one", value("\twalker.slot='one'#comment"));
        assertEquals("200ms", value("WALKER.Slot=200ms"));
        assertEquals("", value("walker.slot = ''"));
        assertEquals("it's # 'quoted' \\ two\nlines", value("walker.slot = 'it''s # \\'quoted\\' \\\\ two\\nlines'"));
        assertEquals("A", value("walker.slot = '\\101'"));
        assertEquals(
                "second",
                parse("walker.slot = first", "walker.slot = second")
                        .get("walker.slot")
                        .orElseThrow());
    }

    /** As Windows' editors write text in UTF-8. */
    @Test
    void byteOrderMarkAndLineEndsOfWindowsSayNothing() throws IOException {
        Path file = Files.writeString(dir.resolve("walker.conf"), "\uFEFFwalker.slot = one\r\nlog_level = debug\r\n");
        ConfigFile config = ConfigFile.read(file, OPTIONS);
        assertEquals("one", config.get("walker.slot").orElseThrow());
        assertEquals("debug", config.get("log_level").orElseThrow());
        ConfigException e =
                assertThrows(ConfigException.class, () -> parse("walker.slot = one", "\uFEFFwalker.slot = two"));
        assertTrue(e.getMessage().startsWith("walker.conf line 2: found \uFEFF"), e.getMessage());
    }

    @Test
    void commentsAndEmptyLinesSayNothing() {
        assertEquals(Set.of(), parse("", "   ", "# walker.slot = 'no'", "\t#").names());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "= 5 | line 2: found = 5; wanted name = 'value'",
                "walker.slot | line 2: walker.slot has no value",
                "walker.slot = # none | line 2: walker.slot has no value",
                "walker.slot = 'open | line 2: walker.slot is 'open; wanted text that ends with '",
                "walker.slot = 'a' b | line 2: walker.slot is 'a' b; wanted text that ends with '",
                "walker.slot = a b | line 2: walker.slot is a b; wanted one word",
                "walker.slot = a'b' | line 2: walker.slot is a'b'; wanted one word",
                "include = 'other.conf' | line 2: found include; this file cannot include others",
                "slot = x | line 2: found slot; wanted a setting walker.NAME, or one of log_level, source_url",
            })
    void mistakesAreNamedWithTheirLine(String line, String message) {
        ConfigException e = assertThrows(ConfigException.class, () -> parse("# first", line));
        assertTrue(e.getMessage().startsWith("walker.conf " + message), e.getMessage());
    }

    @Test
    void messagesAboutASettingGetItsPlace() {
        ConfigFile file = parse("", "walker.naptime = 5", "walker.slot = 'X'");
        assertEquals(
                "walker.conf line 2: walker.naptime is \"5\"; wanted more",
                file.locate("walker.naptime is \"5\"; wanted more", Set.of()));
        assertEquals("walker.conf line 3: see walker.slot. More", file.locate("see walker.slot. More", Set.of()));
        assertEquals("walker.naptime is", file.locate("walker.naptime is", Set.of("walker.naptime")));
        assertEquals("walker.plugins is", file.locate("walker.plugins is", Set.of()));
    }

    @Test
    void optionsComeBeforeTheFileAndTheFileBeforeTheServer() throws IOException {
        Path file = Files.writeString(
                dir.resolve("walker.conf"), "walker.slot = 'file'\nwalker.naptime = 50\nsource_url = 'x'\n");
        RunSettings settings = new RunSettings(Map.of("walker.slot", "option"), Optional.of(file));
        assertEquals(Optional.of("option"), settings.apply("walker.slot"));
        assertEquals(Optional.of("50"), settings.apply("walker.naptime"));
        assertEquals(Optional.empty(), settings.apply("walker.batch_bytes"));
        assertEquals(Set.of("walker.slot", "walker.naptime"), settings.names());
        Files.writeString(file, "walker.naptime = 60\n");
        settings.reload();
        assertEquals(Optional.of("60"), settings.apply("walker.naptime"));
        Files.writeString(file, "walker.naptime = \n");
        assertThrows(ConfigException.class, settings::reload);
        assertEquals(Optional.of("60"), settings.apply("walker.naptime"));
    }

    @Test
    void commandSaysWhereAWrongOptionStands() throws IOException {
        Path file = Files.writeString(dir.resolve("walker.conf"), "source_url = 'x'\n\nlog_level = 'loud'\n");
        Walker run = Walker.run("run", "--config", file.toString());
        assertEquals(2, run.status());
        assertTrue(run.err().startsWith(file + " line 3: "), run.err());
        assertTrue(run.err().contains("'loud'"), run.err());
    }

    @Test
    void missingFileAndMissingOptionAreErrorsOfUse() {
        Walker none = Walker.run("run", "--config=" + dir.resolve("none.conf"));
        assertEquals(2, none.status());
        assertTrue(none.err().contains("there is no file " + dir.resolve("none.conf")), none.err());
        Walker run = Walker.run("run");
        assertEquals(2, run.status());
        assertTrue(run.err().contains("--source-url"), run.err());
    }

    @Test
    void addressOfTheFileIsTaken() throws IOException {
        Path file = Files.writeString(dir.resolve("walker.conf"), "source_url = 'mysql://x'\n");
        Walker run = Walker.run("run", "--config", file.toString());
        assertEquals(1, run.status());
        assertTrue(
                run.err().contains("ERROR walker: --source-url is \"mysql://x\"; wanted jdbc:postgresql:"), run.err());
    }
}
