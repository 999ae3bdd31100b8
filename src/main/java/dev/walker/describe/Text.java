package dev.walker.describe;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.Fork;
import dev.walker.wal.WalRecord;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;

/** Forms in which descriptions write values, without objects in between. */
final class Text {
    private static final long PG_DEFAULT = 1663;
    private static final long PG_GLOBAL = 1664;
    private static final char[] DIGITS = "0123456789ABCDEF".toCharArray();

    private Text() {}

    /** {@code 0x%02X}. */
    static void flags(StringBuilder out, int bits) {
        out.append("0x");
        hex(out, bits);
    }

    /** {@code %02X}. */
    static void hex(StringBuilder out, int value) {
        out.append(DIGITS[value >> 4 & 0x0F]).append(DIGITS[value & 0x0F]);
    }

    /** {@code %X/%X}. */
    static void lsn(StringBuilder out, WalRecord record, long lsn) {
        hexNumber(out, lsn >>> 32);
        out.append('/');
        if (Wording.of(record).padsLsns) {
            for (long limit = 1L << 28; limit > Math.max(lsn & 0xFFFF_FFFFL, 1); limit >>>= 4) {
                out.append('0');
            }
        }
        hexNumber(out, lsn & 0xFFFF_FFFFL);
    }

    private static void hexNumber(StringBuilder out, long value) {
        int shift = 28;
        while (shift > 0 && value >> shift == 0) {
            shift -= 4;
        }
        for (; shift >= 0; shift -= 4) {
            out.append(DIGITS[(int) (value >> shift) & 0x0F]);
        }
    }

    /** A number with zeros in front. */
    static void padded(StringBuilder out, long value, int digits) {
        long limit = 10;
        for (int i = 1; i < digits; i++) {
            if (value < limit) {
                // So many digits are still missing.
                for (int missing = digits - i; missing > 0; missing--) {
                    out.append('0');
                }
                break;
            }
            limit *= 10;
        }
        out.append(value);
    }

    /** {@code %llu}. */
    static void unsigned(StringBuilder out, long value) {
        if (value < 0) {
            long tens = Long.divideUnsigned(value, 10);
            out.append(tens).append(value - tens * 10);
        } else {
            out.append(value);
        }
    }

    /** XID with its epoch: {@code %u:%u}. */
    static void fullXid(StringBuilder out, long fullXid) {
        out.append(fullXid >>> 32).append(':').append(fullXid & 0xFFFF_FFFFL);
    }

    /** {@code T} or {@code F}. */
    static char flag(boolean value) {
        return value ? 'T' : 'F';
    }

    /** {@code %u/%u/%u}. */
    static void locator(StringBuilder out, long spcOid, long dbOid, long relNumber) {
        out.append(spcOid).append('/').append(dbOid).append('/').append(relNumber);
    }

    /** The file of a fork, below the data directory: {@code relpathperm}, common/relpath.c. */
    static void path(StringBuilder out, Wording wording, long spcOid, long dbOid, long relNumber, Fork fork) {
        if (spcOid == PG_GLOBAL) {
            out.append("global/");
        } else if (spcOid == PG_DEFAULT) {
            out.append("base/").append(dbOid).append('/');
        } else {
            out.append("pg_tblspc/")
                    .append(spcOid)
                    .append('/')
                    .append(wording.tablespaceVersionDirectory)
                    .append('/')
                    .append(dbOid)
                    .append('/');
        }
        out.append(relNumber);
        if (fork != Fork.MAIN) {
            out.append('_').append(fork.shortName());
        }
    }

    /** The main fork of a relation whose locator stands at a byte position of the main data. */
    static void path(StringBuilder out, WalRecord record, int locatorAt) {
        WalBytes data = record.mainData();
        path(out, Wording.of(record), data.u32(locatorAt), data.u32(locatorAt + 4), data.u32(locatorAt + 8), Fork.MAIN);
    }

    /** Bytes that are text, UTF-8; those that are not are replaced. */
    static void bytes(StringBuilder out, WalBytes data, int at, int length) {
        for (int i = 0; i < length; i++) {
            if (data.s8(at + i) < 0) {
                byte[] copy = new byte[length];
                data.copyTo(at, copy, 0, length);
                out.append(new String(copy, StandardCharsets.UTF_8));
                return;
            }
        }
        for (int i = 0; i < length; i++) {
            out.append((char) data.u8(at + i));
        }
    }

    /** {@code %g}: six significant digits. */
    static void general(StringBuilder out, double value) {
        if (value >= 0 && value < 1_000_000 && value == (int) value && 1 / value > 0) {
            out.append((int) value);
        } else if (Double.isNaN(value)) {
            out.append("nan");
        } else if (Double.isInfinite(value)) {
            out.append(value < 0 ? "-inf" : "inf");
        } else if (value == 0) {
            out.append("-0");
        } else {
            roundedToSix(out, value);
        }
    }

    private static void roundedToSix(StringBuilder out, double value) {
        BigDecimal rounded = new BigDecimal(value)
                .round(new MathContext(6, RoundingMode.HALF_EVEN))
                .stripTrailingZeros();
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent >= -4 && exponent < 6) {
            out.append(rounded.toPlainString());
            return;
        }
        String digits = rounded.unscaledValue().abs().toString();
        out.append(rounded.signum() < 0 ? "-" : "").append(digits.charAt(0));
        if (digits.length() > 1) {
            out.append('.').append(digits, 1, digits.length());
        }
        out.append('e').append(exponent < 0 ? '-' : '+');
        padded(out, Math.abs(exponent), 2);
    }

    /** {@code %f}: six digits after the point. */
    static void fixed(StringBuilder out, double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            general(out, value);
        } else {
            BigDecimal rounded = new BigDecimal(value).setScale(6, RoundingMode.HALF_EVEN);
            out.append(rounded.signum() == 0 && 1 / value < 0 ? "-" : "").append(rounded.toPlainString());
        }
    }
}
