package dev.walker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    private static Settings settings(String name, String value) {
        return new Settings(asked -> Optional.ofNullable(Map.of(name, value).get(asked)));
    }

    @Test
    void unsetSettingsHaveTheirDefaults() {
        Settings none = new Settings(name -> Optional.empty());
        assertEquals(List.of(), none.plugins());
        assertEquals(Optional.of("walker"), none.slot());
        assertEquals(200, none.naptimeMillis());
        assertEquals(1000, none.flushIntervalMillis());
        assertEquals(4 << 20, none.batchBytes());
    }

    @Test
    void pluginsKeepTheirOrder() {
        assertEquals(
                List.of("b", "a", "x.Y"),
                settings("walker.plugins", " b, a,,x.Y ").plugins());
    }

    @Test
    void pluginNamedTwiceIsRefused() {
        SettingException e = assertThrows(SettingException.class, () -> settings("walker.plugins", "a,b,a")
                .plugins());
        assertTrue(e.getMessage().contains("\"a\" twice"), e.getMessage());
    }

    @Test
    void emptySlotMeansNone() {
        assertEquals(Optional.empty(), settings("walker.slot", "").slot());
        assertThrows(SettingException.class, () -> settings("walker.slot", "Not A Slot")
                .slot());
    }

    @ParameterizedTest
    @CsvSource({"300,300", "1s,1000", "50 ms,50", "10,10", "1000ms,1000"})
    void naptimeTakesUnits(String text, int millis) {
        assertEquals(millis, settings("walker.naptime", text).naptimeMillis());
    }

    @ParameterizedTest
    @CsvSource({"9", "1001", "1min", "2h", "-5", "abc", "1e3", "99999999999999999999"})
    void wrongNaptimeIsRefusedWithWhatIsWanted(String text) {
        SettingException e = assertThrows(
                SettingException.class, () -> settings("walker.naptime", text).naptimeMillis());
        assertTrue(e.getMessage().contains("walker.naptime is \"" + text + "\""), e.getMessage());
        assertTrue(e.getMessage().contains("from 10 to 1000"), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"65536,65536", "64kB,65536", "16MB,16777216", "1GB,1073741824"})
    void batchBytesTakesUnits(String text, long bytes) {
        assertEquals(bytes, settings("walker.batch_bytes", text).batchBytes());
    }

    @ParameterizedTest
    @CsvSource({"1", "2GB", "4mb", "4 PB"})
    void wrongBatchBytesAreRefused(String text) {
        assertThrows(SettingException.class, () -> settings("walker.batch_bytes", text)
                .batchBytes());
    }
}
