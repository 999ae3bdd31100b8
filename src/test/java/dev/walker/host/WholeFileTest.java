package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
    private static final WholeFile.Content NEW = stream -> stream.write("new".getBytes(StandardCharsets.UTF_8));

    @TempDir
    private Path dir;

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void oldOneIsReplacedWithItsPermissions() throws Exception {
        Path file = Files.writeString(dir.resolve("file"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        WholeFile.write("--out", file, NEW);
        assertEquals("new", Files.readString(file));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(List.of("file"), names());
    }

    @Test
    void oldOneStaysIfTheNewOneFails() throws Exception {
        Path file = Files.writeString(dir.resolve("file"), "old");
        CommandException full = assertThrows(
                CommandException.class,
                () -> WholeFile.write("--out", file, stream -> {
                    throw new IOException("No space left on device");
                }));
        assertEquals("--out: cannot write " + file + ": No space left on device", full.getMessage());
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("file"), names());
    }

    /** Two reports into the same file, as of jobs that overlap, made one page of pieces of both. */
    @Test
    void ofTwoAtOnceEachIsWhole() throws Exception {
        Path file = dir.resolve("file");
        WholeFile.write("--out", file, stream -> {
            stream.write("outer, ".getBytes(StandardCharsets.UTF_8));
            WholeFile.write("--out", file, NEW);
            assertEquals("new", Files.readString(file));
            stream.write("whole".getBytes(StandardCharsets.UTF_8));
        });
        assertEquals("outer, whole", Files.readString(file));
        assertEquals(List.of("file"), names());
    }

    @Test
    void linksStay() throws Exception {
        Path file = Files.writeString(dir.resolve("file"), "old");
        Path link = Files.createSymbolicLink(dir.resolve("link"), Path.of("file"));
        WholeFile.write("--out", link, NEW);
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("new", Files.readString(file));
    }

    @Test
    void pipesAreWrittenTo() throws Exception {
        Path pipe = dir.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> {
            try (InputStream stream = Files.newInputStream(pipe)) {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                return e.toString();
            }
        });
        WholeFile.write("--out", pipe, NEW);
        assertEquals("new", read.get(60, TimeUnit.SECONDS));
        assertFalse(Files.isRegularFile(pipe));
        assertEquals(List.of("pipe"), names());
    }

    @Test
    void foldersAreNoFiles() throws Exception {
        Path empty = Files.createDirectory(dir.resolve("empty"));
        for (Path path : List.of(empty, Path.of("/"), Path.of(""))) {
            CommandException refused = assertThrows(CommandException.class, () -> WholeFile.write("--out", path, NEW));
            assertEquals("--out is \"" + path + "\", which is a folder; wanted a file", refused.getMessage());
        }
        assertTrue(Files.isDirectory(empty));
        CommandException none =
                assertThrows(CommandException.class, () -> WholeFile.write("--out", dir.resolve("none/file"), NEW));
        assertEquals("--out: there is no folder " + dir.resolve("none"), none.getMessage());
    }
}
