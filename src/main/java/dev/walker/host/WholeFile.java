package dev.walker.host;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.security.SecureRandom;
import java.sql.SQLException;

/**
 * A file that a command makes. One that was there is replaced once the new one is complete, with its permissions; a link
 * leads to it. What is no file, such as a pipe or {@code /dev/stdout}, is written to.
 */
final class WholeFile {
    /** Writes what is to be in it. */
    interface Content {
        void write(OutputStream stream) throws SQLException, IOException;
    }

    private WholeFile() {}

    /**
     * Makes a file.
     *
     * @param option name of the option that gave the path, for messages
     * @throws CommandException if it cannot be written
     */
    static void write(String option, Path path, Content content) throws SQLException {
        Path target = path.toAbsolutePath();
        if (Files.isDirectory(target)) {
            throw new CommandException(option + " is \"" + path + "\", which is a folder; wanted a file");
        }
        if (!Files.isDirectory(target.getParent())) {
            throw new CommandException(option + ": there is no folder " + target.getParent());
        }
        try {
            if (!Files.exists(target)) {
                replace(target, content);
            } else if (Files.isRegularFile(target)) {
                replace(target.toRealPath(), content);
            } else {
                try (OutputStream stream = Files.newOutputStream(target)) {
                    content.write(stream);
                }
            }
        } catch (IOException e) {
            String why =
                    e instanceof AccessDeniedException ? "permission denied for " + e.getMessage() : e.getMessage();
            throw new CommandException(option + ": cannot write " + path + ": " + why, e);
        }
    }

    private static void replace(Path target, Content content) throws SQLException, IOException {
        // A file of its own, since another process may be at the same one, or a link be where its name could be
        // foretold.
        String random = String.format("%08x", new SecureRandom().nextInt());
        Path unfinished = target.resolveSibling(target.getFileName() + "." + random + ".part");
        unfinished.toFile().deleteOnExit();
        try {
            try (OutputStream stream =
                    Files.newOutputStream(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                keepPermissions(target, unfinished);
                content.write(stream);
            }
            Files.move(unfinished, target, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    private static void keepPermissions(Path from, Path to) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(from, PosixFileAttributeView.class);
        if (view != null && Files.exists(from)) {
            PosixFileAttributes attributes = view.readAttributes();
            Files.setPosixFilePermissions(to, attributes.permissions());
        }
    }
}
