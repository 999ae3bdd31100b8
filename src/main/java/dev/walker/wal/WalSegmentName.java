package dev.walker.wal;

import java.util.Locale;

/**
 * The name of a WAL segment file: 24 upper-case hexadecimal digits, 8 for the timeline and 16 for the number of the
 * segment, which count in units of 4 GiB and of segments within them ({@code XLogFileName}, access/xlog_internal.h).
 *
 * @param timeline unsigned 32-bit
 * @param segmentNumber LSN divided by the segment size, unsigned
 * @param segmentSize bytes of a segment, a power of two from 1 MiB to 1 GiB
 */
public record WalSegmentName(int timeline, long segmentNumber, int segmentSize) {
    /** {@code WalSegMinSize}: 1 MiB. */
    public static final int MIN_SEGMENT_SIZE = 1 << 20;
    /** {@code WalSegMaxSize}: 1 GiB. */
    public static final int MAX_SEGMENT_SIZE = 1 << 30;
    /** {@code XLOG_FNAME_LEN}: characters of a name. */
    public static final int LENGTH = 24;

    /** Checks the segment size and number. */
    public WalSegmentName {
        checkSegmentSize(segmentSize);
        if (Long.compareUnsigned(segmentNumber, Long.divideUnsigned(-1L, segmentSize)) > 0) {
            throw new IllegalArgumentException("segment number " + Long.toUnsignedString(segmentNumber)
                    + " is beyond the last LSN with segments of " + segmentSize + " bytes");
        }
    }

    /** The segment that holds the byte at {@code lsn}. */
    public static WalSegmentName of(int timeline, long lsn, int segmentSize) {
        return new WalSegmentName(timeline, Lsn.segmentNumber(lsn, segmentSize), segmentSize);
    }

    /**
     * Reads a file name; the ending {@code .partial} of an unfinished segment is allowed.
     *
     * @throws IllegalArgumentException if it is no name of a segment of this size
     */
    public static WalSegmentName parse(String fileName, int segmentSize) {
        checkSegmentSize(segmentSize);
        if (!isSegment(fileName)) {
            throw new IllegalArgumentException(
                    "\"" + fileName + "\" is no name of a WAL segment; wanted 24 upper-case hexadecimal digits");
        }
        long high = Long.parseLong(fileName.substring(8, 16), 16);
        long low = Long.parseLong(fileName.substring(16, 24), 16);
        if (low >= perXLogId(segmentSize)) {
            throw new IllegalArgumentException("\"" + fileName + "\" is no name of a WAL segment of " + segmentSize
                    + " bytes: its last 8 digits must be below "
                    + hex((int) perXLogId(segmentSize)));
        }
        return new WalSegmentName(
                Integer.parseUnsignedInt(fileName, 0, 8, 16), high * perXLogId(segmentSize) + low, segmentSize);
    }

    /** Whether a file name is that of a segment, whole or {@code .partial}, judged by its characters. */
    public static boolean isSegment(String fileName) {
        if (fileName.length() != LENGTH && !(fileName.length() == LENGTH + 8 && fileName.endsWith(".partial"))) {
            return false;
        }
        for (int i = 0; i < LENGTH; i++) {
            char c = fileName.charAt(i);
            if (!(c >= '0' && c <= '9' || c >= 'A' && c <= 'F')) {
                return false;
            }
        }
        return true;
    }

    /** Whether a segment can have this size. */
    public static boolean isSegmentSize(long bytes) {
        return bytes >= MIN_SEGMENT_SIZE && bytes <= MAX_SEGMENT_SIZE && Long.bitCount(bytes) == 1;
    }

    static void checkSegmentSize(int segmentSize) {
        if (!isSegmentSize(segmentSize)) {
            throw new IllegalArgumentException(
                    "segment size " + segmentSize + " is no power of two from 1 MiB to 1 GiB");
        }
    }

    /** {@code XLogSegmentsPerXLogId}: segments in 4 GiB. */
    private static long perXLogId(int segmentSize) {
        return (1L << 32) / segmentSize;
    }

    /** LSN of the first byte of the segment. */
    public long startLsn() {
        return segmentNumber * segmentSize;
    }

    /** The segment after this one. */
    public WalSegmentName next() {
        return new WalSegmentName(timeline, segmentNumber + 1, segmentSize);
    }

    /** The file name. */
    @Override
    public String toString() {
        long perXLogId = perXLogId(segmentSize);
        return hex(timeline)
                + hex((int) Long.divideUnsigned(segmentNumber, perXLogId))
                + hex((int) Long.remainderUnsigned(segmentNumber, perXLogId));
    }

    /** Eight upper-case digits, as in the names of segments and history files. */
    public static String hex(int value) {
        String digits = Integer.toHexString(value).toUpperCase(Locale.ROOT);
        return "0".repeat(8 - digits.length()) + digits;
    }
}
