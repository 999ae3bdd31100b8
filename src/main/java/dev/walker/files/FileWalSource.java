package dev.walker.files;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSource;
import dev.walker.wal.WalSourceException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;

/**
 * The bytes of {@link WalFiles}. It keeps the last segment open; a compressed one is best read forward, since going back
 * begins it anew.
 */
public final class FileWalSource implements WalSource {
    private static final int XLP_PAGEADDR_AT = 8;

    private final WalFiles files;
    private WalFiles.Segment open;
    private FileChannel channel;
    private InputStream stream;
    /** Byte position of {@link #stream} in the segment. */
    private int streamAt;
    /** A wrapper of the last array that was read into. */
    private ByteBuffer wrapped = ByteBuffer.allocate(0);

    private boolean endIsKnown;
    private long end;

    /** The bytes of these files, which are to be closed by the caller, later. */
    public FileWalSource(WalFiles files) {
        this.files = files;
    }

    @Override
    public long systemIdentifier() {
        return files.systemIdentifier();
    }

    @Override
    public int timeline() {
        return files.timeline();
    }

    @Override
    public int segmentSize() {
        return files.segmentSize();
    }

    /** {@inheritDoc} The end is looked for once, by reading the last segment that was written to. */
    @Override
    public long readableUpTo() {
        if (!endIsKnown) {
            end = findEnd();
            endIsKnown = true;
        }
        return end;
    }

    private long findEnd() {
        for (Long number : files.fromTheLast()) {
            long start = files.segment(number).name().startLsn();
            if (!hasPage(start)) {
                continue;
            }
            long begin = start == Lsn.INVALID ? WalReader.LONG_PAGE_HEADER : start;
            try (FileWalReader reader = new FileWalReader(files, begin, Lsn.INVALID)) {
                WalRecord record = new WalRecord();
                boolean any = false;
                while (reader.next(record)) {
                    any = true;
                }
                if (reader.end().kind() == WalEnd.Kind.DAMAGE) {
                    // Whoever reads up to here meets it.
                    return start + files.segmentSize();
                }
                if (any) {
                    return reader.end().lsn();
                }
            }
        }
        throw new WalSourceException("there is no whole WAL record in " + files);
    }

    /** Whether the page that begins at this LSN says so itself. */
    boolean hasPage(long pageLsn) {
        byte[] header = new byte[WalReader.SHORT_PAGE_HEADER];
        int length = 0;
        while (length < header.length) {
            int count = tryRead(pageLsn + length, header, length, header.length - length);
            if (count < 0) {
                return false;
            }
            length += count;
        }
        WalBytes bytes = WalBytes.of(header);
        return bytes.u16(0) != 0 && bytes.u64(XLP_PAGEADDR_AT) == pageLsn;
    }

    /**
     * Whether pages follow the one that holds the byte before this LSN, in its segment or in a later one: what is wrong up to
     * the LSN is damage then, not the end.
     */
    boolean goesOnAfter(long lsn) {
        int segmentSize = files.segmentSize();
        long last = lsn - 1;
        for (long page = (last | WalReader.PAGE_SIZE - 1) + 1;
                Lsn.segmentOffset(page, segmentSize) != 0;
                page += WalReader.PAGE_SIZE) {
            if (hasPage(page)) {
                return true;
            }
        }
        for (long next = files.nextSegmentLsn(last); next != Lsn.INVALID; next = files.nextSegmentLsn(next)) {
            if (hasPage(next)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public int read(long lsn, byte[] target, int targetAt, int length) {
        int count = tryRead(lsn, target, targetAt, length);
        if (count < 0) {
            throw new WalSourceException(files.endAt(lsn, lsn).reason());
        }
        return count;
    }

    /** As {@link #read}, but gives -1 where there are no bytes. */
    int tryRead(long lsn, byte[] target, int targetAt, int length) {
        WalFiles.Segment segment = files.segment(Lsn.segmentNumber(lsn, files.segmentSize()));
        int offset = Lsn.segmentOffset(lsn, files.segmentSize());
        if (segment == null || offset >= segment.validLength()) {
            return -1;
        }
        int most = Math.min(length, segment.validLength() - offset);
        try {
            return segment.file().compression() == Compression.NONE
                    ? readPlain(segment, offset, target, targetAt, most)
                    : readStream(segment, offset, target, targetAt, most);
        } catch (EOFException e) {
            // A compressed file that was not finished.
            closeSegment();
            return -1;
        } catch (NoSuchFileException e) {
            throw new WalSourceException(
                    segment.file().name() + " was there and is gone, wanted LSN " + Lsn.format(lsn)
                            + "; a server that lives in the directory may have removed it",
                    e);
        } catch (IOException | RuntimeException e) {
            throw new WalSourceException(
                    "cannot read " + segment.file().name() + " at byte " + offset + " (LSN " + Lsn.format(lsn) + "): "
                            + WalFiles.describe(e),
                    e);
        }
    }

    private int readPlain(WalFiles.Segment segment, int offset, byte[] target, int targetAt, int length)
            throws IOException {
        WalFile file = segment.file();
        // Behind an entry of a tar file there are others; a file of its own may grow while it is read.
        long left = file.offset() > 0 ? file.size() - offset : length;
        int most = (int) Math.min(length, left);
        if (most <= 0) {
            return -1;
        }
        if (open != segment) {
            closeSegment();
            channel = FileChannel.open(file.path());
            open = segment;
        }
        if (wrapped.array() != target) {
            wrapped = ByteBuffer.wrap(target);
        }
        wrapped.limit(targetAt + most).position(targetAt);
        return channel.read(wrapped, file.offset() + offset);
    }

    private int readStream(WalFiles.Segment segment, int offset, byte[] target, int targetAt, int length)
            throws IOException {
        if (open != segment || streamAt > offset) {
            closeSegment();
            stream = segment.file().open();
            streamAt = 0;
            open = segment;
        }
        while (streamAt < offset) {
            long skipped = stream.skip(offset - streamAt);
            if (skipped <= 0) {
                if (stream.read() < 0) {
                    return -1;
                }
                skipped = 1;
            }
            streamAt += (int) skipped;
        }
        int count = fill(segment.file(), target, targetAt, length);
        streamAt += count;
        return count == 0 ? -1 : count;
    }

    private int fill(WalFile file, byte[] target, int targetAt, int length) throws IOException {
        int count = 0;
        try {
            while (count < length) {
                int read = stream.read(target, targetAt + count, length - count);
                if (read < 0) {
                    break;
                }
                count += read;
            }
        } catch (EOFException e) {
            return count;
        } catch (IOException | RuntimeException e) {
            if (!file.partial()) {
                throw e;
            }
            // It was being written when it was left; what is there counts.
        }
        return count;
    }

    private void closeSegment() {
        try {
            if (channel != null) {
                channel.close();
            }
            if (stream != null) {
                stream.close();
            }
        } catch (IOException e) {
            throw new WalSourceException("cannot close " + open.file().name() + ": " + WalFiles.describe(e), e);
        } finally {
            channel = null;
            stream = null;
            open = null;
        }
    }

    @Override
    public void close() {
        closeSegment();
    }
}
