package dev.walker.host.report;

import java.util.List;

/**
 * What recent WAL consists of.
 *
 * @param from LSN of the first record, as text
 * @param to LSN after the last one, as text
 * @param types by record type, the largest first
 * @param relations by relation, the largest first; records without blocks are under a name of their own
 * @param problem why there are no figures; empty if there are
 */
public record WalSummary(String from, String to, List<Row> types, List<Row> relations, String problem) {
    /**
     * Sums.
     *
     * @param name what they are about
     * @param records number of records
     * @param recordBytes their bytes without full-page images
     * @param imageBytes bytes of full-page images
     */
    public record Row(String name, long records, long recordBytes, long imageBytes) {
        long bytes() {
            return recordBytes + imageBytes;
        }
    }

    /** A summary that could not be made. */
    public static WalSummary failed(String problem) {
        return new WalSummary("", "", List.of(), List.of(), problem);
    }
}
