/**
 * The PostgreSQL majors and how their WAL differs.
 *
 * <p>{@link dev.walker.version.PgVersion} is the list, told apart by {@code XLOG_PAGE_MAGIC} at the start of each WAL
 * page; {@link dev.walker.version.WalLayout} answers each question whose answer depends on the major. Code elsewhere asks
 * it and compares no version numbers.
 */
package dev.walker.version;
