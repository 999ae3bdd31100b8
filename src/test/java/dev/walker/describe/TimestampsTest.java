package dev.walker.describe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimestampsTest {
    private static final long POSTGRES_EPOCH = 946_684_800;
    private static final DateTimeFormatter SERVER = new DateTimeFormatterBuilder()
            .appendPattern("uuuu-MM-dd HH:mm:ss")
            .appendFraction(ChronoField.NANO_OF_SECOND, 0, 6, true)
            .appendOffset("+HH:mm:ss", "+00")
            .toFormatter(Locale.ROOT);
    private static final DateTimeFormatter WALDUMP =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSS zzz", Locale.ENGLISH);

    private static String text(Timestamps timestamps, long micros) {
        StringBuilder out = new StringBuilder();
        timestamps.append(out, micros);
        return out.toString();
    }

    private static ZonedDateTime moment(long micros, ZoneId zone) {
        return Instant.ofEpochSecond(
                        Math.floorDiv(micros, 1_000_000) + POSTGRES_EPOCH, Math.floorMod(micros, 1_000_000) * 1000)
                .atZone(zone);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UTC",
                "Z",
                "Europe/Berlin",
                "America/New_York",
                "Australia/Adelaide",
                "Africa/Monrovia",
                "Asia/Kathmandu",
                "-03:30"
            })
    void areThoseOfTheCalendar(String zoneName) {
        ZoneId zone = ZoneId.of(zoneName);
        Timestamps server = new Timestamps(zone, TimestampForm.SERVER);
        Timestamps waldump = new Timestamps(zone, TimestampForm.WALDUMP);
        Random random = new Random(4);
        for (int i = 0; i < 50_000; i++) {
            // Years 1 to 9999 for the server's form, 2000 to 2100 for the other.
            long seconds = random.nextLong(-63_082_281_600L, 252_455_616_000L);
            long micros = seconds * 1_000_000 + (i % 3 == 0 ? 0 : random.nextInt(1_000_000) / 100 * 100);
            assertEquals(SERVER.format(moment(micros, zone)), text(server, micros));
            long recent = random.nextLong(0, 3_155_760_000L) * 1_000_000 + random.nextInt(1_000_000);
            if (!zone.getRules().isFixedOffset()) {
                assertEquals(WALDUMP.format(moment(recent, zone)), text(waldump, recent));
            }
        }
    }

    @Test
    void haveTheServersWordsAtTheEndsOfTime() {
        Timestamps server = new Timestamps(ZoneId.of("UTC"), TimestampForm.SERVER);
        assertEquals("infinity", text(server, Long.MAX_VALUE));
        assertEquals("-infinity", text(server, Long.MIN_VALUE));
        assertEquals("(timestamp out of range)", text(server, Long.MIN_VALUE + 1));
        assertEquals("2000-01-01 00:00:00+00", text(server, 0));
        assertEquals("1999-12-31 23:59:59.999999+00", text(server, -1));
        assertEquals("294247-01-10 04:00:54.775806+00", text(server, Long.MAX_VALUE - 946_684_800_000_001L));
        // The year before 1.
        assertEquals("0001-12-31 00:00:00+00 BC", text(server, -63_082_368_000_000_000L));
    }

    @Test
    void haveSixDigitsAndANameInPgWaldump() {
        Timestamps waldump = new Timestamps(ZoneId.of("UTC"), TimestampForm.WALDUMP);
        assertEquals("2000-01-01 00:00:00.000000 UTC", text(waldump, 0));
        assertEquals("2026-11-22 16:24:31.000450 UTC", text(waldump, 848_679_871_000_450L));
        assertEquals(
                "2026-07-01 02:00:00.500000 CEST",
                text(new Timestamps(ZoneId.of("Europe/Berlin"), TimestampForm.WALDUMP), 836_179_200_500_000L));
    }
}
