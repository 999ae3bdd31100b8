package dev.walker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UnreadSettingsTest {
    private static final List<String> KNOWN =
            List.of("walker.plugins", "walker.slot", "walker.batch_bytes", "walker.max_lag", "walker.heatmap_history");

    @Test
    void namesThatNobodyReadsAreToldWithWhatMayBeMeant() {
        assertEquals(
                Map.of(
                        "walker.plugin", Optional.of("walker.plugins"),
                        "walker.batchbytes", Optional.of("walker.batch_bytes"),
                        "walker.heatmap.history", Optional.of("walker.heatmap_history"),
                        "walker.fruit", Optional.empty()),
                UnreadSettings.of(
                        List.of(
                                "walker.plugins",
                                "walker.plugin",
                                "walker.batchbytes",
                                "walker.heatmap.history",
                                "walker.fruit",
                                "walker.of_a_plugin"),
                        KNOWN,
                        List.of("walker.of_a_plugin")));
    }

    @Test
    void jsonHasNullWhereNothingIsLikeIt() {
        assertEquals(
                "{\"walker.a\": null, \"walker.plugin\": \"walker.plugins\"}",
                UnreadSettings.json(UnreadSettings.of(List.of("walker.plugin", "walker.a"), KNOWN, List.of())));
        assertEquals("{}", UnreadSettings.json(Map.of()));
    }

    @Test
    void whatWasLookedUpIsNoted() {
        NotedSettings noted = new NotedSettings(name -> Optional.of("1"));
        assertEquals(Optional.of("1"), new Settings(noted).text("walker.a"));
        assertEquals(java.util.Set.of("walker.a"), noted.read());
    }
}
