package dev.walker.wal;

/**
 * Log sequence numbers: unsigned 64-bit byte positions in the WAL ({@code XLogRecPtr}, access/xlogdefs.h), kept in a
 * plain {@code long}. Zero is invalid ({@code InvalidXLogRecPtr}).
 */
public final class Lsn {
    /** {@code InvalidXLogRecPtr}. */
    public static final long INVALID = 0;

    private Lsn() {}

    /** The text form of all majors up to 18, such as {@code 0/16B3748}. */
    public static String format(long lsn) {
        return Long.toHexString(lsn >>> 32).toUpperCase(java.util.Locale.ROOT)
                + '/'
                + Long.toHexString(lsn & 0xFFFF_FFFFL).toUpperCase(java.util.Locale.ROOT);
    }

    /**
     * Reads the text form, with or without leading zeros.
     *
     * @throws IllegalArgumentException if the text is no LSN
     */
    public static long parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 1 || slash > 8 || text.length() - slash - 1 < 1 || text.length() - slash - 1 > 8) {
            throw notAnLsn(text);
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            if (i == slash) {
                continue;
            }
            int digit = Character.digit(text.charAt(i), 16);
            if (digit < 0 || text.charAt(i) > 'f') {
                throw notAnLsn(text);
            }
            if (i < slash) {
                value = (value << 4) | digit;
            }
        }
        return value << 32 | Long.parseLong(text.substring(slash + 1), 16);
    }

    private static IllegalArgumentException notAnLsn(String text) {
        return new IllegalArgumentException("\"" + text
                + "\" is not an LSN; wanted two hexadecimal numbers of at most 8 digits, such as 0/16B3748");
    }

    /** Compares as unsigned numbers, like {@link Long#compareUnsigned}. */
    public static int compare(long left, long right) {
        return Long.compareUnsigned(left, right);
    }

    /** Whether {@code left} comes before {@code right}. */
    public static boolean isBefore(long left, long right) {
        return Long.compareUnsigned(left, right) < 0;
    }

    /** The number of the segment that holds the byte at {@code lsn}; {@code segmentSize} in bytes, a power of two. */
    public static long segmentNumber(long lsn, int segmentSize) {
        return Long.divideUnsigned(lsn, segmentSize);
    }

    /** Byte position of {@code lsn} in its segment. */
    public static int segmentOffset(long lsn, int segmentSize) {
        return (int) (lsn & (segmentSize - 1));
    }
}
