package dev.walker.host;

import dev.walker.fpi.FullPageImage;
import dev.walker.wal.BlockRef;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSegmentName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A directory with the pages that full-page images make, a file each, named as pg_waldump of 16 and later names them. */
final class PageFiles {
    private final Path directory;
    private final FullPageImage image = new FullPageImage();
    private final byte[] page = new byte[FullPageImage.PAGE_SIZE];

    /**
     * Makes the directory if it is not there.
     *
     * @throws CommandException if there is something in it, or if it cannot be made
     */
    PageFiles(Path directory) {
        this.directory = directory;
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectory(directory);
            }
            try (Stream<Path> files = Files.list(directory)) {
                if (files.findAny().isPresent()) {
                    throw new CommandException("--save-fullpage: there is something in " + directory
                            + "; wanted an empty directory, or one to be made");
                }
            }
        } catch (IOException e) {
            throw new CommandException("--save-fullpage: cannot make " + directory + ": " + e);
        }
    }

    /** Writes the pages of all images of a record. */
    void save(WalRecord record) {
        for (int id = 0; id <= record.maxBlockId(); id++) {
            if (record.hasBlock(id) && record.block(id).hasImage()) {
                save(record, record.block(id));
            }
        }
    }

    private void save(WalRecord record, BlockRef block) {
        image.restore(block, page);
        Path file = directory.resolve(name(record, block));
        try {
            Files.write(file, page);
        } catch (IOException e) {
            throw new CommandException("--save-fullpage: cannot write " + file + ": " + e);
        }
    }

    private static String name(WalRecord record, BlockRef block) {
        return WalSegmentName.hex(record.timeline()) + "-" + WalSegmentName.hex((int) (record.lsn() >>> 32)) + "-"
                + WalSegmentName.hex((int) record.lsn()) + "." + block.spcOid() + "." + block.dbOid() + "."
                + block.relNumber() + "." + block.blockNumber() + "_"
                + block.fork().shortName();
    }
}
