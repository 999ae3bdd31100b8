package dev.walker.host;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Text that is put together as bytes, without an object per piece: standard output of the commands that write much. UTF-8.
 * Not thread safe.
 */
final class ByteOutput implements AutoCloseable {
    /** The reader of a pipe went away. */
    static final class ClosedPipeException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ClosedPipeException(IOException cause) {
            super("nobody reads the output any more", cause);
        }
    }

    private static final int SIZE = 1 << 16;
    /** Longer pieces are cut. */
    private static final int PIECE = 1 << 12;
    /** Digits of the highest unsigned 64-bit number. */
    private static final int LONGEST_NUMBER = 20;

    /** Two digits of each byte. */
    private static final byte[] HEX = new byte[512];
    /** Two digits of each number below 100. */
    private static final byte[] HUNDRED = new byte[200];

    static {
        for (int i = 0; i < 100; i++) {
            HUNDRED[2 * i] = (byte) ('0' + i / 10);
            HUNDRED[2 * i + 1] = (byte) ('0' + i % 10);
        }
        byte[] digits = ascii("0123456789ABCDEF");
        for (int i = 0; i < 256; i++) {
            HEX[2 * i] = digits[i >> 4];
            HEX[2 * i + 1] = digits[i & 0xF];
        }
    }

    private final OutputStream out;
    private final byte[] buffer = new byte[SIZE];
    private int at;
    private char[] chars = new char[256];

    ByteOutput(OutputStream out) {
        this.out = out;
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private void reserve(int bytes) {
        if (bytes > SIZE - at) {
            write();
        }
    }

    ByteOutput put(char c) {
        reserve(1);
        buffer[at++] = (byte) c;
        return this;
    }

    /** Bytes that are text already. */
    ByteOutput put(byte[] text) {
        if (text.length > PIECE) {
            write();
            writeOut(text, text.length);
            return this;
        }
        reserve(text.length);
        System.arraycopy(text, 0, buffer, at, text.length);
        at += text.length;
        return this;
    }

    /** Any text. */
    ByteOutput put(CharSequence text) {
        int length = text.length();
        for (int from = 0; from < length; from += PIECE) {
            int to = Math.min(length, from + PIECE);
            reserve(3 * (to - from));
            for (int i = from; i < to; i++) {
                char c = text.charAt(i);
                if (c < 0x80) {
                    buffer[at++] = (byte) c;
                } else {
                    i = putWide(text, i, c);
                }
            }
        }
        return this;
    }

    /** Any text, faster. */
    ByteOutput put(StringBuilder text) {
        int length = text.length();
        if (length == 0) {
            return this;
        }
        if (length > PIECE) {
            return put((CharSequence) text);
        }
        if (length > chars.length) {
            chars = new char[PIECE];
        }
        char[] from = chars;
        text.getChars(0, length, from, 0);
        reserve(length);
        byte[] to = buffer;
        int start = at;
        int seen = 0;
        for (int i = 0; i < length; i++) {
            to[start + i] = (byte) from[i];
            seen |= from[i];
        }
        if (seen >= 0x80) {
            return put((CharSequence) text);
        }
        at = start + length;
        return this;
    }

    /** A character that takes more than one byte; gives the index of the last one used. */
    private int putWide(CharSequence text, int index, char c) {
        int point = Character.codePointAt(text, index);
        reserve(4);
        if (point < 0x800) {
            buffer[at++] = (byte) (0xC0 | point >> 6);
        } else if (point < 0x10000) {
            if (Character.isSurrogate(c)) {
                buffer[at++] = '?';
                return index;
            }
            buffer[at++] = (byte) (0xE0 | point >> 12);
            buffer[at++] = (byte) (0x80 | point >> 6 & 0x3F);
        } else {
            buffer[at++] = (byte) (0xF0 | point >> 18);
            buffer[at++] = (byte) (0x80 | point >> 12 & 0x3F);
            buffer[at++] = (byte) (0x80 | point >> 6 & 0x3F);
        }
        buffer[at++] = (byte) (0x80 | point & 0x3F);
        return point < 0x10000 ? index : index + 1;
    }

    /** A number that is not negative. */
    ByteOutput putDecimal(long value) {
        return putDecimal(value, 0);
    }

    /** A number that is not negative, filled up with spaces on its left. */
    ByteOutput putDecimal(long value, int width) {
        reserve(Math.max(width, LONGEST_NUMBER));
        int digits = value <= Integer.MAX_VALUE ? digits((int) value) : longDigits(value);
        int from = at + Math.max(width, digits);
        byte[] target = buffer;
        for (int pad = at; pad < from - digits; pad++) {
            target[pad] = ' ';
        }
        int to = from;
        long big = value;
        while (big > Integer.MAX_VALUE) {
            int pair = 2 * (int) (big % 100);
            big /= 100;
            target[--to] = HUNDRED[pair + 1];
            target[--to] = HUNDRED[pair];
        }
        // Division of int is a multiplication.
        int left = (int) big;
        while (left >= 100) {
            int rest = left / 100;
            int pair = 2 * (left - 100 * rest);
            left = rest;
            target[--to] = HUNDRED[pair + 1];
            target[--to] = HUNDRED[pair];
        }
        if (left >= 10) {
            target[--to] = HUNDRED[2 * left + 1];
            target[--to] = HUNDRED[2 * left];
        } else {
            target[--to] = (byte) ('0' + left);
        }
        at = from;
        return this;
    }

    private static int digits(int value) {
        if (value < 1_000) {
            return value < 10 ? 1 : value < 100 ? 2 : 3;
        }
        if (value < 1_000_000) {
            return value < 10_000 ? 4 : value < 100_000 ? 5 : 6;
        }
        return value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : value < 1_000_000_000 ? 9 : 10;
    }

    private static int longDigits(long value) {
        int digits = 10;
        for (long bound = 10_000_000_000L; value >= bound && digits < 19; bound *= 10) {
            digits++;
        }
        return digits;
    }

    /** An LSN as {@code hi/lo} in hexadecimal digits, the second number with at least so many digits. */
    ByteOutput putLsn(long lsn, int lowDigits) {
        reserve(17);
        putHex((int) (lsn >>> 32), 1);
        buffer[at++] = '/';
        putHex((int) lsn, lowDigits);
        return this;
    }

    private void putHex(int value, int least) {
        int digits = Math.max(least, 35 - Integer.numberOfLeadingZeros(value) >> 2);
        byte[] target = buffer;
        int to = at + digits;
        int left = value;
        at = to;
        for (int i = digits; i > 1; i -= 2) {
            int pair = 2 * (left & 0xFF);
            target[--to] = HEX[pair + 1];
            target[--to] = HEX[pair];
            left >>>= 8;
        }
        if ((digits & 1) != 0) {
            target[--to] = HEX[2 * (left & 0xF) + 1];
        }
    }

    private void write() {
        writeOut(buffer, at);
        at = 0;
    }

    private void writeOut(byte[] bytes, int length) {
        try {
            out.write(bytes, 0, length);
        } catch (IOException e) {
            at = 0;
            throw failure(e);
        }
    }

    /** What is to be told of standard output that takes nothing any more. */
    static RuntimeException failure(IOException thrown) {
        String message = String.valueOf(thrown.getMessage());
        if (message.contains("Broken pipe") || message.contains("EPIPE") || message.contains("Pipe closed")) {
            return new ClosedPipeException(thrown);
        }
        return new CommandException("cannot write the output: " + message);
    }

    void flush() {
        write();
        try {
            out.flush();
        } catch (IOException e) {
            throw new CommandException("cannot write the output: " + e.getMessage());
        }
    }

    /** Writes what is left; the stream stays open. */
    @Override
    public void close() {
        flush();
    }
}
