package dev.walker.wal;

import java.util.zip.CRC32C;

/**
 * The CRC of a record: that of what follows the header, then of the header up to {@code xl_crc}.
 *
 * <p>{@code xl_crc} is the last field of the header. Taken on over it, a CRC that it agrees with always ends in the same
 * number, so whole headers are taken: 24 bytes are quicker than 20, of which the last would be taken one by one.
 */
final class RecordCrc {
    /** The CRC-32C of any bytes and of their own CRC behind them. */
    private static final int GOOD = 0x48674BC7;
    /** The polynomial of CRC-32C, the lowest bit for the highest power. */
    private static final int POLYNOMIAL = 0x82F63B78;

    private final CRC32C crc = new CRC32C();

    /** Begins with the first bytes that follow a header. */
    void begin(byte[] bytes, int at, int count) {
        crc.reset();
        crc.update(bytes, at, count);
    }

    /** Goes on with those that follow. */
    void goOn(byte[] bytes, int at, int count) {
        crc.update(bytes, at, count);
    }

    /** Ends with the header; whether its {@code xl_crc} is right. */
    boolean endsWith(byte[] bytes, int headerAt) {
        crc.update(bytes, headerAt, WalRecord.HEADER_SIZE);
        return (int) crc.getValue() == GOOD;
    }

    /** Whether the CRC of a record is right that is there as a whole. */
    boolean isGood(byte[] bytes, int at, int length) {
        begin(bytes, at + WalRecord.HEADER_SIZE, length - WalRecord.HEADER_SIZE);
        return endsWith(bytes, at);
    }

    /** What {@code xl_crc} should have been, which was something else. */
    int wanted(int found) {
        int state = ~(int) crc.getValue();
        for (int bit = 0; bit < Integer.SIZE; bit++) {
            state = state < 0 ? (state ^ POLYNOMIAL) << 1 | 1 : state << 1;
        }
        return ~(state ^ found);
    }
}
