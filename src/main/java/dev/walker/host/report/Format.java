package dev.walker.host.report;

import java.util.Locale;

/** Numbers as people read them. */
final class Format {
    private static final String[] UNITS = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    private static final int UNIT = 1024;
    private static final int FEW = 100;

    private Format() {}

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    static String size(long bytes) {
        double value = bytes;
        int unit = 0;
        while (Math.abs(value) >= UNIT && unit < UNITS.length - 1) {
            value /= UNIT;
            unit++;
        }
        return String.format(
                Locale.ROOT, unit == 0 || Math.abs(value) >= FEW ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
    }

    /** A share, 1 is all. */
    static String percent(double share) {
        return String.format(Locale.ROOT, share > 0 && share < 0.1 ? "%.1f%%" : "%.0f%%", 100 * share);
    }

    static String percent(long part, long whole) {
        return whole == 0 ? "" : percent((double) part / whole);
    }
}
