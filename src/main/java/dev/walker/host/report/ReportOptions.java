package dev.walker.host.report;

import java.util.Optional;

/**
 * What a report is to have.
 *
 * @param top how many tables are shown in full, the worst first
 * @param ranges how many ranges of blocks a table is cut into at most
 * @param since how far back history goes, such as {@code 2 days}; empty for all of it
 * @param source the name of a walked server; empty for the database of the connection
 * @param database the only one of its databases that is shown; empty for all, as it is without a source
 */
public record ReportOptions(int top, int ranges, String since, Optional<String> source, Optional<String> database) {}
