/**
 * The report of {@code walker.jar report}: one HTML file that needs nothing else. Text and tables are markup, written as
 * they are read from the database; charts are drawn by {@code report.js} from JSON in the page. A content security policy
 * lets no script run but the two of the page, named by their hashes, and no request leave it.
 */
package dev.walker.host.report;
