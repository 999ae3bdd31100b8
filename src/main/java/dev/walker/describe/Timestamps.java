package dev.walker.describe;

import java.time.Instant;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.Locale;
import java.util.Objects;
import java.util.TimeZone;

/**
 * Writes timestamps ({@code TimestampTz}, microseconds since 2000-01-01 UTC) as text in a time zone. It remembers between
 * which moments the offset from UTC is what it is, so that it is not computed, and nothing allocated, for each. Not thread
 * safe.
 */
final class Timestamps {
    private static final long MICROS_PER_SECOND = 1_000_000;
    private static final long SECONDS_PER_DAY = 86_400;
    /** Seconds from 1970-01-01 to 2000-01-01. */
    private static final long POSTGRES_EPOCH = 946_684_800;
    /** Julian day of 1970-01-01: {@code UNIX_EPOCH_JDATE}. */
    private static final long UNIX_EPOCH_JULIAN_DAY = 2_440_588;

    private final ZoneId zone;
    private final ZoneRules rules;
    private final TimestampForm form;

    private long validFrom;
    private long validUntil;
    private int offset;
    private String zoneName = "";

    private long year;
    private int month;
    private int day;

    Timestamps(ZoneId zone, TimestampForm form) {
        this.zone = Objects.requireNonNull(zone, "zone");
        this.rules = zone.getRules();
        this.form = Objects.requireNonNull(form, "form");
        look(Instant.now().getEpochSecond());
    }

    private void look(long epochSecond) {
        Instant moment = Instant.ofEpochSecond(epochSecond);
        ZoneOffsetTransition before = rules.isFixedOffset() ? null : rules.previousTransition(moment.plusSeconds(1));
        ZoneOffsetTransition after = rules.isFixedOffset() ? null : rules.nextTransition(moment);
        validFrom = before == null ? Long.MIN_VALUE : before.toEpochSecond();
        validUntil = after == null ? Long.MAX_VALUE : after.toEpochSecond();
        offset = rules.getOffset(moment).getTotalSeconds();
        zoneName = TimeZone.getTimeZone(zone)
                .getDisplayName(rules.isDaylightSavings(moment), TimeZone.SHORT, Locale.ENGLISH);
    }

    /** Appends a timestamp. */
    void append(StringBuilder out, long micros) {
        if (form == TimestampForm.SERVER) {
            appendServer(out, micros);
        } else {
            appendWaldump(out, micros);
        }
    }

    /** {@code timestamptz_to_str}, utils/adt/timestamp.c, with {@code USE_ISO_DATES}. */
    private void appendServer(StringBuilder out, long micros) {
        if (micros == Long.MIN_VALUE || micros == Long.MAX_VALUE) {
            out.append(micros < 0 ? "-infinity" : "infinity");
            return;
        }
        long utc = Math.floorDiv(micros, MICROS_PER_SECOND) + POSTGRES_EPOCH;
        if (Math.floorDiv(utc, SECONDS_PER_DAY) < -UNIX_EPOCH_JULIAN_DAY) {
            out.append("(timestamp out of range)");
            return;
        }
        appendLocal(out, utc, true);
        appendFraction(out, (int) Math.floorMod(micros, MICROS_PER_SECOND));
        appendOffset(out);
        if (year <= 0) {
            out.append(" BC");
        }
    }

    /** {@code timestamptz_to_str} of bin/pg_waldump/compat.c. */
    private void appendWaldump(StringBuilder out, long micros) {
        appendLocal(out, micros / MICROS_PER_SECOND + POSTGRES_EPOCH, false);
        int fraction = (int) (micros % MICROS_PER_SECOND);
        out.append('.');
        if (fraction < 0) {
            out.append('-');
        }
        Text.padded(out, Math.abs(fraction), fraction < 0 ? 5 : 6);
        out.append(' ').append(zoneName);
    }

    private void appendLocal(StringBuilder out, long utc, boolean beforeChrist) {
        if (utc < validFrom || utc >= validUntil) {
            look(utc);
        }
        long local = utc + offset;
        splitDay(Math.floorDiv(local, SECONDS_PER_DAY));
        int second = (int) Math.floorMod(local, SECONDS_PER_DAY);
        Text.padded(out, beforeChrist && year <= 0 ? 1 - year : year, 4);
        out.append('-');
        Text.padded(out, month, 2);
        out.append('-');
        Text.padded(out, day, 2);
        out.append(' ');
        Text.padded(out, second / 3600, 2);
        out.append(':');
        Text.padded(out, second / 60 % 60, 2);
        out.append(':');
        Text.padded(out, second % 60, 2);
    }

    /** Year, month and day of a day number that counts from 1970-01-01, in the Gregorian calendar. */
    private void splitDay(long epochDay) {
        // Years that begin with March, in cycles of 400 years.
        long days = epochDay + 719_468;
        long cycle = Math.floorDiv(days, 146_097);
        int dayOfCycle = Math.floorMod(days, 146_097);
        int yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365;
        int dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100);
        int monthFromMarch = (5 * dayOfYear + 2) / 153;
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1;
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        year = cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0);
    }

    private static void appendFraction(StringBuilder out, int micros) {
        if (micros == 0) {
            return;
        }
        int digits = 6;
        int fraction = micros;
        while (fraction % 10 == 0) {
            fraction /= 10;
            digits--;
        }
        out.append('.');
        Text.padded(out, fraction, digits);
    }

    private void appendOffset(StringBuilder out) {
        int seconds = Math.abs(offset);
        out.append(offset < 0 ? '-' : '+');
        Text.padded(out, seconds / 3600, 2);
        if (seconds % 3600 != 0) {
            out.append(':');
            Text.padded(out, seconds / 60 % 60, 2);
        }
        if (seconds % 60 != 0) {
            out.append(':');
            Text.padded(out, seconds % 60, 2);
        }
    }
}
