package dev.walker.host.report;

/**
 * What a report is to have.
 *
 * @param top how many tables are shown in full, the worst first
 * @param ranges how many ranges of blocks a table is cut into at most
 * @param since how far back history goes, such as {@code 2 days}; empty for all of it
 */
public record ReportOptions(int top, int ranges, String since) {}
