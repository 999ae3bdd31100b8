package dev.walker.files;

import dev.walker.wal.Lsn;
import dev.walker.wal.PageTally;
import dev.walker.wal.RecordCounts;
import dev.walker.wal.WalReader;

/** Counts the records of segments of {@link WalFiles}, one segment at a time. Not thread safe. */
final class SegmentTally {
    /** Bytes that are read at once: they stay in the cache of the processor. */
    private static final int CHUNK = 1 << 18;

    private final WalFiles files;
    private final FileWalSource source;
    private final PageTally pages;
    private final byte[] chunk = new byte[CHUNK];

    SegmentTally(WalFiles files) {
        this.files = files;
        this.source = new FileWalSource(files);
        this.pages = new PageTally(files.segmentSize(), files.systemIdentifier());
    }

    /**
     * Counts the records that begin in a segment.
     *
     * @return how far it came
     */
    PageTally count(long segmentStart, RecordCounts counts) {
        long until = segmentStart + files.segmentSize();
        pages.begin(segmentStart, counts);
        try {
            boolean more = true;
            while (more) {
                long lsn = pages.wantedLsn();
                // Behind the segment there is but the rest of its last record, mostly on one page.
                int length = readPages(lsn, Lsn.isBefore(lsn, until) ? CHUNK : WalReader.PAGE_SIZE);
                more = length > 0 && pages.add(chunk, length);
            }
            return pages;
        } finally {
            source.close();
        }
    }

    /** Reads whole pages, as many as there are; gives the number of bytes. */
    private int readPages(long lsn, int most) {
        int length = 0;
        while (length < most) {
            int count = source.tryRead(lsn + length, chunk, length, most - length);
            if (count < 0) {
                break;
            }
            length += count;
        }
        return length & -WalReader.PAGE_SIZE;
    }
}
